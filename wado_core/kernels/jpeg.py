"""The two kernels of the JPEG encoder: samples to a scan, quantised blocks to a scan (T.81 process 1)."""

import numpy as np
from numba import njit
from numba.types import float32, int16, int32, int64, uint8, uint16, uint32, uint64

from wado_core.kernels._jit import array_in, array_out, kernel
from wado_core.kernels.jpeg_samples import CB_ROW, fill_by_color, fill_by_line, fill_by_table
from wado_core.kernels.jpeg_scan import CODED_SIZE, COLUMN, MOST_BLOCKS, ROW, USED, code_blocks, end_interval, restart_marker
from wado_core.kernels.jpeg_transform import transform_row

# What the samples are made of, and how.
CELLS_8_BY_LINE, CELLS_16_BY_LINE, CELLS_8_BY_TABLE, CELLS_16_BY_TABLE, RGB = range(5)

# Places of the geometry, (GEOMETRY_SIZE,) int64: the first cell of the picture, its size, pixels of one chroma sample, the MCU row to
# end before, MCU rows of a restart interval (0: none).
TOP, LEFT, ROWS, COLUMNS, ACROSS, DOWN, END_ROW, RESTART_ROWS = range(8)
GEOMETRY_SIZE = 8

# What is taken off eight samples so that they are signed (T.81 A.3.1); Cb and Cr are already.
_LEVEL = np.float32(8 * 128)

_CODER = (
    array_in(int32, 1), array_in(uint8, 1), array_in(uint8, 1), array_in(uint16, 2), array_in(uint16, 2), array_in(uint32, 2),
)  # fmt: skip
_SCRATCH = (array_out(int16, 1), array_out(uint8, 1), array_out(uint64, 1), array_out(uint8, 1))


@njit(nogil=True)
def _transform_color(tile, count, of_tile, across, down, scales, blocks, masks):  # type: ignore[no-untyped-def]
    """Transform ``count`` MCUs of a tile that has room for ``of_tile``: luma first, one row of blocks after the other, then Cb and Cr."""
    for r in range(down):
        transform_row(tile, 8 * r, count * across, _LEVEL, scales[0], blocks, masks, r * of_tile * across)
    for plane in range(2):
        transform_row(tile, CB_ROW + 8 * plane, count, np.float32(0), scales[1], blocks, masks, of_tile * (across * down + plane))


@njit(nogil=True)
def _empty_blocks_beyond(blocks, masks, count, of_tile, down, rows, columns):  # type: ignore[no-untyped-def]
    """Make luma blocks that only complete an MCU cheap: the DC of the block before, nothing else (T.81 A.2.4 leaves them open).

    count: MCUs in the tile, two blocks across and ``down`` down each.  rows, columns: of the picture from the tile's first sample on.
    """
    used_across, used_down = min((columns + 7) // 8, 2 * count), min((rows + 7) // 8, down)
    for r in range(down):
        for k in range(used_across if r < used_down else 0, 2 * count):
            place = r * 2 * of_tile + k
            masks[place] = 0
            blocks[place, 0] = blocks[place - 1 if k % 2 == 1 else place - 2 * of_tile + 1, 0]


@njit(nogil=True)
def _interval_end(row, end_row, restart_rows):  # type: ignore[no-untyped-def]
    """Return the MCU row before which the restart interval of MCU row ``row`` ends, or all that is coded now."""
    return end_row if restart_rows == 0 else min(end_row, (row // restart_rows + 1) * restart_rows)


@njit(nogil=True)
def _end_row(row, all_rows, restart_rows, state, out):  # type: ignore[no-untyped-def]
    """End an interval where one ends before MCU row ``row``: the last without a marker behind it."""
    if row == all_rows:
        end_interval(state, out)
    elif restart_rows > 0 and row % restart_rows == 0:
        end_interval(state, out)
        restart_marker(state, out, row // restart_rows - 1)


@kernel(
    (
        int64, array_in(uint8, 2), array_in(uint16, 2), array_in(uint8, 1), array_in(float32, 1), array_in(uint16, 1), array_in(int64, 1),
        array_in(float32, 2), *_CODER, array_out(float32, 2), array_out(uint8, 2), array_out(int16, 2), array_out(uint64, 1), *_SCRATCH,
        array_out(int64, 1), array_out(uint8, 1),
    )
)  # fmt: skip
def encode_rows(  # type: ignore[no-untyped-def]
    kind, cells_8, cells_16, table, line, bits, geometry, scales,
    order, component, class_of, codes, lengths, ready, tile, edge, blocks, masks, values, runs, joined, raw, state, out,
):  # fmt: skip
    """Code the MCU rows from the state's on, until ``out`` is full or the geometry's end row is reached.

    kind: see above.  cells_8: (…, …) uint8, or RGB as (…, 3 * …).  cells_16: (…, …) uint16.  table: (256,) or (65536,) uint8.
    line, bits: see ``fill_by_line``.  geometry: (GEOMETRY_SIZE,) int64.  scales: (2, 64 * BLOCKS) float32, of luma and chroma.
    order … ready: see ``code_blocks``, for the blocks of one whole tile.
    tile: (8, n) or, for colour, (32, n) float32; edge: (2, 48) uint8; blocks … raw: scratch, see ``code_blocks``.
    state: (STATE_SIZE,) int64, in and out.  out: at least CODED_SIZE + 4 bytes.
    """
    rows, columns, across, down = geometry[ROWS], geometry[COLUMNS], geometry[ACROSS], geometry[DOWN]
    top, left, width, height = geometry[TOP], geometry[LEFT], 8 * across, 8 * down
    mcus, all_rows = (columns + width - 1) // width, (rows + height - 1) // height
    of_tile = tile.shape[1] // width
    row, column = state[ROW], state[COLUMN]
    while row < geometry[END_ROW]:
        if out.size - state[USED] < CODED_SIZE + 4:
            break
        count, lines = min(of_tile, mcus - column), 1
        wide, y, x = count * width, row * height, column * width
        if kind == RGB:
            fill_by_color(tile, wide, cells_8, edge, top, left, rows, columns, y, x, across, down)
            _transform_color(tile, count, of_tile, across, down, scales, blocks, masks)
            if across == 2:
                _empty_blocks_beyond(blocks, masks, count, of_tile, down, rows - y, columns - x)
            coded = count * (across * down + 2)
        else:
            if count == mcus:  # narrow pictures: as many rows of blocks as the tile has room for, since each turn costs
                lines = min(of_tile // mcus, _interval_end(row, geometry[END_ROW], geometry[RESTART_ROWS]) - row)
            for i in range(lines):
                start, first = i * wide, y + 8 * i
                if kind == CELLS_8_BY_LINE:
                    fill_by_line(tile, start, wide, cells_8, top, left, rows, columns, first, x, bits, line)
                elif kind == CELLS_16_BY_LINE:
                    fill_by_line(tile, start, wide, cells_16, top, left, rows, columns, first, x, bits, line)
                elif kind == CELLS_8_BY_TABLE:
                    fill_by_table(tile, start, wide, cells_8, top, left, rows, columns, first, x, table)
                else:
                    fill_by_table(tile, start, wide, cells_16, top, left, rows, columns, first, x, table)
            coded = count * lines
            transform_row(tile, 0, coded, _LEVEL, scales[0], blocks, masks, 0)
        code_blocks(blocks, masks, order[:coded], component[:coded], class_of, codes, lengths, ready, values, runs, joined, raw, state, out)
        column += count
        if column == mcus:
            row, column = row + lines, 0
            _end_row(row, all_rows, geometry[RESTART_ROWS], state, out)
    state[ROW], state[COLUMN] = row, column


@kernel((array_in(int16, 2), array_in(uint64, 1), *_CODER, int64, *_SCRATCH, array_out(int64, 1), array_out(uint8, 1)))
def encode_blocks(  # type: ignore[no-untyped-def]
    blocks, masks, order, component, class_of, codes, lengths, ready, interval, values, runs, joined, raw, state, out
):
    """Code quantised blocks in the order of a scan of any components.

    blocks: (n, 64) int16, zig-zag.  masks: (n,) uint64, which coefficients are not 0.  interval: blocks between restart markers, 0 for
    none.  state: as at the beginning of a scan.  out: at least ``2 * BYTES_OF_BLOCK`` a block, 4 bytes an interval, and CODED_SIZE
    more.  The rest: see ``code_blocks``.
    """
    place = 0
    while place < order.size:
        end = order.size if interval == 0 else min((place // interval + 1) * interval, order.size)
        count = min(MOST_BLOCKS, end - place)
        code_blocks(
            blocks, masks, order[place : place + count], component[place : place + count], class_of, codes, lengths, ready,
            values, runs, joined, raw, state, out,
        )  # fmt: skip
        place += count
        if place == end:
            end_interval(state, out)
            if place < order.size:
                restart_marker(state, out, place // interval - 1)
