"""Indexing: brings the index up to date with the folders, reading only what is new or has changed."""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from wado_core.errors import ContentChanged, DamagedObject, Unavailable
from wado_core.model.index_status import Progress
from wado_core.model.instance import Location
from wado_core.model.study import Totals
from wado_core.ports import Folder, IndexedFile, IndexWriter, KnownFile, Store, Walk
from wado_core.services.describing import Outcome, describe_file, describe_files, head_of
from wado_core.services.presence import is_deleted, is_within, lies_below, outermost
from wado_core.settings import Limits

_log = logging.getLogger(__name__)

# Files of one transaction: enough that its fixed cost vanishes, few enough that readers and value ranges hardly wait.
TRANSACTION = 512
# The longest that results wait for their transaction, and the time between two reports of progress, seconds.
_WRITE_EVERY_S = 1.0
_PROGRESS_EVERY_S = 0.25
# One process writes what the others read; beyond so many it is they that wait.
MOST_PROCESSES = 8
# New and changed files that are looked up together, to see whether they have only moved.
_TOGETHER = 256
# Folders with files too young to be read, which are looked into again soon; of more, the next look through all folders takes care.
MOST_SETTLING_FOLDERS = 10_000
# What a second look at the same folders meets again.
_MET = ("files_seen", "unchanged", "settling", "folders_unreadable", "litter")
# Damaged files named in a report; the index names them all.
MOST_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    counts: of this run.  totals: of the whole index after it.  problems: path and reason of files found damaged in this run, the first
    thousand.  settling: folders that hold files too young to be read, the first ten thousand.  unreadable: folders and files
    that could not be read, the first thousand.  complete: every root could be walked.
    """

    counts: Progress
    totals: Totals
    problems: tuple[tuple[bytes, str], ...]
    duration_s: float
    settling: tuple[bytes, ...] = ()
    unreadable: tuple[bytes, ...] = ()
    complete: bool = True

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
        self._roots = outermost(roots)
        run = self._new_run(progress)
        self._walk_all(run, processes, isolate=isolate)
        if run.complete and self._index.seek_orphans():
            met = {name: run.counts[name] for name in _MET}
            self._walk_all(run, processes, isolate=isolate)
            run.counts.update({name: number - run.counts[name] for name, number in met.items()})  # each file counts once
            if run.complete:
                self._index.bury(lambda path: lies_below(path, run.out_of_reach))
        if run.complete:
            self._index.mark_complete()
        return run.report()

    def _walk_all(self, run: "_Run", processes: int | None, *, isolate: bool) -> None:
        self._read(run, (location for root in self._roots for location in run.candidates(root)), processes, isolate=isolate)
        run.forget()

    def look_into(self, folders: Iterable[bytes], progress: Callable[[Progress], None] | None = None) -> Report:
        """Bring the index up to date with what lies directly in some folders, and nothing else."""
        run = self._new_run(progress)
        served = frozenset(map(os.fsencode, self._roots))
        found = (location for path in folders for location in run.candidates_in(path, served))
        self._read(run, found, None, isolate=False)
        return run.report()

    def _new_run(self, progress: Callable[[Progress], None] | None) -> "_Run":
        return _Run(self._index, self._store, self._walk, progress, frozenset(self._index.mounts()), self._settling_s)

    def _read(self, run: "_Run", candidates: Iterable[Location], processes: int | None, *, isolate: bool) -> None:
        wanted = min(os.cpu_count() or 1, MOST_PROCESSES) if processes is None else processes
        unknown = run.not_moved(candidates)
        with closing(describe_files(unknown, self._store, self._limits, wanted, isolate=isolate)) as outcomes:
            for outcome in outcomes:
                run.note(outcome)
        run.write()

    def refresh(self, path: bytes) -> bool:
        """Read one file again, now, and bring what is known of it up to date.

        Returns whether an object is not where it was: only a look through all folders can tell a moved one from a deleted one.
        Raises Unavailable when the storage does not answer, the file is being changed just now, or it is missing together with all the
        rest of its root, as it is when a file system is not mounted; DamagedObject when it cannot be read any more.
        """
        try:
            present = self._store.look(path)
        except ContentChanged:
            if not is_deleted(path, self._roots, self._index.mounts(), self._walk):
                raise Unavailable("The folders of the object cannot be read now.") from None
            self._index.forget([path])
            return self._index.has_orphans()
        if self._index.known_files(os.path.dirname(path)).get(path) == present:
            return self._index.has_orphans()
        if is_settling(present, self._settling_s):
            raise Unavailable("The stored object is being written; please try again shortly.")
        outcome = describe_file(self._store, self._limits, present)
        _log_trace(outcome)
        if outcome.file is None:
            raise Unavailable("The stored object cannot be read now; please try again shortly.")
        self._index.put([outcome.file])
        if outcome.file.described is None:
            raise DamagedObject("The stored object has been replaced by something that cannot be read.")
        return self._index.has_orphans()


@dataclass(slots=True)
class _Run:
    """One run: what it has met, what waits to be written, and which folders have lost files.

    mounts: folders known as mount points.
    """

    index: IndexWriter
    store: Store
    walk: Walk
    progress: Callable[[Progress], None] | None
    mounts: frozenset[bytes]
    settling_s: float
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    reported: float = 0.0
    written: float = field(default_factory=time.monotonic)
    waiting: list[IndexedFile] = field(default_factory=list)
    # Folders that miss files they had; which ones is asked again when it is time to forget them, so that memory stays flat.
    thinned: list[bytes] = field(default_factory=list)
    settling: list[bytes] = field(default_factory=list)
    problems: list[tuple[bytes, str]] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)
    # Folders that could not be read, or were without their file system.
    out_of_reach: set[bytes] = field(default_factory=set)
    complete: bool = True

    def candidates(self, root: Path) -> Iterator[Location]:
        """Walk one root; yield each file that is new or has changed, and note the folders that miss some."""
        top = os.fsencode(root)
        entered: set[bytes] = set()
        barred: set[bytes] = set()  # of what lies at or below these, nothing can be said
        mounted: list[bytes] = []
        unmounted: list[bytes] = []
        found_again: set[bytes] = set()  # folders without their file system that hold files which it held
        for folder in self.walk(root):
            entered.add(folder.path)
            barred.update(folder.unreadable)
            if folder.mount:
                mounted.append(folder.path)
            elif folder.path in self.mounts:
                unmounted.append(folder.path)
            if (not folder.complete and not _is_file_root(folder, top)) or folder.path in unmounted:
                barred.add(folder.path)
                self.out_of_reach.add(folder.path)
                self._miss(folder.path)
                self.complete = self.complete and (folder.path != top or self._is_new(folder))
                self._count("folders_unreadable")
            above = [path for path in unmounted if is_within(folder.path, path)]
            if above and self._holds_what_it_held(folder):
                found_again.update(above)
            yield from self._changed(folder, barred)
        self.index.remember_mounts(mounted, sorted(found_again))
        self.mounts |= frozenset(mounted)  # for a second look
        if top in entered and top not in barred:
            self.thinned += (path for path in self.index.known_folders(top) if path not in entered and not lies_below(path, barred))

    def candidates_in(self, path: bytes, roots: frozenset[bytes]) -> Iterator[Location]:
        """Look into one folder, and into none below it; nothing is forgotten.  roots: what is served, without any: everything."""
        folder = next(iter(self.walk(Path(os.fsdecode(path)))), None)
        if folder is not None and folder.path == path:
            if roots and not lies_below(path, roots):  # the folder of a root that is a file: its neighbours are nobody's business
                folder = replace(folder, files=tuple(location for location in folder.files if location.path in roots), litter=0)
            yield from self._changed(folder, {path})

    def _is_new(self, folder: Folder) -> bool:
        """Whether an empty root has never held anything."""
        return folder.empty and not any(self.index.known_folders(folder.path))

    def _holds_what_it_held(self, folder: Folder) -> bool:
        """Whether a folder below a mount point without its file system holds a file that it held, as when all is moved to another disk."""
        known = self.index.known_files(folder.path)
        return any(location.path in known and known[location.path].size == location.size for location in folder.files)

    def _changed(self, folder: Folder, barred: set[bytes]) -> Iterator[Location]:
        known = self.index.known_files(folder.path)
        self._count("litter", number=folder.litter)
        settling = False
        for location in folder.files:
            self._count("files_seen")
            if known.pop(location.path, None) == location:
                self._count("unchanged")
            elif is_settling(location, self.settling_s):
                settling = True
                self._count("settling")
            else:
                yield location
        if settling and len(self.settling) < MOST_SETTLING_FOLDERS:
            self.settling.append(folder.path)
        if known.keys() - set(folder.unreadable) and not lies_below(folder.path, barred):
            self.thinned.append(folder.path)

    def not_moved(self, candidates: Iterable[Location]) -> Iterator[Location]:
        """Yield the files that must be read; those that are known by another path are remembered without being read again."""
        rest = iter(candidates)
        while together := list(islice(rest, _TOGETHER)):
            known: dict[tuple[int, int, int], KnownFile] = {
                (one.location.inode, one.location.size, one.location.mtime_ns): one for one in self.index.same_files(together)
            }
            moved: list[tuple[Location, bytes]] = []
            for location in together:
                same = known.get((location.inode, location.size, location.mtime_ns))
                if same is not None and same.location.path != location.path and self._begins_alike(location, same):
                    moved.append((location, same.location.path))
                else:
                    yield location
            if moved:
                self.index.adopt(moved)
                self._count("moved", number=len(moved))

    def _begins_alike(self, location: Location, known: KnownFile) -> bool:
        """Whether the first bytes are those of the known file: inode numbers are used again, and are the same on several disks."""
        try:
            with self.store.open(location) as source:
                return head_of(source) == known.head
        except (ContentChanged, Unavailable):
            return False

    def note(self, outcome: Outcome) -> None:
        """Take what came of one file, and write when it is time."""
        _log_trace(outcome)
        indexed = outcome.file
        if indexed is None:
            self._miss(outcome.location.path)
            self._count("unreadable")
            return
        self._count("files_read", _kind_of(indexed))
        if indexed.problem is not None and len(self.problems) < MOST_PROBLEMS:
            self.problems.append((outcome.location.path, indexed.problem))
        self.waiting.append(indexed)
        if len(self.waiting) >= TRANSACTION or time.monotonic() - self.written > _WRITE_EVERY_S:
            self.write()

    def _miss(self, path: bytes) -> None:
        if len(self.unreadable) < MOST_PROBLEMS:
            self.unreadable.append(path)

    def write(self) -> None:
        """Write what waits, in one transaction."""
        if self.waiting:
            self.index.put(self.waiting)
            self.waiting = []
        self.written = time.monotonic()

    def forget(self) -> None:
        """Forget the files that have vanished, unless they are back or nobody can say."""
        thinned, self.thinned = self.thinned, []
        for folder in thinned:
            found = next(iter(self.walk(Path(os.fsdecode(folder)))), None)
            present = {location.path for location in found.files} if found is not None else set()
            gone = iter(sorted(self.index.known_files(folder).keys() - present))
            while chunk := list(islice(gone, TRANSACTION)):
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
        duration_s = time.monotonic() - self.started
        return Report(
            counts, self.index.totals(), tuple(self.problems), duration_s, tuple(dict.fromkeys(self.settling)),
            tuple(dict.fromkeys(self.unreadable)), self.complete,
        )  # fmt: skip

    def _count(self, *names: str, number: int = 1) -> None:
        for name in names:
            self.counts[name] += number
        now = time.monotonic()
        if self.progress is not None and now - self.reported >= _PROGRESS_EVERY_S:
            self.reported = now
            self.progress(Progress(**self.counts))


def is_settling(location: Location, settling_s: float) -> bool:
    """Say whether a file is so young that it may still be being written; clocks of servers may be ahead a little."""
    return abs(time.time_ns() - location.mtime_ns) < settling_s * 1e9


def _kind_of(indexed: IndexedFile) -> str:
    if indexed.described is not None:
        return "instances"
    if indexed.problem is not None:
        return "damaged"
    return "packed" if indexed.packed else "not_dicom"


def _is_file_root(folder: Folder, root: bytes) -> bool:
    return len(folder.files) == 1 and folder.files[0].path == root


def _log_trace(outcome: Outcome) -> None:
    if outcome.trace:
        # Without its path, which may name a patient: `wado index --report` tells which file it is.
        _log.error("unexpected error in a file:\n%s", outcome.trace)
