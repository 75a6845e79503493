"""How far the indexing of the folders is, as whoever watches a server is told."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one run so far.

    files_seen: regular files met, litter left out.  unchanged: of these, known and skipped.  moved: of these, known by another path
    and not read again.  settling: of these, so young that they may still be being written; the next look takes them.
    files_read: read, with one of the results instances (objects, counting every copy), not_dicom, packed (archives such as zip),
    damaged.  unreadable: could not be read now, or changed while they were read; the next run tries again.  forgotten: known files
    that have gone.  folders_unreadable: nothing in them was forgotten.  litter: passed over by name, such as ``._IM1`` and Thumbs.db.
    """

    files_seen: int = 0
    unchanged: int = 0
    moved: int = 0
    settling: int = 0
    files_read: int = 0
    instances: int = 0
    not_dicom: int = 0
    packed: int = 0
    damaged: int = 0
    unreadable: int = 0
    forgotten: int = 0
    folders_unreadable: int = 0
    litter: int = 0


class Phase(StrEnum):
    """What the indexer does."""

    STARTING = "starting"
    INDEXING = "indexing"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the indexer said last; times are seconds of the Unix clock.

    complete: all folders have been walked to their end since the index was made, so that what it does not know is not there.
    counts: of the run that goes on, or of the last one.  started_s: when that run began.  finished_s, duration_s: of the last run
    that ended.  updated_s: when this was said.  trouble: why indexing does not get on, "" when it does.
    """

    phase: Phase
    complete: bool = False
    counts: Progress = Progress()
    started_s: float = 0.0
    updated_s: float = 0.0
    finished_s: float | None = None
    duration_s: float | None = None
    trouble: str = ""
