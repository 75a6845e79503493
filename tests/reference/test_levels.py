"""The thresholds say the same as the functions evaluated value by value."""

from fractions import Fraction

import numpy as np
import pytest

from tests.reference import grayscale, levels

WINDOWS: tuple[tuple[float, float], ...] = (
    (40, 400), (0, 1), (0, 2), (-0.5, 3), (128.5, 256), (2048, 4096), (40.3, 400.6), (0.1, 1.1), (-57.7, 350.1), (1e-3, 1.0625),
)  # fmt: skip


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
@pytest.mark.parametrize(("center", "width"), WINDOWS)
def test_thresholds_equal_the_function_evaluated_value_by_value(function: str, center: float, width: float) -> None:
    x = np.concatenate([np.arange(-300.0, 300.0), np.arange(-100, 100) / 8, np.arange(1800, 2300) / 4])
    expected = grayscale.WINDOW_FUNCTIONS[function](x, center, width)
    np.testing.assert_array_equal(levels.FUNCTIONS[function](x, center, width), expected)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
@pytest.mark.parametrize("rescale", [(1, 0), (0.1, -3), (-0.3, 0.7), (2.5, -1024)])
@pytest.mark.parametrize(("center", "width"), WINDOWS)
def test_stored_values_are_shown_as_their_exact_modality_values(
    function: str, rescale: tuple[float, float], center: float, width: float
) -> None:
    if function == "LINEAR" or width > 1:
        stored = np.arange(-500, 500)
        slope, intercept = (Fraction(str(number)) for number in rescale)
        values = np.array([slope * int(value) + intercept for value in stored])
        expected = grayscale.WINDOW_FUNCTIONS[function](values, center, width)
        np.testing.assert_array_equal(levels.of_stored(function, stored, rescale, center, width), expected)


def test_a_threshold_that_is_no_float64_is_not_passed_by_its_lower_neighbour() -> None:
    third = Fraction(1, 3)
    assert Fraction(levels._not_below(third)) >= third > Fraction(np.nextafter(levels._not_below(third), -1))


def test_anchors_of_the_standard() -> None:
    x = np.array([-161.0, -160.0, 40.0, 239.0, 240.0])
    assert levels.linear(x, 40, 400).tolist() == [0, 0, 128, 255, 255]
    assert levels.linear_exact(np.array([0.0, 128.0, 256.0]), 128, 256).tolist() == [0, 128, 255]
    assert levels.sigmoid(np.array([-50.0, 0.0, 50.0, 1e6]), 0, 100).tolist() == [30, 128, 225, 255]
