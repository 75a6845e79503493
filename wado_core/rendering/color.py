"""Colour frames to 8-bit RGB: palettes, YBR models, deeper samples (part H.3)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells, Decoded
from wado_core.errors import DamagedObject
from wado_core.kernels import color as kernels
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import Grayscale, cell_table, first_value
from wado_core.rendering.wide import display_of, is_wide, narrowed, pieces

# Further than any index of a palette, and near enough to subtract from.
_BEYOND = 1 << 32

Rgb = npt.NDArray[np.uint8]

# Of 8 bits: deeper samples lose their low bits before they are converted (H3.2, H3.3).
_CONVERSIONS: dict[str, Callable[[Rgb, Rgb], None]] = {
    "YBR_FULL": kernels.ybr_full_to_rgb,
    "YBR_FULL_422": kernels.ybr_full_to_rgb,
    "YBR_PARTIAL_422": kernels.ybr_partial_to_rgb,
}


def rgb_of(decoded: Decoded, palette: Palette | None) -> Rgb:
    """Bring a decoded colour frame to RGB: (rows, columns, 3) uint8, C order."""
    decoded = narrowed(decoded)
    pixel = decoded.pixel
    if palette is not None:
        if decoded.cells.ndim != 2:
            raise DamagedObject("(7FE0,0010) Pixel Data: a PALETTE COLOR frame was coded with several components (PS3.3 C.7.6.3.1.2).")
        rgb = np.empty((*decoded.cells.shape, 3), np.uint8)
        if is_wide(pixel):
            _look_up_wide(rgb, decoded.cells, palette, pixel)
            return rgb
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
    if pixel.bits_stored >= 8:
        return (cells >> (pixel.high_bit - 7)).astype(np.uint8)  # what is above does not fit
    samples = (cells >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    largest = (1 << pixel.bits_stored) - 1
    return ((samples.astype(np.uint32) * 510 + largest) // (2 * largest)).astype(np.uint8)


def _look_up_wide(
    rgb: Rgb, cells: Cells, palette: Palette, pixel: ImagePixel, colored: Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]] | None = None
) -> None:
    """Look indices of more than 16 bits up one by one, clamped at both ends (H3.1); ``colored`` says which, None: all of them."""
    colors = rgb.reshape(-1, 3)
    for start, stored in pieces(cells, pixel):
        places = slice(None) if colored is None else colored(stored)
        indices = np.clip(stored[places], 0 if stored.dtype.kind == "u" else -_BEYOND, _BEYOND).astype(np.intp)
        for channel, lut in enumerate((palette.red, palette.green, palette.blue)):
            colors[start : start + stored.size, channel][places] = _channel(lut, indices)


@lru_cache(maxsize=16)
def palette_table(palette: Palette, pixel: ImagePixel) -> Rgb:
    """Return the colour of every cell: (2**bits_allocated, 3) uint8; indices are clamped at both ends (H2.2, H3.1).

    16 tables, and the palettes by which they are found, are at most 10 MB.
    """
    indices = _stored_values(pixel)
    table = np.stack([_channel(lut, indices) for lut in (palette.red, palette.green, palette.blue)], axis=1)
    table.flags.writeable = False
    return table


def supplemented(cells: Cells, steps: Grayscale, voi: Window | Lut | None, palette: Palette, pixel: ImagePixel) -> Rgb:
    """Draw a grayscale frame with a supplemental palette: (rows, columns, 3) uint8, C order (PS3.3 C.7.6.19, H2.18).

    cells: (rows, columns) as ``pixel`` describes them.  The rest as in ``cell_table``.
    """
    rgb = np.empty((*cells.shape, 3), np.uint8)
    if is_wide(pixel):
        rgb[...] = display_of(cells, pixel, steps, voi)[..., np.newaxis]
        _look_up_wide(rgb, cells, palette, pixel, lambda stored: _colored(stored, steps, palette))
        return rgb
    kernels.look_up_rgb(rgb, cells, supplemented_table(steps, voi, palette, pixel))
    return rgb


@lru_cache(maxsize=8)
def supplemented_table(steps: Grayscale, voi: Window | Lut | None, palette: Palette, pixel: ImagePixel) -> Rgb:
    """Return the colour of every cell: (2**bits_allocated, 3) uint8; gray below the first value that the palette maps, and padding.

    8 tables, and the palettes and LUTs by which they are found, are at most 7 MB.
    """
    table = cell_table(steps, voi, pixel)[:, np.newaxis].repeat(3, axis=1)
    stored = _stored_values(pixel)
    colored = _colored(stored, steps, palette)
    table[colored] = palette_table(palette, pixel)[colored]
    table.flags.writeable = False
    return table


def _colored(stored: npt.NDArray[Any], steps: Grayscale, palette: Palette) -> npt.NDArray[np.bool_]:
    """Return which stored values a supplemental palette maps: from its first on, and no padding."""
    colored: npt.NDArray[np.bool_] = stored >= palette.red.first
    if steps.padding is not None:
        colored &= (stored < steps.padding.low) | (stored > steps.padding.high)
    return colored


def _stored_values(pixel: ImagePixel) -> npt.NDArray[np.intp]:
    """Return the stored value in every cell, (2**bits_allocated,)."""
    values = (np.arange(1 << pixel.bits_allocated) >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    return (values ^ (1 << (pixel.bits_stored - 1))) + first_value(pixel) if pixel.signed else values


def _channel(lut: Lut, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    entries = np.frombuffer(lut.entries, "<u2")
    chosen = entries[np.clip(indices - lut.first, 0, len(entries) - 1)]
    return (chosen >> (lut.bits - 8)).astype(np.uint8)
