"""Grayscale frames whose samples have more than 16 bits, integers or floats: to display values without a table (part H.2).

The steps are those of ``table``, applied to the stored values themselves instead of to every value that there can be, a piece of the
frame at a time that stays in the cache.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells, Decoded
from wado_core.kernels import voi as voi_kernels
from wado_core.model.grayscale import Lut, Padding, Rescale, ValueRange, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import BACKGROUND, Grayscale, Table, in_unit, one_value, rescale_in

# Of the stored values of a piece, and of what is made of them, 128 KB each.
_PIECE = 16384

# What is larger counts as infinite: differences and products of anything smaller are finite.
_LARGEST = 1e300

Stored = npt.NDArray[np.int64 | np.uint64 | np.float64]
_Values = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


def is_wide(pixel: ImagePixel) -> bool:
    """Whether samples are floats, or have more bits than a table can have entries for."""
    return pixel.floating or pixel.bits_stored > 16


def narrowed(decoded: Decoded) -> Decoded:
    """Bring samples of at most 16 bits in wider cells into cells of 8 or 16 bits; return others as they are."""
    pixel = decoded.pixel
    if pixel.bits_allocated <= 16 or is_wide(pixel):
        return decoded
    bits = 8 if pixel.bits_stored <= 8 else 16
    cells = (decoded.cells >> (pixel.high_bit + 1 - pixel.bits_stored)).astype(np.uint8 if bits == 8 else np.uint16)
    return replace(decoded, cells=cells, pixel=replace(pixel, bits_allocated=bits, high_bit=pixel.bits_stored - 1))


def stored_values(cells: Cells, pixel: ImagePixel) -> Stored:
    """Return the sample values in cells of 32 or 64 bits: float64 of floats, else int64, or uint64 of 64 unsigned bits (H1.2)."""
    if pixel.floating:
        return cells.astype(np.float64)
    if pixel.bits_stored == pixel.bits_allocated:
        if pixel.signed:
            return cells.view(f"i{cells.itemsize}").astype(np.int64)
        return cells.astype(np.uint64 if cells.itemsize == 8 else np.int64)
    raised = cells.astype(np.uint64) << np.uint64(63 - pixel.high_bit)  # what is above the sample falls out, what is below next
    if pixel.signed:
        return raised.view(np.int64) >> np.int64(64 - pixel.bits_stored)
    return (raised >> np.uint64(64 - pixel.bits_stored)).view(np.int64)


def display_of(cells: Cells, pixel: ImagePixel, steps: Grayscale, voi: Window | Lut | None) -> Table:
    """Return the display value of every cell of a frame: as ``cells``, uint8.

    cells: (rows, columns) uint32, uint64, float32 or float64.  voi: None draws nothing but background.
    What is not a number is drawn as background, as padding is.
    """
    display = np.zeros(cells.shape, np.uint8)
    if voi is None:
        return display
    shown = display.reshape(-1)
    for start, stored in pieces(cells, pixel):
        piece, hidden = shown[start : start + stored.size], _hidden(stored, steps.padding)
        if hidden is not None:
            stored[hidden] = 0
        _apply_voi(piece, stored, steps.modality, voi, pixel)
        if steps.inverted:
            np.subtract(255, piece, out=piece)
        if hidden is not None:
            piece[hidden] = BACKGROUND
    return display


def wide_range(cells: Cells, pixel: ImagePixel, steps: Grayscale) -> ValueRange:
    """Return the range of a whole frame's finite values in modality units, without padding and indices of a palette (H2.15).

    cells: (rows, columns) uint32, uint64, float32 or float64, the full frame.
    """
    ends: list[tuple[float, int | float]] = []
    for _, stored in pieces(cells, pixel):
        hidden = _hidden(stored, steps.padding)
        kept = stored if hidden is None else stored[~hidden]
        if steps.colored_from is not None:
            kept = kept[kept < steps.colored_from]
        values = _modality(kept, steps.modality)
        finite = np.abs(values) < _LARGEST
        if not finite.all():
            kept, values = kept[finite], values[finite]
        if values.size:
            ends += [(float(values[place]), kept[place].item()) for place in (int(values.argmin()), int(values.argmax()))]
            ends = [min(ends), max(ends)]
    if not ends:
        return ValueRange(0.0, 0.0, empty=True)
    low, high = (one_value(steps.modality, stored, value) for value, stored in ends)
    return ValueRange(low, high)


def pieces(cells: Cells, pixel: ImagePixel) -> Iterator[tuple[int, Stored]]:
    """Yield where each piece of a frame starts, and its stored values, to be written to."""
    flat = cells.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        with np.errstate(all="ignore"):  # infinities and values without number are what floats may be
            yield start, stored_values(flat[start : start + _PIECE], pixel)


def _hidden(stored: Stored, padding: Padding | None) -> _Mask | None:
    """Return which values are padding or no number, None where no value is."""
    hidden = np.isnan(stored) if stored.dtype.kind == "f" else None
    if padding is not None:
        padded = (stored >= padding.low) & (stored <= padding.high)
        hidden = padded if hidden is None else hidden | padded
    return hidden if hidden is not None and hidden.any() else None


def _apply_voi(display: Table, stored: Stored, modality: Rescale | Lut, voi: Window | Lut, pixel: ImagePixel) -> None:
    if isinstance(voi, Lut):
        entries = np.frombuffer(voi.entries, "<u2")
        voi_kernels.fill_voi_lut(display, _modality(stored, modality), entries, voi.first, float((1 << voi.bits) - 1))
    elif voi.function is VoiLutFunction.SIGMOID:
        voi_kernels.fill_sigmoid(display, _modality(stored, modality), voi.center, voi.width)
    else:
        unit, middle, extent = in_unit(modality, voi, 0 if pixel.floating else pixel.bits_stored)
        values = _modality(stored, rescale_in(unit, modality)) if isinstance(modality, Rescale) else _modality(stored, modality) * unit
        voi_kernels.fill_linear(display, values, middle, extent)


def _modality(stored: Stored, modality: Rescale | Lut) -> _Values:
    """Return values in modality units; an index into a Modality LUT that is no integer is rounded half up."""
    values = stored.astype(np.float64)
    with np.errstate(all="ignore"):
        if isinstance(modality, Lut):
            entries = np.frombuffer(modality.entries, "<u2")
            places = np.clip(np.floor(values + 0.5) - modality.first, 0, entries.size - 1)
            return np.asarray(entries[places.astype(np.intp)], np.float64)
        if modality.slope != 1:
            values *= modality.slope
        if modality.intercept != 0:
            values += modality.intercept
    return values
