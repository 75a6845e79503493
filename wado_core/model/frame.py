"""Frames: where the encoded bytes of each lie (PS3.5 8.2, A.4)."""

from dataclasses import dataclass
from typing import NamedTuple


class ByteRange(NamedTuple):
    """``length`` bytes from ``offset``, counted from the start of the (inflated) file."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The byte ranges of all frames of an instance.

    Native frames follow each other without gaps from ``offset`` on, ``length`` bytes in all (PS3.5 8.2).
    Encapsulated frames are lists of fragments, one list a frame (PS3.5 A.4); ``length`` then spans the whole element.
    words_swapped: 8-bit cells written as big endian OW words (PS3.5 8.1.1).
    """

    offset: int
    length: int
    fragments: tuple[tuple[ByteRange, ...], ...] | None = None
    words_swapped: bool = False


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A finished picture and its media type (PS3.18 8.7.4)."""

    data: bytes
    media_type: str
