"""How fast a large index answers: a million instances of plain CT images, of a thousand studies."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.archives import INSTANCES, OF_STUDY, SERIES, fill_index, instance_key, listed_file
from tests.contract.objects import described, indexed, key
from tests.fixtures.enhanced_headers import enhanced_ct
from wado_core.archive.index_file import FILE_NAME
from wado_core.archive.index_sql import SqlIndex
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.settings import Limits

LARGE, SMALL = 1_000_000, 30_000
FRAMES = 10_000
# What an instance may take on disk.
MOST_BYTES = 1536
# What a look-up may take, seconds, of processor time; busy machines are given so many times as much.
LOOK_UP_S, PATIENCE = 60e-6, 3
# How much more that of one frame of many may take than that of the only frame.
OF_MANY_FRAMES = 4


@dataclass(frozen=True)
class Large:
    """An index; its instances, and what each took on disk when the index had been closed, bytes.  frames: key of one with many frames."""

    index: SqlIndex
    instances: int
    bytes_an_instance: float
    frames: InstanceKey


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, full_size: bool) -> Iterator[Large]:
    state = tmp_path_factory.mktemp("large") / "state"
    instances = LARGE if full_size else SMALL
    with closing(SqlIndex(state, writing=True)) as index:
        fill_index(index, instances)
        assert index.totals().instances == instances
    size = (state / FILE_NAME).stat().st_size / instances
    many = describe(BytesSource(enhanced_ct(FRAMES if full_size else FRAMES // 10)), "", Limits())
    with closing(SqlIndex(state, writing=True)) as index:
        index.put([indexed(b"/enhanced/1.dcm", many), listed_file(instances // 3, "/another")])
        yield Large(index, instances, size, many.instance.key)
    shutil.rmtree(state)  # pytest would keep those of three runs


def least_s(ask: Callable[[], object]) -> float:
    """Return the least processor time of many calls, seconds."""
    least = 1.0
    for _ in range(7):
        start = process_time()
        for _ in range(100):
            ask()
        least = min(least, (process_time() - start) / 100)
    return least


def test_look_up_of_one_instance(benchmark: BenchmarkFixture, large: Large) -> None:
    sought = instance_key(large.instances // 2 + 7)
    assert benchmark(large.index.find, sought).instance.key == sought
    benchmark.extra_info["bytes_an_instance"] = round(large.bytes_an_instance)
    assert large.bytes_an_instance <= MOST_BYTES
    assert least_s(lambda: large.index.find(sought)) <= PATIENCE * LOOK_UP_S


def test_look_up_all_over_the_index(benchmark: BenchmarkFixture, large: Large) -> None:
    """Of a thousand instances, none near another: their pages are not in the memory of SQLite."""
    sought = [instance_key(number * 7919 % large.instances) for number in range(1000)]
    benchmark(lambda: [large.index.find(one) for one in sought])
    assert all(large.index.find(one) for one in sought)


def test_look_up_of_an_instance_with_a_copy(benchmark: BenchmarkFixture, large: Large) -> None:
    sought = instance_key(large.instances // 3)
    assert benchmark(large.index.find, sought).location.path.startswith(b"/another/")
    assert len(large.index.copies(sought)) == 2


def test_look_up_of_an_unknown_instance(benchmark: BenchmarkFixture, large: Large) -> None:
    unknown = replace(instance_key(large.instances // 2), object_uid="1.2.3")
    assert benchmark(large.index.find, unknown) is None


def test_look_up_of_one_frame_of_many(benchmark: BenchmarkFixture, large: Large) -> None:
    """Costs nearly what the only frame of another instance costs: columns of other frames are not read."""
    frame = large.index.find(large.frames).instance.number_of_frames // 2  # type: ignore[union-attr]
    found = benchmark(large.index.find, large.frames, frame)
    assert found.instance.has_columns_of(frame)
    ratio = least_s(lambda: large.index.find(large.frames, frame)) / least_s(lambda: large.index.find(instance_key(1)))
    benchmark.extra_info["times_that_of_the_only_frame"] = round(ratio, 2)
    assert ratio <= OF_MANY_FRAMES


@pytest.mark.parametrize("part", [0, 0.97], ids=["first", "last"])
def test_page_of_25_studies(benchmark: BenchmarkFixture, large: Large, part: float) -> None:
    offset = max(round(large.instances // OF_STUDY * part) - 25, 0)
    studies = benchmark(large.index.studies, offset, 25, 12)
    assert [len(study.series) for study in studies] == [SERIES] * 25
    assert {series.instances for study in studies for series in study.series} == {INSTANCES}


def test_page_of_100_instances(benchmark: BenchmarkFixture, large: Large) -> None:
    of_series = instance_key(large.instances - 1)
    page = benchmark(large.index.instances, SeriesKey(of_series.study_uid, of_series.series_uid), 100, 100)
    assert [summary.number for summary in page] == list(range(101, 201))


def test_totals(benchmark: BenchmarkFixture, large: Large) -> None:
    totals = benchmark(large.index.totals)
    assert (totals.instances, totals.files) == (large.instances + 1, large.instances + 2)


def test_put_and_forget_of_500_files(benchmark: BenchmarkFixture, large: Large) -> None:
    """Must not grow with the index: a first indexing would take the square of its files."""
    files = [indexed(b"/new/%d/%d" % (number % 5, number), described(key(9999, number % 5, number))) for number in range(500)]

    def put_and_forget() -> None:
        large.index.put(files)
        large.index.forget([file.location.path for file in files])
        assert large.index.seek_orphans()
        large.index.bury()

    before = large.index.totals()
    benchmark(put_and_forget)
    assert large.index.totals() == before
