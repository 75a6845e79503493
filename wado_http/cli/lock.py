"""The lock on a state folder: one process keeps an index, and the others can say which one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

FILE_NAME = "serve.lock"
# How long a lock may be held by somebody who only looks whether it is held.
_GLANCE_S = 0.3
# How long the indexer of a server that was killed may take to end.
_LEFT_BEHIND_S = 5.0
_TRY_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """Who keeps an index: the command and its process.  disk_cache_bytes: of pictures that it keeps on disk; 0: none."""

    command: str
    process: int
    disk_cache_bytes: int = 0

    def __str__(self) -> str:
        return f"'wado {self.command}' (process {self.process})"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held.

    descriptor: whoever inherits it holds the lock too.  left_behind: the holder before this one was killed, and something that it has
    started may still be about to end.
    """

    descriptor: int
    left_behind: bool


@contextmanager
def holding(state: Path, command: str, disk_cache_bytes: int = 0) -> Iterator[Lock]:
    """Hold the lock on a state folder; raises ClickException when another process holds it. It goes with the process, however it ends."""
    try:
        descriptor = os.open(state / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise click.ClickException(f"The state folder cannot be used: {error.strerror}; choose another with --state.") from error
    try:
        before = _acquire(descriptor)
        _write(descriptor, f"{command} {os.getpid()} {disk_cache_bytes}\n")
        yield Lock(descriptor, left_behind=before is not None)
        _write(descriptor, "")
    finally:
        os.close(descriptor)


def holder(state: Path) -> Holder | None:
    """Return who keeps the index in a state folder, None when nobody does; nothing is written."""
    try:
        descriptor = os.open(state / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _written(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _acquire(descriptor: int) -> Holder | None:
    """Take the lock; return who was written in the file and did not live to take it out again."""
    begin = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found = _written(descriptor)
            if time.monotonic() - begin > (_GLANCE_S if found and _is_alive(found.process) else _LEFT_BEHIND_S):
                raise click.ClickException(_refusal(found)) from None
            time.sleep(_TRY_EVERY_S)
        else:
            return _written(descriptor)


def _refusal(found: Holder | None) -> str:
    if found is None:
        return "Another process keeps the index of these PATHs."
    if found.command == "serve":
        return f"{found} serves these PATHs already. Stop it first, or choose another state folder with --state."
    return f"{found} is writing the index of these PATHs. Try again when it has ended."


def _written(descriptor: int) -> Holder | None:
    with suppress(OSError, ValueError):
        command, process, *disk_cache = os.pread(descriptor, 100, 0).decode("ascii").split()  # one of an earlier version says no more
        return Holder(command, int(process), int(disk_cache[0]) if disk_cache else 0)
    return None


def _write(descriptor: int, text: str) -> None:
    with suppress(OSError):  # the disk may be full: the lock holds all the same
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _is_ended(process)


def _is_ended(process: int) -> bool:
    """Say whether a process has ended and only its parent has not noticed yet, as far as the system tells (Linux)."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b") ")[2][:1] in (b"Z", b"X")
    return False
