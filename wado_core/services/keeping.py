"""Keeping: indexes the folders again and again, and deals with what the readers of the index notice meanwhile."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from wado_core.errors import DamagedIndex, Unavailable, WadoError
from wado_core.model.index_status import IndexStatus, Phase, Progress
from wado_core.model.notice import FileChanged, IndexDamaged, RangeFound
from wado_core.ports import IndexWriter, Mailbox, StatusBoard
from wado_core.services.folder_changes import MOST_SETTLING_FOLDERS
from wado_core.services.indexing import Indexing
from wado_core.services.report import Report
from wado_core.settings import Settings

_log = logging.getLogger(__name__)

# How often notices are dealt with, and the status is said, while folders are being walked.
_ATTEND_EVERY_S = 0.2
# How long the indexer waits before it tries again when the index could not be written.
_TROUBLE_S = 10.0
# How long damage that nobody has told of may stay.
_LONGEST_WAIT_S = 10.0
# The longest pause between two looks into folders that do not settle.
_LONGEST_SETTLING_S = 60.0
# How soon all folders are looked through again when some files could not be read in the first look.
_POSTPONED_S = 1.0
# The least pause between two looks for objects that are not where they were; at least as long as such a look takes.
_MISSED_PAUSE_S = 0.5


class _Stopped(Exception):
    """The indexer was asked to end, in the middle of a run."""


class Keeping:
    """Keeps the index of some folders true for as long as they are served."""

    def __init__(
        self, indexing: Indexing, index: IndexWriter, mailbox: Mailbox, board: StatusBoard, settings: Settings, *, after_crash: bool = False
    ) -> None:
        """after_crash: an indexer before this one ended unexpectedly; files are then read in processes apart, as one may have done it."""
        self._indexing = indexing
        self._index = index
        self._mailbox = mailbox
        self._board = board
        self._settings = settings
        self._isolate = after_crash
        self._status = IndexStatus(Phase.STARTING, complete=index.complete())
        self._stopping = False
        self._rescan_wanted = False
        self._attended = 0.0
        self._settling: dict[bytes, None] = {}
        self._something_missed = False
        self._postponed = False
        self._settling_pause_s = settings.settling_s
        self._soonest = 0.0
        self._unreadable = (0, 0)

    def stop(self) -> None:
        """Let ``run`` return soon; may be called by a signal handler."""
        self._stopping = True
        self._mailbox.wake()

    def rescan(self) -> None:
        """Look through all folders once more, now or when the present look ends; may be called by a signal handler."""
        self._rescan_wanted = True
        self._mailbox.wake()

    def run(self) -> None:
        """Keep the index until ``stop``. Raises DamagedIndex when it must be made anew: whoever starts this again does that."""
        try:
            while not self._stopping:
                self._rescan_wanted = self._something_missed = False
                began = time.monotonic()
                self._look_everywhere()
                self._soonest = self._next_after(time.monotonic() - began)
                self._wait()
        except _Stopped:
            _log.info("stopped in the middle of a look through the folders")
        finally:
            self._say(phase=Phase.STOPPED)

    def _next_after(self, duration_s: float) -> float:
        """Return when a look for what is missed may begin, after one that took ``duration_s``."""
        try:
            found_all = not self._index.has_orphans()
        except DamagedIndex:
            raise
        except Unavailable:
            found_all = False
        # With a root away nothing can be called gone: looking again does not help soon.
        pause_s = max(_MISSED_PAUSE_S, duration_s) if found_all else max(_TROUBLE_S, 5 * duration_s)
        return time.monotonic() + pause_s

    def _everywhere(self) -> Report:
        return self._indexing.run(self._settings.paths, self._heard, self._settings.index_processes, isolate=self._isolate)

    def _look_everywhere(self) -> None:
        self._say(phase=Phase.INDEXING, counts=Progress(), started_s=time.time())
        report = self._look(self._everywhere)
        if report is not None:
            self._settling_pause_s = self._settings.settling_s
            self._postponed = report.complete and not self._status.complete
            self._tell_of_unreadable(report.counts)
            if self._status.trouble:
                _log.warning("indexing goes on")
            # Only a look at all folders shows that trouble is over: another may have had nothing to write.
            self._say(counts=report.counts, finished_s=time.time(), duration_s=report.duration_s, trouble="")

    def _look(self, look: Callable[[], Report]) -> Report | None:
        """Take what a look has found; None when it could not be ended."""
        try:
            report = look()
            complete = self._index.complete()
        except DamagedIndex:
            raise
        except Unavailable as error:
            if self._status.trouble != str(error):  # once, not every ten seconds
                _log.error("indexing stopped: %s It is tried again every %d seconds.", error, _TROUBLE_S)
            self._say(trouble=str(error))
            return None
        self._settling.update(dict.fromkeys(report.settling))
        self._say(complete=complete)
        return report

    def _tell_of_unreadable(self, counts: Progress) -> None:
        """Log how much could not be read, when that has changed; not what: names may be those of patients."""
        now = counts.folders_unreadable, counts.unreadable
        if now != self._unreadable:
            self._unreadable = now
            if any(now):
                _log.warning("folders that cannot be read now: %d, files: %d; 'wado index --report' names the folders", *now)
            else:
                _log.warning("all folders and files can be read again")

    def _heard(self, progress: Progress) -> None:
        self._status = replace(self._status, counts=progress)
        self._attend()

    def _heard_in_few(self, progress: Progress) -> None:  # noqa: ARG002 - the signature of whoever is told of progress
        self._attend()

    def _attend(self) -> None:
        now = time.monotonic()
        if now - self._attended >= _ATTEND_EVERY_S:
            self._attended = now
            self._deal(0.0)
            self._say()
        if self._stopping:
            raise _Stopped

    def _wait(self) -> None:
        """Deal with notices until it is time for the next look; meanwhile look again where files were too young to be read."""
        self._say(phase=Phase.WAITING)
        began = time.monotonic()
        while not self._is_wanted() and (left := began + self._pause_s() - time.monotonic()) > 0:
            self._index.check()  # not every reader that meets damage says so
            if self._something_missed:
                self._deal(max(0.0, self._soonest - time.monotonic()))
            elif self._settling:
                self._wait_for_settling(min(left, self._settling_pause_s))
            else:
                self._deal(min(left, _LONGEST_WAIT_S))

    def _pause_s(self) -> float:
        """Return the time between two looks at all folders; trouble may come in between, from a look at some."""
        if self._status.trouble:
            return _TROUBLE_S
        if self._postponed:  # all was walked, but for files that were too young or could not be read
            return max(self._settings.settling_s, _POSTPONED_S)
        return self._settings.rescan_s or float("inf")

    def _is_wanted(self) -> bool:
        """Whether there is a reason not to wait any longer; looks for what is missed are kept from following each other at once."""
        return self._stopping or self._rescan_wanted or (self._something_missed and time.monotonic() >= self._soonest)

    def _wait_for_settling(self, wait_s: float) -> None:
        end = time.monotonic() + wait_s
        while not (self._is_wanted() or self._something_missed) and (left := end - time.monotonic()) > 0:
            self._deal(left)
        if not (self._is_wanted() or self._something_missed):
            folders, self._settling = tuple(self._settling), {}
            # What is told stays that of all folders: these are a few of them, and may be looked into again and again.
            if self._look(lambda: self._indexing.look_into(folders, self._heard_in_few)) is None:
                self._settling.update(dict.fromkeys(folders))
            # A log that is written all day keeps its folder from settling: such folders are looked into less and less often.
            self._settling_pause_s = min(2 * self._settling_pause_s, _LONGEST_SETTLING_S)

    def _deal(self, timeout_s: float) -> None:
        ranges: list[RangeFound] = []
        for notice in self._mailbox.receive(timeout_s):
            if self._stopping:
                return
            match notice:
                case FileChanged(path):
                    self._refresh(path)
                case RangeFound():
                    ranges.append(notice)
                case IndexDamaged():
                    self._index.check()  # it may have been said of the one before
        if ranges:
            self._remember(ranges)

    def _refresh(self, path: bytes) -> None:
        try:
            self._something_missed = self._indexing.refresh(path, isolate=self._isolate) or self._something_missed
        except DamagedIndex:
            raise
        except Unavailable:
            if len(self._settling) < MOST_SETTLING_FOLDERS:
                self._settling.setdefault(os.path.dirname(path))  # being written, most likely: soon once more
        except WadoError as error:
            _log.info("a changed file cannot be indexed: %s", error)

    def _remember(self, ranges: Sequence[RangeFound]) -> None:
        try:
            self._index.remember_value_ranges(ranges)
        except DamagedIndex:
            raise
        except Unavailable as error:
            _log.info("ranges of values are not remembered: %s", error)

    def _say(self, **changes: object) -> None:
        self._status = replace(self._status, updated_s=time.time(), **changes)  # type: ignore[arg-type]
        self._board.write(self._status)
