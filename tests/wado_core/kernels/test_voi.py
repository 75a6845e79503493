"""The VOI kernels equal the equations of the standard without any tolerance."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import grayscale, levels
from tests.reference.lut import Lut
from tests.reference.rounding import Array
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels import voi as kernels


def fill_linear(display: Array, x: Array, center: float, width: float) -> None:
    kernels.fill_linear(display, x, center - 0.5, width - 1.0)


KERNELS: dict[str, Callable[..., None]] = {
    "LINEAR": fill_linear,
    "LINEAR_EXACT": kernels.fill_linear,
    "SIGMOID": kernels.fill_sigmoid,
}

eighths = st.integers(-40_000, 40_000).map(lambda number: number / 8)


def shown(function: str, x: Array, center: float, width: float) -> Array:
    with guarded(x.size) as display:
        KERNELS[function](display, read_only(x), center, width)
        return display.copy()


@pytest.mark.parametrize("function", KERNELS)
@pytest.mark.parametrize("size", [0, 1])
def test_small_tables(function: str, size: int) -> None:
    assert shown(function, np.full(size, 7.0), 7.0, 5.0).size == size


@settings(max_examples=200, deadline=None)
@given(
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT"]), center=eighths,
    width=st.integers(8, 560_000).map(lambda number: number / 8), step=st.sampled_from([1.0, 2.0, 0.5, 0.25, 0.0625]),
)  # fmt: skip
def test_linear_windows_are_exact(function: str, center: float, width: float, step: float) -> None:
    """For all numbers that float64 holds as they are; tests/wado_core/rendering/test_table.py has the decimal ones."""
    x = np.arange(-8192.0, 8192.0) * step
    np.testing.assert_array_equal(shown(function, x, center, width), levels.FUNCTIONS[function](x, center, width))


@settings(max_examples=60, deadline=None)
@given(center=eighths, width=st.decimals("0.01", 70000, places=2).map(float))
def test_sigmoid_windows(center: float, width: float) -> None:
    x = np.arange(-2048.0, 2048.0)
    np.testing.assert_array_equal(shown("SIGMOID", x, center, width), levels.sigmoid(x, center, width))


def test_the_bounds_of_a_window_are_those_of_the_standard() -> None:
    """x <= c - 0.5 - (w - 1) / 2 is black, x > c - 0.5 + (w - 1) / 2 white; at w = 1 a threshold (H2.5, H2.10)."""
    assert shown("LINEAR", np.array([-1.0, -0.5, -0.25, 0.0]), 0.0, 1.0).tolist() == [0, 0, 255, 255]
    assert shown("LINEAR", np.array([-160.0, 40.0, 239.0, 240.0]), 40.0, 400.0).tolist() == [0, 128, 255, 255]
    assert shown("LINEAR", np.array([0.0, 2048.0, 4095.0]), 2048.0, 4096.0).tolist() == [0, 128, 255]
    assert shown("LINEAR_EXACT", np.array([0.0, 128.0, 256.0]), 128.0, 256.0).tolist() == [0, 128, 255]


def test_sigmoid_neither_overflows_nor_clips_early() -> None:
    assert shown("SIGMOID", np.array([-1e300, -50.0, 0.0, 50.0, 1e300]), 0.0, 100.0).tolist() == [0, 30, 128, 225, 255]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(("entries", "first_mapped"), [(1, 0), (255, -128), (256, 1000), (4096, -2000), (65536, -32768)])
def test_voi_lut(bits: int, entries: int, first_mapped: int) -> None:
    rng = np.random.default_rng(bits)
    table = rng.integers(0, 1 << bits, entries).astype(np.uint16)
    x = np.concatenate([np.arange(-40000.0, 40000.0, 7.5), rng.normal(0, 3000, 1000), np.array([-1e300, 1e300])])
    with guarded(x.size) as display:
        kernels.fill_voi_lut(display, read_only(x), read_only(table), first_mapped, float((1 << bits) - 1))
        expected = grayscale.voi_lut(np.clip(x, -1e9, 1e9), Lut(first_mapped, bits, tuple(table.tolist())))
        np.testing.assert_array_equal(display, expected)
