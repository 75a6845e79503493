"""What a decoder delivers: cells in native byte order, and the Image Pixel attributes that describe them."""

from dataclasses import dataclass
from typing import Any

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
