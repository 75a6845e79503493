"""Sums of rows of display values, made of stored cells on the way.

Two rows are added at once, which halves the traffic of the sums; four at once gain nothing more.
"""

import numpy as np
from numba import njit
from numba.types import int32

from wado_core.kernels._bits import float_of_bits, part_of_row

# What rows are made of, and how.
CELLS_8_BY_LINE, CELLS_16_BY_LINE, CELLS_8_BY_TABLE, CELLS_16_BY_TABLE, DISPLAY = range(5)

# The float32 whose lowest bits are those of an integer below 2**16, and its own bits.
_MAGIC, _MAGIC_BITS = np.float32(1 << 23), np.uint32(0x4B000000)


@njit(inline="always")
def _on_line(cell, mask, flipped, base, low, extent, factor, offset):  # type: ignore[no-untyped-def]
    """Return what ``fill_by_line`` rounds down, each step in float32.

    flipped and base have the magic ones in them: the bits of a sample become those of a float32 without a conversion, and the difference
    of two integers is as exact. As uint32, mask and flip are one operation with AVX-512: uint16 were masked before they are made wider.
    """
    return min(max(float_of_bits((np.uint32(cell) & mask) ^ flipped) - base, low), extent) * factor + offset


@njit(nogil=True)
def sum_by_line(sums, cells, row, column, weights, whole, mask, flipped, line):  # type: ignore[no-untyped-def]
    """Write the sums of ``weights.size`` rows, each of them ``floor(min(max(sample - base, low), extent) * factor + offset)``.

    sums: (n,) int32, out.  cells: (…, …) uint8 or uint16; rows from ``row``, columns from ``column`` on.
    weights: (m,) int32, their sum below 2**16; ``whole``: all are 1.
    mask, flipped: uint32, a sample is a cell without the bits that are not in the first, those of the second flipped.
    line: (5,) float32: base, low, extent, factor, offset.
    """
    flipped ^= _MAGIC_BITS
    base, low, extent, factor, offset = line[0] + _MAGIC, line[1], line[2], line[3], line[4]
    odd = weights.size % 2
    if odd == 1:
        a, x = part_of_row(cells, row, column, sums.size), weights[0]
        for j in range(sums.size):
            sums[j] = x * int32(_on_line(a[j], mask, flipped, base, low, extent, factor, offset))
    else:
        for j in range(sums.size):
            sums[j] = 0
    for k in range(odd, weights.size, 2):
        a, b = part_of_row(cells, row + k, column, sums.size), part_of_row(cells, row + k + 1, column, sums.size)
        if whole:
            for j in range(sums.size):
                sums[j] += int32(_on_line(a[j], mask, flipped, base, low, extent, factor, offset)) + int32(
                    _on_line(b[j], mask, flipped, base, low, extent, factor, offset)
                )
        else:
            w, x = np.float32(weights[k]), np.float32(weights[k + 1])
            for j in range(sums.size):  # products in float32: integers below 2**24, and half as dear as those of 32 bits
                sums[j] += int32(
                    w * np.floor(_on_line(a[j], mask, flipped, base, low, extent, factor, offset))
                    + x * np.floor(_on_line(b[j], mask, flipped, base, low, extent, factor, offset))
                )


@njit(nogil=True)
def sum_by_table(sums, cells, row, column, weights, whole, table):  # type: ignore[no-untyped-def]
    """Write the sums of rows that are looked up in a table, (256,) or (65536,) uint8, by cell; the rest as in ``sum_by_line``."""
    odd = weights.size % 2
    if odd == 1:
        a, x = part_of_row(cells, row, column, sums.size), weights[0]
        for j in range(sums.size):
            sums[j] = x * int32(table[a[j]])
    else:
        for j in range(sums.size):
            sums[j] = 0
    for k in range(odd, weights.size, 2):
        a, b = part_of_row(cells, row + k, column, sums.size), part_of_row(cells, row + k + 1, column, sums.size)
        w, x = weights[k], weights[k + 1]
        if whole:
            for j in range(sums.size):
                sums[j] += int32(table[a[j]]) + int32(table[b[j]])
        else:
            for j in range(sums.size):
                sums[j] += w * int32(table[a[j]]) + x * int32(table[b[j]])


@njit(nogil=True)
def sum_display(sums, display, row, column, weights, whole):  # type: ignore[no-untyped-def]
    """Write the sums of rows of display values, (…, …) uint8; the rest as in ``sum_by_line``."""
    odd = weights.size % 2
    if odd == 1:
        a, x = part_of_row(display, row, column, sums.size), weights[0]
        for j in range(sums.size):
            sums[j] = x * int32(a[j])
    else:
        for j in range(sums.size):
            sums[j] = 0
    for k in range(odd, weights.size, 2):
        a, b = part_of_row(display, row + k, column, sums.size), part_of_row(display, row + k + 1, column, sums.size)
        w, x = weights[k], weights[k + 1]
        if whole:
            for j in range(sums.size):
                sums[j] += int32(a[j]) + int32(b[j])
        else:
            for j in range(sums.size):
                sums[j] += w * int32(a[j]) + x * int32(b[j])
