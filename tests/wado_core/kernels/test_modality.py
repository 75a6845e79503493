"""The modality kernels equal their twins, bit for bit."""

import numpy as np
import pytest

from tests.reference.grayscale import modality_lut
from tests.reference.lut import Lut
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels import modality as kernels


@pytest.mark.parametrize("size", [0, 1, 4096, 65536])
@pytest.mark.parametrize(("slope", "intercept"), [(1.0, -1024.0), (0.1, 0.3), (-1.0, 4095.0), (1e-7, 1e9), (3.14159, -2.71828)])
def test_rescale(size: int, slope: float, intercept: float) -> None:
    first = -(size // 2)
    with guarded(size, np.float64) as modality:
        kernels.fill_rescale(modality, first, slope, intercept)
        assert modality.tolist() == [slope * value + intercept for value in range(first, first + size)]


@pytest.mark.parametrize("first", [0, -32768, -7])
@pytest.mark.parametrize(("entries", "first_mapped"), [(1, 0), (1, 40000), (256, -100), (4096, 100), (65536, 0), (65536, -32768)])
def test_modality_lut(first: int, entries: int, first_mapped: int) -> None:
    table = np.random.default_rng(6).integers(0, 65536, entries, dtype=np.uint16)
    with guarded(65536, np.float64) as modality:
        kernels.fill_modality_lut(modality, first, read_only(table), first_mapped)
        expected = modality_lut(np.arange(first, first + 65536), Lut(first_mapped, 16, tuple(table.tolist())))
        np.testing.assert_array_equal(modality, expected)


def test_modality_lut_of_no_values() -> None:
    with guarded(0, np.float64) as modality:
        kernels.fill_modality_lut(modality, 0, read_only(np.array([7], np.uint16)), 0)
