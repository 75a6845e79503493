"""Presence: whether a file that is missing has been deleted, or only cannot be seen now."""

import os
import time
from collections.abc import Collection, Container, Sequence
from pathlib import Path

from wado_core.model.instance import Location
from wado_core.ports import Store


def outermost(roots: Sequence[Path]) -> tuple[Path, ...]:
    """Return the roots as absolute paths, each once, without those that lie within another."""
    paths = dict.fromkeys(os.path.abspath(os.fsencode(root)) for root in roots)
    outer = [path for path in paths if path == b"/" or not lies_below(os.path.dirname(path), paths)]
    return tuple(Path(os.fsdecode(path)) for path in outer)


def lies_below(path: bytes, folders: Container[bytes]) -> bool:
    """Say whether a path or any folder above it is among ``folders``, however many these are."""
    while path not in folders:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def is_within(path: bytes, folder: bytes) -> bool:
    """Say whether a path is a folder, or lies in it."""
    return path == folder or path.startswith(folder if folder.endswith(b"/") else folder + b"/")


def is_deleted(path: bytes, roots: Sequence[Path], mounts: Collection[bytes], store: Store) -> bool:
    """Say whether a file that is not there was deleted, as far as the folders above it can vouch for that.

    roots: what is served.  mounts: folders on which a file system was mounted.
    False when the root is missing, unreadable or empty, or a file system is not mounted any more: then nobody can say.
    """
    # Without a root that is known, or for a root that is this very file, its folder must vouch for it.
    holders = [root for root in map(os.fsencode, roots) if root != path and is_within(path, root)]
    found = store.glance(holders[0] if holders else os.path.dirname(path))
    return found.readable and not found.empty and not unmounted_above(path, mounts, store)


def unmounted_above(path: bytes, mounts: Collection[bytes], store: Store) -> list[bytes]:
    """Return the mount points at or above a path on which no file system is mounted now."""
    return [mount for mount in mounts if is_within(path, mount) and not store.glance(mount).mount]


def is_settling(location: Location, settling_s: float) -> bool:
    """Say whether a file is so young that it may still be being written; clocks of servers may be ahead a little."""
    return abs(time.time_ns() - location.mtime_ns) < settling_s * 1e9
