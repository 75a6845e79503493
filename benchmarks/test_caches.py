"""What a picture costs from memory, from disk, and made anew; and what it costs to drag a window over a frame that is costly to decode."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import imagecodecs
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.objects import CT_IMAGE, ct, phantom
from tests.fixtures import file_bytes
from tests.fixtures.image import image
from tests.wado_core.services.archive import Archive
from wado_core import api
from wado_core.archive.cache_disk import DiskCache
from wado_core.archive.cache_memory import MemoryCache
from wado_core.model.grayscale import Window
from wado_core.model.instance import Instance
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.ports import RenderCache

JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
GIB = 1 << 30


@cache
def jpeg_2000_ct(edge: int) -> bytes:
    """Return a CT image of ``edge`` × ``edge`` pixels, 12 bits, as lossless JPEG 2000."""
    cells = phantom(edge, edge, 14)
    stream = bytes(imagecodecs.jpeg2k_encode(cells, level=0, codecformat="J2K", reversible=True, bitspersample=12, numthreads=1))
    return file_bytes(
        image(
            cells, name=f"bench-j2k-{edge}", sop_class=CT_IMAGE, modality="CT", bits_stored=12, rescale=(1, -1024), window=(40, 400),
            transfer_syntax=JPEG_2000_LOSSLESS, code_streams=[stream],
        )
    )  # fmt: skip


OBJECTS: dict[str, Callable[[], bytes]] = {"CT 512×512": ct, "JPEG 2000 2048×2048": lambda: jpeg_2000_ct(2048)}


@pytest.fixture
def archive(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    made = Archive(tmp_path, cache_bytes=getattr(request, "param", 0))
    yield made
    made.close()


def _plan(archive: Archive, data: bytes) -> tuple[Instance, RenderPlan]:
    archive.put("object", data)
    instance = archive.instance(api.open(data).key)
    return instance, archive.rendering.plan(instance, RenderRequest())


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("kept", ["memory", "disk"])
@pytest.mark.benchmark(group="a picture again")
def test_picture_that_is_kept(benchmark: BenchmarkFixture, archive: Archive, tmp_path: Path, name: str, kept: str) -> None:
    plan = _plan(archive, OBJECTS[name]())[1]
    caches: dict[str, RenderCache] = {"memory": MemoryCache(GIB), "disk": DiskCache(tmp_path, GIB, tidies=False)}
    image = archive.rendering.image(plan)
    caches[kept].put(plan.digest, image)
    assert benchmark(caches[kept].get, plan.digest) == image


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.benchmark(group="a picture again")
def test_picture_that_is_made(benchmark: BenchmarkFixture, archive: Archive, name: str) -> None:
    plan = _plan(archive, OBJECTS[name]())[1]
    assert benchmark(archive.rendering.image, plan).data[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="a picture again")
def test_picture_put_on_disk(benchmark: BenchmarkFixture, archive: Archive, tmp_path: Path) -> None:
    image = archive.rendering.image(_plan(archive, ct())[1])
    cache, numbers = DiskCache(tmp_path, GIB, tidies=False), count()
    benchmark(lambda: cache.put(f"{next(numbers):032x}", image))
    assert cache.counts().refused == 0


@pytest.mark.parametrize("archive", [0, 128 << 20], indirect=True, ids=["decoded each time", "decoded once"])
@pytest.mark.parametrize("edge", [512, 2048])
@pytest.mark.benchmark(group="a new window over JPEG 2000")
def test_window_over_a_costly_frame(benchmark: BenchmarkFixture, archive: Archive, edge: int) -> None:
    instance, plan = _plan(archive, jpeg_2000_ct(edge))
    archive.rendering.image(plan)
    centers = (40 + number / 1000 for number in count())

    def drag() -> bytes:
        return archive.rendering.image(archive.rendering.plan(instance, RenderRequest(window=Window(next(centers), 400)))).data

    assert benchmark(drag)[:2] == b"\xff\xd8"
