"""Sizes of native frames (PS3.3 C.7.6.3.1.2)."""

import pytest

from wado_core.model.image_pixel import ImagePixel


@pytest.mark.parametrize(
    ("photometric", "samples", "allocated", "bits"),
    [("MONOCHROME2", 1, 16, 960), ("MONOCHROME1", 1, 1, 60), ("RGB", 3, 8, 1440), ("PALETTE COLOR", 1, 8, 480), ("YBR_FULL", 3, 8, 1440),
     ("YBR_FULL_422", 3, 8, 960), ("YBR_PARTIAL_422", 3, 8, 960)],
)  # fmt: skip
def test_bits_of_a_frame(photometric: str, samples: int, allocated: int, bits: int) -> None:
    assert ImagePixel(6, 10, samples, photometric, allocated, allocated, allocated - 1).native_frame_bits == bits


def test_gray_values_are_those_of_the_monochrome_interpretations() -> None:
    names = ("MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR", "monochrome2")
    assert [ImagePixel(1, 1, 1, name, 8, 8, 7).monochrome for name in names] == [True, True, False, False, False]
