"""The oracle's grayscale steps against the anchor values of the standard and numbers worked out by hand."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference.grayscale import (
    automatic_window,
    invert,
    linear,
    linear_exact,
    modality_lut,
    padding_mask,
    rescale,
    sigmoid,
    voi_lut,
)
from tests.reference.lut import Lut
from tests.reference.rounding import exact, to_8bit


def numbers(*values: float) -> NDArray[Any]:
    return np.array(values, dtype=np.float64)


def test_linear_anchors() -> None:
    assert linear(numbers(0, 2048, 4095), 2048, 4096).tolist() == [0, 128, 255]
    assert linear(numbers(-161, -160, 40, 239, 240), 40, 400).tolist() == [0, 0, 128, 255, 255]


def test_linear_of_width_one_is_a_threshold() -> None:
    assert linear(numbers(-1, -0.5, -0.25, 0, 1), 0, 1).tolist() == [0, 0, 255, 255, 255]


@pytest.mark.parametrize("width", [0.5, 0, -5])
def test_linear_refuses_narrow_widths(width: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        linear(numbers(0), 0, width)


def test_linear_over_eight_bits_is_the_identity() -> None:
    every = np.arange(256)
    assert linear(every, 128, 256).tolist() == every.tolist()


def test_values_between_two_levels_go_up_without_fail() -> None:
    # y = x - 1/2 exactly: binary arithmetic in the order of the equation would miss some of these.
    every = np.arange(1, 256)
    assert linear(every, 128.5, 256).tolist() == every.tolist()


def test_linear_exact_anchors() -> None:
    # 127.5 rounds up; 0.2 * 255 = 51
    assert linear_exact(numbers(0, 128, 256, 257), 128, 256).tolist() == [0, 128, 255, 255]
    assert linear_exact(numbers(-0.3), 0, 1).tolist() == [51]
    with pytest.raises(ValueError, match="greater than 0"):
        linear_exact(numbers(0), 0, 0)


def test_sigmoid_anchors() -> None:
    assert sigmoid(numbers(1536, 2048, 2560), 2048, 1024).tolist() == [30, 128, 225]
    assert sigmoid(numbers(-1e9, 1e9), 0, 1).tolist() == [0, 255]
    with pytest.raises(ValueError, match="greater than 0"):
        sigmoid(numbers(0), 0, -1)


def test_rescale_is_not_rounded_and_slope_zero_counts_as_one() -> None:
    assert rescale(np.array([1, 3]), 0.5, -1).tolist() == [-0.5, 0.5]
    assert rescale(np.array([7]), 0, 10).tolist() == [17]


def test_modality_lut_clamps() -> None:
    table = Lut(first=10, bits=16, entries=(100, 200, 300))
    assert modality_lut(np.array([-5, 9, 10, 11, 12, 13, 99]), table).tolist() == [100, 100, 100, 200, 300, 300, 300]


def test_lut_inputs_are_rounded_half_up() -> None:
    table = Lut(first=-1, bits=8, entries=(1, 2, 3))
    assert table.look_up(numbers(-0.5, -0.51, 0.49, 0.5)).tolist() == [2, 1, 2, 3]


def test_voi_lut_scales_its_whole_range() -> None:
    table = Lut(first=0, bits=12, entries=(0, 4095, 2048, 8))
    assert voi_lut(np.array([0, 1, 2, 3]), table).tolist() == [0, 255, 128, 0]  # 127.53, 0.498
    assert voi_lut(np.array([0, 1]), Lut(0, 8, (17, 255))).tolist() == [17, 255]


def test_padding_range_holds_both_ends_in_either_order() -> None:
    stored = np.array([3999, 4000, 4050, 4095, 0])
    expected = [False, True, True, True, False]
    assert padding_mask(stored, 4000, 4095).tolist() == padding_mask(stored, 4095, 4000).tolist() == expected
    assert padding_mask(stored, 4000).tolist() == [False, True, False, False, False]


def test_automatic_window_spans_what_is_not_padding() -> None:
    values = numbers(-2000, 0, 100, 50)
    assert automatic_window(values, np.array([True, False, False, False])) == (Fraction(101, 2), Fraction(101))
    assert linear(values[1:], *(Fraction(101, 2), Fraction(101))).tolist() == [0, 255, 128]


def test_automatic_window_of_a_constant_or_all_padding_is_none() -> None:
    assert automatic_window(numbers(5, 5)) is None
    assert automatic_window(numbers(5, 6), np.array([True, True])) is None
    assert automatic_window(numbers(5, 6), np.array([False, True])) is None


def test_automatic_window_takes_fractions() -> None:
    low, high = 0.25, 0.5
    window = automatic_window(numbers(low, high))
    assert window == (Fraction(7, 8), Fraction(5, 4))
    assert linear(numbers(low, 0.375, high), *window).tolist() == [0, 128, 255]


def test_invert() -> None:
    assert invert(np.array([0, 1, 255], dtype=np.uint8)).tolist() == [255, 254, 0]


def test_rounding_rule() -> None:
    assert [to_8bit(Fraction(n, 2)) for n in (-3, -1, 0, 1, 2, 3, 509, 510, 600)] == [0, 0, 0, 1, 1, 2, 255, 255, 255]


def test_exact_takes_floats_as_they_are_written() -> None:
    assert exact(0.07) == exact("0.07") == Fraction(7, 100)
    with pytest.raises(ValueError, match="nan"):
        exact(float("nan"))
