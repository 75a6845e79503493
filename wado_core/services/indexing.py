"""Indexing: brings the index up to date with the folders, reading only what is new or has changed."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from wado_core.errors import ContentChanged, DamagedObject, Unavailable
from wado_core.model.index_status import Progress
from wado_core.model.instance import Location
from wado_core.ports import IndexedFile, IndexWriter, Store, Walk
from wado_core.services.describing import Outcome, describe_file, describe_files
from wado_core.services.folder_changes import FolderChanges
from wado_core.services.moved_files import not_moved
from wado_core.services.presence import is_deleted, is_settling, lies_below, outermost
from wado_core.services.report import Report
from wado_core.services.tally import Tally
from wado_core.settings import Limits

_log = logging.getLogger(__name__)

# Files of one transaction: enough that its fixed cost vanishes, few enough that readers and value ranges hardly wait.
TRANSACTION = 512
# The longest that results wait for their transaction, seconds.
_WRITE_EVERY_S = 1.0
# One process writes what the others read; beyond so many it is they that wait.
MOST_PROCESSES = 8


class Indexing:
    """Keeps an index true to its folders; the only writer of the index."""

    def __init__(
        self, index: IndexWriter, store: Store, walk: Walk, limits: Limits, roots: Sequence[Path] = (), settling_s: float = 0.0
    ) -> None:
        """Make the use case.

        roots: what is served, as far as known before the first run: ``refresh`` tells by them a deleted file from an unmounted one.
        settling_s: a file younger than this may still be being written, and is left to a later run.
        """
        self._index = index
        self._store = store
        self._walk = walk
        self._limits = limits
        self._roots = outermost(roots)
        self._settling_s = settling_s
        self._postponed = False

    def run(
        self,
        roots: Sequence[Path],
        progress: Callable[[Progress], None] | None = None,
        processes: int | None = None,
        *,
        isolate: bool = False,
    ) -> Report:
        """Walk the roots and bring the index up to date.

        progress: called a few times a second, in this thread and outside of transactions; what it raises ends the run.
        processes: how many to spawn for reading; 0 reads in this process, None takes one a core, at most eight.
        isolate: read every file in another process, since one of them has ended this one before.
        What misses its last copy is looked for in all folders once more before it is gone: it may have been moved to where the walk had
        been. Raises Unavailable when the index does not answer.
        """
        begin = time.monotonic()
        self._roots = outermost(roots)
        tally = Tally(progress)
        changes = self._changes(tally)
        self._walk_all(changes, processes, isolate=isolate)
        if changes.complete and self._index.seek_orphans():
            tally.met_again()
            self._walk_all(changes, processes, isolate=isolate)
            if changes.complete:
                self._index.bury(lambda path: lies_below(path, changes.out_of_reach))
        if changes.complete:
            self._mark_complete(tally.counts)
        return self._report(changes, begin)

    def _mark_complete(self, counts: Progress) -> None:
        """Note that all is known, unless files are left that could not be read yet; those have one more look, and no further one."""
        if (counts.settling or counts.unreadable) and not self._postponed and not self._index.complete():
            self._postponed = True
        else:
            self._index.mark_complete()

    def look_into(self, folders: Iterable[bytes], progress: Callable[[Progress], None] | None = None) -> Report:
        """Bring the index up to date with what lies directly in some folders, and nothing else."""
        begin = time.monotonic()
        changes = self._changes(Tally(progress))
        served = frozenset(map(os.fsencode, self._roots))
        found = (location for path in folders for location in changes.candidates_in(path, served))
        self._read(changes.tally, found, None, isolate=False)
        return self._report(changes, begin)

    def _changes(self, tally: Tally) -> FolderChanges:
        return FolderChanges(self._index, self._store, self._walk, tally, frozenset(self._index.mounts()), self._settling_s)

    def _walk_all(self, changes: FolderChanges, processes: int | None, *, isolate: bool) -> None:
        found = (location for root in self._roots for location in changes.candidates(root))
        self._read(changes.tally, found, processes, isolate=isolate)
        changes.forget()

    def _read(self, tally: Tally, candidates: Iterable[Location], processes: int | None, *, isolate: bool) -> None:
        """Read files and remember what they are, some hundred in a transaction."""
        wanted = min(os.cpu_count() or 1, MOST_PROCESSES) if processes is None else processes
        unknown = not_moved(candidates, self._index, self._store, tally)
        waiting: list[IndexedFile] = []
        written = time.monotonic()
        with closing(describe_files(unknown, self._store, self._limits, wanted, isolate=isolate)) as outcomes:
            for outcome in outcomes:
                if (indexed := _counted(outcome, tally)) is not None:
                    waiting.append(indexed)
                if waiting and (len(waiting) >= TRANSACTION or time.monotonic() - written > _WRITE_EVERY_S):
                    self._index.put(waiting)
                    waiting, written = [], time.monotonic()
        if waiting:
            self._index.put(waiting)

    def _report(self, changes: FolderChanges, begin: float) -> Report:
        tally = changes.tally
        counts = tally.end()
        duration_s = time.monotonic() - begin
        settling, problems = tuple(changes.settling), tuple(tally.problems)
        return Report(counts, self._index.totals(), problems, duration_s, settling, tally.named_unreadable, changes.complete)

    def refresh(self, path: bytes, *, isolate: bool = False) -> bool:
        """Read one file again, now, and bring what is known of it up to date.

        isolate: leave the reading to a look through all folders, which does it in another process.
        Returns whether a look is needed, also because an object is not where it was: only that can tell a moved one from a deleted one.
        Raises Unavailable when the storage does not answer, the file is being changed just now, or it is missing together with all the
        rest of its root, as it is when a file system is not mounted; DamagedObject when it cannot be read any more.
        """
        try:
            present = self._store.look(path)
        except ContentChanged:
            if not is_deleted(path, self._roots, self._index.mounts(), self._store):
                raise Unavailable("The folders of the object cannot be read now.") from None
            self._index.forget([path])
            return self._index.has_orphans()
        if self._index.known_files(os.path.dirname(path)).get(path) == present:
            return self._index.has_orphans()
        if is_settling(present, self._settling_s):
            raise Unavailable("The stored object is being written; please try again shortly.")
        if isolate:
            return True
        outcome = describe_file(self._store, self._limits, present)
        _log_trace(outcome)
        if outcome.file is None:
            raise Unavailable("The stored object cannot be read now; please try again shortly.")
        self._index.put([outcome.file])
        if outcome.file.described is None:
            raise DamagedObject("The stored object has been replaced by something that cannot be read.")
        return self._index.has_orphans()


def _counted(outcome: Outcome, tally: Tally) -> IndexedFile | None:
    """Count what came of a file; return what is to be remembered of it."""
    _log_trace(outcome)
    indexed = outcome.file
    if indexed is None:
        tally.unreadable(outcome.location.path)
        tally.count("unreadable")
        return None
    tally.count("files_read", _kind_of(indexed))
    if indexed.problem is not None:
        tally.damaged(outcome.location.path, indexed.problem)
    return indexed


def _kind_of(indexed: IndexedFile) -> str:
    if indexed.described is not None:
        return "instances"
    if indexed.problem is not None:
        return "damaged"
    return "packed" if indexed.packed else "not_dicom"


def _log_trace(outcome: Outcome) -> None:
    if outcome.trace:
        # Without its path, which may name a patient: `wado index --report` tells which file it is.
        _log.error("unexpected error in a file:\n%s", outcome.trace)
