"""Keeping: indexes the folders again and again, and deals with what the readers of the index notice meanwhile."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wado_core.errors import Unavailable, WadoError
from wado_core.model.index_status import IndexStatus, Phase, Progress
from wado_core.model.notice import FileChanged, IndexDamaged, RangeFound
from wado_core.ports import Index, Mailbox, StatusBoard
from wado_core.services.indexing import Indexing

_log = logging.getLogger(__name__)

# How often notices are dealt with, and the status is said, while folders are being walked.
_ATTEND_EVERY_S = 0.2
# How long the indexer waits before it tries again when the index could not be written.
_TROUBLE_S = 10.0


class _Stopped(Exception):
    """The indexer was asked to end, in the middle of a run."""


class Keeping:
    """Keeps the index of some folders true for as long as they are served."""

    def __init__(
        self, indexing: Indexing, index: Index, mailbox: Mailbox, board: StatusBoard, roots: Sequence[Path],
        rescan_s: float, processes: int | None,
    ) -> None:
        """rescan_s: from the end of one look through all folders to the beginning of the next; 0 looks only when asked."""
        self._indexing = indexing
        self._index = index
        self._mailbox = mailbox
        self._board = board
        self._roots = roots
        self._rescan_s = rescan_s
        self._processes = processes
        self._status = IndexStatus(Phase.STARTING)
        self._stopping = False
        self._rescan_wanted = False
        self._attended = 0.0

    def stop(self) -> None:
        """Let ``run`` return soon; may be called by a signal handler."""
        self._stopping = True
        self._mailbox.wake()

    def rescan(self) -> None:
        """Look through all folders once more, now or when the present look ends; may be called by a signal handler."""
        self._rescan_wanted = True
        self._mailbox.wake()

    def run(self) -> None:
        """Keep the index until ``stop``. Raises Unavailable when the index is damaged: whoever starts this again rebuilds it."""
        try:
            while not self._stopping:
                self._look()
                self._wait()
        except _Stopped:
            pass
        finally:
            self._say(phase=Phase.STOPPED)

    def _look(self) -> None:
        self._rescan_wanted = False
        self._say(phase=Phase.INDEXING, counts=Progress(), started_s=time.time())
        try:
            report = self._indexing.run(self._roots, self._heard, self._processes)
        except Unavailable as error:
            _log.error("indexing stopped: %s", error)
            self._say(trouble=str(error))
            return
        self._say(complete=True, counts=report.counts, finished_s=time.time(), duration_s=report.duration_s, trouble="")

    def _heard(self, progress: Progress) -> None:
        self._status = replace(self._status, counts=progress)
        self._attend()

    def _wait(self) -> None:
        self._say(phase=Phase.WAITING)
        pause_s = _TROUBLE_S if self._status.trouble else self._rescan_s or float("inf")
        end = time.monotonic() + pause_s
        while not (self._stopping or self._rescan_wanted) and (left := end - time.monotonic()) > 0:
            self._deal(min(left, 3600.0))

    def _attend(self) -> None:
        now = time.monotonic()
        if now - self._attended >= _ATTEND_EVERY_S:
            self._attended = now
            self._deal(0.0)
            self._say()
        if self._stopping:
            raise _Stopped

    def _deal(self, timeout_s: float) -> None:
        for notice in self._mailbox.receive(timeout_s):
            match notice:
                case FileChanged(path):
                    self._path_changed(path)
                case RangeFound(key, version, frame_number, values):
                    self._index.remember_value_range(key, version, frame_number, values)
                case IndexDamaged():
                    raise Unavailable("The index is damaged.")

    def _path_changed(self, path: bytes) -> None:
        try:
            self._indexing.refresh(path)
        except WadoError as error:
            _log.info("a changed file cannot be indexed now: %s", error)

    def _say(self, **changes: object) -> None:
        self._status = replace(self._status, updated_s=time.time(), **changes)  # type: ignore[arg-type]
        self._board.write(self._status)
