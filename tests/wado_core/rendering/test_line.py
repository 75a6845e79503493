"""Lines instead of tables: the same value for every cell there can be, and there where windows are ordinary (docs/adr/0017)."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.reference import jpeg_samples
from tests.wado_core.rendering.pixels import gray
from wado_core.jpeg.encoder import encode
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import Cells, GraySamples, Line
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Lut, Padding, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.line import exact_line
from wado_core.rendering.table import Grayscale, cell_table

LINEAR, EXACT, SIGMOID = VoiLutFunction.LINEAR, VoiLutFunction.LINEAR_EXACT, VoiLutFunction.SIGMOID
STEPS_OF_1 = (1,) * 64


def check(line: Line, steps: Grayscale, window: Window, pixel: ImagePixel) -> None:
    """The line's value is that of the table for every cell, in the twin's float32 and in the compiled kernel's."""
    every = np.arange(1 << pixel.bits_allocated)
    cells: Cells = every.astype(np.uint8) if pixel.bits_allocated == 8 else every.astype(np.uint16)
    table = cell_table(steps, window, pixel)
    found = jpeg_samples.on_line(cells, line.mask, line.flipped, line.base, line.low, line.extent, line.factor, line.offset)
    np.testing.assert_array_equal(found, table)
    side = 1 << pixel.bits_allocated // 2
    everything, layout = Rectangle(0, 0, side, side), Layout(side, side, Subsampling.GRAY)
    frame: Cells = cells.reshape(side, side)
    streams = [b"".join(encode(GraySamples(frame, display, everything), layout, (STEPS_OF_1,))) for display in (line, table)]
    assert streams[0] == streams[1]


CT, CT_SIGNED, EIGHT = gray(12), gray(16, signed=True), gray(8, bits_allocated=8)
HU, PLAIN = Rescale(1, -1024), Rescale()

ORDINARY = {
    "CT": (CT, HU, Window(40, 400), False),
    "CT lung": (CT, HU, Window(-600, 1500), False),
    "CT bone": (CT, HU, Window(300.5, 2000), False),
    "CT, signed, 16 bits": (CT_SIGNED, PLAIN, Window(40, 400), False),
    "CT, signed, 12 bits": (gray(12, signed=True), PLAIN, Window(40, 80), False),
    "CT, MONOCHROME1": (CT, HU, Window(40, 400), True),
    "negative slope": (CT, Rescale(-1, 1024), Window(40, 400), False),
    "negative slope, MONOCHROME1": (CT, Rescale(-1, 1024), Window(40, 400), True),
    "width 1": (CT, HU, Window(40, 1), False),
    "width 2": (CT, HU, Window(40, 2), False),
    "width 1 between two values": (CT, HU, Window(40.25, 1), False),
    "all of 12 bits": (CT, PLAIN, Window(2048, 4096), False),
    "all of 12 bits, MONOCHROME1": (CT, PLAIN, Window(2048, 4096), True),
    "mammogram": (gray(14), PLAIN, Window(8192, 16384), True),
    "PET": (gray(16), Rescale(0.27345, 0), Window(500, 1000), True),
    "PET, small slope": (gray(16, signed=True), Rescale(0.0012207, 0), Window(5, 10), True),
    "MR": (gray(16), PLAIN, Window(600, 1200), False),
    "8 bits": (EIGHT, PLAIN, Window(128, 256), False),
    "8 bits, narrow": (EIGHT, PLAIN, Window(100.5, 33), False),
    "8 bits, exact": (EIGHT, PLAIN, Window(128, 256, EXACT), False),
    "exact": (CT, HU, Window(40, 400, EXACT), False),
    "exact, narrow": (CT, HU, Window(40, 10, EXACT), False),
    "beyond all samples": (CT, HU, Window(30000, 400), False),
    "below all samples": (CT, HU, Window(-30000, 400), False),
    "beyond all samples, MONOCHROME1": (CT, HU, Window(30000, 400), True),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_windows_have_a_line(name: str) -> None:
    """Without one a picture would be right as well, but slower: nothing else would tell."""
    pixel, modality, window, inverted = ORDINARY[name]
    steps = Grayscale(modality, inverted, None)
    line = exact_line(steps, window, pixel)
    assert line is not None
    check(line, steps, window, pixel)


@pytest.mark.parametrize("width", [50, 80, 150, 350, 400, 1500, 4000])
@pytest.mark.parametrize("center", [40, 100, -300])
def test_windows_that_people_choose_have_a_line(center: float, width: float) -> None:
    for pixel, modality in ((CT, HU), (CT_SIGNED, PLAIN)):
        assert exact_line(Grayscale(modality, inverted=False, padding=None), Window(center, width), pixel) is not None


@pytest.mark.parametrize(
    "window",
    [
        Window(40, 3),
        Window(40, 81),
        Window(100.5, 50),
        Window(100.5, 150),
        Window(40.25, 80),
        Window(40, 81, EXACT),
        Window(40.25, 0.5, EXACT),
    ],
)
def test_narrow_windows_between_samples_have_a_line(window: Window) -> None:
    steps = Grayscale(HU, inverted=False, padding=None)
    line = exact_line(steps, window, CT)
    assert line is not None
    check(line, steps, window, CT)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    stored=st.integers(1, 16), signed=st.booleans(), inverted=st.booleans(), function=st.sampled_from([LINEAR, EXACT]),
    slope=st.sampled_from([1.0, -1.0, 0.5, 2.0, -0.1, 1e-3, 3.7, 100.0, 1 / 3]) | st.floats(1e-4, 20) | st.floats(-20, -1e-4),
    intercept=st.sampled_from([0.0, -1024.0, 0.1]) | st.floats(-5000, 5000),
    center=st.sampled_from([40.0, 0.5]) | st.floats(-5000, 70000), width=st.sampled_from([1.0, 2.0, 400.0]) | st.floats(1, 80000),
    padding=st.none() | st.tuples(st.integers(-32768, 65535), st.integers(0, 300)), spare=st.integers(0, 8),
)  # fmt: skip
def test_a_line_is_the_table_for_every_cell(
    stored: int, signed: bool, inverted: bool, function: VoiLutFunction, slope: float, intercept: float, center: float, width: float,
    padding: tuple[int, int] | None, spare: int,
) -> None:  # fmt: skip
    """Whatever is in the bits above the sample, and whatever padding there is."""
    allocated = 8 if stored + spare <= 8 else 16
    pixel = gray(stored, signed=signed, bits_allocated=allocated)
    gap = None if padding is None else Padding(padding[0], padding[0] + padding[1])
    steps, window = Grayscale(Rescale(slope, intercept), inverted, gap), Window(center, width, function)
    line = exact_line(steps, window, pixel)
    assume(line is not None)
    assert line is not None
    check(line, steps, window, pixel)


def test_padding_that_the_window_makes_black_anyway_keeps_the_line() -> None:
    """Air around the patient: below the window, or above where it is inverted."""
    for padding, inverted, expected in (
        (Padding(0, 0), False, True), (Padding(0, 0), True, False), (Padding(4095, 4095), True, True), (Padding(4095, 4095), False, False),
        (Padding(0, 4095), False, False), (Padding(1064, 1064), False, False), (Padding(-5, -1), False, True),
        (Padding(9000, 9001), False, True),
    ):  # fmt: skip
        steps, window = Grayscale(HU, inverted, padding), Window(40, 400)
        line = exact_line(steps, window, CT)
        if expected and 0 <= padding.low < 4096:
            assert line is not None
        if not expected:
            assert line is None
        if line is not None:
            check(line, steps, window, CT)


def test_what_has_no_line() -> None:
    """Tables, sigmoids, and samples that are not in the lowest bits of their cells."""
    plain = Grayscale(HU, inverted=False, padding=None)
    assert exact_line(plain, Window(40, 400, SIGMOID), CT) is None
    assert exact_line(plain, Window(40, 400), gray(12, high_bit=15)) is None
    lut = Lut(0, 16, bytes(range(256)))
    assert exact_line(Grayscale(lut, inverted=False, padding=None), Window(40, 400), CT) is None
    assert exact_line(Grayscale(Rescale(0, 5), inverted=False, padding=None), Window(40, 400), CT) is None


def test_windows_of_all_widths_with_a_line_or_without() -> None:
    """Wide windows of 16 bits come near to what float32 can tell: where it misses a step there must be no line."""
    found = 0
    for width in [*range(1, 40), 255, 256, 257, 1000, 4095, 4096, 10000, 32768, 50000, 65535, 65536, 65537, 100000]:
        for pixel in (gray(16), gray(16, signed=True)):
            steps, window = Grayscale(PLAIN, inverted=False, padding=None), Window(width / 2 - 7, width)
            line = exact_line(steps, window, pixel)
            if line is not None:
                found += 1
                cells = np.arange(65536).astype(np.uint16)
                table = cell_table(steps, window, pixel)
                on_line = jpeg_samples.on_line(cells, line.mask, line.flipped, line.base, line.low, line.extent, line.factor, line.offset)
                np.testing.assert_array_equal(on_line, table)
    assert found > 90


@pytest.mark.parametrize(
    ("slope", "intercept", "window"),
    [
        (1e-300, 0.0, Window(1e20, 100)),
        (1e-300, 1e30, Window(40, 400)),
        (1e-300, 5.0, Window(0, 1e300)),
        (1e300, 0.0, Window(40, 400)),
        (-1e300, 1e300, Window(40, 1)),
        (1.44698e-4, 5282338876000.0, Window(5282338876006.788, 1)),
        (0.0, 7.0, Window(7, 1)),
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_numbers_at_the_ends_of_float64_give_the_table_s_line_or_none(
    slope: float, intercept: float, window: Window, inverted: bool
) -> None:
    """What float64 cannot tell apart is left to the table; nothing overflows."""
    steps = Grayscale(Rescale(slope, intercept), inverted, None)
    line = exact_line(steps, window, CT_SIGNED)
    if line is not None:
        check(line, steps, window, CT_SIGNED)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(slope=st.floats(-1e4, 1e4).filter(bool), intercept=st.floats(-1e16, 1e16), beside=st.floats(-1e3, 1e3), width=st.floats(1, 1e6))
def test_lines_far_from_zero_are_the_table_s(slope: float, intercept: float, beside: float, width: float) -> None:
    """A large intercept cancels against the window: the ramp must not be cut short."""
    steps, window = Grayscale(Rescale(slope, intercept), inverted=False, padding=None), Window(intercept + beside, width)
    line = exact_line(steps, window, CT_SIGNED)
    if line is not None:
        check(line, steps, window, CT_SIGNED)
