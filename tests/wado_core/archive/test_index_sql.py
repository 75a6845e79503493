"""The embedded index: its contract, and what is particular to a file of SQLite."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.contract.index import IndexContract, assert_gone, bury
from tests.contract.objects import described, indexed, key
from wado_core.archive.index_file import DAMAGE_MARK, FILE_NAME, SET_ASIDE_NAME
from wado_core.archive.index_schema import SCHEMA_VERSION
from wado_core.archive.index_sql import SqlIndex
from wado_core.errors import ContentChanged, DamagedIndex, Unavailable
from wado_core.model.study import Standing, Totals
from wado_core.ports import IndexWriter


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def index(state: Path) -> Iterator[SqlIndex]:
    opened = SqlIndex(state, writing=True)
    yield opened
    opened.close()


class TestContract(IndexContract):
    @pytest.fixture
    def index(self, state: Path) -> Iterator[IndexWriter]:
        opened: list[SqlIndex] = [SqlIndex(state, writing=True)]
        yield opened[0]
        opened[0].close()

    @pytest.fixture
    def reopen(self, state: Path, request: pytest.FixtureRequest) -> Callable[[IndexWriter], IndexWriter]:
        def again(index: IndexWriter) -> IndexWriter:
            index.close()
            opened = SqlIndex(state, writing=True)
            request.addfinalizer(opened.close)
            return opened

        return again


def test_state_folder_and_file_are_for_their_owner_only(index: IndexWriter, state: Path) -> None:
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
    with closing(SqlIndex(state, writing=True)) as index:
        index.put([indexed(b"/d/a", described())])
    spoil(state / FILE_NAME)
    spoilt = (state / FILE_NAME).read_bytes()
    with closing(SqlIndex(state, writing=True)) as index:
        assert index.totals() == Totals(0, 0, 0, 0, 0, 0)
        index.put([indexed(b"/d/a", described())])
        assert index.find(key()) is not None
    assert (state / SET_ASIDE_NAME).read_bytes() == spoilt


def test_damage_met_in_use_is_unavailable_and_set_aside_at_the_next_opening(state: Path) -> None:
    with closing(SqlIndex(state, writing=True)) as index:
        index.put(indexed(b"/d/%d" % number, described(key(number=number))) for number in range(2000))
        index.put([indexed(b"/gone/a", described(key(9)))])
        index.forget([b"/gone/a"])
        bury(index)
    data = bytearray((state / FILE_NAME).read_bytes())
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        page_size = plain.execute("PRAGMA page_size").fetchone()[0]
        spared = {row[0] for row in plain.execute("SELECT rootpage FROM sqlite_master")} | {1}
    for page in range(1, len(data) // page_size + 1):
        if page not in spared:
            data[(page - 1) * page_size : page * page_size] = b"\xff" * page_size
    with closing(SqlIndex(state, writing=True)) as index:
        (state / FILE_NAME).write_bytes(data)
        with pytest.raises(Unavailable) as refusal:
            index.find(key(number=1000))
    assert str(state) not in str(refusal.value)
    assert (state / DAMAGE_MARK).exists()
    with closing(SqlIndex(state, writing=True)) as index:
        assert not (state / DAMAGE_MARK).exists()
        assert index.find(key(number=1000)) is None
        assert_gone(index, key(9))  # its table fits one page, which was spared


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99, -5])
def test_another_schema_version_is_set_aside_but_gone_marks_stay(state: Path, version: int) -> None:
    with closing(SqlIndex(state, writing=True)) as index:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/a"])
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        plain.execute(f"PRAGMA user_version = {version}")
    with closing(SqlIndex(state, writing=True)) as index:
        assert_gone(index, key(1))
        assert index.find(key(2)) is None
        assert index.totals().files == 0
    assert (state / SET_ASIDE_NAME).exists()


def test_a_database_of_somebody_else_is_set_aside(state: Path) -> None:
    state.mkdir(parents=True)
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        plain.execute("CREATE TABLE theirs (x)")
    with closing(SqlIndex(state, writing=True)) as index:
        assert index.totals().files == 0
    with closing(sqlite3.connect(state / SET_ASIDE_NAME)) as plain:
        assert plain.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_a_creation_that_was_cut_short_is_taken_up_again(state: Path) -> None:
    state.mkdir(parents=True)
    (state / FILE_NAME).touch()
    with closing(SqlIndex(state, writing=True)) as index:
        index.put([indexed(b"/d/a", described())])
        assert index.find(key()) is not None
    assert not (state / SET_ASIDE_NAME).exists()


def test_a_state_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as refusal:
        SqlIndex(tmp_path / "file" / "state", writing=True)
    assert "file" not in str(refusal.value).replace("folder", "")


def test_descriptions_of_an_earlier_format_are_read_again(state: Path) -> None:
    with closing(SqlIndex(state, writing=True, format_of_descriptions=1)) as index:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", None, "Not understood."), indexed(b"/d/c")])
    with closing(SqlIndex(state, writing=True, format_of_descriptions=2)) as index:
        with pytest.raises(ContentChanged):
            index.find(key(1))
        assert {path: known.size for path, known in index.known_files(b"/d").items()} == {b"/d/a": -1, b"/d/b": -1, b"/d/c": -1}
        index.put([indexed(b"/d/a", described(key(1)))])
        assert index.find(key(1)) is not None
        assert {path: known.size for path, known in index.known_files(b"/d").items()} == {b"/d/a": 1000, b"/d/b": -1, b"/d/c": -1}


def test_a_description_that_cannot_be_read_is_unavailable(index: IndexWriter, state: Path) -> None:
    index.put([indexed(b"/d/a", described())])
    with closing(sqlite3.connect(state / FILE_NAME)) as plain, plain:
        plain.execute("UPDATE file SET description = x'93ff'")
    with pytest.raises(ContentChanged):
        index.find(key())


def test_the_writer_waits_for_another_process(index: IndexWriter, state: Path) -> None:
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


def test_another_process_reads_what_was_written_after_it_opened(index: IndexWriter, state: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", READER, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        index.put([indexed(b"/d/a", described()), indexed(b"/d/b", described(key(2)))])
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "/d/a 2\n"
    assert reader.returncode == 0


def test_there_is_one_writer(index: IndexWriter, state: Path) -> None:
    index.put([indexed(b"/d/a", described())])
    with pytest.raises(Unavailable, match="Another process"):
        SqlIndex(state, writing=True, wait_s=0.1)
    index.close()
    with closing(SqlIndex(state, writing=True, wait_s=0.0)) as next_one:
        assert next_one.find(key()) is not None


def test_a_reader_changes_nothing(index: IndexWriter, state: Path) -> None:
    with closing(SqlIndex(state)) as reader:
        with pytest.raises(Unavailable):
            reader.put([indexed(b"/d/a", described())])
        with pytest.raises(Unavailable):
            reader.mark_complete()
        assert not reader.complete()
        index.mark_complete()
        assert reader.complete()


def test_a_reader_without_an_index_waits_for_it(state: Path) -> None:
    with closing(SqlIndex(state)) as reader:
        with pytest.raises(Unavailable):
            reader.find(key())
        assert not state.exists()
        with closing(SqlIndex(state, writing=True)) as writer:
            writer.put([indexed(b"/d/a", described())])
            assert reader.find(key()) is not None


def test_readers_open_the_index_that_was_made_anew(state: Path) -> None:
    with closing(SqlIndex(state, writing=True)) as writer:
        writer.put([indexed(b"/d/a", described(key(1)))])
    with closing(SqlIndex(state)) as reader, closing(SqlIndex(state)) as other:
        assert reader.find(key(1)) is not None
        assert other.find(key(1)) is not None
        (state / DAMAGE_MARK).touch()
        with closing(SqlIndex(state, writing=True)) as writer:
            writer.put([indexed(b"/d/b", described(key(2)))])
            for one in (reader, other):
                assert one.find(key(1)) is None
                assert one.find(key(2)) is not None


def test_damage_of_an_index_that_was_set_aside_does_not_touch_the_new_one(state: Path) -> None:
    with closing(SqlIndex(state, writing=True)) as writer:
        writer.put([indexed(b"/d/a", described())])
    reader = SqlIndex(state)
    assert reader.find(key()) is not None
    (state / DAMAGE_MARK).touch()
    with closing(SqlIndex(state, writing=True)):
        assert isinstance(reader._connections._failure(_damage()), DamagedIndex)  # met on a connection to the old file
        assert not (state / DAMAGE_MARK).exists()
    reader.close()


def test_marks_of_version_1_have_no_path(state: Path) -> None:
    state.mkdir(parents=True)
    of = key()
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        plain.execute("CREATE TABLE gone (study_uid, series_uid, object_uid)")
        plain.execute("INSERT INTO gone VALUES (?, ?, ?)", (of.study_uid, of.series_uid, of.object_uid))
        plain.execute("PRAGMA user_version = 1")
        plain.commit()
    with closing(SqlIndex(state, writing=True)) as index:
        assert (index.standing(of), index.copies(of)) == (Standing.GONE, ())


def test_a_full_disk_is_told_when_it_ends_the_transaction(index: SqlIndex) -> None:
    with index._connections.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    @sa.event.listens_for(index._connections._engine, "checkout")
    def fill(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")

    with pytest.raises(Unavailable, match="is full"):
        index.put(indexed(b"/d/%d" % number * 20, described(key(number=number))) for number in range(500))
    assert index.totals().files == 0


def test_damage_is_told_by_whoever_has_met_it(index: SqlIndex, state: Path) -> None:
    index.check()
    with closing(SqlIndex(state)) as reader:
        reader._connections._failure(_damage())
    with pytest.raises(DamagedIndex):
        index.check()


def _damage() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("file is not a database")
    error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    return error


@pytest.mark.parametrize("stage", ["renamed", "cleared", "made"])
def test_setting_aside_that_was_cut_short_is_taken_up_again(state: Path, stage: str) -> None:
    """Wherever the process ends, marks survive and no old log is applied to a new file."""
    writer = SqlIndex(state, writing=True)
    writer.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
    writer.forget([b"/d/a"])
    copies = {path.name: path.read_bytes() for path in state.iterdir()}  # with the log, which closing would fold back
    writer.close()
    for name, data in copies.items():
        (state / name).write_bytes(data)
    assert (state / f"{FILE_NAME}-wal").stat().st_size > 0
    (state / FILE_NAME).replace(state / SET_ASIDE_NAME)
    if stage != "renamed":
        (state / f"{FILE_NAME}-wal").replace(state / f"{SET_ASIDE_NAME}-wal")
    if stage == "made":
        (state / FILE_NAME).touch()
    with closing(SqlIndex(state, writing=True)) as index:
        assert_gone(index, key(1), b"/d/a")
        assert index.find(key(2)) is None
        assert index.totals().files == 0
        assert not index.complete()


def test_readers_and_writer_share_one_index(state: Path) -> None:
    with closing(SqlIndex(state, writing=True)) as writer:
        writer.put([indexed(b"/d/a", described())])
        readers = [SqlIndex(state) for _ in range(6)]
        assert all(reader.find(key()) is not None for reader in readers)
        for reader in readers:
            reader.close()
