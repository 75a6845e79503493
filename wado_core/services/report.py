"""The report of a run of indexing."""

from dataclasses import dataclass

from wado_core.model.index_status import Progress
from wado_core.model.study import Totals


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    counts: of this run.  totals: of the whole index after it.  problems: path and reason of files found damaged in this run, the first
    thousand.  settling: folders that hold files too young to be read, the first ten thousand.  unreadable: folders and files
    that could not be read, the first thousand.  complete: every root could be walked.
    """

    counts: Progress
    totals: Totals
    problems: tuple[tuple[bytes, str], ...]
    duration_s: float
    settling: tuple[bytes, ...] = ()
    unreadable: tuple[bytes, ...] = ()
    complete: bool = True

    @property
    def files_read_per_s(self) -> float:
        """Files read per second of the whole run."""
        return self.counts.files_read / self.duration_s if self.duration_s else 0.0

    @property
    def files_seen_per_s(self) -> float:
        """Files met per second of the whole run, skipped ones included."""
        return self.counts.files_seen / self.duration_s if self.duration_s else 0.0
