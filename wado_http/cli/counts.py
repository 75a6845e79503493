"""How many connections each worker has: a few numbers that the processes of a server share."""

import mmap
import os
import tempfile

# What a worker counts that accepts nothing, because it is not ready or has ended: more than any other.
_ABSENT = 2**31 - 1


class Counts:
    """How many connections each worker has, in memory that they share; each writes its own.

    The counts need not be exact at any moment: who reads an old one accepts a connection too many, or two milliseconds late.
    """

    def __init__(self, descriptor: int, workers: int) -> None:
        """Map what ``new`` has made; the descriptor may be closed then."""
        self._counts = memoryview(mmap.mmap(descriptor, 4 * workers)).cast("i")

    @classmethod
    def new(cls, workers: int) -> tuple["Counts", int]:
        """Return counts of workers that are all absent, and the descriptor that they are shared by."""
        if hasattr(os, "memfd_create"):  # Linux
            descriptor = os.memfd_create("wado-connections")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, 4 * workers)
        counts = cls(descriptor, workers)
        for worker in range(workers):
            counts.leave(worker)
        return counts, descriptor

    def set(self, worker: int, connections: int) -> None:
        """Write the number of a worker's connections."""
        self._counts[worker] = connections

    def leave(self, worker: int) -> None:
        """Note that a worker accepts nothing."""
        self._counts[worker] = _ABSENT

    def others_have_fewer(self, worker: int) -> bool:
        """Whether any other worker has fewer connections."""
        return self._counts[worker] > min(self._counts)

    def of_others(self, worker: int) -> list[int]:
        """Return what the others have, for comparison."""
        return [count for number, count in enumerate(self._counts) if number != worker]
