"""What is encoded besides the four sources: medical images of pydicom's wheel as the product renders them, phantoms, and extremes."""

from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import wado_core
from conformance.files import PYDICOM, files_of
from conformance.jpeg.streams import Array
from tests.fixtures.compressed_images import thorax_8bit
from tests.fixtures.phantom import color_bars
from tests.reference.jpeg import BASIS

SOURCES: dict[str, tuple[slice, slice]] = {
    "CT_small": (slice(None), slice(None)),
    "MR_small": (slice(None), slice(None)),
    "examples_overlay": (slice(0, 299), slice(0, 483)),
    "693_J2KI": (slice(60, 481), slice(40, 479)),
    "JPEG2000": (slice(0, 1023), slice(None)),
    "examples_rgb_color": (slice(30, 211), slice(0, 319)),
    "examples_ybr_color": (slice(30, 239), slice(80, 241)),
    "examples_palette": (slice(0, 149), slice(0, 799)),
    "SC_rgb_small_odd": (slice(None), slice(None)),
}
"""Files of pydicom's wheel, and the rows and columns taken of each: parts with anatomy and text, most of sizes that no block divides."""


@cache
def pictures() -> dict[str, Array]:
    """Return all pictures by name: (rows, columns) or (rows, columns, 3) uint8, C order."""
    return {
        **{name: np.ascontiguousarray(rendered(name)[cut]) for name, cut in SOURCES.items()},
        "phantom of a chest": thorax_8bit(),
        "colour bars and gradients": color_bars(61, 83),
        "gray noise": _noise((45, 1077)),
        "colour noise": _noise((45, 77, 3)),
        "black and white noise": _saturated((53, 91)),
        "noise of saturated colours": _saturated((53, 91, 3)),
        "signs of every basis function": signs_of_every_basis_function(),
    }


def path_of(name: str) -> Path:
    """Return a file of the wheel."""
    return files_of(PYDICOM)[f"{PYDICOM}: test_files/{name}.dcm"]


@cache
def rendered(name: str) -> Array:
    """Return the first frame of a file as the product renders it, losslessly."""
    with Image.open(BytesIO(wado_core.render(path_of(name), media_type="image/png"))) as image:
        return np.asarray(image)


def _noise(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(83).integers(0, 256, shape).astype(np.uint8)


def _saturated(shape: tuple[int, ...]) -> Array:
    return (np.random.default_rng(10918).integers(0, 2, shape) * 255).astype(np.uint8)


def signs_of_every_basis_function() -> Array:
    """Return the blocks that drive each coefficient to its greatest and its least value: (128, 64) uint8."""
    functions = np.einsum("vy,ux->vuyx", BASIS, BASIS)
    greatest = np.where(functions > 0, 255, 0).swapaxes(1, 2).reshape(64, 64)
    return np.concatenate([greatest, 255 - greatest]).astype(np.uint8)
