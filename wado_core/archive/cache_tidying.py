"""Tidying of the pictures on disk: what was used least lately goes before the room is full; one process at a time, behind the requests."""

import fcntl
import heapq
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Event

from wado_core.archive.cache_ledger import Account, Ledger
from wado_core.archive.picture_folder import FOLDERS, Entry, PictureFolder

_log = logging.getLogger(__name__)

LOCK_NAME = "tidying"
# Pictures of which one look through all remembers that they were used least lately: some 30 MB.
_MOST_REMEMBERED = 100_000
# After so many were removed, the ledger tells of their room.
_TOLD_EVERY = 64
# How often the ledger is looked at, and how often all is looked through for what was left behind, seconds.
_GLANCE_S = 1.0
_ROUND_S = 3600.0


def lower_mark(most_bytes: int) -> int:
    """Return what is left when pictures had to go."""
    return most_bytes - most_bytes // 8


class Tidying:
    """Keeps a part of the room free: from the upper mark on, pictures go until the lower one is reached."""

    def __init__(self, folder: PictureFolder, ledger: Ledger, most_bytes: int) -> None:
        self._folder = folder
        self._ledger = ledger
        self._upper = most_bytes - most_bytes // 16
        self._lower = lower_mark(most_bytes)
        self._ended = Event()

    def run(self) -> None:
        """Tidy at once, and then whenever it is needed, until ``end``; what the disk refuses is tried again."""
        tidied, troubled = float("-inf"), False
        while not self._ended.is_set():
            try:
                if self.is_needed() or time.monotonic() - tidied > _ROUND_S:
                    self.tidy()
                    tidied = time.monotonic()
                troubled = False
            except OSError as error:
                if not troubled:
                    _log.warning("pictures on disk cannot be tidied now: %s", error.strerror)
                troubled = True
            self._ended.wait(_GLANCE_S)

    def end(self) -> None:
        """Let ``run`` return."""
        self._ended.set()

    def is_needed(self) -> bool:
        """Say whether pictures must go, as the ledger knows."""
        account = self._ledger.glance()
        return account is not None and account.size_bytes > self._upper

    def tidy(self) -> None:
        """Remove what must go, and what was left behind, and set the ledger right; nothing when another process does. Raises OSError."""
        self._folder.make()
        with self._alone() as alone:
            if alone:
                self._folder.clear_left_behind(time.time())
                while self._look_through() > self._lower and not self._ended.is_set():
                    pass

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        descriptor = os.open(self._folder.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _look_through(self) -> int:
        """Look at every picture once, remove the least lately used of them as far as needed, and return what is left, in bytes."""
        with self._ledger.held() as page:
            page.account.begin_count()
            page.write()
            oldest = _Oldest(page.account.size_bytes - self._lower)
        size_bytes = entries = 0
        for number in range(FOLDERS):
            for entry in self._folder.entries(number, self._listed(number)):
                size_bytes += entry.cost_bytes
                entries += 1
                oldest.offer(entry)
        with self._ledger.held() as page:
            page.account.end_count(size_bytes, entries)
            page.write()
            excess = page.account.size_bytes - self._lower
        return self._remove(iter(oldest.in_order()), excess) if excess > 0 else self._lower

    def _listed(self, number: int) -> list[str]:
        """List a folder, while nothing is put: what comes later is noted as late. Its files are looked at without the lock."""
        with self._ledger.held() as page:
            names = self._folder.names(number)
            page.account.counted_folders = number + 1
            page.write()
        return names

    def _remove(self, entries: Iterator[Entry], excess_bytes: int) -> int:
        """Remove pictures until so much is gone, or all of them; return what is left."""
        left = self._lower + excess_bytes
        while excess_bytes > 0:
            removed = _unlinked(islice(entries, _TOLD_EVERY), excess_bytes)
            if not removed:
                break
            freed = sum(entry.cost_bytes for entry in removed)
            excess_bytes -= freed
            with self._ledger.held() as page:
                _note(page.account, freed, len(removed))
                page.write()
                left = page.account.size_bytes
        return left


def _note(account: Account, freed_bytes: int, entries: int) -> None:
    account.give_back(freed_bytes, entries)
    account.evictions += entries


def _unlinked(entries: Iterator[Entry], excess_bytes: int) -> list[Entry]:
    removed = []
    for entry in entries:
        with suppress(FileNotFoundError):
            os.unlink(entry.path)
        removed.append(entry)
        excess_bytes -= entry.cost_bytes
        if excess_bytes <= 0:
            break
    return removed


class _Oldest:
    """Of all that are offered, those used least lately, in all just so large as is needed; bounded in number."""

    def __init__(self, needed_bytes: int) -> None:
        self._needed_bytes = needed_bytes
        self._size_bytes = 0
        self._heap: list[tuple[int, str, int]] = []  # the one used last is on top

    def offer(self, entry: Entry) -> None:
        """Look at one more."""
        if self._needed_bytes <= 0:
            return
        if self._size_bytes >= self._needed_bytes and -entry.used_ns <= self._heap[0][0]:
            return  # used later than all that are enough
        heapq.heappush(self._heap, (-entry.used_ns, entry.path, entry.cost_bytes))
        self._size_bytes += entry.cost_bytes
        while len(self._heap) > _MOST_REMEMBERED or self._size_bytes - self._heap[0][2] >= self._needed_bytes:
            self._size_bytes -= heapq.heappop(self._heap)[2]

    def in_order(self) -> list[Entry]:
        """Return them, the one used least lately first."""
        return [Entry(path, cost_bytes, -used_ns) for used_ns, path, cost_bytes in sorted(self._heap, reverse=True)]
