"""The ledger of the pictures on disk: what they take, kept by all processes together, so that no one must count to keep the bound."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from struct import Struct, error

FILE_NAME = "ledger"
_RECORD = Struct("<8s6Q")
_FORMAT = b"wadoled2"


@dataclass(slots=True)
class Account:
    """What the ledger says.

    size_bytes, entries: never less than there is on disk; more after a kill, until it is counted again.
    evictions: of all time.
    counted_folders: so many, from the first on, whoever counts has listed.  late_bytes, late_entries: put into these since.
    """

    size_bytes: int = 0
    entries: int = 0
    evictions: int = 0
    counted_folders: int = 0
    late_bytes: int = 0
    late_entries: int = 0

    def put(self, cost_bytes: int, folder: int) -> None:
        """Note one more, in a folder of that number."""
        self._add(cost_bytes, 1, folder)

    def take_back(self, cost_bytes: int, folder: int) -> None:
        """Undo a ``put``."""
        self._add(-cost_bytes, -1, folder)

    def _add(self, cost_bytes: int, entries: int, folder: int) -> None:
        self.size_bytes += cost_bytes
        self.entries += entries
        if folder < self.counted_folders:
            self.late_bytes += cost_bytes
            self.late_entries += entries

    def begin_count(self) -> None:
        """Forget how far an earlier count has come."""
        self.counted_folders = self.late_bytes = self.late_entries = 0

    def end_count(self, size_bytes: int, entries: int) -> None:
        """Take over what was listed, folder by folder; each picture put meanwhile is in it, or came late: never both."""
        self.size_bytes, self.entries = size_bytes + self.late_bytes, entries + self.late_entries
        self.begin_count()

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
    return _RECORD.pack(_FORMAT, *astuple(account))


def _unpacked(data: bytes) -> Account | None:
    try:
        form, *numbers = _RECORD.unpack(data)
    except error:
        return None
    return Account(*numbers) if form == _FORMAT else None
