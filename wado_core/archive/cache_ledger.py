"""The ledger of the pictures on disk: what they take, kept by all processes together, so that no one must count to keep the bound."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct, error

FILE_NAME = "ledger"
_RECORD = Struct("<8s5Q")
_FORMAT = b"wadoled1"


@dataclass(slots=True)
class Account:
    """What the ledger says.

    size_bytes, entries: never less than there is on disk; more after a kill, until it is counted again.
    put_bytes, put_entries, evictions: of all time.
    """

    size_bytes: int = 0
    entries: int = 0
    put_bytes: int = 0
    put_entries: int = 0
    evictions: int = 0

    def put(self, cost_bytes: int) -> None:
        """Note one more."""
        self.size_bytes += cost_bytes
        self.entries += 1
        self.put_bytes += cost_bytes
        self.put_entries += 1

    def give_back(self, cost_bytes: int, entries: int) -> None:
        """Note that some are gone."""
        self.size_bytes = max(self.size_bytes - cost_bytes, 0)
        self.entries = max(self.entries - entries, 0)


class Page:
    """What the ledger says, while it is held: ``account`` may be changed, and counts once it is written."""

    __slots__ = ("_descriptor", "account")

    def __init__(self, descriptor: int, account: Account) -> None:
        self._descriptor = descriptor
        self.account = account

    def write(self) -> None:
        """Write the account. Raises OSError."""
        os.pwrite(self._descriptor, _packed(self.account), 0)


class Ledger:
    """One small file, changed under a lock, which goes with its holder however that ends; safe for threads and processes."""

    def __init__(self, folder: Path, count: Callable[[], tuple[int, int]]) -> None:
        """count: returns bytes and number of the pictures on disk, for a ledger that is lost."""
        self._path = folder / FILE_NAME
        self._count = count
        self._threads = threading.Lock()

    def glance(self) -> Account | None:
        """Return what the ledger says, without its lock; None when there is none."""
        try:
            return _unpacked(self._path.read_bytes()[: _RECORD.size])
        except OSError:
            return None

    @contextmanager
    def held(self) -> Iterator[Page]:
        """Give the ledger while nobody else has it. Raises OSError."""
        # Opened each time: somebody may have removed the folder, and those who hold the old file would keep a ledger of their own.
        with self._threads:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                account = _unpacked(os.pread(descriptor, _RECORD.size, 0))
                page = Page(descriptor, account or Account(*self._count()))
                if account is None:
                    page.write()
                yield page
            finally:
                os.close(descriptor)


def _packed(account: Account) -> bytes:
    numbers = account.size_bytes, account.entries, account.put_bytes, account.put_entries, account.evictions
    return _RECORD.pack(_FORMAT, *numbers)


def _unpacked(data: bytes) -> Account | None:
    try:
        form, *numbers = _RECORD.unpack(data)
    except error:
        return None
    return Account(*numbers) if form == _FORMAT else None
