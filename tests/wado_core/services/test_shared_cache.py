"""A cache that several threads share: bounded, made once however many ask, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wado_core.errors import DamagedObject
from wado_core.services.shared_cache import SharedCache


def never() -> bytes:
    raise AssertionError("made again")


def cache(most_bytes: int, largest_bytes: int | None = None) -> SharedCache[str, bytes]:
    return SharedCache(most_bytes, len, most_bytes if largest_bytes is None else largest_bytes)


def test_the_least_recently_used_goes_for_one_that_takes_all_the_room() -> None:
    kept = cache(100)
    for name in "abc":
        kept.get(name, lambda: bytes(30))
    kept.get("a", never)
    kept.get("d", lambda: bytes(20))
    assert [name in kept for name in "abcd"] == [True, False, True, True]
    kept.get("e", lambda: bytes(100))
    assert [name in kept for name in "abcde"] == [False, False, False, False, True]
    counts = kept.counts()
    assert (counts.hits, counts.misses, counts.evictions, counts.refused) == (1, 5, 4, 0)
    assert (counts.entries, counts.size_bytes, counts.most_bytes) == (1, 100, 100)


def test_what_is_too_large_is_handed_out_and_not_kept() -> None:
    kept = cache(100, 50)
    assert kept.get("a", lambda: bytes(51)) == bytes(51)
    assert "a" not in kept
    assert kept.counts().refused == 1


def test_values_that_are_false_are_values() -> None:
    kept = cache(100)
    assert kept.get("a", lambda: b"") == b""
    assert kept.get("a", never) == b""


@pytest.mark.parametrize("largest_bytes", [100, 5])
def test_what_several_threads_miss_at_once_is_made_once(largest_bytes: int) -> None:
    kept = cache(100, largest_bytes)
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> bytes:
        begun.set()
        assert go_on.wait(30)
        return bytes(10)

    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(kept.get, "a", slowly)
        assert begun.wait(30)
        others = [threads.submit(kept.get, "a", never) for _ in range(8)]
        go_on.set()
        made = first.result(30)
        # Of values that are not kept, who comes after the first has landed would make one: all came before.
        assert all(other.result(30) is made for other in others) or largest_bytes < 10


def test_others_try_for_themselves_when_the_first_fails() -> None:
    kept = cache(100)
    begun, go_on = threading.Event(), threading.Event()

    def fails() -> bytes:
        begun.set()
        assert go_on.wait(30)
        raise DamagedObject("broken")

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(kept.get, "a", fails)
        assert begun.wait(30)
        others = [threads.submit(kept.get, "a", lambda: bytes(10)) for _ in range(3)]
        go_on.set()
        with pytest.raises(DamagedObject):
            first.result(30)
        assert [other.result(30) for other in others] == [bytes(10)] * 3


def test_one_value_is_not_waited_for_by_those_of_another() -> None:
    kept = cache(100)
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> bytes:
        begun.set()
        assert go_on.wait(30)
        return b"a"

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(kept.get, "a", slowly)
        assert begun.wait(30)
        assert kept.get("b", lambda: b"b") == b"b"
        assert not first.done()
        go_on.set()
        assert first.result(30) == b"a"


def test_what_was_offered_while_it_was_made_counts_once() -> None:
    """Read-ahead and a request often decode one frame at the same time."""
    kept = cache(100)

    def offered_meanwhile() -> bytes:
        kept.offer("a", bytes(40))
        return bytes(40)

    for _ in range(5):
        assert kept.get("a", offered_meanwhile) == bytes(40)
        assert (kept.counts().size_bytes, kept.counts().entries) == (40, 1)
        kept.drop(lambda _key: True)
        assert (kept.counts().size_bytes, kept.counts().entries) == (0, 0)


def test_values_are_freed_without_the_lock() -> None:
    """Giving back some hundred megabytes takes a while, in which others may look up what is kept."""
    freed: list[bool] = []

    class Value:
        def __del__(self) -> None:
            freed.append(kept._lock.locked())

    kept: SharedCache[str, Value] = SharedCache(10, lambda _: 4, 10)
    for name in "abc":
        kept.get(name, Value)
    kept.offer("d", Value())
    kept.drop(lambda name: name == "d")
    assert freed == [False] * 3
