"""The file of the embedded index: made when missing, set aside when damaged or of another version; one process writes it."""

import errno
import fcntl
import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from wado_core.archive.index_schema import SCHEMA_VERSION, gone, metadata
from wado_core.archive.index_totals import BEGIN
from wado_core.errors import Unavailable

_log = logging.getLogger(__name__)

FILE_NAME = "index.sqlite"
# Where a file goes that cannot be used; the last one only, it may hold patient data.
SET_ASIDE_NAME = "index.set-aside.sqlite"
# Left by a process that met damage, so that the next opening sets the file aside without reading all of it.
DAMAGE_MARK = "index.damaged"
_LOCK_NAME = "writer.lock"

# How long a reader or writer waits for another process's transaction.
BUSY_TIMEOUT_MS = 10_000

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

NO_ROOM = "The disk of the state folder is full."


def is_damage(error: BaseException) -> bool:
    """Say whether an error of the database means that its file is damaged, rather than busy or out of reach."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return isinstance(cause, sqlite3.Error) and (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def is_full(error: BaseException) -> bool:
    """Say whether an error of the database means that there is no room for a change."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, OSError):
        return cause.errno == errno.ENOSPC
    code = getattr(cause, "sqlite_errorcode", 0) if isinstance(cause, sqlite3.Error) else 0
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


def open_to_write(state: Path) -> sa.Engine:
    """Open the index in folder ``state`` (made with mode 0700), which is created, or set aside and rebuilt, as needed.

    For the one writer only, which holds the WriterLock. Raises Unavailable when the folder or file cannot be used.
    """
    try:
        return _prepared(state)
    except (OSError, sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> Unavailable:
    return Unavailable(NO_ROOM if is_full(error) else "The index in the state folder cannot be opened.")


def open_to_read(state: Path) -> sa.Engine:
    """Open the index to read it; nothing is touched before the first statement, which fails unless a writer has made the file."""
    return _engine(state / FILE_NAME, writing=False)


class WriterLock:
    """Makes a process the only writer of an index; the lock goes with the process that holds it, whatever ends that.

    Raises Unavailable when another process has held it for ``wait_s``, or the state folder cannot be made.
    """

    def __init__(self, state: Path, wait_s: float) -> None:
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(state / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refusal(error) from error
        end = time.monotonic() + wait_s
        while not self._taken():
            if time.monotonic() >= end:
                os.close(self._descriptor)
                raise Unavailable("Another process is writing this index.")
            time.sleep(0.02)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let another process write."""
        os.close(self._descriptor)


def _prepared(state: Path) -> sa.Engine:
    path = state / FILE_NAME
    version = _version_of(path) if path.exists() else 0
    if version == SCHEMA_VERSION and not (state / DAMAGE_MARK).exists():
        return _engine(path, writing=True)
    if version != 0:
        _set_aside(state)
    _clear(state)
    # The file holds names of patients: for its owner only; its -wal and -shm inherit the mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = _engine(path, writing=True)
    _create(engine, _gone_marks(state / SET_ASIDE_NAME))
    (state / DAMAGE_MARK).unlink(missing_ok=True)
    return engine


def _engine(path: Path, *, writing: bool) -> sa.Engine:
    """Return an engine whose transactions are begun by hand: the driver's own rules would begin them at the first change only.

    No bound on connections: each thread that asks has one for the length of a statement, none waits for another; 32 are kept open.
    """
    # As a URI, because only so a reader can be kept from making an empty file where there is none; it must be able to write, though,
    # to take part in the log's shared memory.
    url = sa.URL.create("sqlite", database=f"file:{quote(os.fsencode(path))}", query={"mode": "rw", "uri": "true"})
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=32, max_overflow=-1)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last moments, which the next walk brings back
        connection.execute("PRAGMA foreign_keys = OFF")
        if not writing:
            connection.execute("PRAGMA query_only = ON")
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                raise sqlite3.DatabaseError("the index is being made, or of another version")

    return engine


def _version_of(path: Path) -> int:
    """Return the schema version of a file, 0 for one that is still empty, -1 for one that is damaged."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if version == SCHEMA_VERSION:
                for table in metadata.tables.values():  # the root page of each, at least
                    connection.execute(f"SELECT * FROM {table.name} LIMIT 1").fetchone()  # noqa: S608 - our own names
    except sqlite3.Error as error:
        if is_damage(error) or "no such table" in str(error):
            return -1
        raise
    return version if version or not names else -1


def _set_aside(state: Path) -> None:
    path, aside = state / FILE_NAME, state / SET_ASIDE_NAME
    _log.warning("the index is damaged or of another version: set aside as %s; the folders are read again", aside)
    for suffix in ("-wal", "-shm"):
        Path(f"{aside}{suffix}").unlink(missing_ok=True)
    path.replace(aside)


def _clear(state: Path) -> None:
    """Let a log without its file follow it aside, also where that was cut short: left behind, it would be applied to the new file."""
    path = state / FILE_NAME
    if not path.exists():
        if Path(f"{path}-wal").exists():
            Path(f"{path}-wal").replace(f"{state / SET_ASIDE_NAME}-wal")
        Path(f"{path}-shm").unlink(missing_ok=True)


def _gone_marks(aside: Path) -> list[dict[str, object]]:
    """Save as many gone marks from a file set aside as can still be read."""
    marks: dict[tuple[str, str, str], dict[str, object]] = {}
    if not aside.exists():
        return []
    for statement in (_ORPHANS, "SELECT * FROM gone"):  # whose path is there since version 2
        try:
            with closing(sqlite3.connect(aside)) as connection:
                for row in connection.execute(statement):
                    study_uid, series_uid, object_uid, path = (*row, b"")[:4]
                    uids = {"study_uid": study_uid, "series_uid": series_uid, "object_uid": object_uid}
                    marks[study_uid, series_uid, object_uid] = {**uids, "path": path}
        except sqlite3.Error as error:
            if "no such table: orphan" not in str(error):
                _log.warning("marks of deleted objects may be lost: %s", error)
    return list(marks.values())


_ORPHANS = """
SELECT study.study_uid, series.series_uid, instance.object_uid, orphan.path
FROM orphan
JOIN instance ON instance.id = orphan.instance_id
JOIN series ON series.id = instance.series_id
JOIN study ON study.id = series.study_id
"""


def _create(engine: sa.Engine, gone_marks: list[dict[str, object]]) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # tables and version at once: a crash leaves an empty file
        metadata.create_all(connection, checkfirst=False)
        connection.exec_driver_sql(BEGIN)
        if gone_marks:
            connection.execute(sa.insert(gone), gone_marks)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.exec_driver_sql("COMMIT")
