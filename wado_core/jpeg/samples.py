"""What is coded: a rectangle of stored cells with the way to their display values, finished pixels, or pixels that are made when wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=256)
def numbers_of(line: Line) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]:
    """Return a line as kernels take it: (5,) float32, base, low, extent, factor, offset, and (2,) uint16, mask and flipped."""
    numbers = np.array((line.base, line.low, line.extent, line.factor, line.offset), np.float32)
    return numbers, np.array((line.mask, line.flipped), np.uint16)


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


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSamples:
    """Samples that are made, or read, when they are coded, by whoever codes them: of a large picture never all at once.

    draw: makes rows ``first … end - 1`` of the picture: those and no others are what it returns.  gray: a pixel has one sample.
    most_rows: of the picture, that are made at once, but at least a row of MCUs; None: as many as are coded in one go.
    """

    draw: Callable[[int, int], GraySamples | ColorSamples]
    gray: bool
    most_rows: int | None = None


Samples = GraySamples | ColorSamples | DrawnSamples


def is_gray(samples: Samples) -> bool:
    """Whether a pixel has one sample."""
    return samples.gray if isinstance(samples, DrawnSamples) else isinstance(samples, GraySamples)


def samples_of(picture: npt.NDArray[np.uint8]) -> GraySamples | ColorSamples:
    """Return finished pixels, (rows, columns) or (rows, columns, 3) uint8 of any strides, as what is coded."""
    everything, pixels = Rectangle(0, 0, picture.shape[1], picture.shape[0]), np.ascontiguousarray(picture)
    return GraySamples(pixels, IDENTITY, everything) if picture.ndim == 2 else ColorSamples(pixels, everything)
