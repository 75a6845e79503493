"""Twins of the JPEG kernels' samples and coefficients: whole pictures in float64, edges repeated by the definition (T.81 A.1 to A.3)."""

from math import ceil

import numpy as np

from tests.reference.jpeg import BASIS, ZIGZAG
from tests.reference.rounding import Array


def completed(plane: Array, height: int, width: int) -> Array:
    """Repeat the last row and the last column until the size is a multiple of ``height`` and ``width`` (T.81 A.2.4)."""
    rows, columns = plane.shape[:2]
    padding = [(0, -rows % height), (0, -columns % width)] + [(0, 0)] * (plane.ndim - 2)
    return np.pad(plane, padding, mode="edge")


def ycbcr(pixels: Array) -> Array:
    """Convert RGB, (…, 3), to Y from 0 to 255, and Cb and Cr around 0, not rounded (T.871 clause 7). Returns (…, 3) float64."""
    r, g, b = (pixels[..., channel].astype(np.float64) for channel in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return np.stack((y, (b - y) / 1.772, (r - y) / 1.402), axis=-1)


def means(plane: Array, down: int, across: int) -> Array:
    """Take the mean of each ``down`` × ``across`` samples; the plane is a multiple of that."""
    rows, columns = plane.shape
    return np.asarray(plane.reshape(rows // down, down, columns // across, across).mean(axis=(1, 3)))


def planes(picture: Array, across: int, down: int) -> list[Array]:
    """Return the components of a picture as they are transformed: complete MCUs, level shifted, float64 (T.81 A.3.1).

    picture: (rows, columns) gray or (rows, columns, 3) RGB. A component has ``ceil(rows / down)`` rows of its own, and is completed as
    such (T.81 A.1.1, A.2.4).
    """
    if picture.ndim == 2:
        return [completed(picture, 8, 8).astype(np.float64) - 128]
    converted = ycbcr(completed(picture, down, across))
    chroma = [means(converted[..., channel], down, across) for channel in (1, 2)]
    luma = ycbcr(picture)[..., 0] - 128
    return [completed(luma, 8 * down, 8 * across), *(completed(plane, 8, 8) for plane in chroma)]


def coefficients(plane: Array) -> Array:
    """Transform every block of a level-shifted plane (T.81 A.3.3). Returns (rows / 8, columns / 8, 8, 8) float64."""
    rows, columns = plane.shape
    blocks = plane.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2)
    return np.asarray(BASIS @ blocks @ BASIS.T)


def zigzag(block: Array) -> Array:
    """Put one block in the order of the scan."""
    return np.array([block[place] for place in ZIGZAG])


def on_line(cells: Array, mask: int, flipped: int, base: float, low: float, extent: float, factor: float, offset: float) -> Array:
    """Evaluate ``floor(min(max(sample - base, low), extent) * factor + offset)``, each step rounded to float32."""
    single = np.float32
    samples = ((cells.astype(np.int64) & mask) ^ flipped).astype(single)
    inside = np.clip(samples - single(base), single(low), single(extent))
    return np.asarray(np.floor(inside * single(factor) + single(offset)))


def used_blocks(rows: int, columns: int, down: int, across: int) -> tuple[int, int]:
    """Rows and columns of blocks of a component that hold a sample of the picture; others only complete an MCU."""
    return ceil(rows / (8 * down)), ceil(columns / (8 * across))
