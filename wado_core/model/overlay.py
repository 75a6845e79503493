"""Overlay planes: where the bits of graphics over an image lie (PS3.3 C.9.2, C.9.3)."""

from dataclasses import dataclass

from wado_core.model.byte_range import ByteRange


@dataclass(frozen=True, slots=True)
class StoredOverlay:
    """An overlay plane of type G (graphics), or several for consecutive frames (PS3.3 C.9.2, C.9.3, H5.15).

    group: 0x6000 to 0x60FE, even.  rows, columns: of the plane, each at least 1.
    origin_row, origin_column: the image pixel on which its first bit lies, counted from 1; may be less, or beyond the image.
    first_frame, frames: the frames of the image that it lies over, from 1; frame by frame, its planes follow each other bit by bit.
        frames None: one plane lies over every frame.
    data: bytes that hold it, bits packed from the least significant on, rows and planes without padding; None where it is
        embedded in the pixel cells of the frame, one bit of each (retired, PS3.3-2004 C.9.2).
    bit_position: bit of the pixel cell, from 0, of an embedded one.
    words_swapped: bytes of big endian OW words (PS3.5 8.1.2).
    """

    group: int
    rows: int
    columns: int
    origin_row: int = 1
    origin_column: int = 1
    first_frame: int = 1
    frames: int | None = None
    data: ByteRange | None = None
    bit_position: int = 0
    words_swapped: bool = False

    def lies_over(self, frame_number: int) -> bool:
        """Whether it has a plane for a frame of the image, counted from 1."""
        return self.frames is None or self.first_frame <= frame_number < self.first_frame + self.frames

    def plane_of(self, frame_number: int) -> int:
        """Return which of its planes, from 0, lies over a frame that it lies over."""
        return 0 if self.frames is None else frame_number - self.first_frame
