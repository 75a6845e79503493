"""The JPEG of the oracle, taken apart and put together again, is the picture that libjpeg shows."""

import imagecodecs
import numpy as np
import pytest

from tests.fixtures.compressed_images import thorax_8bit
from tests.reference.jpeg import BASIS, ZIGZAG, forward_dct, take_apart


def test_the_zigzag_of_the_standard() -> None:
    assert ZIGZAG[:10] == [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0)]
    assert ZIGZAG[-3:] == [(6, 7), (7, 6), (7, 7)]
    assert len(set(ZIGZAG)) == 64


def test_the_transform_keeps_energy_and_the_mean() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (16, 24))
    blocks = forward_dct(plane)
    np.testing.assert_allclose(blocks[..., 0, 0], (plane.reshape(2, 8, 3, 8).mean(axis=(1, 3)) - 128) * 8)
    np.testing.assert_allclose((blocks**2).sum(), ((plane - 128.0) ** 2).sum())


@pytest.mark.parametrize("quality", [30, 75, 100])
def test_the_coefficients_make_the_picture_that_libjpeg_decodes(quality: int) -> None:
    data = bytes(imagecodecs.jpeg8_encode(thorax_8bit(), level=quality))
    stream = take_apart(data)
    blocks = BASIS.T @ (stream.components[0].blocks * stream.quantisation[0]) @ BASIS + 128
    plane = blocks.swapaxes(1, 2).reshape(128, 128)
    assert np.abs(np.clip(plane, 0, 255) - imagecodecs.jpeg8_decode(data)).max() <= 1
