"""Presence: whether a file that is missing has been deleted, or only cannot be seen now."""

import os
from collections.abc import Collection, Container, Sequence
from pathlib import Path

from wado_core.ports import Walk


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


def is_deleted(path: bytes, roots: Sequence[Path], mounts: Collection[bytes], walk: Walk) -> bool:
    """Say whether a file that is not there was deleted, as far as the folders above it can vouch for that.

    roots: what is served.  mounts: folders on which a file system was mounted.
    False when the root is missing, unreadable or empty, or a file system is not mounted any more: then nobody can say.
    """
    # Without a root that is known, or for a root that is this very file, its folder must vouch for it.
    holders = [root for root in map(os.fsencode, roots) if root != path and is_within(path, root)]
    holder = holders[0] if holders else os.path.dirname(path)
    return _looks_whole(holder, walk) and all(_is_mounted(mount, walk) for mount in mounts if is_within(path, mount))


def _looks_whole(folder: bytes, walk: Walk) -> bool:
    found = next(iter(walk(Path(os.fsdecode(folder)))), None)
    return found is not None and found.complete


def _is_mounted(folder: bytes, walk: Walk) -> bool:
    found = next(iter(walk(Path(os.fsdecode(folder)))), None)
    return found is not None and found.mount
