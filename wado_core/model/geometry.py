"""Geometry: regions of an image and the size of a picture made of them (A4.40 to A4.56, PS3.18 9.5.1.2.4-5)."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


@dataclass(frozen=True, slots=True)
class Region:
    """A normalised rectangle: 0,0 is the top left, 1,1 the bottom right corner of the matrix (A4.50, PS3.18 9.5.1.2.5)."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def __post_init__(self) -> None:
        if not (0 <= self.xmin < self.xmax <= 1 and 0 <= self.ymin < self.ymax <= 1):
            raise ValueError("0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1 must hold")  # NaN fails this too


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Pixels ``left <= column < right``, ``top <= row < bottom`` of the stored matrix, counted from 0."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Lattice:
    """How the cells of a frame that was decoded smaller lie over the pixels of the whole one, each way; edges of both begin together.

    step: pixels of an edge of a cell; the last may have fewer.
    on_pixels: cell ``k`` is not the mean of pixels ``k * step`` to ``(k + 1) * step - 1``, but lies on pixel ``k * step`` itself, as the
        samples of a lower wavelet resolution do (T.800 F.3), and stands for what is nearer to it than to others.
    """

    step: int = 1
    on_pixels: bool = False

    def cells(self, pixels: int) -> int:
        """Return how many cells lie over so many pixels."""
        return -(-pixels // self.step)


EVERY_PIXEL = Lattice()
"""A frame that was decoded as it is."""


def pixels_of(region: Region | None, rows: int, columns: int) -> Rectangle:
    """Round a region outwards to whole pixels of a ``rows`` × ``columns`` matrix, at least one (A4.56)."""
    if region is None:
        return Rectangle(0, 0, columns, rows)
    left, right = floor(_decimal(region.xmin) * columns), ceil(_decimal(region.xmax) * columns)
    top, bottom = floor(_decimal(region.ymin) * rows), ceil(_decimal(region.ymax) * rows)
    return Rectangle(left, top, max(right, left + 1), max(bottom, top + 1))


def _decimal(edge: float) -> Fraction:
    """Return the decimal number that was written: in binary, 0.07 of 100 columns would end in the ninth column."""
    return Fraction(repr(float(edge)))


def fit(rows: int, columns: int, most_rows: int | None, most_columns: int | None) -> tuple[int, int]:
    """Return the ``(rows, columns)`` of the largest picture of this aspect ratio inside the maxima (A4.41 to A4.45).

    rows, columns: size of the source.  most_rows, most_columns: maxima, None = not given; enlarges too. The edge that
    binds meets its maximum exactly, the other is rounded half up; exact integer arithmetic.
    """
    if most_rows is None and most_columns is None:
        return rows, columns
    if most_columns is None or (most_rows is not None and most_rows * columns <= most_columns * rows):
        assert most_rows is not None  # noqa: S101 - the first line has excluded that both are absent
        return most_rows, max(1, (2 * columns * most_rows + rows) // (2 * rows))
    return max(1, (2 * rows * most_columns + columns) // (2 * columns)), most_columns
