"""The cell kernels equal their twins for every position of a sample in its cell."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import cells as twins
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels import cells as kernels

CELL_TYPES = [np.uint8, np.uint16]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("bits_stored", "high_bit"), [(stored, high) for stored in range(1, 9) for high in range(stored - 1, 8)])
def test_every_position_in_8_bit_cells(bits_stored: int, high_bit: int, signed: bool) -> None:
    by_sample = np.random.default_rng(bits_stored).integers(0, 256, 1 << bits_stored, dtype=np.uint8)
    with guarded(256) as by_cell:
        kernels.spread_over_cells(by_cell, read_only(by_sample), bits_stored, high_bit, signed)
        np.testing.assert_array_equal(by_cell, twins.spread_over_cells(by_sample.tolist(), 8, bits_stored, high_bit, signed=signed))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("bits_stored", "high_bit"), [(1, 0), (1, 15), (8, 11), (10, 9), (12, 11), (12, 15), (15, 14), (16, 15)])
def test_positions_in_16_bit_cells(bits_stored: int, high_bit: int, signed: bool) -> None:
    by_sample = np.random.default_rng(high_bit).integers(0, 256, 1 << bits_stored, dtype=np.uint8)
    with guarded(65536) as by_cell:
        kernels.spread_over_cells(by_cell, read_only(by_sample), bits_stored, high_bit, signed)
        np.testing.assert_array_equal(by_cell, twins.spread_over_cells(by_sample.tolist(), 16, bits_stored, high_bit, signed=signed))


@pytest.mark.parametrize("dtype", CELL_TYPES)
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 7), (33, 29)])
def test_mark_present_marks_what_occurs(dtype: npt.DTypeLike, shape: tuple[int, int]) -> None:
    bits = np.dtype(dtype).itemsize * 8
    cells = np.random.default_rng(1).integers(0, 1 << bits, shape).astype(dtype)
    if cells.size:
        cells.flat[0] = (1 << bits) - 1  # the last cell, so that a table one too short is noticed
    with guarded(1 << bits, fill=0) as present:
        kernels.mark_present(present, read_only(cells))
        np.testing.assert_array_equal(present, twins.mark_present(cells, bits))


@pytest.mark.parametrize("dtype", CELL_TYPES)
@pytest.mark.parametrize(
    ("top", "left", "rows", "columns"), [(0, 0, 20, 30), (0, 0, 0, 0), (19, 29, 1, 1), (3, 5, 10, 20), (0, 29, 20, 1), (19, 0, 1, 30)]
)
def test_look_up_takes_the_rectangle(dtype: npt.DTypeLike, top: int, left: int, rows: int, columns: int) -> None:
    bits = np.dtype(dtype).itemsize * 8
    rng = np.random.default_rng(2)
    cells = rng.integers(0, 1 << bits, (20, 30)).astype(dtype)
    by_cell = rng.integers(0, 256, 1 << bits, dtype=np.uint8)
    with guarded((rows, columns)) as display:
        kernels.look_up(display, read_only(cells), read_only(by_cell), top, left)
        np.testing.assert_array_equal(display, twins.look_up(cells, by_cell, top, left, rows, columns))
