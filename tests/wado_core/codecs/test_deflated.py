"""Frames deflated one by one (PS3.5 A.4.13): what they inflate to is known before, and nothing beyond it is made."""

import time
import zlib

import numpy as np
import pytest

from tests.fixtures.compressed_images import soft_colors, thorax_cells
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.deflated import decode
from wado_core.errors import DamagedObject


def deflated(data: bytes) -> bytes:
    """Deflate without the header and checksum of zlib's own format, as RFC 1951 has it."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize("pad", [b"", b"\0", b"\0\0\0"])
def test_cells_come_back_as_they_were(pad: bytes) -> None:
    cells = thorax_cells().view(np.uint16)
    decoded = decode(deflated(cells.astype("<u2").tobytes()) + pad, pixel(128, 128, bits_stored=12, signed=True))
    np.testing.assert_array_equal(decoded.cells, cells)


@pytest.mark.parametrize("planar", [0, 1])
def test_planar_configuration_counts(planar: int) -> None:
    frame = soft_colors()
    stored = frame if planar == 0 else np.moveaxis(frame, -1, 0)
    decoded = decode(deflated(stored.tobytes()), pixel(48, 64, 3, planar=planar))
    np.testing.assert_array_equal(decoded.cells, frame)
    assert decoded.pixel.planar_configuration == 0


def test_an_odd_frame_may_have_been_padded_before_it_was_deflated() -> None:
    frame = np.arange(15, dtype=np.uint8).reshape(3, 5)
    np.testing.assert_array_equal(decode(deflated(frame.tobytes() + b"\0"), pixel(3, 5)).cells, frame)
    with pytest.raises(DamagedObject, match="more than 15 bytes"):
        decode(deflated(frame.tobytes() + b"\0\0"), pixel(3, 5))


def test_a_bomb_is_not_inflated() -> None:
    bomb = deflated(bytes(1 << 28))
    begun = time.perf_counter()
    with pytest.raises(DamagedObject, match="more than 64 bytes"):
        decode(bomb, pixel(8, 8))
    assert time.perf_counter() - begun < 0.05


def test_what_is_short_or_broken_is_damaged() -> None:
    whole = deflated(bytes(range(64)))
    with pytest.raises(DamagedObject, match=r"63 bytes.*ask for 64"):
        decode(deflated(bytes(63)), pixel(8, 8))
    with pytest.raises(DamagedObject):
        decode(whole[:-5], pixel(8, 8))
    with pytest.raises(DamagedObject, match="cannot be inflated"):
        decode(b"\xff\xff\xff\xff", pixel(8, 8))
    with pytest.raises(DamagedObject):
        decode(b"", pixel(8, 8))
