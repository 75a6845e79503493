"""Twins of the intrinsics of resampling: blocks of sixteen by sixteen, as numpy writes them."""

from fractions import Fraction

import numpy as np

from tests.reference.rounding import Array, round_half_up


def turned(block: Array) -> Array:
    """Transpose."""
    return np.array([[block[r, c] for r in range(block.shape[0])] for c in range(block.shape[1])], block.dtype)


def halved(row: Array) -> Array:
    """Add neighbours in pairs; of the row, an even number of them."""
    return np.array([row[2 * i] + row[2 * i + 1] for i in range(row.size // 2)], row.dtype)


def column(rows: Array, weights: Array, total: int) -> Array:
    """Return the weighted mean of rows, (n, lanes), rounded half up."""
    sums = [sum(int(weight) * int(row[lane]) for weight, row in zip(weights, rows, strict=True)) for lane in range(rows.shape[1])]
    return np.array([round_half_up(Fraction(found, total)) for found in sums], np.uint8)
