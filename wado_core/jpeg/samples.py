"""What is coded: a rectangle of stored cells with the way to their display values, or finished pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wado_core.model.geometry import Rectangle


@dataclass(frozen=True, slots=True)
class Line:
    """A linear window as float32 evaluates it: ``floor(min(max(sample - base, 0), extent) * factor + offset)``.

    sample: the cell without the bits that are not in ``mask``, those of ``flipped`` inverted.
    """

    mask: int
    flipped: int
    base: float
    extent: float
    factor: float
    offset: float


# The samples of finished pixels: themselves.
IDENTITY = Line(0xFF, 0, 0.0, 255.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class GraySamples:
    """Cells and what is shown for them.

    cells: (…, …) uint8 or uint16, C order.  display: a line, or a table by cell, (256,) or (65536,) uint8.
    source: the cells of the picture.
    """

    cells: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    display: Line | npt.NDArray[np.uint8]
    source: Rectangle


@dataclass(frozen=True, slots=True, eq=False)
class ColorSamples:
    """RGB pixels, (…, …, 3) uint8, C order, and those of the picture."""

    pixels: npt.NDArray[np.uint8]
    source: Rectangle


Samples = GraySamples | ColorSamples
