"""Native frames: cells as they lie (PS3.5 8.1, 8.2; PS3.3 C.7.6.3.1.3)."""

from dataclasses import replace

import numpy as np

from wado_core.codecs.decoded import Cells, Decoded
from wado_core.kernels import color
from wado_core.model.image_pixel import ImagePixel


def decode_little_endian(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a native little endian frame of 8- or 16-bit cells."""
    cells = np.frombuffer(encoded, np.uint8 if pixel.bits_allocated == 8 else np.dtype("<u2"))
    return arrange(_native_order(cells), pixel)


def decode_big_endian(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a native big endian frame of 8- or 16-bit cells; 8-bit cells in OW words have been put in order before."""
    cells = np.frombuffer(encoded, np.uint8 if pixel.bits_allocated == 8 else np.dtype(">u2"))
    return arrange(_native_order(cells), pixel)


def _native_order(cells: Cells) -> Cells:
    return cells if cells.dtype.isnative else cells.astype(cells.dtype.newbyteorder("="))


def arrange(cells: Cells, pixel: ImagePixel) -> Decoded:
    """Shape flat cells as ``(rows, columns)`` or ``(rows, columns, 3)``, whatever the Planar Configuration (H1.8)."""
    rows, columns, samples = pixel.rows, pixel.columns, pixel.samples_per_pixel
    if pixel.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        photometric = pixel.photometric_interpretation.replace("YBR_FULL_422", "YBR_FULL")
        return Decoded(_unpacked_422(cells, rows, columns), replace(pixel, photometric_interpretation=photometric, planar_configuration=0))
    if samples == 1:
        return Decoded(cells.reshape(rows, columns), pixel)
    if pixel.planar_configuration == 1:
        shaped = np.ascontiguousarray(cells.reshape(samples, rows, columns).transpose(1, 2, 0))
    else:
        shaped = cells.reshape(rows, columns, samples)
    return Decoded(shaped, replace(pixel, planar_configuration=0))


def _unpacked_422(cells: Cells, rows: int, columns: int) -> Cells:
    """Give both pixels of each Y1 Y2 Cb Cr group its chroma: (rows, columns, 3) of the cells' dtype (PS3.3 C.7.6.3.1.2)."""
    ybr = np.empty((rows, columns, 3), cells.dtype)
    if cells.dtype == np.uint8:
        color.unpack_ybr_422(ybr, cells)
    else:
        groups = cells.reshape(rows, columns // 2, 4)
        ybr[..., 0] = groups[..., :2].reshape(rows, columns)
        ybr[..., 1:] = groups[..., 2:].repeat(2, axis=1)
    return ybr
