"""The objects that are rendered in benchmarks: synthetic, and of realistic content (body, organs, noise)."""

from functools import cache

import numpy as np
import numpy.typing as npt

from tests.fixtures import file_bytes
from tests.fixtures.image import image

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MAMMOGRAPHY_IMAGE = "1.2.840.10008.5.1.4.1.1.1.2"


def phantom(rows: int, columns: int, noise: float) -> npt.NDArray[np.uint16]:
    """Return 12-bit samples of a body with forty organs and film-like grain: (rows, columns) uint16."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    samples = np.where((x / 0.85) ** 2 + (y / 0.7) ** 2 < 1, 1064.0, 24.0)
    for _ in range(40):
        center_x, center_y = rng.uniform(-0.6, 0.6, 2)
        width, height = rng.uniform(0.02, 0.25, 2)
        samples[((x - center_x) / width) ** 2 + ((y - center_y) / height) ** 2 < 1] += rng.uniform(-60, 80)
    grain = rng.normal(0, 1, (rows, columns))
    grain = grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1)
    result: npt.NDArray[np.uint16] = np.clip(samples + grain / grain.std() * noise, 0, 4095).astype(np.uint16)
    return result


@cache
def ct() -> bytes:
    """Return a plain CT image, 512 × 512, 12 bits, window 40/400."""
    return file_bytes(
        image(
            phantom(512, 512, 14), name="bench-ct", sop_class=CT_IMAGE, modality="CT", bits_stored=12,
            rescale=(1, -1024), window=(40, 400),
        )
    )  # fmt: skip


@cache
def mammogram() -> bytes:
    """Return a mammogram, 4096 × 3328, 12 bits."""
    return file_bytes(
        image(phantom(4096, 3328, 6), name="bench-mg", sop_class=MAMMOGRAPHY_IMAGE, modality="MG", bits_stored=12, window=(1064, 400))
    )
