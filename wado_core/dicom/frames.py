"""What a picture needs of an opened object, read from where the instance says it lies (PS3.5 8.2, A.4)."""

from collections.abc import Iterable, Iterator

import numpy as np

from wado_core.dicom.elements import swapped
from wado_core.dicom.frame_rows import ENDS_WITHIN, FrameRows
from wado_core.dicom.lut import read_lut, read_palette
from wado_core.dicom.overlays import read_overlay
from wado_core.dicom.source import Inflate, inflated
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import Palette, StoredPalette
from wado_core.model.frame import FrameLayout
from wado_core.model.grayscale import Lut, StoredLut
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.overlay import StoredOverlay
from wado_core.ports import ByteSource
from wado_core.settings import Limits

NO_IMAGE = "The object holds no image: it has no (7FE0,0010) Pixel Data (PS3.3 C.7.6.3)."


class FrameReader:
    """Reads encoded frames, lookup tables and palettes of one opened object; a deflated one is inflated once for all of them."""

    __slots__ = ("_inflate", "_inflated", "_instance", "_limits", "_source")

    def __init__(self, source: ByteSource, instance: Instance, limits: Limits, inflate: Inflate = inflated) -> None:
        """Make the reader.

        instance: describes what ``source`` holds, with the columns of the frames that will be read.
        inflate: how a deflated object is inflated.
        """
        self._source = source
        self._instance = instance
        self._limits = limits
        self._inflate = inflate
        self._inflated: ByteSource | None = None

    def frame(self, frame_number: int, most_bytes: int | None = None) -> bytes:
        """Return the encoded bytes of a frame, its fragments joined.

        frame_number: from 1 to ``number_of_frames``.  most_bytes: of an encapsulated frame, the beginning is enough.
        The frames of a video are one stream, which is returned for any of them.
        Raises DamagedObject, NotSupported, LimitExceeded, Unavailable.
        """
        layout, pixel = self._image()
        if self._instance.transfer_syntax.video:
            return joined(self._data_set(), self._video(), frame_number)
        if layout.encapsulated:
            fragments = self._instance.fragments(frame_number)
            return joined(self._data_set(), fragments if most_bytes is None else _beginning(fragments, most_bytes), frame_number)
        return _native(self._data_set(), layout, pixel, frame_number)

    def rows(self, frame_number: int) -> FrameRows:
        """Return the rows of a native frame that has such (``has_rows``), whose words are in order, to be read when they are needed.

        Raises DamagedObject, NotSupported; and LimitExceeded, Unavailable of what is deflated.
        """
        layout, pixel = self._image()
        assert not layout.encapsulated and not layout.words_swapped  # noqa: S101, PT018 - not asked for by whoever keeps to the above
        _check_length(layout, pixel, frame_number)
        return FrameRows(self._data_set(), layout.offset + (frame_number - 1) * pixel.native_frame_bits // 8, pixel)

    def _image(self) -> tuple[FrameLayout, ImagePixel]:
        layout, pixel = self._instance.frames, self._instance.image_pixel
        if layout is None or pixel is None:
            raise NotSupported(self._instance.image_problem or NO_IMAGE)
        return layout, pixel

    def _video(self) -> tuple[ByteRange, ...]:
        fragments = self._instance.fragments(1)
        if sum(one.length for one in fragments) > self._limits.video_bytes:
            raise LimitExceeded(
                f"The video stream in (7FE0,0010) Pixel Data is longer than the configured {self._limits.video_bytes} bytes (PS3.5 8.2.5)."
            )
        return fragments

    def lut(self, stored: StoredLut) -> Lut:
        """Return a lookup table with its entries. Raises DamagedObject, LimitExceeded, Unavailable."""
        return read_lut(self._data_set(), stored)

    def overlay(self, stored: StoredOverlay, frame_number: int, first_row: int, rows: int) -> tuple[bytes, int]:
        """Return bytes that hold ``rows`` rows of an overlay's plane for a frame, and the place of the first of their bits.

        stored: not an embedded one, and one that lies over the frame.  first_row: from 0.
        Raises DamagedObject, LimitExceeded, Unavailable.
        """
        return read_overlay(self._data_set(), stored, stored.plane_of(frame_number), first_row, rows)

    def palette(self, stored: StoredPalette) -> Palette:
        """Return a palette with its entries. Raises DamagedObject, LimitExceeded, Unavailable."""
        return read_palette(self._data_set(), stored)

    def icc_profile(self, stored: ByteRange) -> bytes:
        """Return an ICC profile. Raises DamagedObject, LimitExceeded, Unavailable."""
        return _read(self._data_set(), *stored)

    def _data_set(self) -> ByteSource:
        """Return the source in which all byte ranges count."""
        if not self._instance.transfer_syntax.deflated:
            return self._source
        if self._inflated is None:
            self._inflated = self._inflate(self._source, self._instance.data_set_offset, self._limits.inflated_bytes)
        return self._inflated


def _beginning(fragments: Iterable[ByteRange], length: int) -> Iterator[ByteRange]:
    """Yield the fragments that hold the first bytes of a frame, the last of them cut."""
    for one in fragments:
        if length <= 0:
            return
        yield ByteRange(one.offset, min(one.length, length))
        length -= one.length


def joined(source: ByteSource, fragments: Iterable[ByteRange], frame_number: int) -> bytes:
    """Return the fragments of an encapsulated frame as one code stream. Raises DamagedObject, Unavailable."""
    data = b"".join([_read(source, one.offset, one.length) for one in fragments if one.length])
    if not data:
        raise DamagedObject(f"(7FE0,0010) Pixel Data holds no byte of frame {frame_number} (PS3.5 A.4).")
    return data


def _native(source: ByteSource, layout: FrameLayout, pixel: ImagePixel, frame_number: int) -> bytes:
    """Return a native frame from its first cell on, which for cells of 1 bit may lie within a byte (PS3.5 8.1.1)."""
    bits = pixel.native_frame_bits
    first_bit, end_bit = (frame_number - 1) * bits, frame_number * bits
    _check_length(layout, pixel, frame_number)
    first, last = first_bit // 8, (end_bit + 7) // 8
    if not layout.words_swapped:
        data = _read(source, layout.offset + first, last - first)
    elif pixel.bits_allocated <= 8:
        aligned = first & ~1
        words = _read(source, layout.offset + aligned, ((last + 1) & ~1) - aligned)
        data = swapped(words, 2)[first - aligned : last - aligned]
    else:
        data = swapped(swapped(_read(source, layout.offset + first, last - first), 2), pixel.bits_allocated // 8)
    return from_bit(data, first_bit % 8, (bits + 7) // 8)


def _check_length(layout: FrameLayout, pixel: ImagePixel, frame_number: int) -> None:
    if frame_number * pixel.native_frame_bits > layout.length * 8:
        raise DamagedObject(too_short(layout.length, pixel, frame_number))


def too_short(length: int, pixel: ImagePixel, frame_number: int) -> str:
    """Say that native pixel data of ``length`` bytes ends before a frame does, counted from 1."""
    needed, size = (pixel.native_frame_bits * frame_number + 7) // 8, f"{pixel.rows} × {pixel.columns}"
    asks = f"1 frame of {size} pixels needs" if frame_number == 1 else f"{frame_number} frames of {size} pixels need"
    return f"{name_of_pixels(pixel)} holds {length} bytes; {asks} {needed} (PS3.5 8.2)."


def name_of_pixels(pixel: ImagePixel) -> str:
    """Return tag and name of the element that holds native pixels."""
    if not pixel.floating:
        return "(7FE0,0010) Pixel Data"
    return "(7FE0,0008) Float Pixel Data" if pixel.bits_allocated == 32 else "(7FE0,0009) Double Float Pixel Data"


def from_bit(data: bytes, bit: int, length: int) -> bytes:
    """Return ``length`` bytes of the stream of bits that begins at a bit of the first byte, the lowest being 0."""
    if bit == 0:
        return data
    octets = np.frombuffer(data, np.uint8)
    shifted = octets >> np.uint8(bit)
    shifted[:-1] |= octets[1:] << np.uint8(8 - bit)
    return shifted[:length].tobytes()


def _read(source: ByteSource, offset: int, length: int) -> bytes:
    data = source.read(offset, length)
    if len(data) < length:
        raise DamagedObject(ENDS_WITHIN)
    return data
