"""Open files: descriptors of files that were found a moment ago, for reads that need neither a path nor a wait."""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import cast

from wado_core.archive.store_files import OPEN_FLAGS, is_still
from wado_core.errors import ContentChanged
from wado_core.model.instance import Location
from wado_core.ports import ByteSource, WouldWait

# Linux can be asked for what is in memory only; elsewhere, and where a file system cannot tell (NFS), nothing is at hand.
_NO_WAIT: int | None = getattr(os, "RWF_NOWAIT", None)


class _KeptFile:
    """An open file whose reads never wait; closed when nobody holds it any more.

    So a descriptor is never closed, and its number never given to another file, while somebody reads through it.
    """

    __slots__ = ("_descriptor", "_location", "kept_at")

    def __init__(self, location: Location, kept_at: float) -> None:
        self._descriptor = -1
        self._descriptor = os.open(location.path, OPEN_FLAGS)
        self._location = location
        self.kept_at = kept_at

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def __enter__(self) -> ByteSource:
        self.compare()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.compare()

    def compare(self) -> None:
        """Raise ContentChanged when the file is no longer what it was."""
        if not is_still(self._descriptor, self._location):
            raise ContentChanged

    @property
    def location(self) -> Location:
        """What the file was when it was kept."""
        return self._location

    @property
    def size(self) -> int:
        """Length in bytes, as indexed."""
        return self._location.size

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end of the file; WouldWait when they are not all in memory."""
        wanted = max(min(length, self._location.size - offset), 0)
        data = bytearray(wanted)
        try:
            read = os.preadv(self._descriptor, [data], offset, _NO_WAIT)  # type: ignore[arg-type]
        except OSError as error:  # EAGAIN: on the disk; EOPNOTSUPP: nobody knows; anything else will come again to who may wait
            raise WouldWait from error
        if read != wanted:
            raise WouldWait
        return cast("bytes", data)  # as good as bytes for all who read, and 4 µs sooner for half a megabyte


class OpenFiles:
    """Keeps files open for a short time after they were looked up; bounded in number, safe to use from several threads.

    Whether a path still names the same file is asked with each look-up; so no descriptor is kept longer than a look-up counts
    (``idle_s``), and a file system that somebody wants to unmount is let go.
    """

    def __init__(self, most: int, idle_s: float, clock: Callable[[], float] = monotonic) -> None:
        """most: files open at once; 0 keeps none.  idle_s: seconds for which one is kept."""
        self._most = most if _NO_WAIT is not None else 0
        self._idle_s = idle_s
        self._clock = clock
        self._files: OrderedDict[bytes, _KeptFile] = OrderedDict()
        self._lock = Lock()

    def keep(self, location: Location) -> None:
        """Open a file that has just been looked at, so that it is at hand; where that cannot be done nothing happens."""
        if self._most == 0:
            return
        file = None
        with suppress(OSError, ContentChanged):
            opened = _KeptFile(location, self._clock())
            opened.compare()
            file = opened
        with self._lock:
            if file is not None:
                self._files[location.path] = file
                self._files.move_to_end(location.path)
            dropped = self._overdue()
        del dropped  # closed outside of the lock: closing may take its time

    def at_hand(self, location: Location) -> "_KeptFile | None":
        """Return the file in this state, open, if it is kept; to be used in a ``with`` statement."""
        file = self._files.get(location.path)
        return file if file is not None and file.location == location and self._clock() - file.kept_at <= self._idle_s else None

    def close_idle(self) -> None:
        """Close what was kept for long enough."""
        with self._lock:
            dropped = self._overdue()
        del dropped

    def close(self) -> None:
        """Close all files, each when nobody reads it any more."""
        with self._lock:
            dropped, self._files = self._files, OrderedDict()
        del dropped

    def _overdue(self) -> list[_KeptFile]:
        dropped = []
        oldest = self._clock() - self._idle_s
        while self._files:
            path, file = next(iter(self._files.items()))
            if len(self._files) <= self._most and file.kept_at >= oldest:
                break
            dropped.append(self._files.pop(path))
        return dropped
