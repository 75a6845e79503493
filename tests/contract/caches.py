"""What every RenderCache and InstanceCache keeps to."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.objects import described, key, location
from wado_core.model.frame import EncodedImage
from wado_core.model.instance import Located
from wado_core.ports import InstanceCache, RenderCache


def picture(size: int, fill: int = 0) -> EncodedImage:
    return EncodedImage(bytes([fill]) * size, "image/jpeg")


def digest_of(name: object) -> str:
    """Return a digest such as plans have: 128 bits in hexadecimal."""
    return hashlib.blake2b(str(name).encode(), digest_size=16).hexdigest()


A, B = digest_of("a"), digest_of("b")


class RenderCacheContract:
    """Subclass and define the fixture ``cache``: empty, with room for about a mebibyte."""

    @pytest.fixture
    def cache(self) -> RenderCache:
        raise NotImplementedError

    def test_gives_back_what_was_put(self, cache: RenderCache) -> None:
        assert cache.get(A) is None
        cache.put(A, picture(100, 1))
        cache.put(B, picture(100, 2))
        assert cache.get(A) == picture(100, 1)
        assert cache.get(B) == picture(100, 2)

    def test_a_picture_that_is_kept_already_is_kept_once(self, cache: RenderCache) -> None:
        for _ in range(500):  # a digest decides every byte of its picture
            cache.put(A, picture(10_000, 1))
        cache.put(B, picture(10_000, 2))
        assert cache.get(A) == picture(10_000, 1)
        assert cache.get(B) == picture(10_000, 2)
        assert cache.counts().entries == 2

    def test_what_comes_of_it_is_counted(self, cache: RenderCache) -> None:
        assert cache.counts().most_bytes > 0
        cache.get(A)
        cache.put(A, picture(10_000))
        cache.get(A)
        cache.get(A)
        counts = cache.counts()
        assert (counts.hits, counts.misses, counts.evictions, counts.refused, counts.entries) == (2, 1, 0, 0, 1)
        assert 10_000 <= counts.size_bytes <= 15_000
        cache.put(B, picture(1 << 20))
        assert cache.get(B) is None
        assert cache.counts().refused == 1
        for number in range(200):
            cache.put(digest_of(number), picture(10_000))
        counts = cache.counts()
        assert counts.size_bytes <= counts.most_bytes
        assert counts.evictions + counts.entries == 201

    def test_is_bounded(self, cache: RenderCache) -> None:
        for number in range(1000):
            cache.put(digest_of(number), picture(10_000))
        kept = sum(cache.get(digest_of(number)) is not None for number in range(1000))
        assert 50 <= kept <= 105
        assert cache.get(digest_of(999)) is not None

    def test_threads(self, cache: RenderCache) -> None:
        def work(thread: int) -> None:
            for number in range(400):
                cache.put(digest_of(number % 50), picture(9000, number % 50))
                got = cache.get(digest_of((number + thread) % 50))
                assert got is None or got == picture(9000, (number + thread) % 50)

        with ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(work, thread) for thread in range(4)]:
                done.result()


class InstanceCacheContract:
    """Subclass and define the fixture ``instances``: empty, with room for three."""

    @pytest.fixture
    def instances(self) -> InstanceCache:
        raise NotImplementedError

    def test_the_one_used_least_lately_goes(self, instances: InstanceCache) -> None:
        located = [Located(described(key(number)).instance, location(b"/d/%d" % number)) for number in range(4)]
        for one in located[:3]:
            instances.put(one)
        assert instances.get(key(0)) == located[0]
        instances.put(located[3])
        assert [instances.get(key(number)) for number in range(4)] == [located[0], None, located[2], located[3]]

    def test_drop(self, instances: InstanceCache) -> None:
        instances.put(Located(described(key(1)).instance, location(b"/d/1")))
        instances.drop(key(1))
        instances.drop(key(2))
        assert instances.get(key(1)) is None

    def test_the_later_location_holds(self, instances: InstanceCache) -> None:
        for path in (b"/d/1", b"/d/2"):
            instances.put(Located(described(key(1)).instance, location(path)))
        found = instances.get(key(1))
        assert found is not None
        assert found.location.path == b"/d/2"
