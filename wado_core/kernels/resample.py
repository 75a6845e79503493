"""Resampling kernels: one pass over the source, exact integer weights, one rounding (A4.47, docs/adr/0006).

A picture axis of ``n`` positions takes source positions ``first[i] … first[i] + count[i] - 1`` with the weights
``weights[start[i] …]``, which sum to ``total`` for every ``i``. Rows are summed first, in 32 bits: ``255 * total`` of the
rows must stay below 2**31. The quotient is taken by a float64 reciprocal and put right by the integer remainder: a 64-bit
division for each pixel was as dear as the sums of an 8-fold reduction.
"""

from numba import njit
from numba.types import float64, int32, int64, uint8, uint16

from wado_core.kernels._jit import array_in, array_out, kernel

_AXIS = (array_in(int32, 1), array_in(int32, 1), array_in(int32, 1), array_in(int32, 1))


@njit(inline="always")
def _quotient(value, total, reciprocal):  # type: ignore[no-untyped-def]
    """Return ``value / total`` rounded half up; ``reciprocal`` is 1 / (2 total), 0 <= value <= 255 total < 2**51."""
    doubled = 2 * value + total
    quotient = int64(float64(doubled) * reciprocal)
    remainder = doubled - quotient * 2 * total
    if remainder < 0:
        quotient -= 1
    elif remainder >= 2 * total:
        quotient += 1
    return quotient


@kernel(
    (array_out(uint8, 2), array_in(uint8, 2), array_in(uint8, 1), int64, int64, *_AXIS, *_AXIS, array_out(int32, 1), int64),
    (array_out(uint8, 2), array_in(uint16, 2), array_in(uint8, 1), int64, int64, *_AXIS, *_AXIS, array_out(int32, 1), int64),
)
def resample_cells(  # type: ignore[no-untyped-def]
    display, cells, by_cell, top, left, first_r, count_r, start_r, weights_r, first_c, count_c, start_c, weights_c, sums, total
):
    """Look a rectangle of cells up and resample the display values in the same pass.

    display: (rows, columns) uint8, out.  cells: uint8 or uint16 with the rectangle from row ``top``, column ``left``.
    by_cell: (256,) or (65536,) uint8.  …_r, …_c: the axes, int32 (see above).
    sums: (columns of the rectangle,) int32, scratch.  total: product of the totals of both axes.
    """
    reciprocal = 1.0 / float64(2 * total)
    for i in range(display.shape[0]):
        sums[:] = 0
        for k in range(count_r[i]):
            weight = weights_r[start_r[i] + k]
            row = top + first_r[i] + k
            for j in range(sums.size):
                sums[j] += weight * int32(by_cell[cells[row, left + j]])
        for j in range(display.shape[1]):
            value = int64(0)
            for k in range(count_c[j]):
                value += int64(weights_c[start_c[j] + k]) * int64(sums[first_c[j] + k])
            display[i, j] = _quotient(value, total, reciprocal)


@kernel((array_out(uint8, 3), array_in(uint8, 3), int64, int64, *_AXIS, *_AXIS, array_out(int32, 1), int64))
def resample_rgb(  # type: ignore[no-untyped-def]
    display, pixels, top, left, first_r, count_r, start_r, weights_r, first_c, count_c, start_c, weights_c, sums, total
):
    """Resample a rectangle of RGB pixels.

    display: (rows, columns, 3) uint8, out.  pixels: (…, …, 3) uint8 with the rectangle from row ``top``, column ``left``.
    sums: (3 * columns of the rectangle,) int32, scratch.  The rest as in ``resample_cells``.
    """
    reciprocal = 1.0 / float64(2 * total)
    for i in range(display.shape[0]):
        sums[:] = 0
        for k in range(count_r[i]):
            weight = weights_r[start_r[i] + k]
            row = top + first_r[i] + k
            for j in range(sums.size // 3):
                for s in range(3):
                    sums[3 * j + s] += weight * int32(pixels[row, left + j, s])
        for j in range(display.shape[1]):
            for s in range(3):
                value = int64(0)
                for k in range(count_c[j]):
                    value += int64(weights_c[start_c[j] + k]) * int64(sums[3 * (first_c[j] + k) + s])
                display[i, j, s] = _quotient(value, total, reciprocal)
