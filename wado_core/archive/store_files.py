"""The store on a file system: opens a file only as the one that was indexed (architecture: files are somebody else's)."""

import errno
import os
import stat
from contextlib import AbstractContextManager
from types import TracebackType

from wado_core.errors import ContentChanged, Unavailable, WadoError
from wado_core.model.instance import Location
from wado_core.ports import Glance, OpenObject

# Non-blocking, so that a FIFO put in the place of a file never hangs the reader; it means nothing for regular files.
OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY

# There is no such file any more (ENXIO: a socket or device took its place); everything else may pass.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO})


def location_from(path: bytes, status: os.stat_result) -> Location:
    """Return the location of the file that ``status`` describes."""
    return Location(path, status.st_size, status.st_mtime_ns, status.st_ino)


def location_of(path: bytes) -> Location:
    """Return what the file looks like now, without opening it.

    Raises ContentChanged when no regular file is there, Unavailable when the storage does not answer.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise _refusal(error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ContentChanged
    return location_from(path, status)


def is_still(descriptor: int, location: Location) -> bool:
    """Say whether an open file is the one that was indexed, unchanged; raises OSError."""
    status = os.fstat(descriptor)
    return (
        status.st_size == location.size
        and status.st_mtime_ns == location.mtime_ns
        and status.st_ino == location.inode
        and stat.S_ISREG(status.st_mode)
    )


def _refusal(error: OSError) -> WadoError:
    if error.errno in _GONE:
        return ContentChanged()
    return Unavailable("The storage of this object does not answer now.")


class _OpenFile:
    """One open file; pread, because threads may share it and a memory map would end in SIGBUS when it is truncated."""

    __slots__ = ("_descriptor", "_location")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._descriptor = -1

    def __enter__(self) -> OpenObject:
        try:
            self._descriptor = os.open(self._location.path, OPEN_FLAGS)
        except OSError as error:
            raise _refusal(error) from error
        try:
            self.compare()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None or issubclass(kind, Exception):  # a "damaged" that comes of half-new bytes is no damage
                self.compare()
        finally:
            os.close(self._descriptor)

    def compare(self) -> None:
        """Raise ContentChanged when the file is not the one that was indexed any more, or Unavailable: one look at its inode, 1 µs."""
        try:
            still = is_still(self._descriptor, self._location)
        except OSError as error:
            raise _refusal(error) from error
        if not still:
            raise ContentChanged

    @property
    def size(self) -> int:
        """Length in bytes, as indexed."""
        return self._location.size

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end of the file.

        Raises ContentChanged when the file has become shorter, Unavailable when the storage fails.
        """
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        wanted = min(length, self._location.size - offset)
        if wanted <= 0:
            return b""
        data = self._read_some(offset, wanted)
        if len(data) == wanted:
            return data
        parts = [data]
        while data and (wanted := wanted - len(data)):
            offset += len(data)
            data = self._read_some(offset, wanted)
            parts.append(data)
        if wanted:
            raise ContentChanged
        return b"".join(parts)

    def _read_some(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise Unavailable("The storage of this object does not answer now.") from error


class FileStore:
    """The Store of files named by their path; holds nothing, so it can be handed to other processes."""

    __slots__ = ()

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        """Open one copy on entering the context; see the port for what is raised, on entering and on leaving."""
        return _OpenFile(location)

    def glance(self, folder: bytes) -> Glance:
        """Look at a folder: its first entry, its device and that of the folder above."""
        try:
            device, above = os.stat(folder).st_dev, os.stat(os.path.dirname(folder)).st_dev
            with os.scandir(folder) as entries:
                return Glance(readable=True, empty=next(entries, None) is None, mount=device != above)
        except OSError:
            return Glance(readable=False)

    def look(self, path: bytes) -> Location:
        """Return what the file looks like now; raises ContentChanged when there is none, Unavailable."""
        return location_of(path)
