"""Thumbnails of a whole series: one contact sheet beside a request for each; the same server, one keep-alive connection, nothing kept."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pytest_benchmark.fixture import BenchmarkFixture

import wado_core
from benchmarks.objects import ct
from benchmarks.serving import wado

Get = Callable[[str], bytes]


@pytest.fixture(scope="module")
def instances(full_size: bool) -> int:
    return 100 if full_size else 3


@pytest.fixture(scope="module")
def of_series(tmp_path_factory: pytest.TempPathFactory, instances: int) -> Iterator[tuple[str, list[str], Get]]:
    """Serve a series; the parameters that name it, those that name each of its objects, and what gets a path."""
    folder = tmp_path_factory.mktemp("served")
    stored = dcmread(BytesIO(ct()))
    objects = []
    for number in range(1, instances + 1):
        uid = UID(f"1.2.3.4.{number}")
        stored.SOPInstanceUID = stored.file_meta.MediaStorageSOPInstanceUID = uid
        stored.InstanceNumber = number
        stored.save_as(folder / f"{number}.dcm")
        objects.append(f"&objectUID={uid}")
    key = wado_core.open(ct()).key
    series = f"studyUID={key.study_uid}&seriesUID={key.series_uid}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WADO_RENDER_CACHE_BYTES", "0")
        with wado(Path(folder), tmp_path_factory.mktemp("state")) as server:
            server.wait(f"/wado?requestType=WADO&{series}{objects[-1]}")
            connection = HTTPConnection(server.address, timeout=60)

            def get(path: str) -> bytes:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                assert response.status == 200, body
                return body

            yield series, objects, get
            connection.close()


@pytest.mark.benchmark(group="100 thumbnails of a series")
def test_sheet_of_a_series(benchmark: BenchmarkFixture, of_series: tuple[str, list[str], Get]) -> None:
    series, _, get = of_series
    assert benchmark(lambda: get(f"/thumbnails?{series}"))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="100 thumbnails of a series")
def test_comparator_single_thumbnails(benchmark: BenchmarkFixture, of_series: tuple[str, list[str], Get]) -> None:
    series, objects, get = of_series
    paths = [f"/wado?requestType=WADO&{series}{of}&rows=128&columns=128" for of in objects]
    assert len(benchmark(lambda: [get(path) for path in paths])) == len(objects)


@pytest.mark.benchmark(group="100 thumbnails of a series")
def test_map_of_a_sheet(benchmark: BenchmarkFixture, of_series: tuple[str, list[str], Get]) -> None:
    series, _, get = of_series
    assert benchmark(lambda: get(f"/thumbnails?{series}&contentType=application/json"))[:1] == b"{"
