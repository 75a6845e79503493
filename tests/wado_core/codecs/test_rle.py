"""RLE frames against the oracle's decoder, and every way in which one can be broken."""

from struct import pack, unpack_from
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fixtures.code_streams import rle, rle_bits
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.rle import decode
from wado_core.errors import DamagedObject, NotSupported

shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


def frame(rows: int, columns: int, samples: int, bits: int, seed: int) -> NDArray[Any]:
    """A frame with runs and noise."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 1 << bits, (rows, columns) if samples == 1 else (rows, columns, samples), dtype=np.uint64)
    cells[rng.random(cells.shape) < 0.5] = (1 << bits) - 1
    return cells.astype(f"u{bits // 8}")


@settings(max_examples=150, deadline=None)
@given(
    shape=shapes, form=st.sampled_from([(1, 8), (1, 16), (1, 32), (1, 64), (2, 8), (3, 8), (3, 16), (3, 32), (5, 8), (15, 8), (7, 16)]),
    seed=st.integers(0, 2**32 - 1), planar=st.integers(0, 1),
)  # fmt: skip
def test_what_was_encoded_comes_back(shape: tuple[int, int], form: tuple[int, int], seed: int, planar: int) -> None:
    """Whatever Planar Configuration says: it is meaningless here (H1.8)."""
    samples, bits = form
    cells = frame(*shape, samples, bits, seed)
    decoded = decode(rle(cells), pixel(*shape, samples, bits, planar=planar, allocated=bits))
    np.testing.assert_array_equal(decoded.cells, cells)
    assert decoded.cells.dtype == cells.dtype
    assert decoded.cells.flags.c_contiguous
    assert decoded.pixel.planar_configuration == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_segments_are_whole_planes_also_under_a_header_that_says_422(bits: int) -> None:
    cells = frame(4, 5, 3, bits, 1)
    decoded = decode(rle(cells), pixel(4, 5, 3, bits, photometric="YBR_FULL_422"))
    np.testing.assert_array_equal(decoded.cells, cells)
    assert decoded.pixel.photometric_interpretation == "YBR_FULL"


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_stream_cut_anywhere_is_damage(samples: int, bits: int) -> None:
    """But for the padding byte of its last segment, which nothing needs."""
    stream = rle(frame(6, 7, samples, bits, 2))
    for length in range(len(stream) - 2):
        with pytest.raises(DamagedObject):
            decode(stream[:length], pixel(6, 7, samples, bits))


def header(count: int, *offsets: int) -> bytes:
    return pack("<16L", count, *offsets, *[0] * (15 - len(offsets)))


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        header(1, 64)[:63],
        header(2, 64, 70) + bytes(20),
        header(0) + bytes(20),
        header(2**32 - 1, 64) + bytes(20),
        header(1, 63) + bytes(20),
        header(1, 2**32 - 1) + bytes(20),
        header(1, 100) + bytes(20),
        header(1, 64),
        header(1, 64) + b"\x80" * 50,
        header(1, 64) + b"\x0b" + bytes(11),
        header(1, 64) + b"\xf6",
    ],
)
def test_broken_headers_and_short_segments_are_damage(stream: bytes) -> None:
    with pytest.raises(DamagedObject):
        decode(stream, pixel(3, 4))


def test_segments_out_of_order_are_damage() -> None:
    cells = frame(3, 4, 1, 16, 3)
    stream = rle(cells)
    _, first, second = unpack_from("<3L", stream)
    with pytest.raises(DamagedObject):
        decode(header(2, second, first) + stream[64:], pixel(3, 4, 1, 16))


@pytest.mark.parametrize(("samples", "bits"), [(20, 8), (8, 16), (3, 64), (4, 32)])
def test_more_segments_than_a_header_has_room_for_are_damage(samples: int, bits: int) -> None:
    with pytest.raises(DamagedObject, match=r"\(0028,0100\).*\(0028,0002\).*room for 15 \(PS3\.5 G\.5\)"):
        decode(header(samples * bits // 8, *[64] * 15) + b"\xf5\x00" * 30, pixel(3, 4, samples, bits, allocated=bits))


@settings(max_examples=60, deadline=None)
@given(shape=shapes, samples=st.sampled_from([1, 3]), seed=st.integers(0, 2**32 - 1))
def test_cells_of_one_bit(shape: tuple[int, int], samples: int, seed: int) -> None:
    """Packed into one segment a sample, from the lowest bit of each byte."""
    cells = np.random.default_rng(seed).integers(0, 2, shape if samples == 1 else (*shape, samples), dtype=np.uint8)
    decoded = decode(rle_bits(cells), pixel(*shape, samples, 1, allocated=1))
    np.testing.assert_array_equal(decoded.cells, cells)
    assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored, decoded.pixel.high_bit) == (8, 1, 0)
    assert decoded.cells.flags.c_contiguous


@pytest.mark.parametrize("bits", [2, 12, 24])
def test_cells_of_another_width_are_refused(bits: int) -> None:
    with pytest.raises(NotSupported, match=r"\(0028,0100\) Bits Allocated"):
        decode(header(1, 64) + b"\x0b" + bytes(12), pixel(3, 4, 1, 2, allocated=bits))


def test_a_segment_that_is_too_long_gives_what_fits() -> None:
    stream = header(1, 64) + b"\x0b" + bytes(range(12)) + b"\x05" + b"\xff" * 6
    np.testing.assert_array_equal(decode(stream, pixel(3, 4)).cells, np.arange(12).reshape(3, 4))


@settings(max_examples=200, deadline=None)
@given(offsets=st.lists(st.integers(0, 200), max_size=15), count=st.integers(0, 16), body=st.binary(max_size=150))
def test_any_bytes_decode_or_are_damage(offsets: list[int], count: int, body: bytes) -> None:
    for samples, bits in ((1, 8), (1, 16), (3, 8)):
        try:
            decoded = decode(header(count, *offsets) + body, pixel(3, 4, samples, bits))
        except DamagedObject:
            continue
        assert decoded.cells.shape[:2] == (3, 4)
