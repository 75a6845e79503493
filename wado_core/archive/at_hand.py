"""Files at hand: those that can be opened and read without a wait, for callers that must not wait."""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import cast

import numpy as np

from wado_core.archive.store_files import OPEN_FLAGS, is_still
from wado_core.errors import ContentChanged
from wado_core.model.instance import Location
from wado_core.ports import ByteSource, WouldWait

# Linux can be asked for what is in memory only.
_NO_WAIT: int | None = getattr(os, "RWF_NOWAIT", None)
# What one opening gives at most, in bytes: to copy them takes a millisecond.
_MOST_BYTES = 4 << 20
# Of what is longer than any table, nothing is asked but its bytes and its length.
_MOST_ZEROED = 128 << 10
# Paths that are noted at once, some 450 bytes each: 4 MB.
_MOST = 8192


class _NearFile:
    """A file that is read as far as it is in memory."""

    __slots__ = ("_descriptor", "_left", "_location")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._descriptor = -1
        self._left = _MOST_BYTES

    def __enter__(self) -> ByteSource:
        try:
            self._descriptor = os.open(self._location.path, OPEN_FLAGS)
        except OSError as error:
            raise ContentChanged from error
        try:
            self._compare()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._compare()
        finally:
            os.close(self._descriptor)

    def _compare(self) -> None:
        if not is_still(self._descriptor, self._location):
            raise ContentChanged

    @property
    def size(self) -> int:
        """Length in bytes, as indexed."""
        return self._location.size

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end of the file; WouldWait when they are not all in memory, or too many."""
        wanted = max(min(length, self._location.size - offset), 0)
        self._left -= wanted
        if self._left < 0:
            raise WouldWait
        # A bytearray is filled with zeros first: 5 µs for half a megabyte.
        data = bytearray(wanted) if wanted <= _MOST_ZEROED else np.empty(wanted, np.uint8).data
        try:
            read = os.preadv(self._descriptor, [data], offset, _NO_WAIT)  # type: ignore[arg-type]
        except OSError as error:  # EAGAIN: on the disk; anything else will come again to who may wait
            raise WouldWait from error
        if read != wanted:
            raise WouldWait
        return cast("bytes", data)  # as good as bytes for all who read, and sooner there


class FilesAtHand:
    """Notes which files were looked at a short time ago, on a file system that tells what is in memory; safe in several threads.

    Opening such a file again does not wait either: its directory entry and inode are in memory. A network file system cannot tell, and
    asks its server with every opening: nothing of it is ever at hand. No file is kept open, so that any can be unmounted.
    """

    def __init__(self, fresh_s: float, clock: Callable[[], float] = monotonic) -> None:
        """fresh_s: seconds for which a note counts."""
        self._fresh_s = fresh_s
        self._clock = clock
        self._noted: OrderedDict[bytes, tuple[float, Location]] = OrderedDict()
        self._lock = Lock()

    def note(self, location: Location) -> None:
        """Note a file that was looked at just now, if it can be read without a wait."""
        if _tells_what_is_in_memory(location.path):
            with self._lock:
                self._noted[location.path] = self._clock(), location
                self._noted.move_to_end(location.path)
                while len(self._noted) > _MOST:
                    self._noted.popitem(last=False)

    def at_hand(self, location: Location) -> _NearFile | None:
        """Return the file if it was noted in this state a short time ago; entering opens it, and closes it on leaving."""
        noted_at, noted = self._noted.get(location.path, (0.0, None))
        return _NearFile(location) if noted == location and self._clock() - noted_at <= self._fresh_s else None


def _tells_what_is_in_memory(path: bytes) -> bool:
    if _NO_WAIT is None:
        return False
    with suppress(OSError):
        descriptor = os.open(path, OPEN_FLAGS)
        try:
            os.preadv(descriptor, [bytearray(1)], 0, _NO_WAIT)
        except BlockingIOError:  # not in memory now, but it tells
            return True
        finally:
            os.close(descriptor)
        return True
    return False
