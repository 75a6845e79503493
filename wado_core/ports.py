"""Ports: what the services need from the outside, as Protocols; adapters live in `archive`, chosen in `assemble`."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from wado_core.model.frame import EncodedImage
from wado_core.model.grayscale import ValueRange
from wado_core.model.instance import Described, Located, Location
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

        Raises ContentChanged when size, mtime_ns or inode differ from ``location`` (or the file has gone),
        Unavailable when the storage does not answer.
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
        """Return the instance and the copy to read, None when never seen; raises Gone when its last copy was deleted."""
        ...

    def known_files(self, folder: bytes) -> dict[bytes, Location]:
        """Return the files remembered directly in ``folder``, by path."""
        ...

    def known_folders(self, root: bytes) -> Iterator[bytes]:
        """Yield each folder at or below ``root`` that holds remembered files."""
        ...

    def put(self, files: Iterable[IndexedFile]) -> None:
        """Remember files in one transaction, replacing what was known of the same paths."""
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

    def studies(self, offset: int, limit: int) -> tuple[StudySummary, ...]:
        """Return one page of studies, newest study date first, then by UID."""
        ...

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        """Return one page of a series' instances by instance number, then UID."""
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


class RenderCache(Protocol):
    """Finished pictures by the digest of their plan, bounded in bytes."""

    def get(self, digest: str) -> EncodedImage | None:
        """Return the picture, or None."""
        ...

    def put(self, digest: str, image: EncodedImage) -> None:
        """Keep the picture, dropping others when there is no room."""
        ...
