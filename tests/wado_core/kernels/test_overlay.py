"""The overlay kernel equals its twin wherever the bits of a rectangle begin and end."""

import numpy as np
import pytest

from tests.reference import overlay as twin
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels.overlay import paint_bits


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("density", [0, 2, 50, 100])
@pytest.mark.parametrize(
    ("first_bit", "row_bits", "top", "left", "rows", "columns"),
    [
        (0, 8, 0, 0, 20, 8), (0, 30, 0, 0, 20, 30), (3, 30, 0, 0, 20, 27), (13, 17, 4, 5, 9, 11), (7, 1, 19, 29, 1, 1), (8, 9, 1, 2, 7, 9),
        (5, 40, 0, 0, 0, 9), (5, 40, 0, 0, 9, 0), (0, 1, 0, 29, 20, 1), (63, 65, 0, 0, 3, 30),
    ],
)  # fmt: skip
def test_the_rectangle_is_painted_and_nothing_else(
    samples: int, density: int, first_bit: int, row_bits: int, top: int, left: int, rows: int, columns: int
) -> None:
    rng = np.random.default_rng(first_bit + density)
    needed = first_bit + max(rows - 1, 0) * row_bits + columns
    bits = np.packbits(rng.integers(0, 100, needed) < density, bitorder="little")  # not a byte more than is needed
    before = rng.integers(0, 255, (20, 30, samples), dtype=np.uint8)
    with guarded((20, 30, samples)) as display:
        display[:] = before
        paint_bits(display, read_only(bits), first_bit, row_bits, top, left, rows, columns)
        np.testing.assert_array_equal(display, twin.paint_bits(before, bits.tobytes(), first_bit, row_bits, top, left, rows, columns))
