"""Putting behind the requests: in order, bounded, and never in the way."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.caches import A, B, RenderCacheContract, digest_of, picture
from wado_core.archive.cache_behind import WrittenBehind
from wado_core.archive.cache_disk import DiskCache
from wado_core.archive.cache_memory import MemoryCache
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.frame import EncodedImage
from wado_core.ports import RenderCache


class Settled:
    """The same cache for those who cannot wait: each put is waited for."""

    def __init__(self, cache: WrittenBehind) -> None:
        self._cache = cache

    def get(self, digest: str) -> EncodedImage | None:
        return self._cache.get(digest)

    def put(self, digest: str, image: EncodedImage) -> None:
        self._cache.put(digest, image)
        assert self._cache.settle(10)

    def counts(self) -> CacheCounts:
        return self._cache.counts()


class TestContract(RenderCacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Iterator[RenderCache]:
        behind = WrittenBehind(DiskCache(tmp_path, 1 << 20, tidies=True))
        yield Settled(behind)
        behind.close()


class Slow:
    """A cache whose disk takes its time; it fails for a picture of no bytes."""

    def __init__(self) -> None:
        self.inner = MemoryCache(1 << 20)
        self.may_go_on = threading.Event()
        self.order: list[str] = []

    def get(self, digest: str) -> EncodedImage | None:
        return self.inner.get(digest)

    def put(self, digest: str, image: EncodedImage) -> None:
        assert self.may_go_on.wait(10)
        self.order.append(digest)
        if not image.data:
            raise ValueError("no bytes")
        self.inner.put(digest, image)

    def counts(self) -> CacheCounts:
        return self.inner.counts()


def test_nobody_waits_for_the_disk_and_what_waits_is_bounded() -> None:
    slow = Slow()
    behind = WrittenBehind(slow, 10_000)
    begin = time.monotonic()
    for number in range(20):
        behind.put(digest_of(number), picture(1000, number))
    assert time.monotonic() - begin < 5
    assert behind.get(digest_of(0)) is None
    assert not behind.settle(0.05)
    slow.may_go_on.set()
    assert behind.settle(10)
    assert slow.order in ([digest_of(number) for number in range(count)] for count in (10, 11))  # one may have been taken at once
    assert behind.counts().refused == 20 - len(slow.order)
    behind.put(A, picture(1000))
    behind.close()
    assert slow.get(A) == picture(1000)  # what waited was put
    behind.put(B, picture(1000))
    assert slow.get(B) is None


def test_a_failure_ends_nothing() -> None:
    slow = Slow()
    slow.may_go_on.set()
    behind = WrittenBehind(slow)
    behind.put(A, picture(0))
    behind.put(B, picture(10))
    assert behind.settle(10)
    assert slow.get(B) == picture(10)
    behind.close()


def test_closing_does_not_wait_for_a_disk_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.archive.cache_behind.END_S", 0.1)
    slow = Slow()
    behind = WrittenBehind(slow)
    behind.put(A, picture(10))
    begin = time.monotonic()
    behind.close()
    assert time.monotonic() - begin < 5
    slow.may_go_on.set()
