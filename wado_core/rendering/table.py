"""The grayscale pipeline as one table: modality ∘ VOI ∘ presentation for every value a cell can hold (part H.2)."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells
from wado_core.kernels import cells as cell_kernels
from wado_core.kernels import modality as modality_kernels
from wado_core.kernels import voi as voi_kernels
from wado_core.model.grayscale import Lut, Padding, Rescale, ValueRange, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.render import GrayscalePlan

Table = npt.NDArray[np.uint8]

# Padding is drawn black, also where the image is inverted (H2.13).
BACKGROUND = 0

_FUNCTIONS: dict[VoiLutFunction, Callable[[Table, npt.NDArray[np.float64], float, float], None]] = {
    VoiLutFunction.LINEAR: voi_kernels.fill_linear,
    VoiLutFunction.LINEAR_EXACT: voi_kernels.fill_linear_exact,
    VoiLutFunction.SIGMOID: voi_kernels.fill_sigmoid,
}


@lru_cache(maxsize=64)
def cell_table(plan: GrayscalePlan, voi: Window | Lut | None, pixel: ImagePixel) -> Table:
    """Return the display value of every cell: (2**bits_allocated,) uint8, read-only.

    voi: what the plan's VOI step has become once an automatic window is known; None draws nothing but background.
    pixel: describes the cells.  64 tables are at most 4 MB.
    """
    by_sample = sample_table(plan, voi, pixel)
    table = np.empty(1 << pixel.bits_allocated, np.uint8)
    cell_kernels.spread_over_cells(table, by_sample, pixel.bits_stored, pixel.high_bit, pixel.signed)
    table.flags.writeable = False
    return table


def sample_table(plan: GrayscalePlan, voi: Window | Lut | None, pixel: ImagePixel) -> Table:
    """Return the display value of every sample value, from the smallest on: (2**bits_stored,) uint8."""
    first = first_value(pixel)
    display = np.zeros(1 << pixel.bits_stored, np.uint8)
    if voi is None:
        return display
    modality = modality_values(plan.modality, pixel)
    if isinstance(voi, Window):
        _FUNCTIONS[voi.function](display, modality, voi.center, voi.width)
    else:
        voi_kernels.fill_voi_lut(display, modality, np.frombuffer(voi.entries, "<u2"), voi.first, float((1 << voi.bits) - 1))
    if plan.inverted:
        np.subtract(255, display, out=display)
    if plan.padding is not None:
        display[_padded(plan.padding, first, display.size)] = BACKGROUND
    return display


def first_value(pixel: ImagePixel) -> int:
    """Return the smallest value that a sample can hold."""
    return -(1 << (pixel.bits_stored - 1)) if pixel.signed else 0


def modality_values(modality: Rescale | Lut, pixel: ImagePixel) -> npt.NDArray[np.float64]:
    """Return the modality value of every sample value, from the smallest on: (2**bits_stored,) float64."""
    values = np.empty(1 << pixel.bits_stored, np.float64)
    if isinstance(modality, Lut):
        modality_kernels.fill_modality_lut(values, first_value(pixel), np.frombuffer(modality.entries, "<u2"), modality.first)
    else:
        modality_kernels.fill_rescale(values, first_value(pixel), modality.slope, modality.intercept)
    return values


def _padded(padding: Padding, first: int, size: int) -> slice:
    return slice(min(max(padding.low - first, 0), size), min(max(padding.high + 1 - first, 0), size))


def value_range(cells: Cells, pixel: ImagePixel, plan: GrayscalePlan) -> ValueRange:
    """Return the range of a whole frame's non-padding values in modality units (H2.15).

    cells: (rows, columns) uint8 or uint16, the full frame.
    """
    present = np.zeros(1 << pixel.bits_allocated, np.uint8)
    cell_kernels.mark_present(present, cells)
    samples = _samples_of(np.flatnonzero(present), pixel)
    if plan.padding is not None:
        first = first_value(pixel)
        samples = samples[(samples + first < plan.padding.low) | (samples + first > plan.padding.high)]
    if samples.size == 0:
        return ValueRange(0.0, 0.0, empty=True)
    values = modality_values(plan.modality, pixel)[samples]
    return ValueRange(float(values.min()), float(values.max()))


def _samples_of(cells: npt.NDArray[np.intp], pixel: ImagePixel) -> npt.NDArray[np.intp]:
    """Return the positions in a sample table that cell values stand for."""
    samples = (cells >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    return samples ^ (1 << (pixel.bits_stored - 1)) if pixel.signed else samples


def full_range_window(values: ValueRange) -> Window | None:
    """Return the automatic window of a range (H2.10); None, which draws black, for a constant image or nothing but padding (H2.15)."""
    if values.empty or values.low == values.high:
        return None
    return Window((values.low + values.high + 1.0) / 2.0, values.high - values.low + 1.0)
