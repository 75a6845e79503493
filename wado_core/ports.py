"""Ports: what the services need from the outside, as Protocols; adapters live in `archive`, chosen in `assemble`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wado_core.model.cache_counts import CacheCounts
from wado_core.model.frame import EncodedImage
from wado_core.model.grayscale import ValueRange
from wado_core.model.index_status import IndexStatus
from wado_core.model.instance import Described, Located, Location
from wado_core.model.notice import Notice, RangeFound
from wado_core.model.study import Duplicate, InstanceSummary, Standing, StudySummary, Totals
from wado_core.model.uid import InstanceKey, SeriesKey

# Takes a finished piece of a picture; an empty one behind the last says that there are no others.
Deliver = Callable[[bytes], None]

# Work for a thread that is idle. It ends by itself, or sooner: it asks the function that it is given whether it may go on, before each
# part of the work.
Helper = Callable[[Callable[[], bool]], None]

# Takes a helper, and runs it in an idle thread if there is one now, else drops it; never waits.
Lend = Callable[[Helper], None]


class ByteSource(Protocol):
    """Random access to the bytes of one stored object."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes, or fewer only at the end of the object.

        Raises Unavailable when the storage fails.
        """
        ...


class OpenObject(ByteSource, Protocol):
    """An object that a store has opened."""

    def compare(self) -> None:
        """Raise ContentChanged when the object is no longer in the state in which it was opened, Unavailable when nobody can tell.

        What was read before belongs to that state if this does not raise afterwards.
        """
        ...


class WouldWait(Exception):
    """Bytes are not in memory: who must not wait reads them elsewhere."""


class Store(Protocol):
    """Where objects lie."""

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        """Open one copy; everything read through it belongs to one state of the file.

        Raises ContentChanged when size, mtime_ns or inode differ from ``location`` (or the file has gone) on opening, and
        again on leaving when they changed in between; Unavailable when the storage does not answer.
        """
        ...

    def look(self, path: bytes) -> Location:
        """Return what the file looks like now, without opening it.

        Raises ContentChanged when no regular file is there, Unavailable when the storage does not answer.
        """
        ...

    def glance(self, folder: bytes) -> "Glance":
        """Look at a folder in the same short time whatever it holds; never raises for what it finds."""
        ...


class Near(Protocol):
    """Objects that can be read without waiting for their storage."""

    def note(self, location: Location) -> None:
        """Note that an object was looked at just now; may look at it again, from a thread that may wait."""
        ...

    def at_hand(self, location: Location) -> AbstractContextManager[ByteSource] | None:
        """Return the object if it can be read now, None otherwise; reading raises WouldWait rather than wait.

        Entering and leaving raise ContentChanged as those of ``Store.open`` do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be seen of a folder without listing it.

    readable: it is there, a folder, and can be listed.  empty: there is no entry at all.  mount: a file system of its own begins here.
    """

    readable: bool
    empty: bool = False
    mount: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as a walk found it.

    files: the regular files directly in it, by name, without litter.
    complete: every entry was seen, so that a file remembered here but missing from ``files`` has really gone.
    unreadable: paths of entries that are there but could not be looked at, such as links into an unmounted file system;
        nothing at or below them may be called gone.
    empty: there is no entry at all.
    mount: a file system of its own begins here.
    litter: entries passed over because of their names, such as ``._IM1``, Thumbs.db and snapshots.
    """

    path: bytes
    files: tuple[Location, ...]
    complete: bool = True
    unreadable: tuple[bytes, ...] = ()
    empty: bool = False
    mount: bool = False
    litter: int = 0


class Walk(Protocol):
    """Finds the files at and below a root."""

    def __call__(self, root: Path, /) -> Iterator[Folder]:
        """Yield each folder once, the root first, in the same order every time; never raises for what it finds.

        A root that is missing, unreadable or empty yields one folder that is not complete. A root that is a file yields
        its folder with this file alone, not complete either.
        """
        ...


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file as the index remembers it: what its bytes turned out to be.

    described: the instance, or None for a file that is not DICOM (``packed``: an archive such as zip) or damaged (``problem`` says how).
    head: digest of its first bytes, by which the file is known again under another path.
    """

    location: Location
    described: Described | None
    problem: str | None = None
    packed: bool = False
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the index remembers, and the digest of its first bytes."""

    location: Location
    head: bytes


class Index(Protocol):
    """Which instances there are, and where, for any number of readers beside one writer.

    Everything raises Unavailable when the index does not answer, DamagedIndex when it must be made anew.
    """

    def find(self, key: InstanceKey, frame_number: int = 1) -> Located | None:
        """Return the instance, with the columns of a frame, and the copy to read, the one with the smallest path.

        None when no copy is known. Raises ContentChanged when the copy was described in a format of an earlier version.
        """
        ...

    def find_copy(self, path: bytes, frame_number: int = 1) -> Located | None:
        """Return what ``find`` does, of the object in the file at ``path``; None when no object is known there."""
        ...

    def copies(self, key: InstanceKey) -> tuple[bytes, ...]:
        """Return the paths of all copies, smallest first; of an object without one, that of its last copy; () when never seen."""
        ...

    def standing(self, key: InstanceKey) -> Standing:
        """Say what is known of an instance; one without a copy stays known until its folders have been looked through (``bury``)."""
        ...

    def complete(self) -> bool:
        """Say whether all folders have been walked to their end since the index was made, so that the unknown is not there."""
        ...

    def mounts(self) -> tuple[bytes, ...]:
        """Return the folders on which a file system was mounted when they were last looked at."""
        ...

    def duplicates(self) -> Iterator[Duplicate]:
        """Yield each instance that has several copies."""
        ...

    def problems(self) -> Iterator[tuple[bytes, str]]:
        """Yield path and reason of each damaged file."""
        ...

    def totals(self) -> Totals:
        """Count what there is."""
        ...

    def studies(self, offset: int, limit: int, most_series: int) -> tuple[StudySummary, ...]:
        """Return one page of studies that hold an instance, newest study date first, then by UID.

        most_series: how many series of each study are listed.
        """
        ...

    def study(self, study_uid: str, offset: int, limit: int) -> StudySummary | None:
        """Return a study with one page of its series by number, then UID; None when there is no such study."""
        ...

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        """Return one page of a series' instances by instance number (those without one first), then UID."""
        ...

    def representative(self, study_uid: str, series_uid: str | None = None) -> InstanceSummary | None:
        """Return the instance that stands for a series, or for a study when none is named; None when there is no such thing.

        Of a series: the middle one in the order of ``instances`` of those with a picture, or of all where none has one. Of a study: that
        of the series with most frames that have a picture, the first in the order of ``study`` where several have as many.
        """
        ...

    def has_gone(self, study_uid: str, series_uid: str | None = None) -> bool:
        """Say whether an instance of a study, or of a series, is gone (``bury``)."""
        ...

    def value_range(self, key: InstanceKey, version: str, frame_number: int) -> ValueRange | None:
        """Return the remembered range of a frame's values, None when not known (H2.15)."""
        ...

    def close(self) -> None:
        """Give back what the index holds open."""
        ...


class IndexWriter(Index, Protocol):
    """The index as its only writer sees it; each change is one transaction."""

    def check(self) -> None:
        """Raise DamagedIndex when any process has met damage, whatever it was asked for."""
        ...

    def known_files(self, folder: bytes) -> dict[bytes, Location]:
        """Return the files remembered directly in ``folder``, by path.

        A file that must be read again whatever it looks like (described by an earlier version) has size -1.
        """
        ...

    def known_folders(self, root: bytes) -> Iterator[bytes]:
        """Yield each folder at or below ``root`` that holds remembered files, in a fixed order."""
        ...

    def same_files(self, locations: Sequence[Location]) -> Sequence[KnownFile]:
        """Return what is known of files that have inode, size and mtime of one of ``locations``, under whatever path."""
        ...

    def put(self, files: Iterable[IndexedFile]) -> None:
        """Remember files in one transaction, replacing what was known of the same paths.

        An instance whose last copy is replaced by something else becomes an orphan, one that comes back is gone no more.
        """
        ...

    def forget(self, paths: Iterable[bytes]) -> None:
        """Forget files; an instance whose last copy this was becomes an orphan."""
        ...

    def has_orphans(self) -> bool:
        """Say whether any instance is without a copy: deleted, or moved to where it has not been found yet."""
        ...

    def seek_orphans(self) -> bool:
        """Note that a look through all folders begins, which will find all orphans or none; return whether there are any."""
        ...

    def bury(self, spared: Callable[[bytes], bool] = ...) -> None:
        """Mark the orphans that were there at the last ``seek_orphans``, and still are, as gone (410).

        spared: says of the path of the last copy that nobody can see now what is there; such an orphan stays one.
        """
        ...

    def adopt(self, moved: Iterable[tuple[Location, bytes]]) -> None:
        """Remember files under new paths as what they are known as under old ones, which stay known."""
        ...

    def remember_value_ranges(self, found: Iterable[RangeFound]) -> None:
        """Remember ranges of frames' values (H2.15)."""
        ...

    def remember_mounts(self, mounted: Iterable[bytes], plain: Iterable[bytes]) -> None:
        """Remember on which folders a file system is mounted, and on which none is any more."""
        ...

    def mark_complete(self) -> None:
        """Remember that all folders have been walked to their end."""
        ...


class Notices(Protocol):
    """The way from the readers of an index to its only writer; a notice may be lost, so nothing may depend on its arrival."""

    def send(self, notice: Notice) -> None:
        """Hand a notice over without waiting."""
        ...


class Mailbox(Protocol):
    """The other end of Notices."""

    def receive(self, timeout_s: float) -> tuple[Notice, ...]:
        """Return what has come, waiting for the first at most ``timeout_s``; less when ``wake`` is called."""
        ...

    def wake(self) -> None:
        """Let ``receive`` return; may be called by a signal handler."""
        ...


class StatusBoard(Protocol):
    """Where the indexer says how far it is, for other processes to read."""

    def write(self, status: IndexStatus) -> None:
        """Replace what was said before; never raises for a full disk."""
        ...

    def read(self) -> IndexStatus | None:
        """Return what was said last; None when nothing was."""
        ...


class RenderCache(Protocol):
    """Finished pictures by the digest of their plan, bounded in bytes."""

    def get(self, digest: str) -> EncodedImage | None:
        """Return the picture, or None."""
        ...

    def put(self, digest: str, image: EncodedImage) -> None:
        """Keep the picture, dropping others when there is no room; never raises for a disk that does not take it."""
        ...

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        ...


class LastingCache(RenderCache, Protocol):
    """A RenderCache that outlives its process, and can be filled beforehand."""

    def holds(self, digest: str) -> bool:
        """Say whether the picture is kept, without using it."""
        ...

    def has_room(self) -> bool:
        """Say whether a further picture drives nothing out."""
        ...


class InstanceCache(Protocol):
    """Instances that were looked up lately, bounded in bytes, for answers without any I/O."""

    def get(self, key: InstanceKey, frame_number: int = 1) -> Located | None:
        """Return what was kept, with the columns of a frame, or None."""
        ...

    def put(self, located: Located) -> None:
        """Keep an instance, dropping the one used least lately when there is no room."""
        ...

    def drop(self, key: InstanceKey) -> None:
        """Forget an instance, known or not."""
        ...

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        ...
