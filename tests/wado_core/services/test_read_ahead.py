"""Read-ahead: what somebody who scrolls asks for next is there already; nobody waits for it, and nobody else is served worse."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, cast

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless

from tests.fixtures import file_bytes
from tests.fixtures.image import image
from tests.wado_core.jpeg.pictures import picture
from tests.wado_core.services.archive import Archive
from wado_core.codecs.decoded import Decoded
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.model.frame import EncodedImage
from wado_core.model.instance import Instance, Location
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.services import read_ahead
from wado_core.services.decoding import Decoding
from wado_core.services.read_ahead import ReadAhead
from wado_core.services.rendering import Rendering
from wado_core.settings import Limits

FRAMES, EDGE = 8, 192
SOON_S = 60.0


def stack() -> bytes:
    """A stack of JPEG 2000 frames, each costly enough to be kept."""
    cells = np.stack([picture("noise", EDGE, EDGE, color=False, seed=number) for number in range(FRAMES)])
    streams = [bytes(imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True)) for frame in cells]
    return file_bytes(image(cells, transfer_syntax=JPEG2000Lossless, code_streams=streams, window=(128, 256)))


STACK = stack()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    made.decoding = Decoding(30.0, 4 << 30, cache_bytes=64 << 20)
    yield made
    made.close()


@pytest.fixture
def ahead(archive: Archive) -> Iterator[ReadAhead]:
    made = ReadAhead(archive.locating, archive.store, archive.decoding, Limits(), frames=2)
    yield made
    archive.decoding.stop_ahead()
    made.close()


@pytest.fixture
def plan(archive: Archive) -> Callable[[int], RenderPlan]:
    """Plan the picture of a frame of the stack."""
    archive.put("stack", STACK)
    instance = archive.instance(key_of(STACK))
    rendering = Rendering(
        archive.locating, archive.index, archive.store, archive.near, archive.decoding, archive.pictures, archive.told, Limits()
    )
    return lambda number: rendering.plan(instance, RenderRequest(frame_number=number))


def key_of(data: bytes) -> Any:
    return instance_of(data).key


def instance_of(data: bytes) -> Instance:
    return describe(BytesSource(data), "", Limits()).instance


def held(archive: Archive, plan: Callable[[int], RenderPlan]) -> list[int]:
    return [number for number in range(1, FRAMES + 1) if archive.decoding.holds(plan(number))]


def soon(condition: Callable[[], bool]) -> None:
    until = monotonic() + SOON_S
    while not condition():
        assert monotonic() < until
        sleep(0.01)


def test_frames_beyond_the_one_that_was_asked_for_are_decoded(
    archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan]
) -> None:
    ahead.passed(plan(1))
    ahead.passed(plan(2))
    soon(lambda: held(archive, plan) == [3, 4])
    expected = imagecodecs.jpeg2k_decode(instance_frame(3))

    def never() -> Decoded:
        raise AssertionError("the frame was decoded again")

    kept = archive.decoding.keep(plan(3))(None, never)
    assert np.array_equal(kept.cells, expected)
    assert not kept.cells.flags.writeable


def instance_frame(number: int) -> bytes:
    (fragment,) = instance_of(STACK).fragments(number)
    return STACK[fragment.offset : fragment.offset + fragment.length]


def test_backwards_too_and_not_beyond_the_ends(archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan]) -> None:
    for number in (5, 3):
        ahead.passed(plan(number))
    soon(lambda: held(archive, plan) == [1, 2])
    for number in (6, 7):
        ahead.passed(plan(number))
    soon(lambda: held(archive, plan) == [1, 2, 8])


def test_who_looks_at_one_frame_or_jumps_about_does_not_scroll(
    archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan]
) -> None:
    for number in (1, 8, 2, 7, 7):
        ahead.passed(plan(number))
    sleep(0.2)
    assert held(archive, plan) == []


def test_a_request_for_a_frame_that_is_being_made_ready_makes_its_own(
    archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan], monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[int] = []

    def stuck(plan: RenderPlan, _encoded: bytes) -> None:
        entered.append(plan.frame_number)
        sleep(1.0)

    monkeypatch.setattr(archive.decoding, "decode_ahead", stuck)
    for number in (1, 2):
        ahead.passed(plan(number))
    soon(lambda: entered == [3])
    began = monotonic()
    archive.decoding.keep(plan(3))(None, lambda: Decoded(np.zeros((1, 1), np.uint8), plan(3).image_pixel))
    assert monotonic() - began < 0.9


def test_broken_frames_are_left_to_those_who_ask_for_them(
    archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan], caplog: pytest.LogCaptureFixture
) -> None:
    data = bytearray(STACK)
    (fragment,) = instance_of(STACK).fragments(3)
    data[fragment.offset + 60 : fragment.offset + fragment.length] = bytes(fragment.length - 60)
    archive.put("stack", bytes(data))
    archive.instances.drop(key_of(STACK))
    instance = archive.instance(key_of(STACK))

    def again(number: int) -> RenderPlan:
        return archive.rendering.plan(instance, RenderRequest(frame_number=number))

    for number in (1, 2):
        ahead.passed(again(number))
    for number in (6, 5):
        ahead.passed(again(number))
    soon(lambda: archive.decoding.holds(again(4)))
    assert caplog.records == []


def test_none_is_made_ready_where_none_is_wanted(archive: Archive, plan: Callable[[int], RenderPlan]) -> None:
    ahead = ReadAhead(archive.locating, archive.store, archive.decoding, Limits(), frames=0)
    for number in (1, 2):
        ahead.passed(plan(number))
    ahead.close()
    assert held(archive, plan) == []


def test_closing_does_not_wait_for_what_is_being_decoded(archive: Archive, plan: Callable[[int], RenderPlan]) -> None:
    ahead = ReadAhead(archive.locating, archive.store, archive.decoding, Limits(), frames=5)
    for number in (1, 2):
        ahead.passed(plan(number))
    archive.decoding.stop_ahead()
    began = monotonic()
    ahead.close()
    assert monotonic() - began < 10
    ahead.passed(plan(3))  # and nothing begins any more
    ahead.passed(plan(4))


def test_closing_does_not_wait_for_storage_that_hangs(
    archive: Archive, plan: Callable[[int], RenderPlan], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opening, answers = Event(), Event()

    class Hanging:
        def open(self, location: Location) -> Any:
            opening.set()
            assert answers.wait(SOON_S)
            return archive.store.open(location)

    monkeypatch.setattr(read_ahead, "END_S", 0.1)
    ahead = ReadAhead(archive.locating, cast("Any", Hanging()), archive.decoding, Limits(), frames=2)
    for number in (1, 2):
        ahead.passed(plan(number))
    assert opening.wait(SOON_S)
    archive.decoding.stop_ahead()
    ahead.close()
    assert [record.getMessage() for record in caplog.records] == ["reading ahead does not end: its storage does not answer"]
    answers.set()
    monkeypatch.setattr(read_ahead, "END_S", SOON_S)
    ahead.close()
    assert held(archive, plan) == []
    assert len(caplog.records) == 1


def test_a_picture_of_a_kept_frame_is_light(archive: Archive, ahead: ReadAhead, plan: Callable[[int], RenderPlan]) -> None:
    rendering = Rendering(
        archive.locating, archive.index, archive.store, archive.near, archive.decoding, archive.pictures, archive.told, Limits(),
        ahead=ahead,
    )  # fmt: skip
    assert not rendering.light(plan(3))
    assert [rendering.image(plan(number)).media_type for number in (1, 2)] == ["image/jpeg"] * 2
    soon(lambda: archive.decoding.holds(plan(3)))
    assert rendering.light(plan(3))
    at_once = rendering.image_at_once(plan(3), archive.locating.locate(plan(3).key, 3))
    assert at_once is not None
    archive.decoding.forget(plan(3))
    assert rendering.image(plan(3)) == at_once
    assert rendering.image_at_once(plan(8), archive.locating.locate(plan(8).key, 8)) is None  # not kept: nothing is decoded on the way


def test_an_event_loop_does_not_wait_for_a_frame_that_is_being_decoded(archive: Archive, plan: Callable[[int], RenderPlan]) -> None:
    """The frame was kept when its picture was found to be light; it has gone since, and a thread decodes it once more."""
    rendering = Rendering(
        archive.locating, archive.index, archive.store, archive.near, archive.decoding, archive.pictures, archive.told, Limits()
    )
    begun, let_go = Event(), Event()

    def decode() -> Decoded:
        begun.set()
        assert let_go.wait(SOON_S)
        raise DamagedObject("never decoded")

    def slowly() -> None:
        with suppress(DamagedObject):
            archive.decoding.keep(plan(3))(None, decode)

    other = Thread(target=slowly)
    other.start()
    assert begun.wait(SOON_S)
    found: list[EncodedImage | None] = []
    located = archive.locating.locate(plan(3).key, 3)
    loop = Thread(target=lambda: found.append(rendering.image_at_once(plan(3), located)), daemon=True)
    loop.start()
    loop.join(SOON_S / 6)
    let_go.set()
    other.join()
    assert found == [None]
