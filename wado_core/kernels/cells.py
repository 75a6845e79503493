"""Kernels between cells, as they lie in memory, and the sample values in them (PS3.5 8.1.1, H1.2)."""

from numba.types import boolean, int64, uint8, uint16

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel(
    (array_out(uint8, 1), array_in(uint8, 1), int64, int64, boolean),
)
def spread_over_cells(by_cell, by_sample, bits_stored, high_bit, signed):  # type: ignore[no-untyped-def]
    """Turn a table over sample values into one over cells, so that bits outside the sample never matter (PS3.5 8.1.1).

    by_cell: (2**bits_allocated,) uint8, out.  by_sample: (2**bits_stored,) uint8, from the smallest sample value up.
    bits_stored, high_bit: where the sample lies in its cell.  signed: two's complement.
    """
    low_bit = high_bit + 1 - bits_stored
    mask = (1 << bits_stored) - 1
    sign = 1 << (bits_stored - 1) if signed else 0  # smallest value first: flipping the sign bit orders two's complement
    for cell in range(by_cell.size):
        by_cell[cell] = by_sample[((cell >> low_bit) & mask) ^ sign]


@kernel(
    (array_out(uint8, 1), array_in(uint8, 2)),
    (array_out(uint8, 1), array_in(uint16, 2)),
)
def mark_present(present, cells):  # type: ignore[no-untyped-def]
    """Set ``present[cell]`` for every cell that occurs.

    present: (256,) or (65536,) uint8, out, zero before.  cells: (rows, columns) uint8 or uint16.
    """
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            present[cells[i, j]] = 1


@kernel(
    (array_out(uint8, 2), array_in(uint8, 2), array_in(uint8, 1), int64, int64),
    (array_out(uint8, 2), array_in(uint16, 2), array_in(uint8, 1), int64, int64),
)
def look_up(display, cells, by_cell, top, left):  # type: ignore[no-untyped-def]
    """Look every cell of a rectangle up in a table.

    display: (rows, columns) uint8, out.  cells: (…, …) uint8 or uint16 that hold the rectangle from row ``top``, column ``left``.
    by_cell: (256,) or (65536,) uint8.
    """
    for i in range(display.shape[0]):
        source, line = cells[top + i, left : left + display.shape[1]], display[i]
        for j in range(line.size):  # over slices: indices that numba knows to be positive
            line[j] = by_cell[source[j]]
