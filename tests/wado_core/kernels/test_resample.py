"""The resampling kernels equal the exact weights of the oracle, with one rounding at the end."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import geometry
from tests.wado_core.kernels.guarded import Array, guarded, read_only
from wado_core.kernels import resample as kernels
from wado_core.rendering.resample import Axis, axis

resample_cells: Callable[..., None] = kernels.resample_cells
resample_rgb: Callable[..., None] = kernels.resample_rgb

SIZES = [
    ((1, 1), (1, 1)), ((1, 1), (9, 5)), ((7, 5), (1, 1)), ((2, 2), (3, 1)), ((13, 17), (13, 4)), ((13, 17), (31, 17)),
    ((40, 30), (7, 29)), ((5, 3), (40, 2)), ((64, 64), (8, 8)), ((3, 100), (50, 7)),
]  # fmt: skip


def arguments(down: Axis, across: Axis) -> tuple[Array, ...]:
    parts = (down.first, down.count, down.start, down.weights, across.first, across.count, across.start, across.weights)
    return tuple(read_only(part) for part in parts)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("source", "target"), SIZES)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 2)])
def test_cells(dtype: npt.DTypeLike, source: tuple[int, int], target: tuple[int, int], top: int, left: int) -> None:
    bits = np.dtype(dtype).itemsize * 8
    rng = np.random.default_rng(7)
    cells = rng.integers(0, 1 << bits, (top + source[0] + 2, left + source[1] + 1)).astype(dtype)
    by_cell = rng.integers(0, 256, 1 << bits, dtype=np.uint8)
    down, across = axis(source[0], target[0]), axis(source[1], target[1])
    with guarded(target) as display, guarded(source[1]) as line, guarded(source[1], np.int32) as sums:
        resample_cells(
            display, read_only(cells), read_only(by_cell), top, left, *arguments(down, across), line, sums, down.total * across.total
        )
        rectangle = by_cell[cells[top : top + source[0], left : left + source[1]]]
        np.testing.assert_array_equal(display, geometry.resample(rectangle, *target))


@pytest.mark.parametrize(("source", "target"), SIZES)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 2)])
def test_rgb(source: tuple[int, int], target: tuple[int, int], top: int, left: int) -> None:
    pixels = np.random.default_rng(8).integers(0, 256, (top + source[0] + 2, left + source[1] + 1, 3), dtype=np.uint8)
    down, across = axis(source[0], target[0]), axis(source[1], target[1])
    with guarded((*target, 3)) as display, guarded(3 * source[1], np.int32) as sums:
        resample_rgb(display, read_only(pixels), top, left, *arguments(down, across), sums, down.total * across.total)
        rectangle = pixels[top : top + source[0], left : left + source[1]]
        np.testing.assert_array_equal(display, geometry.resample(rectangle, *target))


def test_no_picture_at_all() -> None:
    nothing = np.empty(0, np.int32)
    with guarded((0, 0)) as display, guarded(0) as line, guarded(0, np.int32) as sums:
        resample_cells(display, np.empty((0, 0), np.uint8), np.zeros(256, np.uint8), 0, 0, *[nothing] * 8, line, sums, 1)
    with guarded((0, 0, 3)) as display, guarded(0, np.int32) as sums:
        resample_rgb(display, np.empty((0, 0, 3), np.uint8), 0, 0, *[nothing] * 8, sums, 1)


@pytest.mark.parametrize("total", [1, 2, 3, 255, 65535, 65536, 65535**2, 2 * 8192 * 65535, 2**34 - 1])
def test_the_quotient_rounds_as_whole_numbers_do(total: int) -> None:
    """One row, one column, weights that make any sum: halves and their neighbours, up to the greatest total that occurs.

    The weight of a row times that of a column is the numerator over 255; both are 32-bit numbers.
    """
    values = {0, 255 * total}
    for level in (0, 1, 127, 128, 253, 254):
        values |= {level * total + total // 2 + step for step in (-1, 0, 1)}
    for value in sorted(value for value in values if 0 <= value <= 255 * total):
        parts = [value // 255, value % 255]  # value = 255 * a + b: a times a white pixel, and one pixel of gray b
        columns = np.array([[255, parts[1]]], np.uint8)
        heavy, light = divmod(parts[0], 2**30)
        weights = np.array([*[2**30] * heavy, light, 1], np.int32)
        cells = np.array([[*[255] * (heavy + 1), columns[0, 1]]], np.uint8)
        one = np.array([1], np.int32)
        zero = np.array([0], np.int32)
        count = np.array([weights.size], np.int32)
        with guarded((1, 1)) as display, guarded(weights.size) as line, guarded(weights.size, np.int32) as sums:
            resample_cells(
                display, cells, np.arange(256, dtype=np.uint8), 0, 0, zero, one, zero, one, zero, count, zero, weights, line, sums, total
            )
            assert display[0, 0] == (2 * value + total) // (2 * total)
