"""A corpus of pictures whose bytes are to be the same on every processor: ``python -m tests.wado_core.jpeg.corpus`` prints a report.

Alone in its process, so that kernels are compiled for what the environment says.
"""

import hashlib
import json
from typing import Any

import numpy as np

from tests.wado_core.jpeg.pictures import CONTENTS, SUBSAMPLINGS, picture
from wado_core.jpeg.arguments import encode_picture
from wado_core.jpeg.encoder import encode
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import GraySamples, Line
from wado_core.jpeg.tables import LUMA_STEPS
from wado_core.model.geometry import Rectangle
from wado_core.rendering.resample import picture_of_cells, picture_of_rgb

SHAPES = [(1, 1), (9, 17), (33, 70), (64, 512), (20, 515), (300, 40)]
QUALITIES = (5, 75, 90, 100)


def digest() -> str:
    """Encode everything: finished pixels, and cells by line and by table; and resize cells and pixels."""
    found = hashlib.blake2b(digest_size=16)
    for number, content in enumerate(CONTENTS):
        for rows, columns in SHAPES:
            for quality in QUALITIES:
                found.update(encode_picture(picture(content, rows, columns, color=False), quality, "4:2:0", None, number % 3 or None))
                for subsampling in SUBSAMPLINGS:
                    source = picture(content, rows, columns, color=True)
                    found.update(encode_picture(source, quality, subsampling, None, number % 3 or None))
    rng = np.random.default_rng(2)
    cells = rng.integers(0, 65536, (90, 140)).astype(np.uint16)
    for display in (Line(0xFFFF, 0x8000, 30000, 999, 255 / 999, 0.5), rng.integers(0, 256, 65536).astype(np.uint8)):
        for steps in ((1,) * 64, LUMA_STEPS):
            samples = GraySamples(cells, display, Rectangle(3, 2, 140, 90))
            found.update(b"".join(encode(samples, Layout(88, 137, Subsampling.GRAY), (steps,))))
    whole = Rectangle(0, 0, 140, 90)
    for display in (Line(0xFFFF, 0x8000, 30000, 999, 255 / 999, 0.5), rng.integers(0, 256, 65536).astype(np.uint8)):
        for rows, columns in ((45, 35), (44, 70), (31, 99), (90, 140), (200, 300)):
            found.update(picture_of_cells(cells, display, whole, rows, columns).tobytes())
    pixels = rng.integers(0, 256, (90, 140, 3)).astype(np.uint8)
    found.update(picture_of_rgb(pixels, whole, 31, 70).tobytes())
    return found.hexdigest()


def report() -> dict[str, Any]:
    """Say what the bytes are, how the kernel was compiled, and which instructions there are in it."""
    from numba import config

    from wado_core.kernels import jpeg, resample
    from wado_core.kernels._vector import WIDE

    kernel: Any = jpeg.encode_rows
    other: Any = resample.resample
    code = "\n".join((*kernel.inspect_asm().values(), *other.inspect_asm().values()))
    return {
        "digest": digest(),
        "wide": WIDE,
        "fused": [name for name in ("vfmadd", "vfmsub", "vfnmadd", "vfnmsub") if name in code],
        "products": code.count("mulps"),
        "zmm": "%zmm" in code,
        "ymm": "%ymm" in code,
        "compiled here": sum(kernel.stats.cache_misses.values()),
        "processor": config.CPU_NAME,
    }


if __name__ == "__main__":
    print(json.dumps(report()))  # noqa: T201
