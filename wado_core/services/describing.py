"""Describing many files: in this process when they are few, in spawned processes when they are many."""

import hashlib
import logging
import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import chain, islice

import msgspec

from wado_core.dicom.instance import check_key, describe
from wado_core.errors import ContentChanged, NotDicom, Unavailable, WadoError
from wado_core.interrupts import end_with_parent, interrupts_withheld
from wado_core.model.instance import Location
from wado_core.ports import ByteSource, IndexedFile, Store
from wado_core.settings import Limits

_log = logging.getLogger(__name__)

# Fewer files are described before the first spawned process has imported what it needs.
WORTH_A_POOL = 300
# Files of one task: long enough that handing it over costs nothing, short enough that progress is seen.
BATCH = 64
# Tasks handed over beforehand for each process, so that none waits while results are being written.
_AHEAD = 4

# How long a task, or one file read by itself, may take before its process is ended: storage may hang, and no file may hold up the rest.
_TASK_S = 300.0
_FILE_S = 60.0

_CRASHED = "Reading the file ended the process that read it."

# Of the beginning of a file, so many bytes stand for it when it is found again under another path: they hold its UIDs.
HEAD_BYTES = 4096
# zip (and empty zip), gzip, 7z, bzip2, xz, rar, zstd; tar is told by its middle.
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ\x00", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file.

    file: what to remember; None when the file could not be read now, or changed while it was read: to be tried again.
    trace: an unexpected error, for the log only.
    """

    location: Location
    file: IndexedFile | None
    trace: str = ""


_encoder = msgspec.msgpack.Encoder()
_outcomes = msgspec.msgpack.Decoder(list[Outcome])


def version_of(location: Location, object_uid: str, head: bytes) -> str:
    """Return the digest that stands for the stored bytes: 128 bits in hexadecimal over size, mtime_ns, head and SOP Instance UID.

    Not the inode: two servers that see one file over NFS must give the same ETag. The UID, because files copied together often
    share size and time, and the head, because a file may be replaced within one tick of a coarse clock.
    """
    parts = f"{location.size} {location.mtime_ns} {object_uid} {head.hex()}"
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def head_of(source: ByteSource) -> bytes:
    """Return the digest of the first bytes of a file, 64 bits."""
    return hashlib.blake2b(source.read(0, HEAD_BYTES), digest_size=8).digest()


def describe_file(store: Store, limits: Limits, location: Location) -> Outcome:
    """Read one file; whatever is wrong with it becomes part of the outcome."""
    head, packed = b"", False
    try:
        with store.open(location) as source:
            head, packed = head_of(source), _is_packed(source)
            described = describe(source, "", limits)
        check_key(described.instance.key)
        version = version_of(location, described.instance.key.object_uid, head)
        indexed = IndexedFile(location, replace(described, instance=replace(described.instance, version=version)), head=head)
        _encoder.encode(indexed)  # what cannot be written must not come out only when the index writes it
    except NotDicom:
        return Outcome(location, IndexedFile(location, None, packed=packed, head=head))
    except (ContentChanged, Unavailable, MemoryError):
        return Outcome(location, None)
    except WadoError as error:
        return Outcome(location, IndexedFile(location, None, str(error), head=head))
    except Exception as error:  # noqa: BLE001 - one file must not end the indexing of a million; its text may show a patient
        name = type(error).__name__
        return Outcome(location, IndexedFile(location, None, f"Unexpected error: {name}.", head=head), traceback.format_exc())
    return Outcome(location, indexed)


def _is_packed(source: ByteSource) -> bool:
    return source.read(0, 8).startswith(_PACKED) or source.read(257, 5) == b"ustar"


def describe_files(
    locations: Iterable[Location], store: Store, limits: Limits, processes: int, *, isolate: bool = False
) -> Generator[Outcome, None, None]:
    """Yield what came of each file, not always in order; in bounded memory, however many there are.

    locations: read only as fast as files are described.  processes: 0 stays in this process; otherwise so many are spawned as soon
    as there are enough files to be worth it.  isolate: spawn them for the first file already, since one may end its process.
    Close the iterator to give them back early.
    """
    rest = iter(locations)
    worth = 1 if isolate else WORTH_A_POOL
    first = list(islice(rest, worth)) if processes > 0 else []
    if len(first) < worth:
        for location in chain(first, rest):
            yield describe_file(store, limits, location)
        return
    pool = _Pool(store, limits, processes)
    try:
        yield from pool.outcomes(chain(first, rest))
    finally:
        pool.close()


class _Pool:
    """Spawned processes that describe files, and what was handed to them; survives the crash of any of them."""

    def __init__(self, store: Store, limits: Limits, processes: int) -> None:
        self._store = store
        self._limits = limits
        self._processes = processes
        # None once processes have turned out to be impossible here.
        self._executor: ProcessPoolExecutor | None = _spawn(processes)
        self._flying: deque[tuple[list[Location], Future[bytes]]] = deque()

    def outcomes(self, locations: Iterator[Location]) -> Iterator[Outcome]:
        """Yield what came of each file."""
        while batch := list(islice(locations, BATCH)):
            try:
                self._flying.append((batch, self._submit(batch)))
            except BrokenProcessPool:
                yield from self._recover(batch)
            if len(self._flying) >= self._processes * _AHEAD:
                yield from self._landed()
        while self._flying:
            yield from self._landed()

    def close(self) -> None:
        """End the processes; work not begun is dropped."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _submit(self, batch: list[Location]) -> Future[bytes]:
        if self._executor is not None:
            with interrupts_withheld():  # processes are started as they are needed
                return self._executor.submit(_describe_batch, self._store, self._limits, batch)
        here: Future[bytes] = Future()
        here.set_result(_describe_batch(self._store, self._limits, batch))
        return here

    def _landed(self) -> Iterable[Outcome]:
        batch, future = self._flying.popleft()
        try:
            return _outcomes.decode(future.result(_TASK_S))
        except (BrokenProcessPool, TimeoutError):
            return self._recover(batch)

    def _recover(self, batch: list[Location]) -> Iterator[Outcome]:
        """Describe everything that was under way again, file by file: nobody knows which one ended its process, or hangs in it."""
        suspects = [*batch, *chain.from_iterable(batch for batch, _ in self._flying)]
        self._flying.clear()
        _log.warning("a process that read files ended unexpectedly or hung; reading %d files again, one by one", len(suspects))
        self._restart(1)
        for location in suspects:
            try:
                yield from _outcomes.decode(self._submit([location]).result(_FILE_S))
            except BrokenProcessPool:
                yield Outcome(location, IndexedFile(location, None, _CRASHED))
                self._restart(1)
            except TimeoutError:
                yield Outcome(location, None)
                self._restart(1)
        if self._executor is not None:
            self._restart(self._processes)

    def _restart(self, processes: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()  # all are ours
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)  # one may hang where no signal ends it
        self._executor = _spawn(processes)
        try:
            with interrupts_withheld():
                self._executor.submit(os.getpid).result()
        except BrokenProcessPool:
            # Not the files: spawned processes cannot even start, as under a main script that cannot be imported again.
            _log.warning("no further processes can be started; reading files in this one")
            self.close()
            self._executor = None


def _spawn(processes: int) -> ProcessPoolExecutor:
    # Spawned, not forked: nothing of the server (threads, locks, connections) is inherited.
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent)


def _describe_batch(store: Store, limits: Limits, locations: list[Location]) -> bytes:
    # As MessagePack: pickling the nested dataclasses one by one takes ten times as long, on both sides.
    return _encoder.encode([describe_file(store, limits, location) for location in locations])
