"""Watching what is done to a tree: every path that is opened, every byte that is read, and how long it all takes."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType

import pytest

from wado_core.archive.store_files import FileStore
from wado_core.model.instance import Location
from wado_core.ports import Glance, OpenObject

_recordings: list[list[bytes]] = []
_hooked: list[bool] = []


def _hear(event: str, values: tuple[object, ...]) -> None:
    if event == "open" and _recordings and isinstance(values[0], str | bytes):
        for recording in _recordings:
            recording.append(os.fsencode(values[0]))


@contextmanager
def opened_paths() -> Iterator[list[bytes]]:
    """Fill a list with the path of every file that this process opens, through whatever function of Python."""
    if not _hooked:
        sys.addaudithook(_hear)  # for the rest of the process: audit hooks cannot be taken away
        _hooked.append(True)
    paths: list[bytes] = []
    _recordings.append(paths)
    try:
        yield paths
    finally:
        _recordings.remove(paths)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Fail the test when the body takes longer, also while it hangs in opening a FIFO or loops for ever."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"It took more than {seconds} s.")  # no Exception, so that nobody takes it for a damaged file

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class _CountedSource:
    """A source that notes every range that is read."""

    inner: OpenObject
    ranges: list[tuple[int, int]]

    @property
    def size(self) -> int:
        return self.inner.size

    def read(self, offset: int, length: int) -> bytes:
        data = self.inner.read(offset, length)
        self.ranges.append((offset, len(data)))
        return data

    def compare(self) -> None:
        self.inner.compare()


@dataclass
class _Opening:
    """A context that opens a file of the store inside, and counts what is read of it."""

    inner: AbstractContextManager[OpenObject]
    ranges: list[tuple[int, int]]

    def __enter__(self) -> OpenObject:
        return _CountedSource(self.inner.__enter__(), self.ranges)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.inner.__exit__(kind, error, trace)


@dataclass
class WatchedStore:
    """The store of files; notes the offset and length of all that is read, by path."""

    inner: FileStore = field(default_factory=FileStore)
    ranges: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict)
    before_opening: Callable[[], None] | None = None

    def look(self, path: bytes) -> Location:
        return self.inner.look(path)

    def glance(self, folder: bytes) -> Glance:
        return self.inner.glance(folder)

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        if self.before_opening is not None:
            self.before_opening()
        return _Opening(self.inner.open(location), self.ranges.setdefault(location.path, []))

    def bytes_read(self, path: bytes) -> int:
        """Return how many bytes have been read of a file, those read twice counted twice."""
        return sum(length for _, length in self.ranges.get(path, []))
