"""How fast folders are indexed and looked up; files come from the page cache, their pixels are holes that nobody reads."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.contract.objects import described, indexed, key
from tests.wado_core.services.plain_ct import write_folder
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.model.study import Totals
from wado_core.model.uid import SeriesKey
from wado_core.services.indexing import Indexing, Report
from wado_core.settings import Limits

STUDIES, SERIES, INSTANCES = 4, 5, 150
FILES = STUDIES * SERIES * INSTANCES
# What the first indexing must reach on two cores, whatever else they do.
FILES_PER_S = 1000
# The index that is looked up: 100,000 instances in 250 studies of four series.
LARGE_STUDIES, LARGE_SERIES, LARGE_INSTANCES = 250, 4, 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plain_ct") / "served"
    assert write_folder(root, studies=STUDIES, series=SERIES, instances=INSTANCES) == FILES
    return root


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlIndex]:
    index = SqlIndex(tmp_path_factory.mktemp("large") / "state", writing=True)
    for study in range(LARGE_STUDIES):
        date = f"2024{study % 12 + 1:02d}{study % 28 + 1:02d}"
        index.put(
            indexed(
                b"/data/%d/%d/IM%06d.dcm" % (study, series, number),
                described(key(study, series, number), study_date=date, series_number=series, instance_number=number),
            )
            for series in range(LARGE_SERIES)
            for number in range(LARGE_INSTANCES)
        )
    yield index
    index.close()


@pytest.mark.parametrize("processes", [0, 2])
def test_first_indexing(benchmark: BenchmarkFixture, folder: Path, tmp_path: Path, processes: int) -> None:
    """Plain CT files a second, from nothing to the finished index; time to start the processes included."""
    state = tmp_path / "state"
    reports: list[Report] = []

    def index_all() -> None:
        shutil.rmtree(state, ignore_errors=True)
        index = SqlIndex(state, writing=True)
        reports.append(Indexing(index, FileStore(), walk, Limits()).run([folder], processes=processes))
        index.close()

    benchmark.pedantic(index_all, rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert {report.totals for report in reports} == {Totals(STUDIES, STUDIES * SERIES, FILES, FILES, 0, 0)}
    best = max(report.files_read_per_s for report in reports)
    benchmark.extra_info["files_per_s"] = round(best)
    assert best >= FILES_PER_S or not benchmark.enabled


def test_rescan_of_unchanged_files(benchmark: BenchmarkFixture, folder: Path, tmp_path: Path) -> None:
    index = SqlIndex(tmp_path / "state", writing=True)
    indexing = Indexing(index, FileStore(), walk, Limits())
    indexing.run([folder])
    report: Report = benchmark.pedantic(indexing.run, args=([folder],), rounds=5)  # type: ignore[no-untyped-call]
    index.close()
    assert report.counts.unchanged == FILES
    benchmark.extra_info["files_per_s"] = round(report.files_seen_per_s)


def test_look_up_of_one_instance(benchmark: BenchmarkFixture, large: SqlIndex) -> None:
    sought = key(LARGE_STUDIES // 2, LARGE_SERIES - 1, LARGE_INSTANCES // 2)
    found = benchmark(large.find, sought)
    assert found.instance.key == sought


def test_look_up_of_an_unknown_instance(benchmark: BenchmarkFixture, large: SqlIndex) -> None:
    assert benchmark(large.find, key(LARGE_STUDIES + 1)) is None


@pytest.mark.parametrize("page", [0, 9])
def test_page_of_25_studies(benchmark: BenchmarkFixture, large: SqlIndex, page: int) -> None:
    studies = benchmark(large.studies, page * 25, 25, 12)
    assert [len(study.series) for study in studies] == [LARGE_SERIES] * 25
    assert {series.instances for study in studies for series in study.series} == {LARGE_INSTANCES}


def test_page_of_100_instances(benchmark: BenchmarkFixture, large: SqlIndex) -> None:
    of_series = key(7, 3)
    assert len(benchmark(large.instances, SeriesKey(of_series.study_uid, of_series.series_uid), 0, 100)) == LARGE_INSTANCES


def test_totals(benchmark: BenchmarkFixture, large: SqlIndex) -> None:
    many = LARGE_STUDIES * LARGE_SERIES * LARGE_INSTANCES
    assert benchmark(large.totals) == Totals(LARGE_STUDIES, LARGE_STUDIES * LARGE_SERIES, many, many, 0, 0)


def test_put_and_forget_of_500_files(benchmark: BenchmarkFixture, large: SqlIndex) -> None:
    """Must not grow with the index: a first indexing would take the square of its files."""
    files = [indexed(b"/new/%d/%d" % (number % 5, number), described(key(9999, number % 5, number))) for number in range(500)]

    def put_and_forget() -> None:
        large.put(files)
        large.forget([file.location.path for file in files])

    before = large.totals()
    benchmark(put_and_forget)
    assert large.totals() == before
