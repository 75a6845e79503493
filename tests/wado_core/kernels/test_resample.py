"""The resampling kernel equals the exact weights of the oracle, with one rounding at the end, whatever the display values come from."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import geometry, jpeg_samples
from tests.wado_core.kernels.guarded import Array, guarded, read_only
from tests.wado_core.kernels.paged import Side, paged
from wado_core.kernels import resample as kernels
from wado_core.kernels.resample import MEDIUM, SMALL
from wado_core.kernels.resample_rows import CELLS_8_BY_LINE, CELLS_8_BY_TABLE, CELLS_16_BY_LINE, CELLS_16_BY_TABLE, DISPLAY
from wado_core.rendering.axis import Axis, axis

resample: Callable[..., None] = kernels.resample

SIZES = [
    ((1, 1), (1, 1)), ((1, 1), (9, 5)), ((7, 5), (1, 1)), ((2, 2), (3, 1)), ((13, 17), (13, 4)), ((13, 17), (31, 17)),
    ((40, 30), (7, 29)), ((5, 3), (40, 2)), ((64, 64), (8, 8)), ((3, 100), (50, 7)), ((35, 96), (35, 96)), ((70, 96), (35, 24)),
    ((48, 60), (16, 10)), ((34, 70), (17, 35)), ((40, 40), (90, 200)), ((97, 101), (96, 100)),
]  # fmt: skip

KINDS: dict[str, tuple[int, type[np.generic]]] = {
    "8 by line": (CELLS_8_BY_LINE, np.uint8), "16 by line": (CELLS_16_BY_LINE, np.uint16), "8 by table": (CELLS_8_BY_TABLE, np.uint8),
    "16 by table": (CELLS_16_BY_TABLE, np.uint16), "display": (DISPLAY, np.uint8),
}  # fmt: skip

# mask, flipped; base, low, extent, factor, offset: all bits in use, and none of the numbers whole
LINES: dict[type[np.generic], tuple[tuple[int, int], tuple[float, ...]]] = {
    np.uint8: ((0x7F, 0x40), (20.0, 0.7, 90.5, 2.75, 0.3)),
    np.uint16: ((0xFFFF, 0x8000), (30000.0, 12.25, 9999.5, -255 / 9999, 255.4)),
}
WORST = ((0xFFFF, 0), (0.0, 0.0, 65535.0, 1 / 257, 0.5))  # the whole of 16 bits

NOTHING_8, NOTHING_16, NO_TABLE = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint16), np.zeros(1, np.uint8)


def made(
    kind: int, cells: Array, corner: tuple[int, int], source: tuple[int, int], target: tuple[int, int], samples: int = 1, *,
    by_cell: Array = NO_TABLE, line: tuple[tuple[int, int], tuple[float, ...]] = WORST, room: int = 32, room_made: int = 16,
    rows: tuple[int, int] | None = None,
) -> Array:  # fmt: skip
    """Call the kernel with everything it writes between guard bytes, and scratch of no more than it must have."""
    down, across = axis(source[0], target[0]), axis(source[1], target[1])
    room = max(room, -(-samples * across.widest // 32) * 32)
    first, end = rows or (0, target[0])
    of_8 = cells.dtype == np.uint8
    halvings, straight = (across.halvings, across.straight) if samples == 1 else (0, False)
    with ExitStack() as held:
        sums, turned = (held.enter_context(guarded(shape, np.int32)) for shape in ((16, room), (room, 16)))
        shapes = (room_made, 16), (16, room_made), (end - first, samples * target[1])
        values, lines, display = (held.enter_context(guarded(shape)) for shape in shapes)
        resample(
            kind, read_only(cells) if of_8 else NOTHING_8, NOTHING_16 if of_8 else read_only(cells), read_only(by_cell),
            read_only(np.array(line[1], np.float32)), *line[0], corner[0], samples * corner[1], samples,
            first, *parts(down), down.whole, *parts(across), halvings, straight, down.total * across.total,
            sums, turned, values, lines, display,
        )  # fmt: skip
        return display.copy()


def parts(found: Axis) -> tuple[Array, Array]:
    return read_only(found.places), read_only(found.weights)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("source", "target"), SIZES)
@pytest.mark.parametrize("corner", [(0, 0), (3, 2)])
def test_gray(name: str, source: tuple[int, int], target: tuple[int, int], corner: tuple[int, int]) -> None:
    (kind, dtype), (top, left) = KINDS[name], corner
    bits = np.dtype(dtype).itemsize * 8
    rng = np.random.default_rng(7)
    cells = rng.integers(0, 1 << bits, (top + source[0] + 2, left + source[1] + 1)).astype(dtype)
    by_cell, line = rng.integers(0, 256, 1 << bits, dtype=np.uint8), LINES[dtype]
    display = jpeg_samples.on_line(cells, *line[0], *line[1]) if "line" in name else by_cell[cells] if "table" in name else cells
    expected = geometry.resample(display[top : top + source[0], left : left + source[1]], *target)
    found = made(kind, cells, corner, source, target, by_cell=by_cell, line=line)
    np.testing.assert_array_equal(found, expected)
    first, end = target[0] // 3, max(2 * target[0] // 3, target[0] // 3 + 1)
    some = made(kind, cells, corner, source, target, by_cell=by_cell, line=line, rows=(first, end), room=64, room_made=64)
    np.testing.assert_array_equal(some, expected[first:end])


@pytest.mark.parametrize(("source", "target"), SIZES)
@pytest.mark.parametrize("corner", [(0, 0), (3, 2)])
def test_rgb(source: tuple[int, int], target: tuple[int, int], corner: tuple[int, int]) -> None:
    top, left = corner
    pixels = np.random.default_rng(8).integers(0, 256, (top + source[0] + 2, left + source[1] + 1, 3), dtype=np.uint8)
    found = made(DISPLAY, pixels.reshape(pixels.shape[0], -1), corner, source, target, 3)
    expected = geometry.resample(pixels[top : top + source[0], left : left + source[1]], *target)
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("source", "target"), [((33, 50), (17, 50)), ((33, 50), (8, 25)), ((33, 50), (40, 33))])
def test_nothing_is_loaded_outside_of_the_cells(name: str, side: Side, source: tuple[int, int], target: tuple[int, int]) -> None:
    kind, dtype = KINDS[name]
    shown = np.random.default_rng(3).integers(0, 256, source)
    by_cell = (np.arange(1 << (np.dtype(dtype).itemsize * 8)) & 0xFF).astype(np.uint8)
    with paged(shown.astype(dtype), side) as cells:
        found = made(kind, cells, (0, 0), source, target, by_cell=by_cell, line=((0xFF, 0), (0.0, 0.0, 255.0, 1.0, 0.0)))
    np.testing.assert_array_equal(found, geometry.resample(shown.astype(np.uint8), *target))


@pytest.mark.parametrize("kind", [CELLS_16_BY_LINE, CELLS_16_BY_TABLE])
@pytest.mark.parametrize("rows", [65535, 65534])
def test_the_largest_sums_of_rows(kind: int, rows: int) -> None:
    """White, 65,535 times: that many rows weigh most, and so do sums of 32 bits. One level less in one cell must not be lost."""
    cells = np.full((rows, 2), 65535, np.uint16)
    by_cell = np.full(65536, 255, np.uint8)
    assert made(kind, cells, (0, 0), (rows, 2), (1, 2), by_cell=by_cell).tolist() == [[255, 255]]
    assert made(kind, cells, (0, 0), (rows, 2), (rows - 1, 2), by_cell=by_cell).min() == 255


def of_any_sum(value: int, total: int) -> tuple[Array, Array, Array]:
    """Return an axis of one picture column with the weights that make any sum of one row: a white pixels, and one of gray b."""
    white, gray = value // 255, value % 255
    heavy, light = divmod(white, 2**30)
    weights = np.array([*[2**30] * heavy, light, 1], np.int32)
    cells = np.array([[*[255] * (heavy + 1), gray]], np.uint8)
    return np.array([[0], [weights.size], [0]], np.int32), weights, cells


TOTALS = [
    1, 2, 3, 255, 4096, SMALL - 1, SMALL, SMALL + 1, 65535, 65536, 2**20 - 1, MEDIUM, MEDIUM + 1, 2 * 8192 * 65535, 65535**2, 2**34 - 1,
]  # fmt: skip


@pytest.mark.parametrize("straight", [False, True])
@pytest.mark.parametrize("total", TOTALS)
def test_the_quotient_rounds_as_whole_numbers_do(total: int, straight: bool) -> None:
    """One row, one column, weights that make any sum: halves and their neighbours, up to the greatest total that occurs."""
    values = {0, 255 * total}
    for level in range(0, 255, 1 if total in (SMALL, MEDIUM) else 18):
        values |= {level * total + total // 2 + step for step in (-1, 0, 1)}
    for value in sorted(value for value in values if 0 <= value <= 255 * total):
        across, weights, cells = of_any_sum(value, total)
        down, one = np.array([[0], [1], [0]], np.int32), np.array([1], np.int32)
        if straight:  # the row weighs instead: sums of rows are of 32 bits
            if value >= 1 << 24:
                continue
            down, cells = across, np.ascontiguousarray(cells.T)
            across, weights, one = np.array([[0], [1], [0]], np.int32), one, weights
        with guarded((1, 1)) as display:
            resample(
                DISPLAY, cells, NOTHING_16, NO_TABLE, np.zeros(5, np.float32), 0, 0, 0, 0, 1,
                0, down, one, False, across, weights, 0, straight, total, *scratch(), display,
            )  # fmt: skip
            assert display[0, 0] == (2 * value + total) // (2 * total)


def scratch() -> tuple[npt.NDArray[Any], ...]:
    shapes: tuple[tuple[tuple[int, int], npt.DTypeLike], ...] = (
        ((16, 544), np.int32), ((544, 16), np.int32), ((16, 16), np.uint8), ((16, 16), np.uint8),
    )  # fmt: skip
    return tuple(np.empty(shape, dtype) for shape, dtype in shapes)


def test_no_picture_at_all() -> None:
    places, weights = np.empty((3, 0), np.int32), np.empty(0, np.int32)
    with guarded((0, 0)) as display:
        resample(
            DISPLAY, np.empty((0, 0), np.uint8), NOTHING_16, NO_TABLE, np.zeros(5, np.float32), 0, 0, 0, 0, 1,
            0, places, weights, False, places, weights, 0, False, 1, *scratch(), display,
        )  # fmt: skip
