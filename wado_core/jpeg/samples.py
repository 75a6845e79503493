"""What is coded: a rectangle of stored cells with the way to their display values, or finished pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wado_core.model.geometry import Rectangle

Cells = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Line:
    """A linear window as float32 evaluates it: ``floor(min(max(sample - base, low), extent) * factor + offset)``.

    sample: the cell without the bits that are not in ``mask``, those of ``flipped`` inverted.
    """

    mask: int
    flipped: int
    base: float
    extent: float
    factor: float
    offset: float
    low: float = 0.0


# The samples of finished pixels: themselves.
IDENTITY = Line(0xFF, 0, 0.0, 255.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class GraySamples:
    """Cells and what is shown for them.

    cells: (…, …) uint8 or uint16, C order.  display: a line, or a table by cell, (256,) or (65536,) uint8.
    source: the cells of the picture.
    """

    cells: Cells
    display: Line | npt.NDArray[np.uint8]
    source: Rectangle


@dataclass(frozen=True, slots=True, eq=False)
class ColorSamples:
    """RGB pixels, (…, …, 3) uint8, C order, and those of the picture."""

    pixels: npt.NDArray[np.uint8]
    source: Rectangle


Samples = GraySamples | ColorSamples


def samples_of(picture: npt.NDArray[np.uint8]) -> Samples:
    """Return finished pixels, (rows, columns) or (rows, columns, 3) uint8 of any strides, as what is coded."""
    everything, pixels = Rectangle(0, 0, picture.shape[1], picture.shape[0]), np.ascontiguousarray(picture)
    return GraySamples(pixels, IDENTITY, everything) if picture.ndim == 2 else ColorSamples(pixels, everything)
