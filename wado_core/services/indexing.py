"""Indexing: brings the index up to date with the folders, reading only what is new or has changed."""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from wado_core.errors import ContentChanged, DamagedObject, Unavailable
from wado_core.model.index_status import Progress
from wado_core.model.instance import Location
from wado_core.model.study import Totals
from wado_core.ports import Folder, Index, IndexedFile, Store, Walk
from wado_core.services.describing import Outcome, describe_file, describe_files
from wado_core.settings import Limits

_log = logging.getLogger(__name__)

# Files of one transaction: enough that its fixed cost vanishes, few enough that readers and value ranges hardly wait.
TRANSACTION = 512
# The longest that results wait for their transaction, and the time between two reports of progress, seconds.
_WRITE_EVERY_S = 1.0
_PROGRESS_EVERY_S = 0.25
# One process writes what the others read; beyond so many it is they that wait.
MOST_PROCESSES = 8
# A file younger than this may still be being written.
_SETTLING_NS = 5_000_000_000
# Damaged files named in a report; the index names them all.
MOST_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    counts: of this run.  totals: of the whole index after it.  problems: path and reason of files found damaged in this run, the first
    thousand.
    """

    counts: Progress
    totals: Totals
    problems: tuple[tuple[bytes, str], ...]
    duration_s: float

    @property
    def files_read_per_s(self) -> float:
        """Files read per second of the whole run."""
        return self.counts.files_read / self.duration_s if self.duration_s else 0.0

    @property
    def files_seen_per_s(self) -> float:
        """Files met per second of the whole run, skipped ones included."""
        return self.counts.files_seen / self.duration_s if self.duration_s else 0.0


class Indexing:
    """Keeps an index true to its folders; the only writer of the index."""

    def __init__(self, index: Index, store: Store, walk: Walk, limits: Limits, roots: Sequence[Path] = ()) -> None:
        """Make the use case.

        roots: what is served, as far as known before the first run: ``refresh`` tells by them a deleted file from an unmounted one.
        """
        self._index = index
        self._store = store
        self._walk = walk
        self._limits = limits
        self._roots = _outermost(roots)

    def run(self, roots: Sequence[Path], progress: Callable[[Progress], None] | None = None, processes: int | None = None) -> Report:
        """Walk the roots and bring the index up to date.

        progress: called a few times a second, in this thread.
        processes: how many to spawn for reading; 0 reads in this process, None takes one a core, at most eight.
        Files are forgotten last, so that a moved one is never gone in between. Raises Unavailable when the index does not answer.
        """
        self._roots = _outermost(roots)
        wanted = min(os.cpu_count() or 1, MOST_PROCESSES) if processes is None else processes
        run = _Run(self._index, self._store, self._walk, progress)
        candidates = (location for root in self._roots for location in run.candidates(root))
        with closing(describe_files(candidates, self._store, self._limits, wanted)) as outcomes:
            for outcome in outcomes:
                run.note(outcome)
        run.write()
        run.forget()
        return run.report()

    def refresh(self, path: bytes) -> None:
        """Read one file again, now, and bring what is known of it up to date; forget it when it has been deleted.

        Raises Unavailable when the storage does not answer, the file is being changed just now, or it is missing together with all the
        rest of its root, as it is when a file system is not mounted.
        """
        try:
            present = self._store.look(path)
        except ContentChanged:
            self._forget_one(path)
            return
        outcome = describe_file(self._store, self._limits, present)
        _log_trace(outcome)
        if outcome.file is None:
            raise Unavailable("The stored object cannot be read now; please try again shortly.")
        if outcome.file.described is None:
            # A file that is there is not gone, whatever it looks like: it may be half written, and is read again when next asked for.
            if time.time_ns() - present.mtime_ns < _SETTLING_NS:
                raise Unavailable("The stored object is being written; please try again shortly.")
            raise DamagedObject("The stored object has been replaced by something that cannot be read.")
        self._index.put([outcome.file])

    def _forget_one(self, path: bytes) -> None:
        # Without a root that is known, or for a root that is this very file, its folder must vouch for it.
        holders = [root for root in map(os.fsencode, self._roots) if root != path and _is_within(path, root)]
        holder = holders[0] if holders else os.path.dirname(path)
        first = next(self._walk(Path(os.fsdecode(holder))), None)
        if first is None or not first.complete:
            raise Unavailable("The folders of the object cannot be read now.")
        self._index.forget([path])


@dataclass(slots=True)
class _Run:
    """One run: what it has met, what waits to be written, and what waits to be forgotten."""

    index: Index
    store: Store
    walk: Walk
    progress: Callable[[Progress], None] | None
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    reported: float = 0.0
    written: float = field(default_factory=time.monotonic)
    waiting: list[IndexedFile] = field(default_factory=list)
    vanished: list[bytes] = field(default_factory=list)
    problems: list[tuple[bytes, str]] = field(default_factory=list)

    def candidates(self, root: Path) -> Iterator[Location]:
        """Walk one root; yield each file that is new or has changed, and note those that have vanished."""
        top = os.fsencode(root)
        entered: set[bytes] = set()
        barred: set[bytes] = set()  # of what lies at or below these, nothing can be said
        for folder in self.walk(root):
            entered.add(folder.path)
            barred.update(folder.unreadable)
            if not folder.complete and not _is_file_root(folder, top):
                barred.add(folder.path)
                self._count("folders_unreadable")
            yield from self._changed(folder)
        if top in entered and top not in barred:
            for path in self.index.known_folders(top):
                if path not in entered and not _is_barred(path, barred):
                    self.vanished.extend(self.index.known_files(path))

    def _changed(self, folder: Folder) -> Iterator[Location]:
        known = self.index.known_files(folder.path)
        for location in folder.files:
            if known.pop(location.path, None) == location:
                self._count("files_seen", "unchanged")
            else:
                self._count("files_seen")
                yield location
        if folder.complete:
            self.vanished.extend(sorted(known.keys() - set(folder.unreadable)))

    def note(self, outcome: Outcome) -> None:
        """Take what came of one file, and write when it is time."""
        _log_trace(outcome)
        indexed = outcome.file
        if indexed is None:
            self._count("unreadable")
            return
        if indexed.described is not None:
            self._count("files_read", "instances")
        elif indexed.problem is None:
            self._count("files_read", "not_dicom")
        else:
            self._count("files_read", "damaged")
            if len(self.problems) < MOST_PROBLEMS:
                self.problems.append((outcome.location.path, indexed.problem))
        self.waiting.append(indexed)
        if len(self.waiting) >= TRANSACTION or time.monotonic() - self.written > _WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write what waits, in one transaction."""
        if self.waiting:
            self.index.put(self.waiting)
            self.waiting = []
        self.written = time.monotonic()

    def forget(self) -> None:
        """Forget the files that have vanished, unless they are back or nobody can say."""
        paths = iter(self.vanished)
        while chunk := list(islice(paths, TRANSACTION)):
            missing = [path for path in chunk if self._is_missing(path)]
            self.index.forget(missing)
            self._count("forgotten", number=len(missing))

    def _is_missing(self, path: bytes) -> bool:
        try:
            self.store.look(path)
        except ContentChanged:
            return True
        except Unavailable:
            return False
        return False

    def report(self) -> Report:
        """Say for the last time how far it is, and what came of it all."""
        counts = Progress(**self.counts)
        if self.progress is not None:
            self.progress(counts)
        return Report(counts, self.index.totals(), tuple(self.problems), time.monotonic() - self.started)

    def _count(self, *names: str, number: int = 1) -> None:
        for name in names:
            self.counts[name] += number
        now = time.monotonic()
        if self.progress is not None and now - self.reported >= _PROGRESS_EVERY_S:
            self.reported = now
            self.progress(Progress(**self.counts))


def _outermost(roots: Sequence[Path]) -> tuple[Path, ...]:
    """Return the roots as absolute paths, each once, without those that lie within another."""
    paths = list(dict.fromkeys(os.path.abspath(os.fsencode(root)) for root in roots))
    outer = [path for path in paths if not any(other != path and _is_within(path, other) for other in paths)]
    return tuple(Path(os.fsdecode(path)) for path in outer)


def _is_within(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(b"/") else folder + b"/")


def _is_barred(path: bytes, barred: set[bytes]) -> bool:
    """Say whether a folder or any above it is among ``barred``."""
    while path not in barred:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def _is_file_root(folder: Folder, root: bytes) -> bool:
    return len(folder.files) == 1 and folder.files[0].path == root


def _log_trace(outcome: Outcome) -> None:
    if outcome.trace:
        _log.error("unexpected error in %s:\n%s", os.fsdecode(outcome.location.path), outcome.trace)
