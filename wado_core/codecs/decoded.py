"""What a decoder delivers: cells in native byte order, and the Image Pixel attributes that describe them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from wado_core.errors import NotSupported
from wado_core.model.geometry import EVERY_PIXEL, Lattice
from wado_core.model.image_pixel import ImagePixel

# Widths of cells in bits. PS3.5 8.1.1 allows 1 and multiples of 8; no image IOD has others than these (PS3.3 C.7.6.3).
WIDTHS = (1, 8, 16, 32, 64)

Cells = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame.

    cells: (rows, columns) or (rows, columns, samples), C order, uint8, uint16, uint32, uint64, or float32, float64 of float pixel
        data, native byte order; bits outside the stored sample may hold anything. Cells of 1 bit are bytes 0 and 1.
    pixel: describes ``cells``; its photometric interpretation is that of the decoded samples.
    lattice: how the cells of a frame that was decoded smaller lie over its pixels.
    """

    cells: Cells
    pixel: ImagePixel
    lattice: Lattice = EVERY_PIXEL


def cell_type(pixel: ImagePixel) -> np.dtype[Any]:
    """Return the type of the cells that ``pixel`` describes: native order, as wide as Bits Allocated says."""
    return _cell_type(pixel.floating, pixel.bits_allocated)


@cache
def _cell_type(floating: bool, bits_allocated: int) -> np.dtype[Any]:
    return np.dtype(f"{'f' if floating else 'u'}{bits_allocated // 8}")


def check_width(pixel: ImagePixel) -> None:
    """Refuse cells of a width that no decoder delivers (NotSupported)."""
    if pixel.bits_allocated not in WIDTHS:
        raise NotSupported(f"(0028,0100) Bits Allocated is {pixel.bits_allocated}: 1, 8, 16, 32 and 64 are decoded (PS3.5 8.1.1).")
