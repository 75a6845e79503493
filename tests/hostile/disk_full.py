"""Disks that are full, or become full."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hostile.mounts import mounted

_BLOCK = 64 << 10


@contextmanager
def small_disk(folder: Path, size_bytes: int = 4 << 20) -> Iterator[Path]:
    """Give ``folder``, which is made, on a disk of its own of ``size_bytes``; skip the test where nothing can be mounted.

    Everything that uses files on it must be closed before it is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with mounted(folder, size_bytes):
        yield folder


def fill(folder: Path, *, leave_bytes: int = 0, name: str = "filling") -> Path:
    """Fill the disk of ``folder`` by one file, but for whole blocks of ``leave_bytes``; deleting that file makes room again."""
    path = folder / name
    with open(path, "wb", buffering=0) as file:
        for size in (_BLOCK, 4096, 512, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    written = path.stat().st_size
    os.truncate(path, max(written - leave_bytes, 0))
    return path
