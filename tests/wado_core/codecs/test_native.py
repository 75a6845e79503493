"""Native frames in both byte orders and both planar configurations, read-only as the store gives them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.fixtures.cells import interleave_422
from tests.reference.cells import unpack_ybr_422
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.native import arrange, decode_big_endian, decode_little_endian
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel

Decode = Callable[[bytes, ImagePixel], Decoded]


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("big_endian", [False, True])
def test_cells_in_native_order(bits: int, samples: int, planar: int, big_endian: bool) -> None:
    shape = (5, 7) if samples == 1 else (5, 7, samples)
    cells = np.random.default_rng(1).integers(0, 1 << bits, shape, dtype=np.uint64).astype(f"u{bits // 8}")
    stored = np.moveaxis(cells, -1, 0) if samples == 3 and planar else cells
    data = stored.astype(stored.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
    decode = decode_big_endian if big_endian else decode_little_endian
    decoded = decode(data, pixel(5, 7, samples, bits, planar=planar, allocated=bits))
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


@pytest.mark.parametrize("decode", [decode_little_endian, decode_big_endian])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (3, 8), (13, 5)])
def test_bits_become_bytes(decode: Decode, samples: int, planar: int, shape: tuple[int, int]) -> None:
    """The first cell is the lowest bit of the first byte, in either byte order; what is behind the last is left out."""
    cells = np.random.default_rng(3).integers(0, 2, shape if samples == 1 else (*shape, samples), dtype=np.uint8)
    stored = (np.moveaxis(cells, -1, 0) if samples == 3 and planar else cells).reshape(-1).tolist()
    bits = sum(bit << place for place, bit in enumerate(stored)) | 1 << len(stored)
    data = bits.to_bytes(len(stored) // 8 + 1, "little")
    decoded = decode(data, pixel(*shape, samples, 1, planar=planar, allocated=1))
    np.testing.assert_array_equal(decoded.cells, cells)
    assert decoded.cells.dtype == np.uint8
    assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored, decoded.pixel.high_bit) == (8, 1, 0)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats(bits: int) -> None:
    cells = np.array([[1.5, -0.0], [np.inf, 1e-30]], f"f{bits // 8}")
    described = replace(pixel(2, 2, allocated=bits), bits_stored=bits, high_bit=bits - 1, floating=True)
    for decode, order in ((decode_little_endian, "<"), (decode_big_endian, ">")):
        decoded = decode(cells.astype(f"{order}f{bits // 8}").tobytes(), described)
        np.testing.assert_array_equal(decoded.cells, cells)
        assert decoded.cells.dtype == cells.dtype


@pytest.mark.parametrize("bits", [1, 8, 16, 32, 64])
def test_frames_that_are_too_short_are_damage(bits: int) -> None:
    described = pixel(3, 3, 1, min(bits, 8), allocated=bits)
    needed = (9 * bits + 7) // 8
    assert decode_little_endian(bytes(needed + 5), described).cells.shape == (3, 3)
    for length in (0, needed - 1):
        with pytest.raises(DamagedObject, match=rf"\(7FE0,0010\).*needs {needed} .*PS3\.5 8\.1\.1"):
            decode_little_endian(bytes(length), described)
