"""Ports: what the services need from the outside, as Protocols; adapters live in `archive`, chosen in `assemble`."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wado_core.model.frame import EncodedImage
from wado_core.model.grayscale import ValueRange
from wado_core.model.index_status import IndexStatus
from wado_core.model.instance import Described, Located, Location
from wado_core.model.notice import Notice
from wado_core.model.study import InstanceSummary, StudySummary, Totals
from wado_core.model.uid import InstanceKey, SeriesKey


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


class Store(Protocol):
    """Where objects lie."""

    def open(self, location: Location) -> AbstractContextManager[ByteSource]:
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


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as a walk found it.

    files: the regular files directly in it, by name.
    complete: every entry was seen, so that a file remembered here but missing from ``files`` has really gone.
    unreadable: paths of entries that are there but could not be looked at, such as links into an unmounted file system;
        nothing at or below them may be called gone.
    """

    path: bytes
    files: tuple[Location, ...]
    complete: bool = True
    unreadable: tuple[bytes, ...] = ()


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

    described: the instance, or None for a file that is not DICOM (``problem`` None) or damaged (``problem`` says how).
    """

    location: Location
    described: Described | None
    problem: str | None = None


class Index(Protocol):
    """Which instances there are, and where. One writer at a time, any number of readers."""

    def find(self, key: InstanceKey) -> Located | None:
        """Return the instance and the copy to read, the one with the smallest path; None when never seen.

        Raises Gone when its last copy was deleted, Unavailable when the index does not answer or knows the copy only in a
        format of an earlier version (the next walk reads the file again).
        """
        ...

    def known_files(self, folder: bytes) -> dict[bytes, Location]:
        """Return the files remembered directly in ``folder``, by path.

        A file that must be read again whatever it looks like (described by an earlier version) has size -1.
        """
        ...

    def known_folders(self, root: bytes) -> Iterator[bytes]:
        """Yield each folder at or below ``root`` that holds remembered files, in a fixed order."""
        ...

    def put(self, files: Iterable[IndexedFile]) -> None:
        """Remember files in one transaction, replacing what was known of the same paths.

        An instance whose last copy is replaced by something else becomes gone (410), one that comes back is gone no more.
        """
        ...

    def forget(self, paths: Iterable[bytes]) -> None:
        """Forget files; an instance whose last copy this was becomes gone (410)."""
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

    def value_range(self, key: InstanceKey, version: str, frame_number: int) -> ValueRange | None:
        """Return the remembered range of a frame's values, None when not known (H2.15)."""
        ...

    def remember_value_range(self, key: InstanceKey, version: str, frame_number: int, values: ValueRange) -> None:
        """Remember the range of a frame's values; may drop it silently when the index is busy."""
        ...

    def close(self) -> None:
        """Give back what the index holds open."""
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
        """Keep the picture, dropping others when there is no room."""
        ...


class InstanceCache(Protocol):
    """Instances that were looked up lately, bounded in number, for answers without any I/O."""

    def get(self, key: InstanceKey) -> Located | None:
        """Return what was kept, or None."""
        ...

    def put(self, located: Located) -> None:
        """Keep an instance, dropping the one used least lately when there is no room."""
        ...

    def drop(self, key: InstanceKey) -> None:
        """Forget an instance, known or not."""
        ...
