"""Notices: what those who read the index tell the one who writes it."""

from dataclasses import dataclass

from wado_core.model.grayscale import ValueRange
from wado_core.model.uid import InstanceKey


@dataclass(frozen=True, slots=True)
class FileChanged:
    """A file is not what the index says of it."""

    path: bytes


@dataclass(frozen=True, slots=True)
class RangeFound:
    """The range of a frame's values was found (H2.15); version: of its bytes, and of what found it in them."""

    key: InstanceKey
    version: str
    frame_number: int
    values: ValueRange


@dataclass(frozen=True, slots=True)
class IndexDamaged:
    """The file of the index cannot be read."""


Notice = FileChanged | RangeFound | IndexDamaged
