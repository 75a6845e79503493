"""The embedded index: its contract, and what is particular to a file of SQLite."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.index import IndexContract
from tests.contract.objects import described, indexed, key
from wado_core.archive.index_schema import DAMAGE_MARK, FILE_NAME, SCHEMA_VERSION, SET_ASIDE_NAME
from wado_core.archive.index_sql import SqlIndex
from wado_core.errors import Gone, Unavailable
from wado_core.model.grayscale import ValueRange
from wado_core.model.study import Totals
from wado_core.ports import Index


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def index(state: Path) -> Iterator[Index]:
    opened = SqlIndex(state)
    yield opened
    opened.close()


class TestContract(IndexContract):
    @pytest.fixture
    def index(self, state: Path) -> Iterator[Index]:
        opened: list[SqlIndex] = [SqlIndex(state)]
        yield opened[0]
        opened[0].close()

    @pytest.fixture
    def reopen(self, state: Path, request: pytest.FixtureRequest) -> Callable[[Index], Index]:
        def again(index: Index) -> Index:
            index.close()
            opened = SqlIndex(state)
            request.addfinalizer(opened.close)
            return opened

        return again


def test_state_folder_and_file_are_for_their_owner_only(index: Index, state: Path) -> None:
    index.put([indexed(b"/d/a", described())])
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in state.iterdir() if path.name.startswith(FILE_NAME)} == {
        FILE_NAME: 0,
        f"{FILE_NAME}-wal": 0,
        f"{FILE_NAME}-shm": 0,
    }


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(b"This is no database at all." * 100), id="another file"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:5000]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000 + path.read_bytes()[8100:]), id="overwritten"),
    ],
)
def test_a_damaged_file_is_set_aside_and_rebuilt(state: Path, spoil: Callable[[Path], object]) -> None:
    with closing(SqlIndex(state)) as index:
        index.put([indexed(b"/d/a", described())])
    spoil(state / FILE_NAME)
    spoilt = (state / FILE_NAME).read_bytes()
    with closing(SqlIndex(state)) as index:
        assert index.totals() == Totals(0, 0, 0, 0, 0, 0)
        index.put([indexed(b"/d/a", described())])
        assert index.find(key()) is not None
    assert (state / SET_ASIDE_NAME).read_bytes() == spoilt


def test_damage_met_in_use_is_unavailable_and_set_aside_at_the_next_opening(state: Path) -> None:
    with closing(SqlIndex(state)) as index:
        index.put(indexed(b"/d/%d" % number, described(key(number=number))) for number in range(2000))
        index.put([indexed(b"/gone/a", described(key(9)))])
        index.forget([b"/gone/a"])
    data = bytearray((state / FILE_NAME).read_bytes())
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        page_size = plain.execute("PRAGMA page_size").fetchone()[0]
        spared = {row[0] for row in plain.execute("SELECT rootpage FROM sqlite_master")} | {1}
    for page in range(1, len(data) // page_size + 1):
        if page not in spared:
            data[(page - 1) * page_size : page * page_size] = b"\xff" * page_size
    with closing(SqlIndex(state)) as index:
        (state / FILE_NAME).write_bytes(data)
        with pytest.raises(Unavailable) as refusal:
            index.find(key(number=1000))
    assert str(state) not in str(refusal.value)
    assert (state / DAMAGE_MARK).exists()
    with closing(SqlIndex(state)) as index:
        assert not (state / DAMAGE_MARK).exists()
        assert index.find(key(number=1000)) is None
        with pytest.raises(Gone):  # its table fits one page, which was spared
            index.find(key(9))


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99, -5])
def test_another_schema_version_is_set_aside_but_gone_marks_stay(state: Path, version: int) -> None:
    with closing(SqlIndex(state)) as index:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/a"])
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        plain.execute(f"PRAGMA user_version = {version}")
    with closing(SqlIndex(state)) as index:
        with pytest.raises(Gone):
            index.find(key(1))
        assert index.find(key(2)) is None
        assert index.totals().files == 0
    assert (state / SET_ASIDE_NAME).exists()


def test_a_database_of_somebody_else_is_set_aside(state: Path) -> None:
    state.mkdir(parents=True)
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        plain.execute("CREATE TABLE theirs (x)")
    with closing(SqlIndex(state)) as index:
        assert index.totals().files == 0
    with closing(sqlite3.connect(state / SET_ASIDE_NAME)) as plain:
        assert plain.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_a_creation_that_was_cut_short_is_taken_up_again(state: Path) -> None:
    state.mkdir(parents=True)
    (state / FILE_NAME).touch()
    with closing(SqlIndex(state)) as index:
        index.put([indexed(b"/d/a", described())])
        assert index.find(key()) is not None
    assert not (state / SET_ASIDE_NAME).exists()


def test_a_state_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as refusal:
        SqlIndex(tmp_path / "file" / "state")
    assert "file" not in str(refusal.value).replace("folder", "")


def test_descriptions_of_an_earlier_format_are_read_again(state: Path) -> None:
    with closing(SqlIndex(state, format_of_descriptions=1)) as index:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", None, "Not understood."), indexed(b"/d/c")])
    with closing(SqlIndex(state, format_of_descriptions=2)) as index:
        with pytest.raises(Unavailable, match="indexed again"):
            index.find(key(1))
        assert {path: known.size for path, known in index.known_files(b"/d").items()} == {b"/d/a": -1, b"/d/b": -1, b"/d/c": -1}
        index.put([indexed(b"/d/a", described(key(1)))])
        assert index.find(key(1)) is not None
        assert {path: known.size for path, known in index.known_files(b"/d").items()} == {b"/d/a": 1000, b"/d/b": -1, b"/d/c": -1}


def test_a_description_that_cannot_be_read_is_unavailable(index: Index, state: Path) -> None:
    index.put([indexed(b"/d/a", described())])
    with closing(sqlite3.connect(state / FILE_NAME)) as plain, plain:
        plain.execute("UPDATE file SET description = x'93ff'")
    with pytest.raises(Unavailable):
        index.find(key())


def test_value_range_is_dropped_at_once_while_another_process_writes(index: Index, state: Path) -> None:
    index.put([indexed(b"/d/a", described())])
    with closing(sqlite3.connect(state / FILE_NAME, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
        assert time.monotonic() - started < 2
        assert index.find(key()) is not None  # readers go on meanwhile
        writer.execute("ROLLBACK")
    assert index.value_range(key(), "v1", 1) is None
    index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
    assert index.value_range(key(), "v1", 1) == ValueRange(1.0, 2.0)


def test_the_writer_waits_for_another_process(index: Index, state: Path) -> None:
    with closing(sqlite3.connect(state / FILE_NAME, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ("COMMIT",))
        release.start()
        index.put([indexed(b"/d/a", described())])
        release.join()
    assert index.find(key()) is not None


READER = """
import sys
from pathlib import Path
from wado_core.archive.index_sql import SqlIndex
from wado_core.model.uid import InstanceKey
index = SqlIndex(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
found = index.find(InstanceKey("1.2.1", "1.2.1.1", "1.2.1.1.1"))
print(found.location.path.decode(), index.totals().instances, flush=True)
"""


def test_another_process_reads_what_was_written_after_it_opened(index: Index, state: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", READER, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        index.put([indexed(b"/d/a", described()), indexed(b"/d/b", described(key(2)))])
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "/d/a 2\n"
    assert reader.returncode == 0


def test_many_openings_at_once_make_one_index(state: Path) -> None:
    with closing(SqlIndex(state)):
        pass
    (state / FILE_NAME).write_bytes(b"damaged " * 1000)
    opened: list[SqlIndex] = []
    threads = [threading.Thread(target=lambda: opened.append(SqlIndex(state))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    opened[0].put([indexed(b"/d/a", described())])
    assert all(index.find(key()) is not None for index in opened)
    for index in opened:
        index.close()
