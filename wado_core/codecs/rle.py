"""RLE Lossless frames: byte planes, each run-length coded (PS3.5 Annex G)."""

from dataclasses import replace
from struct import unpack_from

import numpy as np

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.native import arrange
from wado_core.errors import DamagedObject
from wado_core.kernels.rle import unpack_segment
from wado_core.model.image_pixel import ImagePixel


def decode(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode an RLE frame of 8- or 16-bit cells; segments run from the most significant byte of the first sample on (G.2)."""
    width = pixel.bits_allocated // 8
    segments = width * pixel.samples_per_pixel
    pixels = pixel.rows * pixel.columns
    if len(encoded) < 64:
        raise DamagedObject("The RLE header of the frame is cut short.")
    count, *offsets = unpack_from("<16L", encoded)
    if count != segments or count > len(offsets):
        raise DamagedObject(f"The RLE frame holds {count} segments; its header asks for {segments}.")
    data = np.frombuffer(encoded, np.uint8)
    out = np.zeros(pixels * segments, np.uint8)
    written = np.zeros(1, np.int64)
    for number in range(segments):
        start = offsets[number]
        end = offsets[number + 1] if number + 1 < segments else len(encoded)
        if not 64 <= start <= end <= len(encoded):
            raise DamagedObject("The RLE header of the frame points outside of it.")
        sample, byte = divmod(number, width)
        # Little endian cells, samples of a pixel side by side: segment 0 is the high byte of the first sample.
        unpack_segment(out, sample * width + width - 1 - byte, segments, data[start:end], written)
        if written[0] < pixels:
            raise DamagedObject(f"Segment {number + 1} of the RLE frame is cut short.")
    cells = out if width == 1 else out.view("<u2").astype(np.uint16, copy=False)
    photometric = "YBR_FULL" if pixel.photometric_interpretation == "YBR_FULL_422" else pixel.photometric_interpretation  # whole planes
    return arrange(cells, replace(pixel, photometric_interpretation=photometric, planar_configuration=0))
