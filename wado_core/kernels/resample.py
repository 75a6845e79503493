"""Resampling kernels: one pass over the source, exact integer weights, one rounding (A4.47, docs/adr/0006).

A picture axis of ``n`` positions takes source positions ``first[i] … first[i] + count[i] - 1`` with the weights
``weights[start[i] …]``, which sum to ``total`` for every ``i``. Rows are summed first, in 32 bits: ``255 * total`` of the
rows must stay below 2**31. Columns are summed in float64, which holds these integers exactly. The quotient is one product
with the reciprocal: 64-bit divisions were as dear as the sums of an 8-fold reduction, a correction by the remainder three
times as dear as the product.
"""

from numba import njit
from numba.types import float64, int32, int64, uint8, uint16

from wado_core.kernels._jit import array_in, array_out, kernel

_SCRATCH = (array_out(uint8, 1), array_out(int32, 1))
_AXIS = (array_in(int32, 1), array_in(int32, 1), array_in(int32, 1), array_in(int32, 1))


@njit(inline="always")
def _quotient(value, total, reciprocal):  # type: ignore[no-untyped-def]
    """Return ``value / total`` rounded half up, for integers 0 <= value <= 255 total, total < 2**41; ``reciprocal`` is 1 / (2 total).

    ``2 value + total`` is an integer, so with the half added no quotient lies within ``1 / (4 total)`` of an integer, which is
    more than the product can be wrong.
    """
    return uint8(int32((2.0 * value + (total + 0.5)) * reciprocal))


@kernel(
    (array_out(uint8, 2), array_in(uint8, 2), array_in(uint8, 1), int64, int64, *_AXIS, *_AXIS, *_SCRATCH, int64),
    (array_out(uint8, 2), array_in(uint16, 2), array_in(uint8, 1), int64, int64, *_AXIS, *_AXIS, *_SCRATCH, int64),
)
def resample_cells(  # type: ignore[no-untyped-def]
    display, cells, by_cell, top, left, first_r, count_r, start_r, weights_r, first_c, count_c, start_c, weights_c, line, sums, total
):
    """Look a rectangle of cells up and resample the display values in the same pass.

    display: (rows, columns) uint8, out.  cells: uint8 or uint16 with the rectangle from row ``top``, column ``left``.
    by_cell: (256,) or (65536,) uint8.  …_r, …_c: the axes, int32 (see above).
    line, sums: (columns of the rectangle,) uint8 and int32, scratch: with the look-ups apart, the sums vectorise.
    total: product of the totals of both axes.
    """
    reciprocal = 0.5 / float64(total)
    for i in range(display.shape[0]):
        sums[:] = 0
        for k in range(count_r[i]):
            weight = weights_r[start_r[i] + k]
            source = cells[top + first_r[i] + k, left : left + sums.size]
            for j in range(sums.size):
                line[j] = by_cell[source[j]]
            for j in range(sums.size):
                sums[j] += weight * int32(line[j])
        for j in range(display.shape[1]):
            value = 0.0
            for k in range(count_c[j]):
                value += float64(weights_c[start_c[j] + k]) * float64(sums[first_c[j] + k])
            display[i, j] = _quotient(value, float64(total), reciprocal)


@kernel((array_out(uint8, 3), array_in(uint8, 3), int64, int64, *_AXIS, *_AXIS, array_out(int32, 1), int64))
def resample_rgb(  # type: ignore[no-untyped-def]
    display, pixels, top, left, first_r, count_r, start_r, weights_r, first_c, count_c, start_c, weights_c, sums, total
):
    """Resample a rectangle of RGB pixels.

    display: (rows, columns, 3) uint8, out.  pixels: (…, …, 3) uint8 with the rectangle from row ``top``, column ``left``.
    sums: (3 * columns of the rectangle,) int32, scratch.  The rest as in ``resample_cells``.
    """
    reciprocal = 0.5 / float64(total)
    for i in range(display.shape[0]):
        sums[:] = 0
        for k in range(count_r[i]):
            weight = weights_r[start_r[i] + k]
            source = pixels[top + first_r[i] + k, left : left + sums.size // 3].reshape(sums.size)
            for j in range(sums.size):
                sums[j] += weight * int32(source[j])
        for j in range(display.shape[1]):
            for s in range(3):
                value = 0.0
                for k in range(count_c[j]):
                    value += float64(weights_c[start_c[j] + k]) * float64(sums[3 * (first_c[j] + k) + s])
                display[i, j, s] = _quotient(value, float64(total), reciprocal)
