"""Colour frames to 8-bit RGB: palettes, YBR models, deeper samples (part H.3)."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells, Decoded
from wado_core.errors import DamagedObject
from wado_core.kernels import color as kernels
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import Grayscale, cell_table, first_value

Rgb = npt.NDArray[np.uint8]

# Of 8 bits: deeper samples lose their low bits before they are converted (H3.2, H3.3).
_CONVERSIONS: dict[str, Callable[[Rgb, Rgb], None]] = {
    "YBR_FULL": kernels.ybr_full_to_rgb,
    "YBR_FULL_422": kernels.ybr_full_to_rgb,
    "YBR_PARTIAL_422": kernels.ybr_partial_to_rgb,
}


def rgb_of(decoded: Decoded, palette: Palette | None) -> Rgb:
    """Bring a decoded colour frame to RGB: (rows, columns, 3) uint8, C order."""
    pixel = decoded.pixel
    if palette is not None:
        if decoded.cells.ndim != 2:
            raise DamagedObject("(7FE0,0010) Pixel Data: a PALETTE COLOR frame was coded with several components (PS3.3 C.7.6.3.1.2).")
        rgb = np.empty((*decoded.cells.shape, 3), np.uint8)
        kernels.look_up_rgb(rgb, decoded.cells, palette_table(palette, pixel))
        return rgb
    if decoded.cells.ndim != 3:
        raise DamagedObject("(7FE0,0010) Pixel Data: a colour frame was coded with one component (PS3.3 C.7.6.3.1.2).")
    samples = eight_bits(decoded.cells, pixel)
    convert = _CONVERSIONS.get(pixel.photometric_interpretation)
    if convert is None:
        return samples
    rgb = np.empty(samples.shape, np.uint8)
    convert(rgb, samples)
    return rgb


def eight_bits(cells: Cells, pixel: ImagePixel) -> Rgb:
    """Take the highest 8 of the stored bits of each sample (H3.2); fewer stored bits are stretched to the full range."""
    if pixel.bits_stored == 8 and pixel.bits_allocated == 8:
        return cells
    samples = (cells >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    if pixel.bits_stored >= 8:
        return (samples >> (pixel.bits_stored - 8)).astype(np.uint8)
    largest = (1 << pixel.bits_stored) - 1
    return ((samples.astype(np.uint32) * 510 + largest) // (2 * largest)).astype(np.uint8)


@lru_cache(maxsize=16)
def palette_table(palette: Palette, pixel: ImagePixel) -> Rgb:
    """Return the colour of every cell: (2**bits_allocated, 3) uint8; indices are clamped at both ends (H2.2, H3.1)."""
    indices = _stored_values(pixel)
    table = np.stack([_channel(lut, indices) for lut in (palette.red, palette.green, palette.blue)], axis=1)
    table.flags.writeable = False
    return table


def supplemented(cells: Cells, steps: Grayscale, voi: Window | Lut | None, palette: Palette, pixel: ImagePixel) -> Rgb:
    """Draw a grayscale frame with a supplemental palette: (rows, columns, 3) uint8, C order (PS3.3 C.7.6.19, H2.18).

    cells: (rows, columns) uint8 or uint16.  The rest as in ``cell_table``.
    """
    rgb = np.empty((*cells.shape, 3), np.uint8)
    kernels.look_up_rgb(rgb, cells, supplemented_table(steps, voi, palette, pixel))
    return rgb


@lru_cache(maxsize=16)
def supplemented_table(steps: Grayscale, voi: Window | Lut | None, palette: Palette, pixel: ImagePixel) -> Rgb:
    """Return the colour of every cell: (2**bits_allocated, 3) uint8; gray below the first value that the palette maps, and padding."""
    table = cell_table(steps, voi, pixel)[:, np.newaxis].repeat(3, axis=1)
    stored = _stored_values(pixel)
    colored = stored >= palette.red.first
    if steps.padding is not None:
        colored &= (stored < steps.padding.low) | (stored > steps.padding.high)
    table[colored] = palette_table(palette, pixel)[colored]
    table.flags.writeable = False
    return table


def _stored_values(pixel: ImagePixel) -> npt.NDArray[np.intp]:
    """Return the stored value in every cell, (2**bits_allocated,)."""
    values = (np.arange(1 << pixel.bits_allocated) >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    return (values ^ (1 << (pixel.bits_stored - 1))) + first_value(pixel) if pixel.signed else values


def _channel(lut: Lut, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    entries = np.frombuffer(lut.entries, "<u2")
    chosen = entries[np.clip(indices - lut.first, 0, len(entries) - 1)]
    return (chosen >> (lut.bits - 8)).astype(np.uint8)
