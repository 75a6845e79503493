"""PNG output comes back as it was, from another decoder."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

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


def test_eight_bits_a_sample() -> None:
    """A3.6: byte 24 of a PNG is the bit depth, byte 25 the colour type."""
    assert encode(np.zeros((2, 2), np.uint8))[24:26] == b"\x08\x00"
    assert encode(np.zeros((2, 2, 3), np.uint8))[24:26] == b"\x08\x02"
