"""Connections to the embedded index: each call has one of its own, to the file that is there now; what fails is told apart."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa

from wado_core.archive.index_file import DAMAGE_MARK, FILE_NAME, NO_ROOM, WriterLock, is_damage, is_full, open_to_read, open_to_write
from wado_core.errors import DamagedIndex, Unavailable

_FAILURES = (sqlite3.Error, sa.exc.SQLAlchemyError)
_DAMAGED = "The index is damaged and will be made anew."


class IndexConnections:
    """Reads and writes one file; every method may be called from any thread, and raises Unavailable, or DamagedIndex, when it fails.

    The one that writes makes the file, or sets a damaged one aside. Those that read notice that, and open the new one.
    """

    def __init__(self, state: Path, *, writing: bool, wait_s: float) -> None:
        """Open the index in folder ``state``.

        writing: become its only writer, waiting for another to end at most ``wait_s``. Raises Unavailable when that cannot be done.
        """
        self._state = state
        self._file = state / FILE_NAME
        self._writer_lock = WriterLock(state, wait_s) if writing else None
        self._opening = Lock()
        try:
            self._engine = open_to_write(state) if writing else open_to_read(state)
        except BaseException:
            self.close()
            raise
        self._identity = self._identity_now()

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._file)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _current_engine(self) -> sa.Engine:
        """Return the engine of the file that is there now, which the writer may have made anew."""
        if self._writer_lock is None and self._identity_now() != self._identity:
            with self._opening:
                if (now := self._identity_now()) != self._identity:
                    self._engine.dispose()
                    self._engine, self._identity = open_to_read(self._state), now
        return self._engine

    def rows(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        """Run a statement on the driver's connection: a third of the time that a Core expression takes."""
        engine = self._current_engine()
        try:
            pooled = engine.raw_connection()
            try:
                found: list[Any] = pooled.driver_connection.execute(statement, values).fetchall()  # type: ignore[union-attr]
                return found
            finally:
                pooled.close()
        except _FAILURES as error:
            raise self._failure(error) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with."""
        try:
            with self._current_engine().connect() as connection:
                yield connection
        except _FAILURES as error:
            raise self._failure(error) from error

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose transaction ends with the block."""
        with self.reading() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # at once: a transaction that reads first cannot wait for the lock
            try:
                yield connection
            except BaseException:
                with suppress(*_FAILURES):  # a full disk has ended the transaction already; what is raised must say that it is full
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    def check(self) -> None:
        """Raise DamagedIndex when a reader, or this writer, has left the mark of damage, or the file is not there any more."""
        if (self._state / DAMAGE_MARK).exists() or self._identity_now() != self._identity:
            raise DamagedIndex(_DAMAGED)

    def close(self) -> None:
        """Close all connections, and let another process write."""
        if hasattr(self, "_engine"):
            self._engine.dispose()
        if self._writer_lock is not None:
            self._writer_lock.close()
            self._writer_lock = None

    def _failure(self, error: Exception) -> Unavailable:
        """Return what to raise; a damaged file is marked, so that the next opening to write sets it aside."""
        if is_damage(error):
            if self._identity == self._identity_now():  # and not one that was set aside meanwhile
                with suppress(OSError):
                    (self._state / DAMAGE_MARK).touch()
            return DamagedIndex(_DAMAGED)
        if is_full(error):
            return Unavailable(NO_ROOM)
        return Unavailable("The index does not answer now.")
