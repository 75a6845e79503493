"""The installed program ffmpeg: found on the path, run within bounds, and nothing of it left behind (docs/adr/0018)."""

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import IO

from wado_core.errors import LimitExceeded, Unavailable
from wado_core.interrupts import interrupts_withheld

_LAUNCHER = Path(__file__).with_name("bounded_program.py")
_VERSION_S = 10.0
_MOST_COMPLAINTS = 4096
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may cost: seconds, and bytes of address space."""

    deadline_s: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    output: what it wrote, no more than one byte beyond what was allowed.  complaints: the beginning of what it said, for the log.
    status: 0, its exit status, or the negative number of the signal that ended it.
    """

    output: bytes
    complaints: bytes
    status: int


def program() -> str | None:
    """Return the path of the installed ffmpeg, None without one."""
    return shutil.which("ffmpeg")


def program_version() -> str:
    """Return the version of the installed ffmpeg, which decides decoded values; "" without one, or when it does not say."""
    path = program()
    if path is None:
        return ""
    try:
        status = os.stat(path)
        return _version(path, status.st_size, status.st_mtime_ns)
    except (OSError, subprocess.SubprocessError):
        return ""


@lru_cache(maxsize=4)
def _version(path: str, _size: int, _mtime_ns: int) -> str:
    """Ask each program that has been installed once."""
    with interrupts_withheld():
        said = subprocess.run([path, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_VERSION_S, check=True)  # noqa: S603
    words = said.stdout.split(maxsplit=3)
    return words[2].decode("ascii", "replace") if len(words) > 2 else ""


def run(path: str, arguments: Sequence[str], data: bytes, most_output: int, bounds: Bounds) -> Run:
    """Run ffmpeg, ``data`` being what it reads as its standard input, at any place of it.

    It is killed at the deadline, when it writes more than ``most_output`` bytes, and when the calling thread or process ends.
    Raises LimitExceeded at the deadline, Unavailable when it cannot be run now.
    """
    with ExitStack() as given_back:
        try:
            file = given_back.enter_context(_anonymous_file(data))
            child = _started([path, *arguments], file, bounds)
        except OSError as error:
            raise Unavailable("The program ffmpeg cannot be run now.") from error
        given_back.callback(_end, child)
        output, complaints = _read(child, most_output, time.monotonic() + bounds.deadline_s)
        if len(output) > most_output:
            child.kill()
        return Run(bytes(output), bytes(complaints), child.wait())


def _anonymous_file(data: bytes) -> IO[bytes]:
    """Return a file without a name: an MP4 may have the table of its pictures at its end, which no pipe could give."""
    if sys.platform == "linux":
        file: IO[bytes] = os.fdopen(os.memfd_create("video"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        file.write(data)
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _started(command: list[str], file: IO[bytes], bounds: Bounds) -> "subprocess.Popen[bytes]":
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    launcher += [str(number) for number in (os.getpid(), bounds.most_bytes, ceil(bounds.deadline_s) + 1)]
    with interrupts_withheld():
        return subprocess.Popen(  # noqa: S603 - our own script, and a program on the path
            launcher + command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, cwd="/", env=_environment()
        )


def _environment() -> dict[str, str]:
    """Leave it what finds its libraries: no proxies, no log files of its own (FFREPORT)."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG")}


def _read(child: "subprocess.Popen[bytes]", most_output: int, deadline: float) -> tuple[bytearray, bytearray]:
    """Return what the program writes until it ends, or until that is more than ``most_output``; LimitExceeded at the deadline."""
    assert child.stdout is not None and child.stderr is not None  # noqa: S101, PT018 - pipes were asked for
    output, complaints = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, into in ((child.stdout, output), (child.stderr, complaints)):
            selector.register(pipe, selectors.EVENT_READ, into)
        while selector.get_map() and len(output) <= most_output:
            remaining = deadline - time.monotonic()
            ready = selector.select(remaining) if remaining > 0 else []
            if not ready:
                raise LimitExceeded("The deadline has passed.")
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data is output or len(complaints) < _MOST_COMPLAINTS:
                    key.data.extend(data)
    return output, complaints


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()  # nothing happens where it has ended already
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
