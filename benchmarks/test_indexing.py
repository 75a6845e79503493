"""How fast folders are indexed; files come from the page cache, their pixels are holes that nobody reads."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.archives import write_enhanced_ct, write_folder, write_tiny
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.model.study import Totals
from wado_core.services.indexing import Indexing
from wado_core.services.report import Report
from wado_core.settings import Limits

STUDIES, SERIES, INSTANCES = 4, 5, 500
# What the first indexing of plain CT files must reach on so many cores, files a second; judged by processor time, since nobody knows
# what else they do.
FILES_PER_S, CORES = 2500, 2
# A look at files that are known, and have not changed: how many, in folders of how many, and how long it may take, seconds.
KNOWN, OF_FOLDER, RESCAN_S = 100_000, 500, 5.0
# What indexing of one object may take, by its frames, seconds; busy machines are given so many times as much.
ALLOWED_S = {1000: 0.15, 10_000: 1.2}
PATIENCE = 3
# As tests, all is so many times smaller.
_FEWER = 50


@pytest.fixture(scope="module")
def instances(full_size: bool) -> int:
    """Files of each series of plain CT images."""
    return INSTANCES if full_size else INSTANCES // _FEWER


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, instances: int) -> Path:
    root = tmp_path_factory.mktemp("plain_ct") / "served"
    write_folder(root, studies=STUDIES, series=SERIES, instances=instances)
    os.sync()  # what was written before must not be in the way of the index
    return root


@dataclass(frozen=True)
class Known:
    """Files in folders that have been indexed by a process of its own.

    told: what it said, above all the most memory that it ever had, bytes.
    """

    root: Path
    state: Path
    files: int
    told: dict[str, float]


def known(parent: Path, files: int, of_folder: int) -> Known:
    root, state = parent / "served", parent / "state"
    write_tiny(root, files, of_folder)
    command = [sys.executable, "-m", "tests.hostile.folder_run", str(state), str(root)]
    done = subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[1])
    told: dict[str, float] = json.loads(done.stdout)
    assert (told["read"], told["unchanged"], told["read_again"]) == (files, files, 0)
    return Known(root, state, files, told)


@pytest.fixture(scope="module")
def in_folders(tmp_path_factory: pytest.TempPathFactory, full_size: bool) -> Iterator[Known]:
    parent = tmp_path_factory.mktemp("in_folders")
    yield known(parent, KNOWN if full_size else KNOWN // _FEWER, OF_FOLDER)
    shutil.rmtree(parent)  # pytest would keep those of three runs


@pytest.fixture(scope="module")
def in_one_folder(tmp_path_factory: pytest.TempPathFactory, full_size: bool) -> Iterator[Known]:
    files = KNOWN if full_size else KNOWN // _FEWER
    parent = tmp_path_factory.mktemp("in_one_folder")
    yield known(parent, files, files)
    shutil.rmtree(parent)


class Fresh:
    """A new index for each round: made before it, closed after the last one."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._opened: list[SqlIndex] = []

    def indexing(self) -> Indexing:
        self.close()
        self._opened.append(SqlIndex(self._parent / f"state{len(self._opened)}", writing=True))
        return Indexing(self._opened[-1], FileStore(), walk, Limits())

    def close(self) -> None:
        for index in self._opened:
            index.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    made = Fresh(tmp_path)
    yield made
    made.close()


def processor_s() -> float:
    """Return the processor time of this process and of those that it has ended, seconds."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def measured(
    benchmark: BenchmarkFixture, make: Callable[[], Indexing], root: Path, processes: int | None, rounds: int
) -> tuple[list[Report], float]:
    """Index a root in rounds, each with what ``make`` returns; return what came of them, and the least processor time, seconds."""
    reports: list[Report] = []
    seconds: list[float] = []

    def run(indexing: Indexing) -> None:
        start = processor_s()
        reports.append(indexing.run([root], processes=processes))
        seconds.append(processor_s() - start)

    benchmark.pedantic(run, setup=lambda: ((make(),), {}), rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]
    return reports, min(seconds)


@pytest.mark.parametrize("processes", [0, 2])
def test_first_indexing(benchmark: BenchmarkFixture, folder: Path, instances: int, fresh: Fresh, full_size: bool, processes: int) -> None:
    """Plain CT files a second, from nothing to the finished index; time to start the processes included."""
    reports, least_s = measured(benchmark, fresh.indexing, folder, processes, 3)
    files = STUDIES * SERIES * instances
    assert {report.totals for report in reports} == {Totals(STUDIES, STUDIES * SERIES, files, files, 0, 0)}
    benchmark.extra_info["files_per_s"] = round(max(report.files_read_per_s for report in reports))
    benchmark.extra_info["processor_us_a_file"] = round(least_s / files * 1e6)
    assert CORES * files / least_s >= FILES_PER_S or not full_size  # few files do not make up for the start of processes


@pytest.mark.parametrize("where", ["in_folders", "in_one_folder"])
def test_rescan_of_unchanged_files(benchmark: BenchmarkFixture, request: pytest.FixtureRequest, where: str) -> None:
    files: Known = request.getfixturevalue(where)
    with closing(SqlIndex(files.state, writing=True)) as index:
        reports, least_s = measured(benchmark, lambda: Indexing(index, FileStore(), walk, Limits()), files.root, None, 3)
    assert {(report.counts.unchanged, report.counts.files_read) for report in reports} == {(files.files, 0)}
    benchmark.extra_info["files"] = files.files
    benchmark.extra_info["processor_s"] = least_s
    assert least_s <= RESCAN_S


def test_memory_of_the_indexer(benchmark: BenchmarkFixture, in_folders: Known, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The most memory of the process that indexes, and looks again, does not grow with the number of files."""
    fewer = (tmp_path_factory.mktemp("fewer"), in_folders.files // 10, OF_FOLDER)
    few: Known = benchmark.pedantic(known, args=fewer)  # type: ignore[no-untyped-call]
    many = in_folders
    megabytes = [files.told["second_peak"] / 2**20 for files in (few, many)]
    benchmark.extra_info["megabytes"] = [round(size) for size in megabytes]
    assert megabytes[1] - megabytes[0] < 16


@pytest.mark.parametrize("varied", [False, True], ids=["alike", "varied"])
@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("frames", ALLOWED_S)
def test_index_enhanced_ct(
    benchmark: BenchmarkFixture, fresh: Fresh, tmp_path: Path, full_size: bool, frames: int, undefined: bool, varied: bool
) -> None:
    """One object of many frames, from the look into its folder to the index written, in one process."""
    made = frames if full_size else frames // _FEWER
    root = tmp_path / "served"
    root.mkdir()
    write_enhanced_ct(root / "enhanced.dcm", made, undefined=undefined, varied=varied)
    reports, least_s = measured(benchmark, fresh.indexing, root, 0, 5)
    assert {(report.totals, report.problems) for report in reports} == {(Totals(1, 1, 1, 1, 0, 0), ())}
    benchmark.extra_info["processor_s"] = least_s
    assert least_s <= PATIENCE * ALLOWED_S[frames]
