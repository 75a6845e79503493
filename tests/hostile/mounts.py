"""Small file systems in memory, mounted and taken away again as the tests ask; only the superuser may."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, size_bytes: int = 16 << 20) -> Iterator[Path]:
    """Mount an empty file system of this size on ``folder``; skip the test where that is not permitted.

    The body may unmount it by ``unmount``; it is gone afterwards in any case.
    """
    mount(folder, size_bytes)
    try:
        yield folder
    finally:
        while folder.is_mount():
            unmount(folder)


def mount(folder: Path, size_bytes: int = 16 << 20) -> None:
    """Mount an empty file system; skip the test where that is not permitted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no program that mounts file systems")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    """Take a file system away, with all that is on it."""
    subprocess.run(["umount", folder], check=True)


@contextmanager
def kept(folder: Path, elsewhere: Path) -> Iterator[Path]:
    """Mount what is mounted on ``folder`` on ``elsewhere`` too, so that it outlives being unmounted from the first."""
    elsewhere.mkdir(exist_ok=True)
    bind(folder, elsewhere)
    try:
        yield elsewhere
    finally:
        unmount(elsewhere)


def bind(folder: Path, elsewhere: Path) -> None:
    """Mount what is mounted on one folder on another one too."""
    subprocess.run(["mount", "--bind", folder, elsewhere], check=True)
