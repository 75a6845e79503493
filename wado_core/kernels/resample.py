"""Resampling, from stored cells to the pixels of a picture: exact integer weights, one rounding (A4.47, docs/adr/0006).

A picture axis of ``n`` positions takes source positions ``first[i] … first[i] + count[i] - 1`` with the weights
``weights[start[i] …]``, which sum to ``total`` for every ``i``. Rows are summed first, in 32 bits: the total of the rows must be below
2**16. Columns are summed in 32 bits where that is enough, else in float64, which holds these integers exactly.

The quotient is one product with the reciprocal: ``(sum + total / 2 + 1 / 4) / total`` is at least ``1 / (4 total)`` away from every
integer, which is more than the product can be wrong: 2**-15 in float32, 2**-44 in float64. (64-bit divisions were as dear as the sums of
an 8-fold reduction, a correction by the remainder three times as dear as the product.)

Sixteen rows of the picture are made at once, of a tile of columns after the other: sums of rows, turned, sums of columns, turned back
(see ``resample_lanes``). Columns that are reduced by an even number are halved before, by adding neighbours; where nothing remains to be
done then, nothing is turned.
"""

import numpy as np
from numba import njit
from numba.types import boolean, float32, int32, int64, uint8, uint16, uint32

from wado_core.kernels._bits import part_of_row
from wado_core.kernels._jit import array_in, array_out, kernel
from wado_core.kernels.resample_lanes import LANES, column_large, column_medium, column_small, halve, turn_bytes, turn_sums
from wado_core.kernels.resample_rows import (
    CELLS_8_BY_LINE,
    CELLS_8_BY_TABLE,
    CELLS_16_BY_LINE,
    CELLS_16_BY_TABLE,
    sum_by_line,
    sum_by_table,
    sum_display,
)

# Rows of an axis: see above.
FIRST, COUNT, START = range(3)

# Greatest totals whose quotients are right in float32, and whose sums are in int32.
SMALL, MEDIUM = (1 << 13) - 1, ((1 << 31) - 1) // 255


def _columns_by(column_of):  # type: ignore[no-untyped-def]
    """Make the function that makes picture columns ``begin`` … ``end - 1`` of sixteen rows by one of the intrinsics."""

    @njit(nogil=True)
    def columns(turned, across, begin, end, samples, halvings, weights, half, reciprocal, values):  # type: ignore[no-untyped-def]
        firsts, counts = part_of_row(across, FIRST, begin, end - begin), part_of_row(across, COUNT, begin, end - begin)
        starts, origin = part_of_row(across, START, begin, end - begin), across[FIRST, begin]
        for j in range(firsts.size):
            first, count, start = samples * ((firsts[j] - origin) >> halvings), counts[j] >> halvings, starts[j]
            for s in range(samples):
                column_of(turned, first + s, samples, weights, start, count, half, reciprocal, values, samples * j + s)

    return columns


_columns_small, _columns_medium, _columns_large = _columns_by(column_small), _columns_by(column_medium), _columns_by(column_large)


@njit(inline="always")
def _make_columns(turned, across, begin, end, samples, halvings, weights, total, values):  # type: ignore[no-untyped-def]
    """Make columns in numbers that are large enough."""
    half, reciprocal = total / 2 + 0.25, 1 / total
    if total <= SMALL:
        _columns_small(turned, across, begin, end, samples, halvings, weights, half, reciprocal, values)
    elif total <= MEDIUM:
        _columns_medium(turned, across, begin, end, samples, halvings, weights, half, reciprocal, values)
    else:
        _columns_large(turned, across, begin, end, samples, halvings, weights, half, reciprocal, values)


@njit(inline="always")
def _copy(target, source):  # type: ignore[no-untyped-def]
    for j in range(target.size):
        target[j] = source[j]


@njit(inline="always")
def _end_of_tile(across, begin, room, room_made):  # type: ignore[no-untyped-def]
    """Return the end of the picture columns from ``begin`` on that there is room for: for their sources, and for themselves."""
    end = begin + 1
    while end < min(across.shape[1], begin + room_made) and across[FIRST, end] + across[COUNT, end] - across[FIRST, begin] <= room:
        end += 1
    return end


@njit(nogil=True)
def _round(display, sums, total):  # type: ignore[no-untyped-def]
    """Write quotients of sums that need not be turned."""
    half, reciprocal = np.float64(total) / 2 + 0.25, 1 / np.float64(total)
    if total <= SMALL:
        half_32, reciprocal_32 = np.float32(half), np.float32(reciprocal)
        for j in range(display.size):
            display[j] = uint8(int32((np.float32(sums[j]) + half_32) * reciprocal_32))
    else:
        for j in range(display.size):
            display[j] = uint8(int32((sums[j] + half) * reciprocal))


@kernel(
    (
        int64, array_in(uint8, 2), array_in(uint16, 2), array_in(uint8, 1), array_in(float32, 1), uint32, uint32, int64, int64, int64,
        int64, array_in(int32, 2), array_in(int32, 1), boolean, array_in(int32, 2), array_in(int32, 1), int64, boolean, int64,
        array_out(int32, 2), array_out(int32, 2), array_out(uint8, 2), array_out(uint8, 2), array_out(uint8, 2),
    )
)  # fmt: skip
def resample(  # type: ignore[no-untyped-def]  # noqa: C901 - the choice among sums as a function of its own: a quarter slower
    kind, cells_8, cells_16, table, line, mask, flipped, top, left, samples,
    first_row, down, weights_down, whole, across, weights_across, halvings, straight, total, sums, turned, values, rows, display,
):  # fmt: skip
    """Make rows of a picture of a rectangle of cells.

    kind: see ``resample_rows``.  cells_8: (…, …) uint8, display values or cells; RGB as (…, 3 * …).  cells_16: (…, …) uint16.
    table: (256,) or (65536,) uint8.  line, mask, flipped: see ``sum_by_line``.
    top, left: where the rectangle begins; of what it consists the axes say.  samples: of a pixel, 1 or 3.
    first_row: of the picture, the first that is made.
    down, across: (3, n) int32, first, count and start of each picture row and column; weights_down, weights_across: (…,) int32.
    whole: all weights of rows are 1.  halvings: how often neighbours are added before columns are, of which all weights are 1 then; only
    of one sample.  straight: that is all that is done to columns, be it nothing.  total: of rows times that of columns, below 2**41.
    sums: (16, …) int32; turned: (n, 16) int32, n a multiple of 32 and at least ``samples`` times the largest count of columns, no more
    than a row of sums has; values: (m, 16) uint8, rows: (16, …) uint8, no shorter than m, which is a multiple of 16, at least
    ``samples``: scratch. Where their rows lie a multiple of 4096 bytes apart they get in each other's way.
    display: (rows that are made, columns * samples) uint8, out.
    """
    begin = 0
    while begin < across.shape[1]:
        end = _end_of_tile(across, begin, turned.shape[0] // samples, values.shape[0] // samples)
        origin = across[FIRST, begin]
        wide, column = samples * (across[FIRST, end - 1] + across[COUNT, end - 1] - origin), left + samples * origin
        to, made = samples * begin, samples * (end - begin)
        for i in range(0, display.shape[0], LANES):
            lanes = min(LANES, display.shape[0] - i)
            for r in range(lanes):
                y = first_row + i + r
                row, count, start = top + down[FIRST, y], down[COUNT, y], down[START, y]
                target, weights = part_of_row(sums, r, 0, wide), weights_down[start : start + count]
                if kind == CELLS_16_BY_LINE:
                    sum_by_line(target, cells_16, row, column, weights, whole, mask, flipped, line)
                elif kind == CELLS_8_BY_LINE:
                    sum_by_line(target, cells_8, row, column, weights, whole, mask, flipped, line)
                elif kind == CELLS_16_BY_TABLE:
                    sum_by_table(target, cells_16, row, column, weights, whole, table)
                elif kind == CELLS_8_BY_TABLE:
                    sum_by_table(target, cells_8, row, column, weights, whole, table)
                else:
                    sum_display(target, cells_8, row, column, weights, whole)
                for n in range(1, halvings + 1):
                    for j in range(0, wide >> n, LANES):
                        halve(sums, r, j)
                if straight:
                    _round(part_of_row(display, i + r, to, made), target, total)
            if not straight:
                for j in range(0, wide >> halvings, LANES):
                    turn_sums(sums, j, turned)
                _make_columns(turned, across, begin, end, samples, halvings, weights_across, total, values)
                for j in range(0, made, LANES):
                    turn_bytes(values, j, rows)
                for r in range(lanes):
                    _copy(part_of_row(display, i + r, to, made), part_of_row(rows, r, 0, made))
        begin = end
