"""The grayscale pipeline from its equations (PS3.3 C.11.1, C.11.2; PS3.4 Annex N.2).

Stored -> modality -> display.  Windows are evaluated as exact rational numbers once for each distinct value, so that a result
between two gray levels is rounded by the rule and never by the accident of a floating-point operation.
"""

from collections.abc import Callable
from fractions import Fraction
from math import inf

import numpy as np

from tests.reference.lut import Lut
from tests.reference.rounding import Array, Gray, Number, exact, to_8bit

WHITE = 255


def rescale(stored: Array, slope: float, intercept: float) -> Array:
    """Modality value = stored * slope + intercept of the decimal numbers as written, not rounded (PS3.3 C.11.1.1.2; H2.1).

    A slope of 0 counts as 1. The result is the float64 nearest to each value, from which ``exact`` has the decimal number back.
    """
    factor, offset = exact(slope or 1.0), exact(intercept)
    if factor.denominator == offset.denominator == 1:
        return stored.astype(np.float64) * float(factor) + float(offset)
    values, index = np.unique(stored, return_inverse=True)
    return np.array([float(value * factor + offset) for value in values.tolist()])[index].reshape(stored.shape)


def modality_lut(stored: Array, lut: Lut) -> Array:
    """Modality value = the entry itself (PS3.3 C.11.1.1.1; H2.2)."""
    return lut.look_up(stored).astype(np.float64)


def linear(x: Array, center: Number, width: Number) -> Gray:
    """Apply a LINEAR window (PS3.3 C.11.2.1.2.1; H2.5). ``width`` >= 1; 1 is a threshold at center - 0.5."""
    c, w = exact(center), exact(width)
    if w < 1:
        raise ValueError("the width of a LINEAR window is at least 1")
    middle, half = c - Fraction(1, 2), (w - 1) / 2

    def display(value: Fraction) -> Fraction:
        if value <= middle - half:
            return Fraction(0)
        if value > middle + half:
            return Fraction(WHITE)
        return ((value - middle) / (w - 1) + Fraction(1, 2)) * WHITE

    return _each_value(x, display)


def linear_exact(x: Array, center: Number, width: Number) -> Gray:
    """Apply a LINEAR_EXACT window (PS3.3 C.11.2.1.3.2; H2.6). ``width`` > 0."""
    c, w = exact(center), exact(width)
    if w <= 0:
        raise ValueError("the width of a window is greater than 0")

    def display(value: Fraction) -> Fraction:
        if value <= c - w / 2:
            return Fraction(0)
        if value > c + w / 2:
            return Fraction(WHITE)
        return ((value - c) / w + Fraction(1, 2)) * WHITE

    return _each_value(x, display)


def sigmoid(x: Array, center: Number, width: Number) -> Gray:
    """Apply a SIGMOID window, 255 / (1 + exp(-4 (x - c) / w)), in float64 (PS3.3 C.11.2.1.3.1; H2.7). ``width`` > 0."""
    c, w = float(exact(center)), float(exact(width))
    if w <= 0:
        raise ValueError("the width of a window is greater than 0")
    # Beyond 700 exp would overflow; the result is 0 or 255 long before.
    exponent = np.clip(-4.0 * (x.astype(np.float64) - c) / w, -700.0, 700.0)
    return np.clip(np.floor(WHITE / (1.0 + np.exp(exponent)) + 0.5), 0, WHITE).astype(np.uint8)


WINDOW_FUNCTIONS: dict[str, Callable[[Array, Number, Number], Gray]] = {
    "LINEAR": linear,
    "LINEAR_EXACT": linear_exact,
    "SIGMOID": sigmoid,
}


def voi_lut(x: Array, lut: Lut) -> Gray:
    """Apply a VOI LUT; its whole range 0..2^bits - 1 becomes 0..255 (PS3.3 C.11.2.1.1; H2.11). Inputs are rounded half up."""
    top = (1 << lut.bits) - 1
    return np.array([to_8bit(Fraction(entry * WHITE, top)) for entry in range(top + 1)], dtype=np.uint8)[lut.look_up(x)]


def padding_mask(stored: Array, value: float, limit: float | None = None) -> Array:
    """True where a stored value is padding: the value, or the range between it and the limit, both included (H2.13).

    Whichever bound is the lower (PS3.3 C.7.5.1.1.2: the value for MONOCHROME2, the limit for MONOCHROME1).
    """
    other = value if limit is None else limit
    low, high = min(value, other), max(value, other)
    return np.asarray((stored >= low) & (stored <= high))


def automatic_window(modality: Array, padding: Array | None = None) -> tuple[Fraction, Fraction] | None:
    """Return center and width of the full range x1..x2 of what is not padding: c = (x1 + x2 + 1) / 2, w = x2 - x1 + 1.

    None when nothing is left or all values are equal; such a picture is black (PS3.3 C.11.2.1.2 note; H2.10, H2.15).
    Values that are infinite or no number do not count.
    """
    kept = modality if padding is None else modality[~padding]
    kept = kept[np.isfinite(kept)]
    if kept.size == 0 or kept.min() == kept.max():
        return None
    low, high = exact(float(kept.min())), exact(float(kept.max()))
    return (low + high + 1) / 2, high - low + 1


def invert(display: Gray) -> Gray:
    """Turn the picture of a MONOCHROME1 image, whose least value is white: 255 - y, after VOI (H2.12)."""
    return np.asarray(WHITE - display)


def _each_value(x: Array, display: Callable[[Fraction], Fraction]) -> Gray:
    """Apply an exact function to every distinct value of an array and round (H2.9).

    Infinities are farther than any window; what is no number gives anything, and is drawn as padding.
    """
    values, index = np.unique(np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf), return_inverse=True)
    far = {inf: Fraction(10**400), -inf: Fraction(-(10**400))}
    shown = [to_8bit(display(far[v] if v in far else exact(v))) for v in values.tolist()]
    return np.array(shown, dtype=np.uint8)[index].reshape(x.shape)
