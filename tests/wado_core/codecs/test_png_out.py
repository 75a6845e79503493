"""PNG output comes back as it was, from another decoder."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.icc import icc_profile
from wado_core.codecs.png_out import encode


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (7, 13), (64, 64), (1, 1, 3), (9, 5, 3), (40, 50, 3), (4096, 1), (4096, 3), (65_535, 2), (3000, 1, 3), (1, 9000), (900, 700)],
)
def test_round_trip(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(len(shape)).integers(0, 256, shape, dtype=np.uint8)
    picture.flags.writeable = False
    with Image.open(BytesIO(encode(picture))) as image:
        assert (image.format, image.mode) == ("PNG", "L" if len(shape) == 2 else "RGB")
        np.testing.assert_array_equal(np.asarray(image), picture)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 1, 7), (3, 7, 1)])
def test_pixels_that_were_planes(shape: tuple[int, int, int]) -> None:
    """Strides of an edge of 1 may be anything, and the array still counts as one in C order."""
    pixels = np.ascontiguousarray(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape).transpose(1, 2, 0))
    with Image.open(BytesIO(encode(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_eight_bits_a_sample() -> None:
    """A3.6: byte 24 of a PNG is the bit depth, byte 25 the colour type."""
    assert encode(np.zeros((2, 2), np.uint8))[24:26] == b"\x08\x00"
    assert encode(np.zeros((2, 2, 3), np.uint8))[24:26] == b"\x08\x02"


@pytest.mark.parametrize("shape", [(7, 13), (9, 5, 3)])
def test_a_profile_comes_back_byte_by_byte(shape: tuple[int, ...]) -> None:
    """H3.6: an iCCP chunk before the pixels, which stay as they are (ISO/IEC 15948 11.3.3.3)."""
    picture = np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8)
    profile = icc_profile("GRAY" if len(shape) == 2 else "RGB ", filler=np.random.default_rng(5).bytes(100_000))
    with Image.open(BytesIO(encode(picture, profile))) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)
        assert image.info["icc_profile"] == profile
    assert b"iCCP" not in encode(picture)
