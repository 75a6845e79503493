"""Twins of the cell kernels: one cell at a time, in whole numbers of Python (PS3.5 8.1.1, H1.2)."""

from collections.abc import Sequence

import numpy as np

from tests.reference.rounding import Array, Gray


def sample_of(cell: int, bits_stored: int, high_bit: int, *, signed: bool) -> int:
    """Cut one sample out of its cell and give it its sign."""
    sample = (cell >> (high_bit + 1 - bits_stored)) % (1 << bits_stored)
    return sample - (1 << bits_stored) if signed and sample >= 1 << (bits_stored - 1) else sample


def spread_over_cells(by_sample: Sequence[int], bits_allocated: int, bits_stored: int, high_bit: int, *, signed: bool) -> Gray:
    """Give every cell the entry of its sample; ``by_sample`` runs from the smallest sample value up."""
    first = -(1 << (bits_stored - 1)) if signed else 0
    entries = [by_sample[sample_of(cell, bits_stored, high_bit, signed=signed) - first] for cell in range(1 << bits_allocated)]
    return np.array(entries, dtype=np.uint8)


def mark_present(cells: Array, bits_allocated: int) -> Gray:
    """1 for every cell value that occurs, 0 for the others."""
    occurring = set(cells.reshape(-1).tolist())
    return np.array([cell in occurring for cell in range(1 << bits_allocated)], dtype=np.uint8)


def look_up(cells: Array, by_cell: Array, top: int, left: int, rows: int, columns: int) -> Gray:
    """Look a rectangle up; ``by_cell`` may hold numbers or rows of samples."""
    picture = [[by_cell[int(cells[top + i, left + j])] for j in range(columns)] for i in range(rows)]
    return np.array(picture, dtype=np.uint8).reshape(rows, columns, *by_cell.shape[1:])


def unpack_ybr_422(packed: Sequence[int], rows: int, columns: int) -> Array:
    """Read Y1 Y2 Cb Cr groups; both pixels of a group have its chroma (PS3.3 C.7.6.3.1.2).  Returns int64."""
    pixels: list[tuple[int, int, int]] = []
    for group in range(rows * columns // 2):
        y1, y2, cb, cr = packed[4 * group : 4 * group + 4]
        pixels += [(y1, cb, cr), (y2, cb, cr)]
    return np.array(pixels, dtype=np.int64).reshape(rows, columns, 3)
