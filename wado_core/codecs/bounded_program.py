"""Becomes another program within bounds, run as a script by `video`: it imports nothing of wado, so it is there within 20 ms.

``python -I -S bounded_program.py PARENT MOST_BYTES CPU_SECONDS PROGRAM ARGUMENTS…``

A program cannot be bounded from outside without a race, nor by code between fork and exec in a process with threads.
"""

import os
import resource
import sys
from contextlib import suppress

_PRIORITY = 15
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def main(parent: int, most_bytes: int, cpu_s: int, command: list[str]) -> None:
    """Bound this process, and become ``command``.

    most_bytes: of address space (not enforced on macOS).  cpu_s: ends a program that loops when nobody is left to kill it.
    It writes no files, and leaves no core.
    """
    _end_with_the_thread_that_started_us(parent)
    os.nice(_PRIORITY)
    for limit, most in ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    if sys.platform != "darwin":  # which reserves more address space than any useful limit
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    os.execv(command[0], command)  # noqa: S606 - that is what this script is for


def _end_with_the_thread_that_started_us(parent: int) -> None:
    """Ask Linux for a signal when that thread ends: it waits for the program as long as it lives."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # gone before we asked
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
