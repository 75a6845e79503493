"""RLE Lossless frames: byte planes, each run-length coded (PS3.5 Annex G)."""

from dataclasses import replace
from struct import unpack_from

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Decoded, check_width
from wado_core.codecs.native import arrange, cells_of
from wado_core.errors import DamagedObject
from wado_core.kernels.rle import interleave, unpack_segment
from wado_core.model.image_pixel import ImagePixel

_HEADER_BYTES = 64
_MOST_SEGMENTS = 15


def decode(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode an RLE frame of cells of any width.

    Segments run from the most significant byte of the first sample on (G.2). Cells of 1 bit are packed as native ones are, each frame
    for itself, into one segment a sample.
    Raises DamagedObject, NotSupported.
    """
    check_width(pixel)
    width, samples = max(pixel.bits_allocated // 8, 1), pixel.samples_per_pixel
    plane_bytes = (pixel.rows * pixel.columns * min(pixel.bits_allocated, 8) + 7) // 8
    segments = _segments(encoded, width * samples, pixel)
    planes = np.empty((len(segments), plane_bytes), np.uint8)
    written = np.zeros(1, np.int64)
    for number, segment in enumerate(segments):
        sample, byte = divmod(number, width)
        # Little endian cells, samples of a pixel side by side: segment 0 is the high byte of the first sample.
        unpack_segment(planes[sample * width + width - 1 - byte], segment, written)
        if written[0] < plane_bytes:
            raise DamagedObject(
                f"(7FE0,0010) Pixel Data: segment {number + 1} of the RLE frame gives {written[0]} of {plane_bytes} bytes (PS3.5 G.3.1)."
            )
    photometric = "YBR_FULL" if pixel.photometric_interpretation == "YBR_FULL_422" else pixel.photometric_interpretation  # whole planes
    if pixel.bits_allocated == 1:
        one_bit = replace(pixel, photometric_interpretation=photometric, samples_per_pixel=1)
        cells = np.concatenate([cells_of(plane, one_bit, "<") for plane in planes])
        return arrange(cells, replace(pixel, photometric_interpretation=photometric, planar_configuration=1))
    described = replace(pixel, photometric_interpretation=photometric, planar_configuration=0)
    if len(segments) == 1:
        return arrange(planes[0], described)
    cells = np.empty(planes.size, np.uint8)
    interleave(cells, planes)
    return arrange(cells_of(cells, described, "<"), described)


def _segments(encoded: bytes, expected: int, pixel: ImagePixel) -> list[npt.NDArray[np.uint8]]:
    """Return the segments as the header of the frame states them (G.5)."""
    if expected > _MOST_SEGMENTS:
        raise DamagedObject(
            f"(0028,0100) Bits Allocated {pixel.bits_allocated} and (0028,0002) Samples per Pixel {pixel.samples_per_pixel} ask for "
            f"{expected} segments; an RLE frame has room for {_MOST_SEGMENTS} (PS3.5 G.5)."
        )
    if len(encoded) < _HEADER_BYTES:
        raise DamagedObject("(7FE0,0010) Pixel Data: the RLE header of a frame is cut short (PS3.5 G.5).")
    count, *offsets = unpack_from("<16L", encoded)
    if count != expected:
        raise DamagedObject(
            f"The RLE frame holds {count} segments; (0028,0100) Bits Allocated {pixel.bits_allocated} and (0028,0002) Samples per Pixel "
            f"{pixel.samples_per_pixel} ask for {expected} (PS3.5 G.2)."
        )
    data = np.frombuffer(encoded, np.uint8)
    ends = [*offsets[1:count], len(encoded)]
    if not all(_HEADER_BYTES <= start <= end <= len(encoded) for start, end in zip(offsets, ends, strict=False)):
        raise DamagedObject(
            "(7FE0,0010) Pixel Data: the RLE header of a frame points outside of it, or its offsets do not rise (PS3.5 G.5)."
        )
    return [data[start:end] for start, end in zip(offsets, ends, strict=False)]
