"""Native frames in both byte orders and both planar configurations, read-only as the store gives them."""

import numpy as np
import pytest

from tests.fixtures.cells import interleave_422
from tests.reference.cells import unpack_ybr_422
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.native import arrange, decode_big_endian, decode_little_endian


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("big_endian", [False, True])
def test_cells_in_native_order(bits: int, samples: int, planar: int, big_endian: bool) -> None:
    shape = (5, 7) if samples == 1 else (5, 7, samples)
    cells = np.random.default_rng(1).integers(0, 1 << bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
    stored = np.moveaxis(cells, -1, 0) if samples == 3 and planar else cells
    data = stored.astype(stored.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
    decode = decode_big_endian if big_endian else decode_little_endian
    decoded = decode(data, pixel(5, 7, samples, bits, planar=planar))
    np.testing.assert_array_equal(decoded.cells, cells)
    assert decoded.cells.dtype == cells.dtype
    assert decoded.cells.dtype.isnative
    assert decoded.cells.flags.c_contiguous
    assert samples == 1 or decoded.pixel.planar_configuration == 0


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("stored", "unpacked"), [("YBR_FULL_422", "YBR_FULL"), ("YBR_PARTIAL_422", "YBR_PARTIAL_422")])
def test_chroma_in_pairs_is_spread_over_them(stored: str, unpacked: str, bits: int) -> None:
    ybr = np.random.default_rng(2).integers(0, 1 << bits, (4, 6, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    packed = interleave_422(ybr).reshape(-1)
    decoded = decode_little_endian(packed.tobytes(), pixel(4, 6, 3, bits, photometric=stored))
    np.testing.assert_array_equal(decoded.cells, unpack_ybr_422(packed.tolist(), 4, 6))
    assert decoded.pixel.photometric_interpretation == unpacked


def test_nothing_is_copied_that_lies_well_already() -> None:
    data = np.arange(35, dtype=np.uint8)
    assert np.shares_memory(arrange(data, pixel(5, 7)).cells, data)
