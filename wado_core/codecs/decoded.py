"""What a decoder delivers: cells in native byte order, and the Image Pixel attributes that describe them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wado_core.model.image_pixel import ImagePixel

Cells = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame.

    cells: (rows, columns) or (rows, columns, 3), C order, uint8 or uint16, native byte order; bits outside the stored
    sample may hold anything.
    pixel: describes ``cells``; its photometric interpretation is that of the decoded samples.
    """

    cells: Cells
    pixel: ImagePixel


def cell_type(pixel: ImagePixel) -> np.dtype[Any]:
    """Return the type of the cells that ``pixel`` describes: native order, as wide as Bits Allocated says."""
    return np.dtype(f"{'f' if pixel.floating else 'u'}{pixel.bits_allocated // 8}")
