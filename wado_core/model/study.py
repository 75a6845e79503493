"""Studies and series as listings show them."""

from dataclasses import dataclass
from enum import Enum

from wado_core.model.instance import Listing
from wado_core.model.uid import InstanceKey


@dataclass(frozen=True, slots=True)
class InstanceSummary:
    """An instance in a list; shown_frame: the one of its frames that stands for it."""

    key: InstanceKey
    number: int | None
    frames: int
    has_picture: bool
    shown_frame: int = 1


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """A series on a page; instances: how many.  representative: the one that stands for it (``representative_place``)."""

    series_uid: str
    modality: str
    number: int | None
    description: str
    instances: int
    representative: InstanceSummary


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study on a page, with some of its series in order of their numbers; series_total: how many it has."""

    study_uid: str
    listing: Listing
    series: tuple[SeriesSummary, ...]
    series_total: int


def representative_place(instances: int) -> int:
    """Return which of so many instances, in the order of their numbers, stands for all, counted from 0: the middle one.

    It shows more of the body than the first, often a localizer or air. Those without a picture do not count where others have one.
    """
    return instances // 2


@dataclass(frozen=True, slots=True)
class Totals:
    """What an index holds: distinct studies, series and instances; files read; those skipped (archives such as zip apart) or damaged."""

    studies: int
    series: int
    instances: int
    files: int
    not_dicom: int
    damaged: int
    packed: int = 0


class Standing(Enum):
    """What an index knows of an instance."""

    UNKNOWN = "never seen"
    KNOWN = "known"
    GONE = "its last copy has been deleted"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An instance with several copies: the first path is the one that is served; differ: in size or in their first bytes."""

    key: InstanceKey
    paths: tuple[bytes, ...]
    differ: bool
