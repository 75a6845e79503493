"""From stored cells to the samples that are coded, one tile at a time, in float32 (T.81 A.1, A.2).

A tile is as many block rows high as an MCU and some MCUs wide. What lies beyond the picture is its last row and column again,
so that the blocks at the edges are complete (T.81 A.2.4).

While a tile is made the cells of the next in the same rows are asked for: a large picture is read in eight rows at once, which is
more than processors fetch ahead by themselves.
"""

import numpy as np
from numba import njit

from wado_core.kernels._bits import prefetch
from wado_core.kernels.jpeg_color import PIXELS, convert_420, convert_422, convert_444

# The rows of a colour tile where Cb and Cr begin; Y has up to sixteen above.
CB_ROW, CR_ROW = 16, 24

_float = np.float32


@njit(nogil=True)
def _repeat_last(line, count):  # type: ignore[no-untyped-def]
    """Fill ``line`` from place ``count`` on with the value before it."""
    last = line[count - 1]
    for j in range(count, line.size):
        line[j] = last


@njit(nogil=True)
def fill_by_line(tile, start, width, cells, top, left, rows, columns, row, column, bits, line):  # type: ignore[no-untyped-def]
    """Fill eight rows with ``floor(min(max(sample - base, 0), extent) * factor + offset)``.

    tile: (…, …) float32, out, ``width`` columns of it from ``start`` on.
    cells: (…, …) uint8 or uint16; the picture are its ``rows`` × ``columns`` from ``top``, ``left`` on.
    row, column: of the picture, where the tile begins.
    bits: (2,) uint16: a sample is a cell without the bits that are not in the first, those of the second flipped.
    line: (4,) float32: base, extent, factor, offset.
    """
    mask, flipped, base, extent, factor, offset = bits[0], bits[1], line[0], line[1], line[2], line[3]
    count, ahead = min(width, columns - column), min(2 * width, columns - column)
    for r in range(8):
        source = cells[top + min(row + r, rows - 1), left + column : left + column + count]
        target = tile[r, start : start + width]
        for j in range(source.size):
            sample = _float((source[j] & mask) ^ flipped)
            target[j] = np.floor(min(max(sample - base, _float(0)), extent) * factor + offset)
        _repeat_last(target, count)
        for j in range(width, ahead, 64 // cells.itemsize):
            prefetch(cells, top + min(row + r, rows - 1), left + column + j)


@njit(nogil=True)
def fill_by_table(tile, start, width, cells, top, left, rows, columns, row, column, table):  # type: ignore[no-untyped-def]
    """Fill eight rows with the values of a table, (256,) or (65536,) uint8, by cell; the rest as in ``fill_by_line``."""
    count, ahead = min(width, columns - column), min(2 * width, columns - column)
    for r in range(8):
        source = cells[top + min(row + r, rows - 1), left + column : left + column + count]
        target = tile[r, start : start + width]
        for j in range(source.size):
            target[j] = _float(table[source[j]])
        _repeat_last(target, count)
        for j in range(width, ahead, 64 // cells.itemsize):
            prefetch(cells, top + min(row + r, rows - 1), left + column + j)


@njit(nogil=True)
def fill_by_color(tile, width, pixels, edge, top, left, rows, columns, row, column, across, down):  # type: ignore[no-untyped-def]
    """Fill Y, Cb and Cr of one row of MCUs.

    tile: (32, …) float32, out: Y, then Cb from CB_ROW and Cr from CR_ROW on.  pixels: (…, 3 * …) uint8, RGB.
    edge: (2, 3 * PIXELS) uint8, scratch.  across, down: pixels of one chroma sample; the rest as in ``fill_by_line``.
    """
    count, lines = min(width, columns - column), min(8 * down, rows - row)
    whole = count - count % PIXELS
    for r in range(0, lines, down):
        upper, lower = top + row + r, top + min(row + r + down - 1, rows - 1)
        _convert(pixels, upper, lower, left + column, whole, tile, r, 0, across, down)
        if whole < count:
            for j in range(3 * PIXELS):
                place = 3 * (left + column + min(whole + j // 3, columns - column - 1)) + j % 3
                edge[0, j], edge[1, j] = pixels[upper, place], pixels[lower, place]
            _convert(edge, 0, 1, 0, PIXELS, tile, r, whole, across, down)
    _repeat_edges(tile[: 8 * down, :width], lines, count)
    for first in (CB_ROW, CR_ROW):
        _repeat_edges(tile[first : first + 8, : width // across], (lines + down - 1) // down, (count + across - 1) // across)


@njit(nogil=True)
def _repeat_edges(plane, lines, count):  # type: ignore[no-untyped-def]
    """Complete a component: only its first ``lines`` and ``count`` columns are of the picture."""
    if count < plane.shape[1]:
        for r in range(lines):
            _repeat_last(plane[r], count)
    for r in range(lines, plane.shape[0]):
        plane[r] = plane[lines - 1]


@njit(nogil=True)
def _convert(pixels, upper, lower, column, count, tile, row, to, across, down):  # type: ignore[no-untyped-def]
    """Convert ``count`` pixels, a multiple of PIXELS, of one row or two. One loop for each: a call for 16 pixels takes half the time."""
    chroma_row = CB_ROW + row // down
    if across == 1:
        for x in range(0, count, PIXELS):
            convert_444(pixels, upper, lower, column + x, tile, row, to + x, chroma_row)
    elif down == 1:
        for x in range(0, count, PIXELS):
            convert_422(pixels, upper, lower, column + x, tile, row, to + x, chroma_row)
    else:
        for x in range(0, count, PIXELS):
            convert_420(pixels, upper, lower, column + x, tile, row, to + x, chroma_row)
