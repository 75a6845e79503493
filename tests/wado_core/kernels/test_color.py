"""The colour kernels equal their twins; those of YBR for every one of the 2**24 colours there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import cells as twins
from tests.reference.color import ybr_full_to_rgb, ybr_partial_to_rgb
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels import color as kernels

Conversion = Callable[..., Any]

CONVERSIONS = [(kernels.ybr_full_to_rgb, ybr_full_to_rgb), (kernels.ybr_partial_to_rgb, ybr_partial_to_rgb)]


@pytest.mark.parametrize(("kernel", "twin"), CONVERSIONS)
def test_every_ybr_color_is_that_of_the_equation(kernel: Conversion, twin: Conversion) -> None:
    """Ties fall as in real arithmetic: 1.772 * 125 is 221.5 exactly."""
    ybr, rgb = np.empty((256, 256, 3), np.uint8), np.empty((256, 256, 3), np.uint8)
    ybr[..., 1], ybr[..., 2] = np.arange(256)[:, None], np.arange(256)[None, :]
    for y in range(256):
        ybr[..., 0] = y
        kernel(rgb, ybr)
        expected = twin(ybr)
        assert np.array_equal(rgb, expected), f"Y = {y}: {np.argwhere(rgb != expected)[:5].tolist()}"


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 1, 3), (0, 4, 3), (5, 7, 3)])
@pytest.mark.parametrize(("kernel", "twin"), CONVERSIONS)
def test_ybr_of_any_shape(shape: tuple[int, int, int], kernel: Conversion, twin: Conversion) -> None:
    ybr = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    with guarded(shape) as rgb:
        kernel(rgb, read_only(ybr))
        np.testing.assert_array_equal(rgb, twin(ybr))


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 2), (3, 0), (1, 2), (1, 8), (5, 6)])
def test_ybr_422_groups_are_unpacked(rows: int, columns: int) -> None:
    packed = np.random.default_rng(4).integers(0, 256, rows * columns * 2, dtype=np.uint8)
    with guarded((rows, columns, 3)) as ybr:
        kernels.unpack_ybr_422(ybr, read_only(packed))
        np.testing.assert_array_equal(ybr, twins.unpack_ybr_422(packed.tolist(), rows, columns))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (9, 13)])
def test_look_up_rgb(dtype: npt.DTypeLike, shape: tuple[int, int]) -> None:
    bits = np.dtype(dtype).itemsize * 8
    rng = np.random.default_rng(5)
    cells = rng.integers(0, 1 << bits, shape).astype(dtype)
    by_cell = rng.integers(0, 256, (1 << bits, 3), dtype=np.uint8)
    with guarded((*shape, 3)) as rgb:
        kernels.look_up_rgb(rgb, read_only(cells), read_only(by_cell))
        np.testing.assert_array_equal(rgb, twins.look_up(cells, by_cell, 0, 0, *shape))
