"""Samples of more than 16 bits, integers and floats, against the equations in exact arithmetic (part H.2)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.reference import grayscale
from tests.reference import lut as reference_lut
from tests.reference.cells import sample_of
from tests.wado_core.rendering.pixels import floats, gray
from wado_core.codecs.decoded import Decoded
from wado_core.model.grayscale import Lut, Padding, Rescale, ValueRange, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import Grayscale, cell_table, full_range_window
from wado_core.rendering.wide import display_of, is_wide, narrowed, stored_values, wide_range

Array = NDArray[Any]

bit_layouts = st.sampled_from([32, 64]).flatmap(
    lambda allocated: st.integers(1, allocated).flatmap(
        lambda stored: st.tuples(st.just(allocated), st.just(stored), st.integers(stored - 1, allocated - 1), st.booleans())
    )
)
"""Bits Allocated, Bits Stored, High Bit, signed."""


def plan(modality: Rescale | Lut = Rescale(), *, inverted: bool = False, padding: Padding | None = None) -> Grayscale:  # noqa: B008
    return Grayscale(modality, inverted, padding)


def table(first: int, bits: int, entries: list[int]) -> tuple[Lut, reference_lut.Lut]:
    return Lut(first, bits, np.array(entries, "<u2").tobytes()), reference_lut.Lut(first, bits, tuple(entries))


def random_cells(allocated: int, seed: int, shape: tuple[int, int] = (5, 7)) -> Array:
    cells = np.random.default_rng(seed).integers(0, 1 << allocated, shape, dtype=np.uint64)
    cells.reshape(-1)[:2] = 0, (1 << allocated) - 1
    return cells.astype(f"u{allocated // 8}")


@settings(max_examples=300, deadline=None)
@given(layout=bit_layouts, seed=st.integers(0, 2**32))
def test_samples_are_cut_out_of_any_cell(layout: tuple[int, int, int, bool], seed: int) -> None:
    """What is above and below them never leaks (H1.2)."""
    allocated, stored, high, signed = layout
    cells = random_cells(allocated, seed)
    pixel = gray(stored, bits_allocated=allocated, high_bit=high, signed=signed)
    expected = [sample_of(cell, stored, high, signed=signed) for cell in cells.reshape(-1).tolist()]
    assert stored_values(cells.reshape(-1), pixel).tolist() == expected
    narrow = narrowed(Decoded(cells, pixel))
    if is_wide(pixel):
        assert narrow.cells is cells
        return
    assert narrow.pixel.bits_allocated == (8 if stored <= 8 else 16)
    assert narrow.cells.dtype.itemsize * 8 == narrow.pixel.bits_allocated
    found = [sample_of(cell, stored, narrow.pixel.high_bit, signed=signed) for cell in narrow.cells.reshape(-1).tolist()]
    assert found == expected


def shown(cells: Array, pixel: ImagePixel, steps: Grayscale, voi: Window | Lut | None) -> Array:
    display = display_of(cells, pixel, steps, voi)
    assert display.dtype == np.uint8
    assert display.shape == cells.shape
    return display


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32), signed=st.booleans(), stored=st.integers(17, 32), function=st.sampled_from(["LINEAR", "LINEAR_EXACT"]),
    rescale=st.sampled_from([(1.0, 0.0), (2.0, -1024.0), (-1.0, 5.0), (0.5, 0.5)]),
    window=st.tuples(st.integers(-(2**31), 2**31), st.integers(1, 2**32)), inverted=st.booleans(),
)  # fmt: skip
def test_linear_windows_of_integers_are_exact(
    seed: int, signed: bool, stored: int, function: str, rescale: tuple[float, float], window: tuple[int, int], inverted: bool
) -> None:
    """Products of halves and 32-bit integers are exact in float64, so that there is one rounding and no tie is lost."""
    cells = random_cells(32, seed)
    pixel = gray(stored, bits_allocated=32, signed=signed)
    samples = np.array([sample_of(cell, stored, stored - 1, signed=signed) for cell in cells.reshape(-1).tolist()]).reshape(cells.shape)
    center, width = float(window[0]), float(window[1])
    expected = grayscale.WINDOW_FUNCTIONS[function](grayscale.rescale(samples, *rescale), center, width)
    found = shown(cells, pixel, plan(Rescale(*rescale), inverted=inverted), Window(center, width, VoiLutFunction(function)))
    np.testing.assert_array_equal(found, grayscale.invert(expected) if inverted else expected)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("bits", "type_"), [(32, np.float32), (64, np.float64), (64, np.uint64), (64, np.int64)])
def test_other_windows_are_within_a_rounding(function: str, bits: int, type_: Any) -> None:
    """No value lies nearer to a tie than float64 can tell."""
    rng = np.random.default_rng(5)
    values = (rng.normal(1000, 400, (40, 50)) if np.dtype(type_).kind == "f" else rng.integers(0, 2**40, (40, 50))).astype(type_)
    pixel = floats(bits) if np.dtype(type_).kind == "f" else gray(64, bits_allocated=64, signed=type_ is np.int64)
    center, width = (1000.0, 900.0) if pixel.floating else (2.0**39, 2.0**39)
    cells = values if pixel.floating else values.view(np.uint64)
    expected = grayscale.WINDOW_FUNCTIONS[function](values.astype(np.float64), center, width)
    found = shown(cells, pixel, plan(), Window(center, width, VoiLutFunction(function)))
    assert (found != expected).mean() < 0.001
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("slope", "intercept"), [(4.7e-6, 0.0), (0.001, -3.5), (-0.1, 12.7)])
def test_rescales_by_decimal_fractions(slope: float, intercept: float) -> None:
    values = np.random.default_rng(6).integers(0, 2**24, (60, 60), dtype=np.uint32)
    modality = grayscale.rescale(values.astype(np.int64), slope, intercept)
    steps, pixel = plan(Rescale(slope, intercept)), gray(32, bits_allocated=32)
    found = wide_range(values, pixel, steps)
    assert (found.low, found.high) == (modality.min(), modality.max())
    window, bounds = full_range_window(found), grayscale.automatic_window(modality)
    assert window is not None
    assert bounds is not None
    expected = grayscale.linear(modality, *bounds)
    difference = np.abs(shown(values, pixel, steps, window).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


@pytest.mark.parametrize("signed", [False, True])
def test_tables_are_clamped_at_both_ends(signed: bool) -> None:
    values = np.array([[-(2**31), -6, -5, -4], [0, 3, 4, 2**31 - 1]])
    if not signed:
        values = np.abs(values)
    cells, pixel = values.astype(np.uint32), gray(32, bits_allocated=32, signed=signed)
    lut, twin = table(-5, 12, [100, 2000, 4095, 7, 9, 11, 13, 400, 4000])
    expected = grayscale.voi_lut(values.astype(np.float64), twin)
    np.testing.assert_array_equal(shown(cells, pixel, plan(), lut), expected)
    window = Window(2000, 3000)
    expected = grayscale.linear(grayscale.modality_lut(values, twin), 2000, 3000)
    np.testing.assert_array_equal(shown(cells, pixel, plan(lut), window), expected)
    low, high = (float(end(grayscale.modality_lut(values, twin))) for end in (np.min, np.max))
    assert wide_range(cells, pixel, plan(lut)) == ValueRange(low, high)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    ("pixel", "cells"),
    [
        (gray(32, bits_allocated=32, signed=True), np.array([[-2000, -1999, 0, 70000, -2001]], np.int32).view(np.uint32)),
        (gray(64, bits_allocated=64, signed=True), np.array([[-2000, -1999, 0, 70000, -2001]], np.int64).view(np.uint64)),
        (floats(32), np.array([[-2000, -1999, 0, 70000, -2001]], np.float32)),
        (floats(64), np.array([[-2000, -1999, 0, 70000, -2001]], np.float64)),
    ],
)
def test_padding_is_background_and_no_part_of_the_range(pixel: ImagePixel, cells: Array, inverted: bool) -> None:
    steps = plan(inverted=inverted, padding=Padding(-2000, -1999))
    assert wide_range(cells, pixel, steps) == ValueRange(-2001.0, 70000.0)
    display = shown(cells, pixel, steps, Window(0.0, 1e9))
    np.testing.assert_array_equal(display > 0, [[False, False, True, True, True]])
    everything = plan(padding=Padding(-(2**15), 2**17))
    assert wide_range(cells, pixel, everything) == ValueRange(0.0, 0.0, empty=True)
    assert not shown(cells, pixel, everything, full_range_window(wide_range(cells, pixel, everything))).any()


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("inverted", [False, True])
def test_what_is_no_number_is_background_and_infinities_saturate(bits: int, inverted: bool) -> None:
    """Neither counts for the automatic window (H2.15)."""
    values = np.array([[np.nan, np.inf, -np.inf], [1.0, 2.0, -np.nan]], f"f{bits // 8}")
    steps, pixel = plan(inverted=inverted), floats(bits)
    found = wide_range(values, pixel, steps)
    assert found == ValueRange(1.0, 2.0)
    for voi in (full_range_window(found), Window(1.5, 1.0, VoiLutFunction.LINEAR_EXACT), Window(1.5, 0.1, VoiLutFunction.SIGMOID),
                table(1, 8, [0, 255])[0]):  # fmt: skip
        black, white = (255, 0) if inverted else (0, 255)
        np.testing.assert_array_equal(shown(values, pixel, steps, voi), [[0, white, black], [black, white, 0]])
    for lost in (values[:1, :1], values[:1]):
        assert wide_range(lost, pixel, steps).empty


def test_an_infinite_padding_value_hides_infinities() -> None:
    values = np.array([[np.inf, 1.0, 2.0]], np.float32)
    assert shown(values, floats(), plan(padding=Padding(np.inf, np.inf)), Window(0.0, 1.0)).tolist() == [[0, 255, 255]]


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.floats(width=64), min_size=1, max_size=40), slope=st.floats(-1e299, 1e299).filter(bool),
    intercept=st.floats(-1e299, 1e299), inverted=st.booleans(),
)  # fmt: skip
def test_any_floats_have_a_picture(values: list[float], slope: float, intercept: float, inverted: bool) -> None:
    """Whatever their size: darker never means larger, and the ends of the range are black and white."""
    cells, steps = np.array([values]), plan(Rescale(slope, intercept), inverted=inverted)
    found = wide_range(cells, floats(64), steps)
    window = full_range_window(found)
    display = shown(cells, floats(64), steps, window)[0]
    if window is None:
        assert not display.any()
        return
    assert np.isfinite((found.low, found.high)).all()
    with np.errstate(all="ignore"):
        modality = cells[0] * slope + intercept
    order = [place for place in np.argsort(modality) if not np.isnan(cells[0, place])]
    rising = display[order].astype(int)
    assert (np.diff(rising[::-1] if inverted else rising) >= 0).all()
    if found.high - found.low > max(1e-9 * max(abs(found.high), abs(found.low)), 1e-300):  # else float64 has too few values in between
        assert (rising[0], rising[-1]) == ((255, 0) if inverted else (0, 255))


def test_maps_of_small_numbers_use_the_whole_range() -> None:
    """A diffusion map in m²/s: LINEAR's 1 would swallow its range."""
    values = np.linspace(1e-10, 3e-9, 256).reshape(16, 16)
    found = wide_range(values, floats(64), plan())
    np.testing.assert_array_equal(shown(values, floats(64), plan(), full_range_window(found)).reshape(-1), np.arange(256))


@pytest.mark.parametrize("value", [0.0, 7.5, -1e9])
def test_a_constant_image_is_black(value: float) -> None:
    values = np.full((3, 3), value, np.float32)
    assert full_range_window(wide_range(values, floats(), plan())) is None
    assert not shown(values, floats(), plan(inverted=True), None).any()


def test_frames_of_several_pieces_are_seamless() -> None:
    values = np.random.default_rng(9).integers(0, 1 << 20, (301, 257), dtype=np.uint32)
    pixel, window = gray(20, bits_allocated=32), Window(500_000.0, 900_000.0)
    expected = grayscale.linear(values.astype(np.int64), 500_000, 900_000)
    np.testing.assert_array_equal(shown(values, pixel, plan(), window), expected)
    assert wide_range(values, pixel, plan()) == ValueRange(float(values.min()), float(values.max()))


def test_narrow_samples_in_wide_cells_take_the_table() -> None:
    values = np.random.default_rng(10).integers(0, 4096, (20, 30))
    cells = (values << 17 | 0x1F00FF).astype(np.uint32)
    cells = (cells & ~np.uint32(0xFFF << 17)) | (values << 17).astype(np.uint32)
    narrow = narrowed(Decoded(cells, gray(12, bits_allocated=32, high_bit=28)))
    display = cell_table(plan(), Window(2048, 4096), narrow.pixel)[narrow.cells]
    np.testing.assert_array_equal(display, grayscale.linear(values, 2048, 4096))


def test_indices_of_a_supplemental_palette_are_no_part_of_the_range() -> None:
    """H2.15, H2.18: as of samples that a table holds."""
    values = np.array([[3, 70_000, 99_999], [100_000, 100_001, 900_000]], np.uint32)
    steps = Grayscale(Rescale(2.0, -5.0), inverted=False, padding=Padding(3, 3), colored_from=100_000)
    assert wide_range(values, gray(20, bits_allocated=32), steps) == ValueRange(139_995.0, 199_993.0)
    assert wide_range(values[1:], gray(20, bits_allocated=32), steps).empty
