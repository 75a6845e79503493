"""The indexer of a server, in a thread: looks, rescans, notices, trouble, and its status all along."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.archive.index_file import DAMAGE_MARK
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.mailbox import SocketMailbox, SocketNotices, mailbox_sockets
from wado_core.archive.status_file import StatusFile
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.errors import DamagedIndex, Unavailable
from wado_core.model.grayscale import ValueRange
from wado_core.model.index_status import IndexStatus, Phase
from wado_core.model.instance import Location
from wado_core.model.notice import FileChanged, IndexDamaged, RangeFound
from wado_core.ports import OpenObject
from wado_core.services.indexing import Indexing
from wado_core.services.keeping import Keeping
from wado_core.settings import Settings

ONE, TWO = ct_key(number=1), ct_key(number=2)
DEADLINE_S = 30.0


class Kept:
    """A folder whose index is kept in a thread; a reader beside it."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.paths[0]
        self.settings = settings
        self.writer = SqlIndex(settings.state, writing=True)
        self.index = SqlIndex(settings.state)
        self.sending, self.receiving = mailbox_sockets()
        self.notices = SocketNotices(self.sending)
        self.board = StatusFile(settings.state)
        indexing = Indexing(self.writer, FileStore(), walk, settings.limits, settings.paths, settings.settling_s)
        self.keeping = Keeping(indexing, self.writer, SocketMailbox(self.receiving), self.board, settings)
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.keeping.run()
        except BaseException as error:  # noqa: BLE001 - for the test to look at
            self.error = error

    def start(self) -> "Kept":
        self.thread.start()
        return self

    def write(self, name: str, data: bytes, age_s: float = 100.0) -> bytes:
        path = self.root / name
        path.write_bytes(data)
        os.utime(path, (time.time() - age_s, time.time() - age_s))
        return bytes(path)

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, self.board.read()
            assert self.thread.is_alive() or condition(), self.error
            time.sleep(0.01)

    def status(self) -> IndexStatus:
        status = self.board.read()
        assert status is not None
        return status

    def waiting(self) -> bool:
        status = self.board.read()
        return status is not None and status.phase is Phase.WAITING

    def close(self) -> None:
        self.keeping.stop()
        if self.thread.ident is not None:
            self.thread.join(DEADLINE_S)
            assert not self.thread.is_alive()
        for one in (self.index, self.writer, self.sending, self.receiving):
            one.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "served").mkdir()
    return Settings(paths=(tmp_path / "served",), state=tmp_path / "state", rescan_s=0.0, index_processes=0, settling_s=0.0)


@pytest.fixture
def make(settings: Settings) -> Iterator[Callable[..., Kept]]:
    made: list[Kept] = []

    def new(**changes: object) -> Kept:
        made.append(Kept(replace(settings, **changes)))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for one in made:
        one.close()


def test_the_first_look_is_told_from_start_to_end(make: Callable[..., Kept]) -> None:
    kept = make()
    kept.write("a", plain_ct(number=1))
    assert not kept.index.complete()
    kept.start()
    kept.until(kept.waiting)
    status = kept.status()
    assert (status.complete, status.counts.files_seen, status.counts.instances, status.trouble) == (True, 1, 1, "")
    assert status.finished_s is not None
    assert status.started_s <= status.finished_s <= status.updated_s
    assert status.duration_s is not None
    assert kept.index.find(ONE) is not None
    kept.keeping.stop()
    kept.thread.join(DEADLINE_S)
    assert kept.status().phase is Phase.STOPPED
    assert kept.error is None


def test_it_looks_again_when_asked_and_not_before(make: Callable[..., Kept]) -> None:
    kept = make().start()
    kept.until(kept.waiting)
    kept.write("a", plain_ct(number=1))
    time.sleep(0.3)
    assert kept.index.find(ONE) is None
    kept.keeping.rescan()
    kept.until(lambda: kept.index.find(ONE))


def test_it_looks_again_by_itself(make: Callable[..., Kept]) -> None:
    kept = make(rescan_s=0.1).start()
    kept.until(kept.waiting)
    path = kept.write("a", plain_ct(number=1))
    kept.until(lambda: kept.index.find(ONE))
    kept.write("b", plain_ct(number=2))
    os.unlink(path)
    kept.until(lambda: kept.index.find(ONE) is None and kept.index.copies(ONE) == (path,))
    assert kept.index.find(TWO) is not None


def test_young_files_are_taken_when_they_have_settled(make: Callable[..., Kept]) -> None:
    kept = make(settling_s=1.0)
    kept.write("old", plain_ct(number=1))
    kept.write("young", plain_ct(number=2), age_s=0.0)
    kept.start()
    kept.until(kept.waiting)
    assert kept.status().counts.settling == 1
    assert kept.index.find(ONE) is not None
    assert kept.index.find(TWO) is None
    kept.until(lambda: kept.index.find(TWO))
    kept.until(kept.waiting)


def test_notices_are_dealt_with(make: Callable[..., Kept]) -> None:
    kept = make()
    path = kept.write("a", plain_ct(number=1))
    kept.write("b", plain_ct(number=2))
    kept.start()
    kept.until(kept.waiting)
    found = kept.index.find(ONE)
    assert found is not None
    kept.notices.send(RangeFound(ONE, found.instance.version, 1, ValueRange(-5.0, 5.0)))
    kept.until(lambda: kept.index.value_range(ONE, found.instance.version, 1) == ValueRange(-5.0, 5.0))
    kept.write("a", plain_ct(number=1, edge=16))
    kept.notices.send(FileChanged(path))
    kept.until(lambda: kept.index.find(ONE) != found)
    os.unlink(path)
    kept.notices.send(FileChanged(path))
    kept.until(lambda: kept.index.find(ONE) is None)
    assert kept.index.copies(ONE) == (path,)


def test_notices_are_dealt_with_during_a_look(make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.services.tally.PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr("wado_core.services.keeping._ATTEND_EVERY_S", 0.0)
    kept = make()
    path = kept.write("a", plain_ct(number=1))
    kept.start()
    kept.until(kept.waiting)
    going_on = threading.Event()
    read = FileStore.open

    def slow(store: FileStore, location: object) -> object:
        if b"slow" in location.path:  # type: ignore[attr-defined]
            going_on.set()
            time.sleep(0.05)
        return read(store, location)  # type: ignore[arg-type]

    monkeypatch.setattr(FileStore, "open", slow)
    for number in range(100):
        kept.write(f"slow{number:03d}", plain_ct(number=100 + number))
    kept.keeping.rescan()
    assert going_on.wait(DEADLINE_S)
    before = kept.index.find(ONE)
    kept.write("a", plain_ct(number=1, edge=16))
    kept.notices.send(FileChanged(path))
    kept.until(lambda: kept.index.find(ONE) != before)
    assert kept.status().phase is Phase.INDEXING
    kept.keeping.stop()
    kept.thread.join(2.0)  # well before the five seconds that the look would take
    assert not kept.thread.is_alive()
    assert kept.error is None


def test_a_damaged_index_ends_it_so_that_it_is_made_anew(make: Callable[..., Kept]) -> None:
    kept = make().start()
    kept.until(kept.waiting)
    kept.notices.send(IndexDamaged())  # of the index before this one, it may be: workers go on saying so until it is set aside
    path = kept.write("a", plain_ct(number=1))
    kept.notices.send(FileChanged(path))
    kept.until(lambda: kept.index.find(ONE))
    (kept.settings.state / DAMAGE_MARK).touch()
    kept.notices.send(IndexDamaged())
    kept.thread.join(DEADLINE_S)
    assert isinstance(kept.error, DamagedIndex)


def test_damage_that_nobody_tells_of_is_noticed(make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.services.keeping._LONGEST_WAIT_S", 0.1)
    kept = make().start()
    kept.until(kept.waiting)
    (kept.settings.state / DAMAGE_MARK).touch()  # as by a page of studies that could not be read
    kept.thread.join(DEADLINE_S)
    assert isinstance(kept.error, DamagedIndex)


def test_a_look_into_few_folders_is_not_told_as_one_at_all(
    make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("wado_core.services.keeping._ATTEND_EVERY_S", 0.0)
    kept = make(settling_s=0.5)
    (kept.root / "deep").mkdir()
    for number in range(1, 5):
        kept.write(f"deep/{number}", plain_ct(number=number))
    kept.write("young", plain_ct(number=5), age_s=0.0)
    read = FileStore.open

    def failing(store: FileStore, location: Location) -> AbstractContextManager[OpenObject]:
        if location.path.endswith(b"unread"):
            raise Unavailable("The storage of this object does not answer now.")
        return read(store, location)

    monkeypatch.setattr(FileStore, "open", failing)
    kept.write("unread", plain_ct(number=6))
    kept.start()
    kept.until(kept.waiting)
    before = kept.status()
    assert before.counts.files_seen == 6
    kept.until(lambda: kept.index.find(ct_key(number=5)))
    kept.until(kept.waiting)
    after = kept.status()
    assert (after.counts, after.finished_s, after.duration_s) == (before.counts, before.finished_s, before.duration_s)
    assert [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()] == [
        "folders that cannot be read now: 0, files: 1; 'wado index --report' names the folders"
    ]


def test_trouble_is_told_and_tried_again(make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.services.keeping._TROUBLE_S", 0.2)
    kept = make()
    kept.write("a", plain_ct(number=1))
    put = SqlIndex.put
    full = threading.Event()
    full.set()

    def put_when_there_is_room(index: SqlIndex, files: object) -> None:
        if full.is_set():
            raise Unavailable("The disk of the state folder is full.")
        put(index, files)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlIndex, "put", put_when_there_is_room)
    kept.start()
    kept.until(lambda: (status := kept.board.read()) is not None and status.trouble)
    assert kept.status().trouble == "The disk of the state folder is full."
    assert not kept.status().complete
    full.clear()
    kept.until(lambda: kept.index.find(ONE))
    kept.until(lambda: kept.status().complete and not kept.status().trouble)


def test_trouble_is_logged_once_and_that_it_is_over(
    make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("wado_core.services.keeping._TROUBLE_S", 0.05)
    kept = make()
    kept.write("a", plain_ct(number=1))
    tries = []

    def no_room(index: SqlIndex, files: object) -> None:
        tries.append(files)
        raise Unavailable("The disk of the state folder is full.")

    with monkeypatch.context() as patch:
        patch.setattr(SqlIndex, "put", no_room)
        kept.start()
        kept.until(lambda: len(tries) > 3)
    kept.until(lambda: kept.status().complete and not kept.status().trouble)
    lines = [record.getMessage() for record in caplog.records if record.name == "wado_core.services.keeping"]
    assert [line.partition(":")[0] for line in lines] == ["indexing stopped", "indexing goes on"]


def test_trouble_with_some_folders_is_tried_again_soon_and_over_when_all_are_well(
    make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where folders are looked through on request only."""
    monkeypatch.setattr("wado_core.services.keeping._TROUBLE_S", 0.2)
    kept = make(rescan_s=0.0, settling_s=0.3)
    kept.write("young", plain_ct(number=1), age_s=0.0)
    put, full = SqlIndex.put, threading.Event()
    full.set()

    def put_when_there_is_room(index: SqlIndex, files: object) -> None:
        if full.is_set():
            raise Unavailable("The disk of the state folder is full.")
        put(index, files)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlIndex, "put", put_when_there_is_room)
    kept.start()
    kept.until(lambda: (said := kept.board.read()) is not None and said.trouble)
    assert not kept.status().complete
    kept.write("younger", b"not DICOM, and not to be written now", age_s=0.0)
    full.clear()
    kept.until(lambda: kept.index.find(ONE) and not kept.status().trouble)
