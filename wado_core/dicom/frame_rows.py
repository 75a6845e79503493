"""Rows of a native frame, read one part after the other: a frame of many pixels is never in memory as a whole (PS3.5 8.1.1, 8.2)."""

from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel
from wado_core.ports import ByteSource

ENDS_WITHIN = "The object ends within (7FE0,0010) Pixel Data (PS3.5 8.2)."


def has_rows(pixel: ImagePixel) -> bool:
    """Whether the rows of a native frame lie one after the other, each of whole bytes: neither planes nor bits (PS3.3 C.7.6.3.1.3).

    Pixels that share their chroma do not count: of an odd number of columns, a pair may lie in two rows (C.7.6.3.1.2).
    """
    if pixel.bits_allocated < 8 or pixel.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        return False
    return pixel.samples_per_pixel == 1 or pixel.planar_configuration == 0


class FrameRows:
    """The rows of one frame, in any thread and any order."""

    __slots__ = ("_offset", "_source", "row_bytes")

    def __init__(self, source: ByteSource, offset: int, pixel: ImagePixel) -> None:
        """Begin at the byte ``offset``. Raises DamagedObject where the object ends before the frame does."""
        self.row_bytes = pixel.columns * pixel.samples_per_pixel * pixel.bits_allocated // 8
        if offset + pixel.rows * self.row_bytes > source.size:
            raise DamagedObject(ENDS_WITHIN)
        self._source = source
        self._offset = offset

    def read(self, first: int, end: int) -> bytes:
        """Return rows ``first … end - 1``, counted from 0, as they lie. Raises what reading the source raises, DamagedObject."""
        length = (end - first) * self.row_bytes
        data = self._source.read(self._offset + first * self.row_bytes, length)
        if len(data) < length:
            raise DamagedObject(ENDS_WITHIN)
        return data
