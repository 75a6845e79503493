"""Frames: where the encoded bytes of each lie, and the columns of what differs from frame to frame (PS3.5 8.2, A.4)."""

from dataclasses import dataclass

from wado_core.model.byte_range import ByteRange
from wado_core.model.grayscale import FrameTransform

# Frames of a chunk: a look-up reads one chunk, some kilobytes, whatever the number of frames.
FRAMES_OF_A_CHUNK = 256
# More chunks than these would cost more than their frames; only numbers of frames beyond four million lead to longer chunks.
_MOST_CHUNKS = 16384
_OFFSET_BYTES, _LENGTH_BYTES = 8, 4


def frames_of_a_chunk(number_of_frames: int) -> int:
    """Return how many frames a chunk has when frames differ."""
    return max(FRAMES_OF_A_CHUNK, -(-number_of_frames // _MOST_CHUNKS))


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """How the frames of an instance lie, the same for all of them.

    Native frames follow each other without gaps from ``offset`` on, ``length`` bytes that are there in all (PS3.5 8.2).
    Encapsulated frames are fragments (PS3.5 A.4), whose byte ranges the chunks hold; ``length`` then spans the whole element.
    frames_of_a_chunk: 0 when one chunk covers all frames.
    words_swapped: cells that are not words themselves, written as big endian OW words, of wider cells the lowest first (PS3.5 8.1.1).
    """

    offset: int
    length: int
    encapsulated: bool = False
    frames_of_a_chunk: int = 0
    words_swapped: bool = False


@dataclass(frozen=True, slots=True)
class FrameChunk:
    """The columns of ``count`` consecutive frames from frame number ``first`` on; what frames do not need is empty.

    offsets, lengths: of every fragment, little-endian int64 (from the start of the file) and uint32.
    first_fragments: for each frame the place of its first fragment among those of this chunk, little-endian uint32; empty when
        each frame has exactly one. Frames of a video are one stream (PS3.5 8.2.5): its chunk holds them as one frame.
    transforms, transform_of_frame: the distinct transformations of this chunk, and for each frame the place of its own among
        them, little-endian integers of the width that the number of frames gives; empty when ``transforms[0]`` holds for all.

    Columns are bytes and not tuples: 200,000 tiles of a slide are then 2.4 MB, and a chunk is stored and loaded as it is.
    """

    first: int
    count: int
    offsets: bytes = b""
    lengths: bytes = b""
    first_fragments: bytes = b""
    transforms: tuple[FrameTransform, ...] = ()
    transform_of_frame: bytes = b""

    def __contains__(self, frame_number: int) -> bool:
        return self.first <= frame_number < self.first + self.count

    def transform(self, frame_number: int) -> FrameTransform:
        """Return the transformations of a frame of this chunk."""
        if not self.transform_of_frame:
            return self.transforms[0] if self.transforms else FrameTransform()
        width = len(self.transform_of_frame) // self.count
        return self.transforms[_number(self.transform_of_frame, frame_number - self.first, width)]

    def fragments(self, frame_number: int) -> tuple[ByteRange, ...]:
        """Return the byte ranges of an encapsulated frame of this chunk, in the order in which they are joined."""
        start, end = self._fragments_before(frame_number), self._fragments_before(frame_number + 1)
        return tuple(
            ByteRange(_number(self.offsets, place, _OFFSET_BYTES), _number(self.lengths, place, _LENGTH_BYTES))
            for place in range(start, end)
        )

    def fragments_of(self, frame_number: int) -> int:
        """Return how many fragments an encapsulated frame of this chunk has."""
        return self._fragments_before(frame_number + 1) - self._fragments_before(frame_number)

    def _fragments_before(self, frame_number: int) -> int:
        """Return how many fragments of this chunk lie before a frame, which may be the one behind the last."""
        position = frame_number - self.first
        if not self.first_fragments:
            return position
        return len(self.lengths) // _LENGTH_BYTES if position == self.count else _number(self.first_fragments, position, 4)


def _number(column: bytes, place: int, width: int) -> int:
    return int.from_bytes(column[place * width : (place + 1) * width], "little")


@dataclass(frozen=True, slots=True)
class Mark:
    """A tile of a contact sheet, counted from 0, that is not shown, and why; passing: it may well be shown the next time."""

    number: int
    reason: str
    passing: bool


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A finished picture and its media type (PS3.18 8.7.4).  marks: of a contact sheet, the tiles that it does not show."""

    data: bytes
    media_type: str
    marks: tuple[Mark, ...] = ()

    @property
    def passing(self) -> bool:
        """Whether the next picture that is made of the same plan may well be another."""
        return any(mark.passing for mark in self.marks)
