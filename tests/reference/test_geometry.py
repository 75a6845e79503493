"""The oracle's region, size and resampling against fractions worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from tests.reference.geometry import axis_weights, region_pixels, resample, target_size
from tests.reference.rounding import Gray


def gray(*rows: list[int]) -> Gray:
    return np.array(rows, dtype=np.uint8)


@pytest.mark.parametrize(
    ("region", "rows", "columns", "pixels"),
    [
        ((0, 0, 1, 1), 64, 64, (0, 0, 64, 64)),
        ((0.5, 0, 1, 1), 64, 64, (32, 0, 64, 64)),
        ((0.99999, 0.99999, 1, 1), 64, 64, (63, 63, 64, 64)),
        (("0.1", "0.2", "0.3", "0.4"), 10, 100, (10, 2, 30, 4)),
        ((0.07, 0, 0.14, 1), 1, 100, (7, 0, 14, 1)),  # in floating point 0.07 * 100 > 7 and 0.14 * 100 > 14
        (("1e-3", 0, "2e-3", 1), 3, 3, (0, 0, 1, 3)),
        ((0.25, 0.25, 0.5, 0.75), 3, 3, (0, 0, 2, 3)),
    ],
)
def test_region_pixels(region: tuple[float, ...], rows: int, columns: int, pixels: tuple[int, ...]) -> None:
    assert region_pixels(region, rows, columns) == pixels


@pytest.mark.parametrize("region", [(0.5, 0.5, 0.5, 1), (0, 0, 1, 1.2), (0, 0, 0, 1), (-0.1, 0, 1, 1), ("a", "b", "c", "d"), (0, 0, 1)])
def test_impossible_regions_are_refused(region: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"region|Fraction|unpack"):
        region_pixels(region, 64, 64)


@pytest.mark.parametrize(
    ("maxima", "size"),
    [
        ((None, None), (100, 200)),
        ((50, None), (50, 100)),
        ((None, 50), (25, 50)),
        ((300, 300), (150, 300)),
        ((1000, None), (1000, 2000)),
        ((100, 100), (50, 100)),
        ((None, 1), (1, 1)),  # 0.5 rounds up
        ((None, 3), (2, 3)),  # 1.5 rounds up
    ],
)
def test_target_size_of_wide(maxima: tuple[int | None, int | None], size: tuple[int, int]) -> None:
    assert target_size(100, 200, *maxima) == size


def test_a_thin_picture_keeps_one_pixel() -> None:
    assert target_size(1, 1000, None, 10) == (1, 10)


def test_enlarging_to_both_maxima() -> None:
    assert target_size(512, 512, 1024, 5000) == (1024, 1024)


def test_shrinking_three_to_two_weighs_the_middle_pixel_by_halves() -> None:
    weights, denominator = axis_weights(3, 2)
    assert (weights.tolist(), denominator) == ([[2, 1, 0], [0, 1, 2]], 3)


def test_enlarging_two_to_three_and_to_four() -> None:
    # u = (j + 1/2) * 2/3 - 1/2 = -1/6, 1/2, 7/6; the outer ones are clamped.
    weights, denominator = axis_weights(2, 3)
    assert [[Fraction(int(w), denominator) for w in row] for row in weights] == [[1, 0], [Fraction(1, 2)] * 2, [0, 1]]
    weights, denominator = axis_weights(2, 4)
    quarters = [[w * 4 for w in row] for row in (weights / denominator).tolist()]
    assert quarters == [[4, 0], [3, 1], [1, 3], [0, 4]]


@pytest.mark.parametrize(("source", "target"), [(1, 1), (7, 3), (3, 7), (64, 64), (100, 99), (99, 100), (512, 37), (1, 9), (9, 1)])
def test_weights_of_each_output_add_up(source: int, target: int) -> None:
    weights, denominator = axis_weights(source, target)
    assert weights.min() >= 0
    assert (weights.sum(axis=1) == denominator).all()
    if target <= source:
        assert (weights.sum(axis=0) == target).all()  # every source pixel counts the same


@pytest.mark.parametrize(("source", "target"), [(7, 3), (3, 7), (10, 4), (4, 10)])
def test_weights_are_the_integrals_and_distances_of_the_definition(source: int, target: int) -> None:
    weights, denominator = axis_weights(source, target)
    for j in range(target):
        for i in range(source):
            if target <= source:
                low, high = Fraction(j * source, target), Fraction((j + 1) * source, target)
                expected = max(Fraction(0), min(high, Fraction(i + 1)) - max(low, Fraction(i))) * Fraction(target, source)
            else:
                u = (j + Fraction(1, 2)) * Fraction(source, target) - Fraction(1, 2)
                expected = max(Fraction(0), 1 - abs(min(max(u, Fraction(0)), Fraction(source - 1)) - i))
            assert Fraction(int(weights[j, i]), denominator) == expected


def test_resampling_to_the_same_size_changes_nothing() -> None:
    picture = np.random.default_rng(1).integers(0, 256, size=(9, 13), dtype=np.uint8)
    assert (resample(picture, 9, 13) == picture).all()


def test_halving_rounds_half_up_once() -> None:
    assert resample(gray([0, 1], [0, 1]), 1, 1).tolist() == [[1]]  # 1/2
    assert resample(gray([0, 1], [0, 0]), 1, 1).tolist() == [[0]]  # 1/4; rounding after each axis would give 1
    assert resample(gray([0, 100, 201]), 1, 2).tolist() == [[33, 167]]  # 100/3 = 33.3, (100 + 402) / 3 = 167.3


def test_enlarging_a_step() -> None:
    assert resample(gray([0, 255]), 1, 4).tolist() == [[0, 64, 191, 255]]  # 63.75, 191.25
    assert resample(gray([10], [20]), 4, 1).tolist() == [[10], [13], [18], [20]]  # 12.5, 17.5 round up


def test_axes_are_independent_and_samples_too() -> None:
    picture = np.random.default_rng(2).integers(0, 256, size=(8, 5, 3), dtype=np.uint8)
    scaled = resample(picture, 3, 11)
    assert scaled.shape == (3, 11, 3)
    for sample in range(3):
        assert (resample(picture[..., sample], 3, 11) == scaled[..., sample]).all()
    assert (resample(picture[..., 0].T, 11, 3) == scaled[..., 0].T).all()


def test_white_stays_white_at_the_largest_denominators() -> None:
    assert (resample(np.full((2, 3), 255, dtype=np.uint8), 501, 1001) == 255).all()


def test_edges_beyond_the_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="65536"):
        resample(gray([1]), 1, 65537)
