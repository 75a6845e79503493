"""Native frames: cells as they lie (PS3.5 8.1, 8.2; PS3.3 C.7.6.3.1.3)."""

from dataclasses import replace
from typing import Literal

import numpy as np

from wado_core.codecs.decoded import Cells, Decoded, cell_type, check_width
from wado_core.errors import DamagedObject
from wado_core.kernels import color
from wado_core.model.image_pixel import ImagePixel


def decode_little_endian(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a native little endian frame of cells of any width (PS3.5 8.1.1).

    encoded: the frame from its first cell on; the first cell of 1 bit is the lowest bit of the first byte.
    """
    return arrange(cells_of(encoded, pixel, "<"), pixel)


def decode_big_endian(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a native big endian frame of cells of any width.

    encoded: as the frame reader gives it: words of OW that cells do not fill one by one have been put in order.
    """
    return arrange(cells_of(encoded, pixel, ">"), pixel)


def cells_of(encoded: bytes | Cells, pixel: ImagePixel, order: Literal["<", ">"]) -> Cells:
    """Return the cells of one frame, flat, in native order; those of 1 bit as bytes.

    encoded: the frame's bytes, or the same as a (n,) uint8; what is too much is left out.  order: of the bytes of a cell, ``<`` or ``>``.
    Raises DamagedObject when the bytes are too few, NotSupported for cells of another width than decoders deliver.

    1-bit cells are unpacked by numpy, at 24 GB/s of cells on one core, without the GIL: a kernel would cost its loading at every start
    and gain what nobody can see.
    """
    check_width(pixel)
    octets, needed = np.frombuffer(encoded, np.uint8), (pixel.native_frame_bits + 7) // 8
    if octets.size < needed:
        raise DamagedObject(
            f"(7FE0,0010) Pixel Data: a frame of {pixel.rows} × {pixel.columns} pixels holds {octets.size} bytes; it needs {needed} "
            "(PS3.5 8.1.1)."
        )
    if pixel.bits_allocated == 1:
        return np.unpackbits(octets, count=pixel.native_frame_bits, bitorder="little")
    native = cell_type(pixel)
    return octets[:needed].view(native.newbyteorder(order)).astype(native, copy=False)


def arrange(cells: Cells, pixel: ImagePixel) -> Decoded:
    """Shape flat cells as ``(rows, columns)`` or ``(rows, columns, samples)``, whatever the Planar Configuration (H1.8).

    cells: as ``cells_of`` returns them.  pixel: as the header says; the result's describes 1-bit cells as the bytes that they are now.
    """
    rows, columns, samples = pixel.rows, pixel.columns, pixel.samples_per_pixel
    if pixel.bits_allocated == 1:
        pixel = replace(pixel, bits_allocated=8)
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
