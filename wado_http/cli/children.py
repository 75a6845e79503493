"""The processes of a server: how one is started, listened to and ended, and when one that has ended is replaced."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wado_http.cli.control import READY

# Exit status of a child that cannot begin, and has said why: uvicorn's.
STARTUP_FAILURE = 3
# A child that has lived so long did not end because of its start; one that was ready needs less to show it.
STEADY_S = 10.0
READY_STEADY_S = 1.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
_LONGEST_LINE = 64 * 1024


def pause_s(quick_ends: int) -> float:
    """Return how long to wait before a child is replaced, by how many have ended soon after their start, one after the other."""
    return 0.0 if quick_ends < 2 else min(FIRST_PAUSE_S * 2.0 ** min(quick_ends - 2, 16), LONGEST_PAUSE_S)


class Child:
    """A process that was started, and the supervisor's end of its control socket."""

    def __init__(self, module: str, descriptors: Sequence[int], options: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start ``python -m module CONTROL DESCRIPTOR... OPTION...``; raises OSError.

        In a process group of its own, so that Ctrl-C at a terminal reaches the supervisor alone.
        """
        self.control, theirs = socket.socketpair()
        self.control.setblocking(False)
        passed = [theirs.fileno(), *descriptors]
        try:
            with theirs:
                # -P: a folder in which the server is started may hold anything, and is no place for modules.
                self.process = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-P", "-m", module, *map(str, passed), *options],
                    pass_fds=passed,
                    stdin=subprocess.DEVNULL,
                    env=environment,
                    process_group=0,
                )
        except OSError:
            self.control.close()
            raise
        self.started = time.monotonic()
        self.ready = False
        self.silent = False
        self._received = b""

    def lines(self) -> list[str]:
        """Return the lines that have come; ``silent`` when no more can come."""
        try:
            data = self.control.recv(_LONGEST_LINE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self.silent = not data
        self._received += data
        *whole, self._received = self._received.split(b"\n")
        lines = [line.decode(errors="surrogateescape") for line in whole]
        self.ready = self.ready or READY in lines
        return lines

    def tell(self, line: str) -> None:
        """Send a line."""
        with suppress(OSError):
            self.control.send(f"{line}\n".encode())

    def stop(self) -> None:
        """Let the child end: after what it does now when it is ready, at once before that."""
        if not self.ready:
            with suppress(OSError):
                self.process.terminate()
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End the child, and all that it has started in its group, now."""
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def ending(self) -> str:
        """Say how the process has ended."""
        status = self.process.returncode
        if status is not None and status < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-status).name}"
            return f"was ended by signal {-status}"
        return f"ended with status {status}"


@dataclass(slots=True, eq=False)
class Place:
    """A place that is always to be filled: its child, when the next may start, and how many have ended soon after their start."""

    name: str
    start: Callable[[], Child]
    child: Child | None = None
    due: float = 0.0
    quick_ends: int = 0

    def vacate(self, now: float) -> Child:
        """Note that the child has ended; return it."""
        child = self.child
        assert child is not None  # noqa: S101 - only children that have ended are vacated
        self.child = None
        steady_s = READY_STEADY_S if child.ready else STEADY_S
        self.quick_ends = self.quick_ends + 1 if now - child.started < steady_s else 1
        self.due = now + pause_s(self.quick_ends)
        return child
