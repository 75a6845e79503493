"""The tally of a run of indexing: what was met, counted and told as it goes on."""

import time
from collections import Counter
from collections.abc import Callable

from wado_core.model.index_status import Progress

# Between two reports of progress.
PROGRESS_EVERY_S = 0.25
# Paths named in a report; the index names all damaged files.
MOST_NAMED = 1000
# What a second look at the same folders meets again.
_MET = ("files_seen", "unchanged", "settling", "folders_unreadable", "litter")


class Tally:
    """Counts by the names of Progress, and the first thousand paths of files that are damaged or could not be read."""

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        """progress: called a few times a second; what it raises ends the run."""
        self._progress = progress
        self._counts: Counter[str] = Counter()
        self._met: dict[str, int] = {}
        self._reported = 0.0
        self.problems: list[tuple[bytes, str]] = []
        self._unreadable: dict[bytes, None] = {}

    def count(self, *names: str, number: int = 1) -> None:
        """Add to some counts, and tell of progress when it is time."""
        for name in names:
            self._counts[name] += number
        now = time.monotonic()
        if self._progress is not None and now - self._reported >= PROGRESS_EVERY_S:
            self._reported = now
            self._progress(self.counts)

    def damaged(self, path: bytes, problem: str) -> None:
        """Name a damaged file."""
        if len(self.problems) < MOST_NAMED:
            self.problems.append((path, problem))

    def unreadable(self, path: bytes) -> None:
        """Name a file or folder that could not be read."""
        if len(self._unreadable) < MOST_NAMED:
            self._unreadable.setdefault(path)

    @property
    def named_unreadable(self) -> tuple[bytes, ...]:
        """The files and folders that could not be read."""
        return tuple(self._unreadable)

    @property
    def counts(self) -> Progress:
        """What was counted so far; what is met again by a second look counts once."""
        return Progress(**(self._counts | self._met))

    def met_again(self) -> None:
        """Begin a second look at the same folders."""
        self._met = {name: self._counts[name] for name in _MET}

    def end(self) -> Progress:
        """Tell of progress for the last time, and return the counts."""
        if self._progress is not None:
            self._progress(self.counts)
        return self.counts
