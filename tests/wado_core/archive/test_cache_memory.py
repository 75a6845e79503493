"""Caches in memory: their contracts, and the bound in bytes."""

import pytest

from tests.contract.caches import InstanceCacheContract, RenderCacheContract, picture
from tests.contract.objects import described, key, location
from wado_core.archive.cache_memory import ENTRY_BYTES, MemoryCache, MemoryInstanceCache
from wado_core.model.instance import Located
from wado_core.ports import InstanceCache, RenderCache


class TestRenderCache(RenderCacheContract):
    @pytest.fixture
    def cache(self) -> RenderCache:
        return MemoryCache(1 << 20)


class TestInstanceCache(InstanceCacheContract):
    @pytest.fixture
    def instances(self) -> InstanceCache:
        return MemoryInstanceCache(3, 3600)


def test_an_instance_counts_for_a_short_time_only() -> None:
    now = [100.0]
    cache = MemoryInstanceCache(3, 1.0, lambda: now[0])
    located = Located(described(key(1)).instance, location(b"/d/1"))
    cache.put(located)
    now[0] += 1.0
    assert cache.get(located.instance.key) is located
    now[0] += 0.01
    assert cache.get(located.instance.key) is None
    cache.put(located)
    assert cache.get(located.instance.key) is located


def test_the_one_used_least_lately_goes_first() -> None:
    cache = MemoryCache(4 * (1000 + ENTRY_BYTES))
    for name in "abcd":
        cache.put(name, picture(1000))
    assert cache.get("a") is not None
    cache.put("e", picture(1000))
    assert [name for name in "abcde" if cache.get(name) is not None] == ["a", "c", "d", "e"]


def test_a_picture_larger_than_a_quarter_is_not_kept_and_drives_nothing_out() -> None:
    cache = MemoryCache(4000)
    cache.put("small", picture(100))
    cache.put("just", picture(1000 - ENTRY_BYTES))
    cache.put("large", picture(1001 - ENTRY_BYTES))
    assert cache.get("large") is None
    assert cache.get("small") is not None
    assert cache.get("just") is not None


def test_bytes_are_counted_through_replacing_and_dropping() -> None:
    cache = MemoryCache(100_000)
    for number in range(500):
        cache.put(str(number % 60), picture(number * 7 % 20_000))
        assert cache.size_bytes <= 100_000
    kept = [image for number in range(60) if (image := cache.get(str(number))) is not None]
    assert cache.size_bytes == sum(len(image.data) + ENTRY_BYTES for image in kept)


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = MemoryCache(0)
    cache.put("a", picture(0))
    assert cache.get("a") is None
