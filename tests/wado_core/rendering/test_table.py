"""The table is exact: no tolerance anywhere, for every value that a sample can hold (part H.2, docs/adr/0005)."""

import tracemalloc
from collections.abc import Iterable
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import cells as cell_twins
from tests.reference import grayscale, levels
from tests.reference import lut as reference_lut
from tests.reference.rounding import Array, Gray
from tests.wado_core.rendering.pixels import gray
from wado_core.model.grayscale import Lut, Padding, Rescale, ValueRange, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import Grayscale, cell_table, full_range_window, modality_values, sample_table, value_range

# What float64 holds as it is written, and what it does not.
CENTERS = (0.0, 40.0, -600.0, 2048.0, 0.5, -0.5, 128.5, 40.25)
WIDTHS = (1.0, 2.0, 3.0, 255.0, 256.0, 400.0, 4096.0, 65536.0, 350.5, 1.5, 1000.25)
RESCALES = ((1.0, 0.0), (1.0, -1024.0), (2.0, -5.0), (0.5, -1000.0), (-1.0, 4095.0), (0.25, 0.5))
DECIMAL_CENTERS = (40.3, 0.54, -57.7, 3692.8)
DECIMAL_WIDTHS = (400.6, 1.85, 88.4, 1344.1)
DECIMAL_RESCALES = ((0.1, 0.0), (0.3, -0.7), (1.7, 3.25), (2.442002442, -100.0))


def lut_of(entries: list[int] | Array, first: int, bits: int) -> tuple[Lut, reference_lut.Lut]:
    """Make the same table for the product and for the oracle."""
    numbers = [int(entry) for entry in entries]
    return Lut(first, bits, np.array(numbers, "<u2").tobytes()), reference_lut.Lut(first, bits, tuple(numbers))


def stored_values(pixel: ImagePixel) -> Array:
    first = -(1 << (pixel.bits_stored - 1)) if pixel.signed else 0
    return np.arange(first, first + (1 << pixel.bits_stored))


def plan(modality: Rescale | Lut | None = None, *, inverted: bool = False, padding: Padding | None = None) -> Grayscale:
    return Grayscale(modality or Rescale(), inverted, padding)


def wrong_values(function: str, window: tuple[float, float], rescale: tuple[float, float], pixel: ImagePixel) -> str:
    """Compare one table with the equation; say where they differ, "" when they do not.

    The linear functions in real arithmetic: every number is the decimal fraction it was written as. SIGMOID in that of float64.
    """
    stored = stored_values(pixel)
    table = sample_table(plan(Rescale(*rescale)), Window(*window, VoiLutFunction(function)), pixel)
    if function == "SIGMOID":
        expected = levels.sigmoid(stored * rescale[0] + rescale[1], *window)
    else:
        expected = levels.of_stored(function, stored, rescale, *window)
    differ = np.flatnonzero(table != expected)
    if not differ.size:
        return ""
    one = int(differ[0])
    return f"{function} {window} rescale {rescale}: {differ.size} values, {stored[one]} shows {table[one]}, must {expected[one]}"


def check(function: str, windows: Iterable[tuple[float, float]], rescale: tuple[float, float], *, signed: bool) -> None:
    """Compare the tables of many windows over all 65,536 stored values."""
    tried = list(windows)
    wrong = [text for window in tried if (text := wrong_values(function, window, rescale, gray(signed=signed)))]
    assert not wrong, f"{len(wrong)} of {len(tried)} windows:\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("rescale", RESCALES)
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_all_65536_values_are_those_of_the_equation(function: str, rescale: tuple[float, float], signed: bool) -> None:
    check(function, product(CENTERS, WIDTHS), rescale, signed=signed)


@pytest.mark.parametrize("rescale", [(1.0, 0.0), (1.0, -1024.0), (0.5, -1000.0)])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_windows_that_float64_does_not_hold_are_exact_too(function: str, rescale: tuple[float, float]) -> None:
    check(function, product(DECIMAL_CENTERS, (*DECIMAL_WIDTHS, 1.0, 400.0)), rescale, signed=True)
    check(function, product(CENTERS, DECIMAL_WIDTHS), rescale, signed=True)


@pytest.mark.parametrize("rescale", DECIMAL_RESCALES)
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_rescales_that_float64_does_not_hold_are_exact_too(function: str, rescale: tuple[float, float]) -> None:
    """0.3 * 3 - 0.7 is 0.2, on its side of a tie, and not 0.19999999999999996."""
    check(function, product(CENTERS, WIDTHS), rescale, signed=True)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("rescale", [(1.0, -1024.0), (0.3, -0.7)])
def test_sigmoid_is_that_of_float64(rescale: tuple[float, float], signed: bool) -> None:
    """No value of these windows lies on a tie: 255 / (1 + exp(z)) is a half only where exp(z) is rational, and then z is 0."""
    windows = product((0.0, 40.5, -57.7), (1.0, 3.0, 400.0, 4096.0))
    wrong = [text for window in windows if (text := wrong_values("SIGMOID", window, rescale, gray(signed=signed)))]
    assert not wrong, "\n".join(wrong)


@settings(max_examples=60, deadline=None)
@given(
    center=st.decimals(-3000, 5000, places=2).map(float), width=st.decimals(1, 9000, places=2).map(float),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT"]), slope=st.sampled_from([1.0, 0.1, 0.25, 2.5]), signed=st.booleans(),
)  # fmt: skip
def test_decimal_windows_are_exact(center: float, width: float, function: str, slope: float, signed: bool) -> None:
    assert wrong_values(function, (center, width), (slope, -1024.0), gray(12, signed=signed)) == ""


def test_anchors_of_the_requirements() -> None:
    """H2.10, J.5 38 to 40 and 45."""

    def shown(window: Window, intercept: float, *values: int) -> list[int]:
        table = sample_table(plan(Rescale(1.0, intercept)), window, gray(signed=True))
        return [int(table[int(value - intercept) + 32768]) for value in values]

    assert shown(Window(2048, 4096), 0.0, 0, 2048, 4095) == [0, 128, 255]
    assert shown(Window(40, 400), -1024.0, -161, -160, 40, 239, 240) == [0, 0, 128, 255, 255]
    assert shown(Window(0, 1), 0.0, -1, 0) == [0, 255]
    assert shown(Window(100, 50, VoiLutFunction.SIGMOID), 0.0, 75, 100, 125) == [30, 128, 225]


@pytest.mark.parametrize(
    ("bits_allocated", "bits_stored"), [*((8, stored) for stored in range(1, 9)), *((16, stored) for stored in range(1, 17))]
)
@pytest.mark.parametrize("signed", [False, True])
def test_garbage_around_the_sample_never_matters(bits_allocated: int, bits_stored: int, signed: bool) -> None:
    """Every Bits Stored and every High Bit; cells of random bits (H1.2)."""
    cells = np.random.default_rng(bits_stored).integers(0, 1 << bits_allocated, 200).tolist()
    window = Window(0.5 if signed else (1 << bits_stored) / 2, float(1 << bits_stored))
    for high_bit in range(bits_stored - 1, bits_allocated):
        pixel = gray(bits_stored, signed=signed, bits_allocated=bits_allocated, high_bit=high_bit)
        table = cell_table(plan(), window, pixel)
        assert table.shape == (1 << bits_allocated,)
        values = np.array([cell_twins.sample_of(cell, bits_stored, high_bit, signed=signed) for cell in cells], np.float64)
        np.testing.assert_array_equal(table[cells], levels.linear(values, window.center, window.width))


def test_a_table_is_shared_and_cannot_be_changed() -> None:
    table = cell_table(plan(), Window(40, 400), gray(12))
    assert cell_table(plan(), Window(40, 400), gray(12)) is table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    "padding", [Padding(-2000, -2000), Padding(0, 0), Padding(100, 300), Padding(-40000, 40000), Padding(70000, 80000), Padding(2047, 2047)]
)
def test_padding_is_black_whatever_stands_around_it(padding: Padding, inverted: bool, signed: bool) -> None:
    pixel = gray(12, signed=signed)
    stored = stored_values(pixel)
    table = sample_table(plan(inverted=inverted, padding=padding), Window(40, 400), pixel)
    shown: Gray = levels.linear(stored.astype(np.float64), 40, 400)
    shown = grayscale.invert(shown) if inverted else shown
    np.testing.assert_array_equal(table, np.where(grayscale.padding_mask(stored, padding.low, padding.high), 0, shown))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("first", "count", "bits"), [(0, 256, 8), (-128, 256, 12), (512, 1024, 16), (-32768, 65536, 16), (3000, 1, 10)])
def test_luts_are_clamped_at_both_ends(first: int, count: int, bits: int, signed: bool) -> None:
    entries = np.random.default_rng(count).integers(0, 1 << bits, count)
    lut, expected = lut_of(entries, first, bits)
    pixel = gray(13, signed=signed)
    stored = stored_values(pixel)
    halves = grayscale.rescale(stored, 0.5, -3.0)
    np.testing.assert_array_equal(sample_table(plan(Rescale(0.5, -3.0)), lut, pixel), grayscale.voi_lut(halves, expected))
    np.testing.assert_array_equal(modality_values(lut, pixel), grayscale.modality_lut(stored, expected))
    window = Window(500.5, 700)
    values = grayscale.modality_lut(stored, expected)
    np.testing.assert_array_equal(sample_table(plan(lut), window, pixel), levels.linear(values, 500.5, 700))


def test_a_modality_lut_feeds_a_voi_lut() -> None:
    modality, expected_modality = lut_of(list(range(0, 8192, 2)), 0, 16)
    voi, expected_voi = lut_of([i % 1024 for i in range(0, 5000, 3)], 1000, 10)
    values = grayscale.modality_lut(np.arange(4096), expected_modality)
    np.testing.assert_array_equal(sample_table(plan(modality), voi, gray(12)), grayscale.voi_lut(values, expected_voi))


@pytest.mark.parametrize("inverted", [False, True])
def test_without_a_range_everything_is_black(inverted: bool) -> None:
    assert not sample_table(plan(inverted=inverted), None, gray(12)).any()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("padding", [None, Padding(-100, 200), Padding(-5000, 5000), Padding(3, 3)])
@pytest.mark.parametrize("rescale", [(1.0, 0.0), (-0.5, 100.0), (0.1, -0.3)])
def test_value_range_equals_the_oracle(rescale: tuple[float, float], padding: Padding | None, signed: bool) -> None:
    rng = np.random.default_rng(11)
    for bits_stored, high_bit in ((12, 11), (12, 14), (5, 9), (16, 15)):
        pixel = gray(bits_stored, signed=signed, high_bit=high_bit)
        cells = rng.integers(0, 1 << 16, (17, 23), dtype=np.uint16) & np.uint16(~0x00F0 & 0xFFFF)
        samples = np.array([[cell_twins.sample_of(int(cell), bits_stored, high_bit, signed=signed) for cell in row] for row in cells])
        found = value_range(cells, pixel, plan(Rescale(*rescale), padding=padding))
        mask = None if padding is None else grayscale.padding_mask(samples, padding.low, padding.high)
        values = grayscale.rescale(samples, *rescale)
        kept = values if mask is None else values[~mask]
        assert found == (ValueRange(float(kept.min()), float(kept.max())) if kept.size else ValueRange(0.0, 0.0, empty=True))
        window, expected = full_range_window(found), grayscale.automatic_window(values, mask)
        assert (window is None) == (expected is None)
        if window is not None and expected is not None:
            assert (window.center, window.width) == pytest.approx((float(expected[0]), float(expected[1])), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_value_range_of_8_and_16_bit_cells(dtype: npt.DTypeLike) -> None:
    bits = np.dtype(dtype).itemsize * 8
    cells = np.array([[3, (1 << bits) - 1], [7, 7]]).astype(dtype)
    assert value_range(cells, gray(bits, bits_allocated=bits), plan(Rescale(2.0, 1.0))) == ValueRange(7.0, 2.0 * ((1 << bits) - 1) + 1)


def test_constant_images_and_nothing_but_padding_have_no_window() -> None:
    """H2.15: black, without a division by zero."""
    constant = value_range(np.full((3, 3), 7, np.uint16), gray(12), plan())
    assert constant == ValueRange(7.0, 7.0)
    assert full_range_window(constant) is None
    assert full_range_window(ValueRange(0.0, 0.0, empty=True)) is None


def test_the_full_range_window_shows_the_ends_as_black_and_white() -> None:
    """H2.10: c = (x1 + x2 + 1) / 2, w = x2 - x1 + 1."""
    window = full_range_window(ValueRange(0.0, 4095.0))
    assert window == Window(2048.0, 4096.0)
    table = sample_table(plan(), window, gray(12))
    assert (table[0], table[4095]) == (0, 255)


def test_remembered_tables_take_no_more_than_is_said() -> None:
    """With the LUTs that they are found by, which nobody else holds any more."""
    pixel = gray(16)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(100):
            modality, voi = (Lut(0, 16, np.full(65536, number + place, "<u2").tobytes()) for place in (0, 1))
            cell_table(Grayscale(modality, inverted=False, padding=None), voi, pixel)
            cell_table(Grayscale(Rescale(), inverted=False, padding=None), Window(1000.0 + number, 77.0), pixel)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 3 << 20 < held < 7_000_000
