"""The walk through folders: every regular file once, in the same order every time, whatever else lies there."""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from wado_core.archive.litter import is_litter_file, is_litter_folder
from wado_core.archive.store_files import location_from
from wado_core.model.instance import Location
from wado_core.ports import Folder

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Listing:
    """What one folder holds, while it is being read."""

    complete: bool = True
    files: list[Location] = field(default_factory=list)
    # Path, device and inode of each folder directly below.
    folders: list[tuple[bytes, tuple[int, int]]] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)
    litter: int = 0

    def folder(self, path: bytes, *, mount: bool) -> Folder:
        files = tuple(sorted(self.files, key=lambda location: location.path))
        empty = self.complete and not (files or self.folders or self.unreadable or self.litter)
        return Folder(path, files, self.complete, tuple(sorted(self.unreadable)), empty, mount, self.litter)


def walk(root: Path) -> Iterator[Folder]:
    """Yield each folder at and below ``root`` once; links are followed, but no folder is entered twice.

    Paths begin with the absolute path of ``root``. FIFOs, sockets and devices are passed over without opening them, and so is litter.
    See the port for roots that are missing, unreadable, empty, or a file.
    """
    path = os.path.abspath(os.fsencode(root))
    try:
        status = os.stat(path)
    except OSError as error:
        _log.warning("cannot look at %s: %s", os.fsdecode(path), error.strerror)
        yield Folder(path, (), complete=False)
        return
    if stat.S_ISREG(status.st_mode):
        yield Folder(os.path.dirname(path), (location_from(path, status),), complete=False)
        return
    yield from _folders(path, (status.st_dev, status.st_ino))


def _folders(root: bytes, identity: tuple[int, int]) -> Iterator[Folder]:
    waiting = [(root, identity, _device_above(root))]
    entered: set[tuple[int, int]] = set()
    while waiting:
        path, identity, device_above = waiting.pop()
        if identity in entered:
            continue
        entered.add(identity)
        listing = _list(path)
        folder = listing.folder(path, mount=identity[0] != device_above)
        if path == root and folder.empty:
            folder = replace(folder, complete=False)  # an unmounted file system leaves an empty folder behind
        yield folder
        waiting.extend((below, of_below, identity[0]) for below, of_below in sorted(listing.folders, reverse=True))


def _device_above(path: bytes) -> int:
    """Return the device that holds the folder above: where it is another one, a file system is mounted, or a link leads there."""
    try:
        return os.stat(os.path.dirname(path)).st_dev
    except OSError:
        return -1


def _list(path: bytes) -> _Listing:
    listing = _Listing()
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                _note(entry, listing)
    except OSError as error:
        _log.warning("cannot read folder %s: %s", os.fsdecode(path), error.strerror)
        listing.complete = False
    return listing


def _note(entry: os.DirEntry[bytes], listing: _Listing) -> None:
    if is_litter_file(entry.name) or (is_litter_folder(entry.name) and _is_folder(entry)):
        listing.litter += 1
        return
    try:
        status = entry.stat()
    except FileNotFoundError:
        # A link to nothing may lead to a file system that is not mounted now; anything else has just been deleted.
        if entry.is_symlink():
            listing.unreadable.append(entry.path)
        return
    except OSError as error:
        _log.warning("cannot look at %s: %s", os.fsdecode(entry.path), error.strerror)
        listing.unreadable.append(entry.path)
        return
    if stat.S_ISREG(status.st_mode):
        listing.files.append(location_from(entry.path, status))
    elif stat.S_ISDIR(status.st_mode):
        listing.folders.append((entry.path, (status.st_dev, status.st_ino)))


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # looked at once more below, where it is told
