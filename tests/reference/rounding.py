"""The one rounding rule of the rendered picture, and exact rational numbers from what callers write."""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Gray = NDArray[np.uint8]
Number = int | float | str | Fraction


def exact(value: Number) -> Fraction:
    """Return the number that was written: a float counts as its shortest decimal form, so 0.07 is 7/100.

    Raises ValueError for text that is no number, and for infinities and NaN.
    """
    return value if isinstance(value, Fraction) else Fraction(str(value))


def round_half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def to_8bit(value: Fraction) -> int:
    """floor(y + 0.5), clipped to 0..255 (H2.9)."""
    return min(255, max(0, round_half_up(value)))
