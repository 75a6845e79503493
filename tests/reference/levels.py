"""Windows as 255 exact thresholds: the smallest modality value that is shown at each level or above (PS3.3 C.11.2).

The linear functions rise with x and are continuous from 0 to 255 wherever w > 1 (LINEAR) or w > 0 (LINEAR_EXACT), so that under
floor(y + 0.5) a value has level k or more exactly when it is at or above the solution of y(x) = k - 1/2. One comparison with a
rational number for each level serves 65,536 values at once, and is as exact as evaluating the function for each of them.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import exp, floor, inf, nextafter

import numpy as np

from tests.reference.rounding import Array, Gray, Number, exact

WHITE = 255
HALF = Fraction(1, 2)


def linear(x: Array, center: Number, width: Number) -> Gray:
    """Apply LINEAR (PS3.3 C.11.2.1.2.1) to float64 values, each taken as the number it is; ``width`` >= 1."""
    c, w = exact(center), exact(width)
    if w == 1:
        return _threshold(x, c - HALF)
    return _levels(x, w - 1, c - HALF)


def linear_exact(x: Array, center: Number, width: Number) -> Gray:
    """Apply LINEAR_EXACT (PS3.3 C.11.2.1.3.2) to float64 values, each taken as the number it is; ``width`` > 0."""
    c, w = exact(center), exact(width)
    return _levels(x, w, c)


def sigmoid(x: Array, center: Number, width: Number) -> Gray:
    """Apply SIGMOID (PS3.3 C.11.2.1.3.1) by math.exp in float64, value by value."""
    c, w = float(exact(center)), float(exact(width))
    shown = (WHITE / (1.0 + exp(min(-4.0 * (value - c) / w, 700.0))) for value in x.tolist())
    return np.array([floor(y + 0.5) for y in shown], dtype=np.uint8)


def of_stored(function: str, stored: Array, rescale: tuple[Number, Number], center: Number, width: Number) -> Gray:
    """Apply a linear function to rescaled stored values in real arithmetic: every number is the decimal fraction it was written as.

    stored: integers.  Rather than the values the window is taken back through the rescale, which leaves integers to compare.
    """
    slope, intercept = (exact(number) for number in rescale)
    sign = 1 if slope > 0 else -1
    c, w = exact(center), exact(width)
    shift = HALF if function == "LINEAR" else Fraction(0)
    middle, extent = (c - shift - intercept) / abs(slope), (w - 2 * shift) / abs(slope)
    values = sign * stored.astype(np.float64)
    return _threshold(values, middle) if extent == 0 else _levels(values, extent, middle)


FUNCTIONS: dict[str, Callable[[Array, Number, Number], Gray]] = {"LINEAR": linear, "LINEAR_EXACT": linear_exact, "SIGMOID": sigmoid}


def _threshold(x: Array, middle: Fraction) -> Gray:
    """Show what is above ``middle`` white, all else black (w = 1)."""
    bound = _not_below(middle)
    return np.where(x > bound if Fraction(bound) == middle else x >= bound, WHITE, 0).astype(np.uint8)


def _levels(x: Array, width: Fraction, middle: Fraction) -> Gray:
    return np.searchsorted(_thresholds(width, middle), x, side="right").astype(np.uint8)


@lru_cache(maxsize=1024)
def _thresholds(width: Fraction, middle: Fraction) -> Array:
    """Solve ((x - middle) / width + 1/2) * 255 = level - 1/2 for every level but 0."""
    return np.array([_not_below(((level - HALF) / WHITE - HALF) * width + middle) for level in range(1, WHITE + 1)])


def _not_below(value: Fraction) -> float:
    """Return the smallest float64 that is not below ``value``: a float64 is at or above one exactly when it is at or above the other."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else nextafter(nearest, inf)
