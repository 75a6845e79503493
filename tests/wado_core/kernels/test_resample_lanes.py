"""The intrinsics of resampling equal their twins, and load and store nothing outside of their arrays."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from tests.reference import lanes as twins
from tests.wado_core.kernels.guarded import Array
from tests.wado_core.kernels.paged import Side, all_paged
from wado_core.kernels import _bits
from wado_core.kernels.resample_lanes import LANES, column_large, column_medium, column_small, halve, turn_bytes, turn_sums

BLOCK = LANES, LANES


def numbers(shape: tuple[int, ...], dtype: type[np.generic] = np.int32, top: int = 1 << 31) -> Array:
    return np.random.default_rng(4).integers(0, top, shape).astype(dtype)


@njit
def _turn_sums(sums, column, turned):  # type: ignore[no-untyped-def]
    turn_sums(sums, column, turned)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("column", [0, 3, 16])
def test_turn_sums(side: Side, column: int) -> None:
    with all_paged(side, numbers((LANES, column + LANES)), np.zeros((column + LANES, LANES), np.int32)) as (sums, turned):
        _turn_sums(sums, column, turned)
        np.testing.assert_array_equal(turned[column:], twins.turned(sums[:, column:]))
        assert not turned[:column].any()


@njit
def _turn_bytes(values, column, rows):  # type: ignore[no-untyped-def]
    turn_bytes(values, column, rows)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("column", [0, 3, 16])
def test_turn_bytes(side: Side, column: int) -> None:
    given = numbers((column + LANES, LANES), np.uint8, 256)
    with all_paged(side, given, np.zeros((LANES, column + LANES), np.uint8)) as (values, rows):
        _turn_bytes(values, column, rows)
        np.testing.assert_array_equal(rows[:, column:], twins.turned(values[column:]))
        assert not rows[:, :column].any()


@njit
def _halve(sums, row, column):  # type: ignore[no-untyped-def]
    halve(sums, row, column)


@pytest.mark.parametrize("side", Side)
def test_halve(side: Side) -> None:
    """In place, the second row of two."""
    given = numbers((2, 96), top=1 << 30)
    with all_paged(side, given) as (sums,):
        for column in range(0, 48, LANES):
            _halve(sums, 1, column)
        np.testing.assert_array_equal(sums[1, :48], twins.halved(given[1]))
        np.testing.assert_array_equal(sums[1, 48:], given[1, 48:])
        np.testing.assert_array_equal(sums[0], given[0])


def _caller(column_of: Any) -> Any:
    @njit
    def call(turned, row, step, weights, start, count, half, reciprocal, values, to):  # type: ignore[no-untyped-def]
        column_of(turned, row, step, weights, start, count, half, reciprocal, values, to)

    return call


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("column_of", "most"), [(column_small, 12), (column_medium, 10**6), (column_large, 1 << 30)])
@pytest.mark.parametrize(("row", "step", "start", "count"), [(0, 1, 0, 1), (2, 3, 1, 5), (0, 1, 0, 19), (1, 3, 2, 2)])
def test_columns(side: Side, column_of: Any, most: int, row: int, step: int, start: int, count: int) -> None:
    given = numbers((row + step * (count - 1) + 1, LANES), top=256)
    given[:, 0], given[:, 1] = 0, 255
    weights = np.maximum(numbers((start + count,), top=max(most // count, 2)), 1)
    total = int(weights[start:].sum())
    arrays = given, weights, np.zeros((3, LANES), np.uint8)
    with all_paged(side, *arrays) as (turned, weights, values):
        _caller(column_of)(turned, row, step, weights, start, count, total / 2 + 0.25, 1 / total, values, 2)
        np.testing.assert_array_equal(values[2], twins.column(turned[row::step], weights[start:], total))
        assert not values[:2].any()


@njit
def _part(array, row, column, size, out):  # type: ignore[no-untyped-def]
    part = _bits.part_of_row(array, row, column, size)
    for j in range(part.size):
        out[j] = part[j]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_a_part_of_a_row(dtype: type[np.generic]) -> None:
    array, out = numbers((4, 9), dtype), np.zeros(5, dtype)
    _part(array, 2, 3, 5, out)
    np.testing.assert_array_equal(out, array[2, 3:8])


@njit
def _float(number):  # type: ignore[no-untyped-def]
    return _bits.float_of_bits(number)


@pytest.mark.parametrize("number", [0.0, 1.0, -2.5, 2.0**23 + 65535, 3e38])
def test_a_float_of_its_bits(number: float) -> None:
    assert _float(np.float32(number).view(np.uint32)) == np.float32(number)
