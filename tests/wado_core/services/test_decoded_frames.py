"""Decoded frames that are kept: bounded, shared, and decoded once however many ask."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wado_core.codecs.decoded import Decoded
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel
from wado_core.services.decoded_frames import ENTRY_BYTES, DecodedFrames, FrameKey

PIXEL = ImagePixel(10, 50, 1, "MONOCHROME2", 16, 12, 11)
COST = 1000 + ENTRY_BYTES


def frame(fill: int = 0) -> Decoded:
    """Return a frame of 1000 bytes."""
    return Decoded(np.full((10, 50), fill, np.uint16), PIXEL)


def never() -> Decoded:
    raise AssertionError("decoded again")


def key(number: int, smallest: tuple[int, int] | None = None) -> FrameKey:
    return FrameKey("version", number, smallest)


def test_a_frame_is_decoded_once_and_nobody_can_write_it() -> None:
    frames = DecodedFrames(100_000)
    made = frame(7)
    assert frames.get(key(1), lambda: made) is made
    assert frames.get(key(1), never) is made
    with pytest.raises(ValueError, match="read-only"):
        made.cells[0, 0] = 1
    assert key(1) in frames


def test_frames_of_other_numbers_sizes_and_versions_are_others() -> None:
    frames = DecodedFrames(100_000)
    keys = [key(1), key(2), key(1, (10, 10)), key(1, (10, 20)), FrameKey("other", 1, None)]
    made = [frames.get(one, lambda number=number: frame(number)) for number, one in enumerate(keys)]  # type: ignore[misc]
    assert [frames.get(one, never) for one in keys] == made
    frames.drop("version")
    assert [one in frames for one in keys] == [False] * 4 + [True]
    assert frames.counts().size_bytes == COST


def test_the_one_used_least_lately_goes_first_and_the_bound_holds() -> None:
    frames = DecodedFrames(4 * COST)
    for number in range(4):
        frames.get(key(number), frame)
    frames.get(key(0), never)
    frames.get(key(4), frame)
    assert [key(number) in frames for number in range(5)] == [True, False, True, True, True]
    counts = frames.counts()
    assert (counts.hits, counts.misses, counts.evictions, counts.refused) == (1, 5, 1, 0)
    assert (counts.entries, counts.size_bytes, counts.most_bytes) == (4, 4 * COST, 4 * COST)


def test_a_frame_larger_than_a_quarter_is_not_kept() -> None:
    frames = DecodedFrames(4 * COST - 1)
    frames.get(key(1), frame)
    assert key(1) not in frames
    assert frames.counts().refused == 1


def test_without_room_nothing_is_kept_or_counted() -> None:
    frames = DecodedFrames(0)
    made = frame()
    assert frames.get(key(1), lambda: made) is made
    assert made.cells.flags.writeable
    assert frames.counts().misses == 0


def test_what_several_threads_miss_at_once_is_decoded_once() -> None:
    frames = DecodedFrames(4 * COST - 1)  # not kept either: it is handed to those who wait
    begun, go_on = threading.Event(), threading.Event()
    calls = []

    def decode() -> Decoded:
        calls.append(threading.get_ident())
        begun.set()
        assert go_on.wait(10)
        return frame(3)

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(frames.get, key(1), decode)
        assert begun.wait(10)
        others = [threads.submit(frames.get, key(1), decode) for _ in range(3)]
        other = frames.get(key(2), lambda: frame(2))  # others do not wait
        assert int(other.cells[0, 0]) == 2
        while not all(done.running() for done in others):
            pass
        go_on.set()
        # Those who came in time share it; a thread that had not got so far decodes for itself.
        results = [first.result(10), *(done.result(10) for done in others)]
    assert all(int(got.cells[0, 0]) == 3 for got in results)
    assert len({id(got) for got in results}) == len(calls)


def test_whoever_waits_for_one_that_fails_tries_for_himself() -> None:
    frames = DecodedFrames(100_000)
    begun, go_on = threading.Event(), threading.Event()

    def fail() -> Decoded:
        begun.set()
        assert go_on.wait(10)
        raise DamagedObject("The first one was interrupted.")

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(frames.get, key(1), fail)
        assert begun.wait(10)
        others = [threads.submit(frames.get, key(1), lambda: frame(5)) for _ in range(3)]
        go_on.set()
        with pytest.raises(DamagedObject):
            first.result(10)
        assert {int(done.result(10).cells[0, 0]) for done in others} == {5}
    assert len({id(done.result()) for done in others}) == 1
    assert key(1) in frames
    assert frames.counts().misses == 2


def test_many_threads_and_little_room() -> None:
    frames = DecodedFrames(6 * COST)

    def work(thread: int) -> None:
        for turn in range(300):
            number = (turn * 7 + thread) % 12
            got = frames.get(key(number), lambda number=number: frame(number))  # type: ignore[misc]
            assert int(got.cells[3, 3]) == number

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, thread) for thread in range(4)]:
            done.result()
    counts = frames.counts()
    assert counts.size_bytes == counts.entries * COST <= 6 * COST
    assert counts.misses - counts.evictions == counts.entries
    assert counts.hits + counts.misses == 4 * 300
