"""The grayscale pipeline as one table: modality ∘ VOI ∘ presentation for every value a cell can hold (part H.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells
from wado_core.kernels import cells as cell_kernels
from wado_core.kernels import modality as modality_kernels
from wado_core.kernels import voi as voi_kernels
from wado_core.model.grayscale import Lut, Padding, Rescale, ValueRange, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel

Table = npt.NDArray[np.uint8]

# Padding is drawn black, also where the image is inverted (H2.13).
BACKGROUND = 0

# The finest decimal fractions that are made integers; what is finer is evaluated as float64 holds it.
_MOST_DECIMALS = 6

# What a difference of float64 may be wrong by, of the larger of its terms, and some more.
_CANCELLED = 2.0**-48


@dataclass(frozen=True, slots=True)
class Grayscale:
    """The steps around the VOI transformation, their tables read.

    colored_from: stored values from here on are no gray values but indices of a supplemental palette (H2.18).
    """

    modality: Rescale | Lut
    inverted: bool
    padding: Padding | None
    colored_from: int | None = None


def cell_table(steps: Grayscale, voi: Window | Lut | None, pixel: ImagePixel) -> Table:
    """Return the display value of every cell: (2**bits_allocated,) uint8, read-only.

    voi: what the plan's VOI step has become once an automatic window is known; None draws nothing but background.
    pixel: describes the cells.
    """
    has_lut = isinstance(voi, Lut) or isinstance(steps.modality, Lut)
    return (_with_lut if has_lut else _without_lut)(steps, voi, pixel)


def _cell_table(steps: Grayscale, voi: Window | Lut | None, pixel: ImagePixel) -> Table:
    by_sample = sample_table(steps, voi, pixel)
    table = np.empty(1 << pixel.bits_allocated, np.uint8)
    cell_kernels.spread_over_cells(table, by_sample, pixel.bits_stored, pixel.high_bit, pixel.signed)
    table.flags.writeable = False
    return table


# A table takes 64 KiB, and each of two LUTs by which it is found 128 KiB: 7 MB in all.
_without_lut, _with_lut = lru_cache(maxsize=64)(_cell_table), lru_cache(maxsize=8)(_cell_table)


def sample_table(steps: Grayscale, voi: Window | Lut | None, pixel: ImagePixel) -> Table:
    """Return the display value of every sample value, from the smallest on: (2**bits_stored,) uint8."""
    first = first_value(pixel)
    display = np.zeros(1 << pixel.bits_stored, np.uint8)
    if voi is None:
        return display
    if isinstance(voi, Lut):
        entries = np.frombuffer(voi.entries, "<u2")
        voi_kernels.fill_voi_lut(display, modality_values(steps.modality, pixel), entries, voi.first, float((1 << voi.bits) - 1))
    elif voi.function is VoiLutFunction.SIGMOID:
        voi_kernels.fill_sigmoid(display, modality_values(steps.modality, pixel), voi.center, voi.width)
    else:
        _fill_linear(display, steps.modality, voi, pixel)
    if steps.inverted:
        np.subtract(255, display, out=display)
    if steps.padding is not None:
        display[_padded(steps.padding, first, display.size)] = BACKGROUND
    return display


def _fill_linear(display: Table, modality: Rescale | Lut, window: Window, pixel: ImagePixel) -> None:
    unit, middle, extent = in_unit(modality, window)
    if isinstance(modality, Rescale):
        values = modality_values(rescale_in(unit, modality), pixel)
    else:
        values = modality_values(modality, pixel) * unit
    voi_kernels.fill_linear(display, values, middle, extent)


@dataclass(frozen=True, slots=True)
class Ramp:
    """Where a linear window ramps: before and behind, display values stay as they are.

    begin, count: places of samples, counted from the smallest.  rescale, middle, extent: in a unit in which they are best integers.
    levels: display levels from one sample to the next, 0 for a threshold.
    """

    begin: int
    count: int
    rescale: Rescale
    middle: float
    extent: float
    levels: float


def linear_ramp(modality: Rescale, window: Window, pixel: ImagePixel) -> Ramp | None:
    """Return where a linear window ramps; None where float64 cannot tell between which samples it begins and ends.

    It cannot for a slope of 0, or one that is nothing beside intercept and window.
    """
    unit, middle, extent = in_unit(modality, window)
    rescale, last = rescale_in(unit, modality), (1 << pixel.bits_stored) - 1
    low, high, slope, intercept = middle - extent / 2, middle + extent / 2, rescale.slope, rescale.intercept
    if abs(slope) <= max(abs(low), abs(high), abs(intercept)) * _CANCELLED:
        return None
    smallest = first_value(pixel)
    start, stop = (low - intercept) / slope - smallest, (high - intercept) / slope - smallest
    if start > stop:
        start, stop = stop, start
    # Two more at each side, for what the quotient may be wrong by; far outside of the samples there is nothing to see.
    begin, end = (int(min(max(place, 0.0), float(last))) for place in (start - 2, stop + 2))
    return Ramp(begin, end - begin + 1, rescale, middle, extent, 255 * slope / extent if extent > 0 else 0.0)


def in_unit(modality: Rescale | Lut, window: Window, bits: int = 16) -> tuple[int, float, float]:
    """Return a unit in which everything that was written as a decimal fraction is an integer, and middle and extent of the window in it.

    bits: of a sample; 0 for floats, whose unit is 1.
    In it the table is the standard's equation in real arithmetic: 0.1 * 3 is 0.3 here, on its side of a tie.
    """
    shift = 0.5 if window.function is VoiLutFunction.LINEAR else 0.0
    written = [window.center, window.width, shift]
    if isinstance(modality, Rescale):
        written += [modality.slope, modality.intercept]
    if _are_halves(written, bits):
        unit = 10  # of which all are whole numbers, as their differences are
        return unit, (window.center - shift) * unit, (window.width - 2 * shift) * unit
    unit = _decimal_unit(written, bits) if bits else 1
    if unit > 1:  # and so even: products of all that is written are whole numbers, the nearest ones to the products of float64
        return unit, round(window.center * unit) - shift * unit, round(window.width * unit) - 2 * shift * unit
    return 1, float(as_written(window.center) - Fraction(shift)), float(as_written(window.width) - Fraction(2 * shift))


def rescale_in(unit: int, modality: Rescale) -> Rescale:
    """Return a rescale to such a unit."""
    if unit == 1:
        return modality
    if _are_halves((modality.slope, modality.intercept), 16):
        return Rescale(modality.slope * unit, modality.intercept * unit)
    if unit > 1:
        return Rescale(float(round(modality.slope * unit)), float(round(modality.intercept * unit)))
    return modality


def _are_halves(numbers: Sequence[float], bits: int) -> bool:
    """Whether all are multiples of a half and in reach, see below: nearly all windows are, and need no fractions."""
    reach = 2.0 ** (53 - max(bits, 16)) if bits else 0.0
    return all((2.0 * number).is_integer() and abs(number) * 10 * 255 < reach for number in numbers)


def _decimal_unit(numbers: Sequence[float], bits: int) -> int:
    """Return the power of ten that makes all ``numbers`` integers, as they are written; 1 when there is none in reach.

    In reach: products of 255 and as many values of this unit as samples of so many bits, at least 16, have are exact in float64.
    """
    unit, largest = 1, max(map(abs, numbers))
    for _ in range(_MOST_DECIMALS + 1):
        if largest * unit * 255 >= 2.0 ** (53 - max(bits, 16)):
            return 1
        # A quotient of whole numbers in float64 is the float that the decimal fraction is read as.
        if all(round(number * unit) / unit == number for number in numbers):
            return unit
        unit *= 10
    return 1


def as_written(number: float) -> Fraction:
    """Return the decimal number that a float stands for, the shortest that it can be read from: 0.1 is a tenth."""
    return Fraction(repr(float(number)))


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


def value_range(cells: Cells, pixel: ImagePixel, steps: Grayscale) -> ValueRange:
    """Return the range of a whole frame's values in modality units, without padding and indices of a palette (H2.15).

    cells: (rows, columns) uint8 or uint16, the full frame.
    """
    return range_of((cells,), pixel, steps)


def range_of(strips: Iterable[Cells], pixel: ImagePixel, steps: Grayscale) -> ValueRange:
    """Return what ``value_range`` does, of a frame that comes in strips of any number of rows."""
    present = np.zeros(1 << pixel.bits_allocated, np.uint8)
    for cells in strips:
        cell_kernels.mark_present(present, cells)
    samples = _samples_of(np.flatnonzero(present), pixel)
    if steps.padding is not None:
        first = first_value(pixel)
        samples = samples[(samples + first < steps.padding.low) | (samples + first > steps.padding.high)]
    if steps.colored_from is not None:
        samples = samples[samples + first_value(pixel) < steps.colored_from]
    if samples.size == 0:
        return ValueRange(0.0, 0.0, empty=True)
    values = modality_values(steps.modality, pixel)[samples]
    places, first = (int(values.argmin()), int(values.argmax())), first_value(pixel)
    low, high = (one_value(steps.modality, first + int(samples[place]), values[place]) for place in places)
    return ValueRange(low, high)


def one_value(modality: Rescale | Lut, stored: float, rounded: float) -> float:
    """Return the modality value of one stored value, an integer or a float, as the float nearest to the decimal number that it is."""
    if isinstance(modality, Lut):
        return float(rounded)
    value = stored if isinstance(stored, int) else as_written(stored)
    return float(as_written(modality.slope) * value + as_written(modality.intercept))


def _samples_of(cells: npt.NDArray[np.intp], pixel: ImagePixel) -> npt.NDArray[np.intp]:
    """Return the positions in a sample table that cell values stand for."""
    samples = (cells >> (pixel.high_bit + 1 - pixel.bits_stored)) & ((1 << pixel.bits_stored) - 1)
    return samples ^ (1 << (pixel.bits_stored - 1)) if pixel.signed else samples


def full_range_window(values: ValueRange) -> Window | None:
    """Return the automatic window of a range (H2.10); None, which draws black, for a constant image or nothing but padding (H2.15)."""
    if values.empty or values.low == values.high:
        return None
    low, high = as_written(values.low), as_written(values.high)
    if high - low < 1:  # which the 1 that LINEAR takes off again would swallow: the same function without it (C.11.2.1.3.2)
        return Window(float((low + high) / 2), float(high - low), VoiLutFunction.LINEAR_EXACT)
    return Window(float((low + high + 1) / 2), float(high - low + 1))
