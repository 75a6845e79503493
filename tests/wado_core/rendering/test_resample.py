"""Resampling equals the exact rational oracle, in one piece and in several."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import geometry, jpeg_samples
from tests.reference.rounding import Array, round_half_up
from wado_core.jpeg.samples import IDENTITY, Line
from wado_core.model.geometry import Lattice, Rectangle
from wado_core.rendering.resample import picture_of_cells, picture_of_rgb, rows_of_cells, rows_of_rgb

sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))
corners = st.tuples(st.integers(0, 3), st.integers(0, 3))
seeds = st.integers(0, 2**32 - 1)
EXTREMES = [(65535, 1), (1, 8192), (65535, 65534), (65535, 2), (8192, 8191), (2, 8192), (65535, 255), (3, 3), (1, 1)]


def identity(dtype: npt.DTypeLike) -> npt.NDArray[np.uint8]:
    """A table that shows a cell as its lowest byte."""
    return (np.arange(1 << (np.dtype(dtype).itemsize * 8)) & 0xFF).astype(np.uint8)


@settings(max_examples=150, deadline=None)
@given(seed=seeds, source=sizes, target=sizes, corner=corners, dtype=st.sampled_from([np.uint8, np.uint16]))
def test_gray_pictures(
    seed: int, source: tuple[int, int], target: tuple[int, int], corner: tuple[int, int], dtype: type[np.uint8] | type[np.uint16]
) -> None:
    (rows, columns), (top, left) = source, corner
    numbers = np.random.default_rng(seed).integers(0, 1 << (np.dtype(dtype).itemsize * 8), (rows + top + 1, columns + left + 2))
    found = picture_of_cells(numbers.astype(dtype), identity(dtype), Rectangle(left, top, left + columns, top + rows), *target)
    shown = (numbers & 0xFF).astype(np.uint8)[top : top + rows, left : left + columns]
    np.testing.assert_array_equal(found, geometry.resample(shown, *target))


@settings(max_examples=100, deadline=None)
@given(
    seed=seeds, source=st.tuples(st.integers(8, 200), st.integers(8, 200)), target=sizes,
    lattice=st.builds(Lattice, st.sampled_from([2, 4, 8]), st.booleans()), color=st.booleans(),
)  # fmt: skip
def test_reduced_frames(seed: int, source: tuple[int, int], target: tuple[int, int], lattice: Lattice, color: bool) -> None:
    """By the weights of the oracle, each way, rounded half up once."""
    shape = lattice.cells(source[0]), lattice.cells(source[1])
    rows, columns = min(target[0], shape[0]), min(target[1], shape[1])
    cells = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
    down, across = (
        np.array(geometry.lattice_weights(edge, end, lattice.step, on_pixels=lattice.on_pixels))
        for edge, end in zip(source, (rows, columns), strict=True)
    )
    exact = np.stack([down @ cells[..., place].astype(object) @ across.T for place in range(3)], axis=-1)
    expected = np.array([round_half_up(value) for value in exact.flat]).reshape(exact.shape)
    everything = Rectangle(0, 0, source[1], source[0])
    if color:
        found = picture_of_rgb(cells, everything, rows, columns, lattice)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(rows_of_rgb(cells, everything, (rows, columns), rows // 2, rows, lattice), expected[rows // 2 :])
        return
    gray = np.ascontiguousarray(cells[..., 0])
    for display in (IDENTITY, identity(np.uint8)):
        np.testing.assert_array_equal(picture_of_cells(gray, display, everything, rows, columns, lattice), expected[..., 0])
        part = rows_of_cells(gray, display, everything, (rows, columns), rows // 2, rows, lattice)
        np.testing.assert_array_equal(part, expected[rows // 2 :, :, 0])


LINES = [IDENTITY, Line(0xFF, 0, 3.0, 200.5, 1.25, 0.1, 0.6), Line(0x3FF, 0x200, 100.0, 800.0, -0.3, 250.0)]


@settings(max_examples=150, deadline=None)
@given(seed=seeds, source=sizes, target=sizes, corner=corners, line=st.sampled_from(LINES), cut=st.integers(0, 60))
def test_gray_pictures_by_line_in_two_pieces(
    seed: int, source: tuple[int, int], target: tuple[int, int], corner: tuple[int, int], line: Line, cut: int
) -> None:
    (rows, columns), (top, left) = source, corner
    cells = np.random.default_rng(seed).integers(0, line.mask + 1, (rows + top + 1, columns + left + 2))
    cells = cells.astype(np.uint8 if line.mask == 0xFF else np.uint16)
    rectangle = Rectangle(left, top, left + columns, top + rows)
    shown = jpeg_samples.on_line(cells, line.mask, line.flipped, line.base, line.low, line.extent, line.factor, line.offset)
    expected = geometry.resample(shown[top : top + rows, left : left + columns], *target)
    np.testing.assert_array_equal(picture_of_cells(cells, line, rectangle, *target), expected)
    cut = min(cut, target[0])
    pieces = [rows_of_cells(cells, line, rectangle, target, *piece) for piece in ((0, cut), (cut, target[0]))]
    np.testing.assert_array_equal(np.concatenate(pieces), expected)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, source=sizes, target=sizes, corner=corners)
def test_color_pictures(seed: int, source: tuple[int, int], target: tuple[int, int], corner: tuple[int, int]) -> None:
    (rows, columns), (top, left) = source, corner
    pixels = np.random.default_rng(seed).integers(0, 256, (rows + top + 1, columns + left + 2, 3), dtype=np.uint8)
    found = picture_of_rgb(pixels, Rectangle(left, top, left + columns, top + rows), *target)
    np.testing.assert_array_equal(found, geometry.resample(pixels[top : top + rows, left : left + columns], *target))
    assert found.flags.c_contiguous
    rectangle, cut = Rectangle(left, top, left + columns, top + rows), target[0] // 2
    pieces = [rows_of_rgb(pixels, rectangle, target, *piece) for piece in ((0, cut), (cut, target[0]))]
    np.testing.assert_array_equal(np.concatenate(pieces), found)


@pytest.mark.parametrize("target", [(128, 128), (127, 100), (64, 700), (20, 1)])
def test_more_columns_than_a_tile(target: tuple[int, int]) -> None:
    pixels = np.random.default_rng(9).integers(0, 256, (256, 1300, 3), dtype=np.uint8)
    everything = Rectangle(0, 0, 1300, 256)
    expected = geometry.resample(pixels, *target)
    np.testing.assert_array_equal(picture_of_rgb(pixels, everything, *target), expected)
    for display in (IDENTITY, identity(np.uint8)):
        found = picture_of_cells(pixels[..., 1].copy(), display, everything, *target)
        np.testing.assert_array_equal(found, expected[..., 1])


@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
@pytest.mark.parametrize(("rows", "columns"), [(7, 9), (100, 1), (1, 100), (33, 32)])
def test_a_uniform_picture_stays_uniform(value: int, rows: int, columns: int) -> None:
    cells = np.full((31, 30), value, np.uint8)
    assert (picture_of_cells(cells, identity(np.uint8), Rectangle(0, 0, 30, 31), rows, columns) == value).all()


@pytest.mark.parametrize(("source", "target"), EXTREMES)
def test_long_and_short_edges(source: int, target: int) -> None:
    """One row, and one column, from 65535 pixels to 1 and from 1 to 8192."""
    rng = np.random.default_rng(source)
    line = rng.integers(0, 256, (1, source), dtype=np.uint8)
    expected = _resampled_line(line[0], target)
    across = picture_of_cells(line, identity(np.uint8), Rectangle(0, 0, source, 1), 1, target)
    np.testing.assert_array_equal(across[0], expected)
    down = picture_of_cells(np.ascontiguousarray(line.T), identity(np.uint8), Rectangle(0, 0, 1, source), target, 1)
    np.testing.assert_array_equal(down[:, 0], expected)


def _resampled_line(line: npt.NDArray[np.uint8], target: int) -> Array:
    """The oracle's rule without its matrix, which would be too large for long edges: running sums, and two neighbours."""
    source, values = line.size, line.astype(np.int64)
    j = np.arange(target, dtype=np.int64)
    if target <= source:
        sums = np.concatenate(([0], np.cumsum(values)))

        def integral(position: Array) -> Array:
            """Integrate from 0 to position / target, in units of 1 / target."""
            whole, part = np.divmod(position, target)
            return np.asarray(sums[whole] * target + part * values[np.minimum(whole, source - 1)])

        totals, denominator = integral((j + 1) * source) - integral(j * source), source
    else:
        left, part = np.divmod((2 * j + 1) * source - target, 2 * target)
        a, b = (values[np.clip(left + step, 0, source - 1)] for step in (0, 1))
        totals, denominator = a * (2 * target - part) + b * part, 2 * target
    return np.asarray((2 * totals + denominator) // (2 * denominator))


def test_the_line_rule_of_this_file_is_the_oracle_s() -> None:
    line = np.random.default_rng(1).integers(0, 256, 50, dtype=np.uint8)
    for target in (1, 3, 49, 50, 51, 120):
        np.testing.assert_array_equal(_resampled_line(line, target), geometry.resample(line[None], 1, target)[0])


def test_the_same_size_is_a_copy_of_the_rectangle() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(picture_of_rgb(pixels, Rectangle(1, 2, 6, 9), 7, 5), pixels[2:9, 1:6])
    cells = pixels[..., 0].copy()
    np.testing.assert_array_equal(picture_of_cells(cells, identity(np.uint8), Rectangle(1, 2, 6, 9), 7, 5), cells[2:9, 1:6])
