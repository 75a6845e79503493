"""The line of float32 through display values: met exactly, or said not to be."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wado_core.kernels.guarded import Array, guarded, read_only
from wado_core.kernels import line as kernels

Fitted = tuple[np.float32, np.float32, np.float32]


def fit(ramp: Array, factor: float) -> tuple[Fitted, bool]:
    with guarded(4, np.float32) as fitted:
        kernels.fit_line(read_only(ramp), np.float32(factor), fitted)
        low, extent, offset, met = (np.float32(number) for number in fitted)
        return (low, extent, offset), bool(met)


def values(count: int, factor: float, fitted: Fitted) -> Array:
    """Evaluate the line in float32, product and sum each rounded."""
    low, extent, offset = fitted
    return np.asarray(np.floor(np.clip(np.arange(count, dtype=np.float32), low, extent) * np.float32(factor) + offset))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    count=st.integers(1, 3000), offset=st.floats(0, 1, exclude_max=True, width=32), inverted=st.booleans(),
    wrong=st.none() | st.integers(0, 2999),
)  # fmt: skip
def test_a_line_is_found_where_there_is_one(count: int, offset: float, inverted: bool, wrong: int | None) -> None:
    """Ramps as real arithmetic draws them, and such with one value wrong."""
    slope = Fraction(float(np.float32(254 / count)))
    exact = [int(slope * i + Fraction(offset)) for i in range(count)]
    ramp = np.array([255 - value for value in exact] if inverted else exact, np.uint8)
    factor = -float(slope) if inverted else float(slope)
    if wrong is not None and wrong < count:
        ramp[wrong] = 255 if ramp[wrong] < 128 else 0
    found, met = fit(ramp, factor)
    assert met == bool((values(count, factor, found) == ramp).all())
    room = min(value + 1 - slope * i for i, value in enumerate(exact)) - max(value - slope * i for i, value in enumerate(exact))
    if wrong is None and room > Fraction(1, 1000):
        assert met, "far from the limits of float32"
    if wrong is not None and wrong < count and count > 3:
        assert not met


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    count=st.integers(1, 40), first=st.integers(-40, 40), slope=st.sampled_from([-10, -3, 1, 7, 10]), intercept=st.integers(-200, 200),
    middle=st.integers(-200, 200), extent=st.sampled_from([0, 1, 10, 50, 399]), inverted=st.booleans(),
)  # fmt: skip
def test_a_ramp_and_its_ends(count: int, first: int, slope: int, intercept: int, middle: int, extent: int, inverted: bool) -> None:
    """Values by the equation in rational numbers (PS3.3 C.11.2.1.2); ends by looking at neighbours."""
    with guarded(count, np.uint8) as ramp, guarded(2, np.int64) as ends:
        kernels.draw_ramp(ramp, float(first), float(slope), float(intercept), float(middle), float(extent), inverted, ends)
        expected = [_linear(slope * (first + i) + intercept, middle, extent) for i in range(count)]
        assert ramp.tolist() == [255 - value if inverted else value for value in expected]
        changes = [place for place, (one, other) in enumerate(pairwise(ramp.tolist())) if one != other]
        assert ends.tolist() == ([changes[0], changes[-1] + 1] if changes else [0, 0])


def _linear(x: int, middle: int, extent: int) -> int:
    if 2 * x <= 2 * middle - extent:
        return 0
    if 2 * x > 2 * middle + extent:
        return 255
    return int(Fraction((x - middle) * 255, extent) + 128)


@pytest.mark.parametrize("ramp", [[0], [255], [7, 7, 7], [0, 255], [255, 0], [3, 5], list(range(256))])
def test_thresholds_and_single_values(ramp: list[int]) -> None:
    display = np.array(ramp, np.uint8)
    factor = (float(ramp[-1]) - ramp[0]) / max(len(ramp) - 1, 1)
    found, met = fit(display, factor)
    assert met
    assert values(len(ramp), factor, found).tolist() == ramp
