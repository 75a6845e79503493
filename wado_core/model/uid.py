"""Unique identifiers: the keys of studies, series and instances (PS3.5 9.1)."""

import re
from dataclasses import dataclass

# Leading zeros in a component break PS3.5 9.1 but exist in real archives: looked up as they are (A4.7).
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")

LONGEST_UID = 64


def is_uid(text: str) -> bool:
    """Say whether ``text`` is a dotted decimal UID of 1 to 64 characters (PS3.5 9.1; tolerant of leading zeros, A4.7)."""
    return len(text) <= LONGEST_UID and _UID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Names a series within its study."""

    study_uid: str
    series_uid: str


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """Names an instance by all three UIDs: the same SOP Instance UID may exist under two studies (A4.5, A4.6)."""

    study_uid: str
    series_uid: str
    object_uid: str
