"""Caches in memory: their contracts, and the bound in bytes."""

import tracemalloc
from dataclasses import replace

import pytest

from tests.contract.caches import InstanceCacheContract, RenderCacheContract, digest_of, picture
from tests.contract.objects import described, key, location
from tests.fixtures import build
from wado_core.archive.cache_memory import ENTRY_BYTES, MemoryCache, MemoryInstanceCache, instance_bytes
from wado_core.archive.index_rows import decode_instance, encode_instance
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.frame import EncodedImage, FrameChunk, FrameLayout
from wado_core.model.instance import Instance, Located, Location
from wado_core.ports import InstanceCache, RenderCache
from wado_core.settings import Limits


class TestRenderCache(RenderCacheContract):
    @pytest.fixture
    def cache(self) -> RenderCache:
        return MemoryCache(1 << 20)


class TestInstanceCache(InstanceCacheContract):
    @pytest.fixture
    def instances(self) -> InstanceCache:
        return MemoryInstanceCache(3 * instance_bytes(Located(described(key(1)).instance, location(b"/d/1"))), 3600)


def test_an_instance_counts_for_a_short_time_only() -> None:
    now = [100.0]
    cache = MemoryInstanceCache(1 << 20, 1.0, lambda: now[0])
    located = Located(described(key(1)).instance, location(b"/d/1"))
    cache.put(located)
    now[0] += 1.0
    assert cache.get(located.instance.key) is located
    now[0] += 0.01
    assert cache.get(located.instance.key) is None
    cache.put(located)
    assert cache.get(located.instance.key) is located


def chunked(frames: int = 1000) -> Instance:
    """An instance of frames in chunks of 256."""
    layout = FrameLayout(1000, frames * 10, encapsulated=True, frames_of_a_chunk=256)
    return replace(described(key(1)).instance, number_of_frames=frames, frames=layout, chunks=())


def chunk(number: int) -> FrameChunk:
    return FrameChunk(1 + 256 * number, 256, bytes(8 * 256), bytes(4 * 256))


def test_chunks_of_an_instance_are_kept_side_by_side() -> None:
    cache = MemoryInstanceCache(1 << 20, 3600)
    parts = [Located(replace(chunked(), chunks=(chunk(number),)), location(b"/d/1")) for number in range(3)]
    for part in parts:
        cache.put(part)
    assert [cache.get(key(1), number) for number in (1, 256, 257, 600)] == [parts[0], parts[0], parts[1], parts[2]]
    assert cache.get(key(1), 900) is None
    assert cache.get(key(1), 5000) in parts  # of a frame that there is not, all is known
    assert (cache.counts().entries, cache.counts().hits, cache.counts().misses) == (3, 5, 3)
    cache.drop(key(1))
    assert cache.get(key(1), 1) is None
    assert cache.counts().size_bytes == 0


def test_chunks_of_another_copy_do_not_stay() -> None:
    cache = MemoryInstanceCache(1 << 20, 3600)
    cache.put(Located(replace(chunked(), chunks=(chunk(0),)), location(b"/d/1")))
    other = Located(replace(chunked(), chunks=(chunk(1),)), location(b"/d/2"))
    cache.put(other)
    assert cache.get(key(1), 300) is other
    assert cache.get(key(1), 1) is None


def test_descriptions_are_bounded_in_bytes() -> None:
    cache = MemoryInstanceCache(100_000, 3600)
    for number in range(100):
        cache.put(Located(replace(chunked(25_600), chunks=(chunk(number),)), location(b"/d/1")))
        assert cache.counts().size_bytes <= 100_000
    assert cache.counts().evictions == 100 - cache.counts().entries > 0


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


@pytest.mark.parametrize("name", ["ct", "ovl_frames", "enh", "supp", "all overlays", "many complaints"])
def test_a_description_costs_no_more_than_it_is_said_to(name: str) -> None:
    """An archive of secondary captures with sixteen overlays each must not take three times the bound."""
    stored = build("ovl_frames" if " " in name else name)
    instance = describe(BytesSource(stored), "v" * 32, Limits()).instance
    if name == "all overlays":
        instance = replace(instance, overlays=instance.overlays[:1] * 16)
    if name == "many complaints":
        instance = replace(instance, warnings=tuple(f"(6000,{number:04x}) is wrong, {'and more so ' * 9}" for number in range(100)))
    description, columns = encode_instance(instance)
    chunk_columns = columns[0][1] if columns else None
    decode_instance(description, chunk_columns)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [
            Located(decode_instance(description, chunk_columns), Location(b"/of/files/%09d.dcm" % number, number, number << 40, number))
            for number in range(200)
        ]
        each = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    finally:
        tracemalloc.stop()
    assert each <= instance_bytes(kept[0])


def test_pictures_are_freed_without_the_lock() -> None:
    freed: list[bool] = []

    class Data(bytes):
        def __del__(self) -> None:
            freed.append(cache._lock.locked())

    cache = MemoryCache(4 * (1000 + ENTRY_BYTES))
    for number in (1, 2, 3, 4, 5, 5):
        cache.put(digest_of(number), EncodedImage(Data(1000), "image/jpeg"))
    assert freed == [False] * 2


def test_instances_are_freed_without_the_lock() -> None:
    """Once many are stale, or an object of very many frames is."""
    freed: list[bool] = []
    now = [0.0]

    class Columns(bytes):
        def __del__(self) -> None:
            freed.append(cache._lock.locked())

    def put(number: int, path: bytes = b"/d/1") -> None:
        instance = replace(described(key(number)).instance, chunks=(FrameChunk(1, 1, Columns(8), bytes(4)),))
        cache.put(Located(instance, location(path)))

    cache = MemoryInstanceCache(1 << 20, 1.0, lambda: now[0])
    for number in (1, 1, 2, 3):
        put(number)
    put(3, b"/d/other")
    cache.drop(key(3))
    now[0] = 2.0
    put(4)
    assert freed == [False] * 5
