"""Pictures on disk, in the state folder: one cache for all workers of a server, which outlives them (docs/adr/0021).

Who looks a picture up opens its file and reads it, without a lock: it is there whole or not at all, and says itself whether it is sound.
Who puts one writes a file of another name, notes its size in the ledger, and renames it: so the bound holds whoever is killed when.
"""

import errno
import logging
import os
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from wado_core.archive.cache_ledger import Account, Ledger
from wado_core.archive.cache_tidying import Tidying, lower_mark
from wado_core.archive.picture_file import HEAD_BYTES, head_of, read_picture
from wado_core.archive.picture_folder import PictureFolder, cost_of
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.frame import EncodedImage

_log = logging.getLogger(__name__)

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# A picture that is found is noted as used when that was not done for so long, nanoseconds: a note is a write.
_USED_ANEW_NS = 60_000_000_000
# After the disk has refused a picture, it is left alone for so long, seconds.
REST_S = 10.0


class DiskCache:
    """A RenderCache on disk, bounded in bytes over all processes; what the disk does not take or give is a miss, and counted."""

    def __init__(self, state: Path, most_bytes: int, *, tidies: bool) -> None:
        """Make the cache; nothing is touched before it is used.

        state: the state folder.
        most_bytes: of whole blocks, over all processes; each may be writing one file more. A sixteenth of it is left free on the disk.
        tidies: no other process does; ``put`` then makes room itself, and may take its time.
        """
        self._most_bytes = most_bytes
        self._folder = PictureFolder(state)
        self._ledger = Ledger(self._folder.path, self._folder.count)
        self.tidying = Tidying(self._folder, self._ledger, most_bytes)
        self._tidies = tidies
        self._numbers = count()
        self._lock = threading.Lock()
        self._hits = self._misses = self._refused = 0
        self._rests_until = float("-inf")
        self._troubled = False

    def get(self, digest: str) -> EncodedImage | None:
        """Return the picture and note its use, or None; reads a file."""
        image = None
        with suppress(OSError):
            image = self._read(digest)
        with self._lock:
            if image is None:
                self._misses += 1
            else:
                self._hits += 1
        return image

    def holds(self, digest: str) -> bool:
        """Say whether there is a file of the picture, sound or not; no use."""
        return os.path.exists(self._folder.file_of(digest))

    def has_room(self) -> bool:
        """Say whether a further picture drives nothing out, nor keeps those that are asked for out: an eighth is left to them."""
        account = self._ledger.glance() or Account()
        return account.size_bytes < lower_mark(self._most_bytes)

    def put(self, digest: str, image: EncodedImage) -> None:
        """Keep the picture, unless it would take more than a quarter of the room, or there is none."""
        if not self._kept(digest, image):
            with self._lock:
                self._refused += 1

    def counts(self) -> CacheCounts:
        """Return what has come of it: hits, misses and refusals of this process; the rest of all, evictions of all time."""
        account = self._ledger.glance() or Account()
        with self._lock:
            return CacheCounts(
                self._hits, self._misses, account.evictions, self._refused, account.entries, account.size_bytes, self._most_bytes
            )

    def _read(self, digest: str) -> EncodedImage | None:
        path = self._folder.file_of(digest)
        descriptor = os.open(path, _FLAGS)
        try:
            status = os.fstat(descriptor)
            image = read_picture(descriptor, status.st_size, digest)
            if image is None:
                os.unlink(path)  # damaged, or of another version
            elif time.time_ns() - status.st_mtime_ns > _USED_ANEW_NS:
                with suppress(OSError):  # it may be read all the same
                    os.utime(descriptor)
            return image
        finally:
            os.close(descriptor)

    def _kept(self, digest: str, image: EncodedImage) -> bool:
        cost_bytes = cost_of(HEAD_BYTES + len(image.data))
        if cost_bytes > self._most_bytes // 4 or time.monotonic() < self._rests_until:
            return False
        try:
            kept = self._write(digest, image, cost_bytes)
            if self._tidies and (not kept or self.tidying.is_needed()):
                self.tidying.tidy()
                kept = kept or self._write(digest, image, cost_bytes)
        except OSError as error:
            self._rest(error)
            return False
        if self._troubled:
            self._troubled = False
            _log.warning("pictures are kept on disk again")
        return kept

    def _write(self, digest: str, image: EncodedImage, cost_bytes: int) -> bool:
        """Write a picture and put it in its place; return False when there is no room. Raises OSError."""
        if self.holds(digest):
            return True
        name = f"{os.getpid()}-{threading.get_ident():x}-{next(self._numbers)}-{time.time_ns():x}"
        parts = head_of(digest, image), image.data
        if self._folder.path.exists() and self._folder.free_bytes() < self._most_bytes // 16 + cost_bytes:
            raise OSError(errno.ENOSPC, "the index, which lies on the same disk, needs what is left")
        try:
            written = self._folder.write(name, parts)
        except FileNotFoundError:
            self._folder.make()
            written = self._folder.write(name, parts)
        try:
            return self._place(written, digest, cost_bytes)
        finally:
            with suppress(FileNotFoundError):
                written.unlink()

    def _place(self, written: Path, digest: str, cost_bytes: int) -> bool:
        with self._ledger.held() as page:
            if self.holds(digest):  # put by another process meanwhile
                return True
            if page.account.size_bytes + cost_bytes > self._most_bytes:
                return False
            folder = self._folder.number_of(digest)
            page.account.put(cost_bytes, folder)
            page.write()  # first: a process that is killed now leaves the ledger with too much, not with too little
            try:
                self._folder.place(written, digest)
            except OSError:
                page.account.take_back(cost_bytes, folder)
                page.write()
                raise
        return True

    def _rest(self, error: OSError) -> None:
        self._rests_until = time.monotonic() + REST_S
        if not self._troubled:  # once, not with every picture
            self._troubled = True
            reason = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror
            _log.warning("pictures are not kept on disk now: %s; requests go on", reason)
