"""The linear windows that float32 evaluates exactly: for those no table is made, and the encoder looks nothing up."""

from functools import lru_cache

import numpy as np

from wado_core.jpeg.samples import IDENTITY, Line
from wado_core.kernels import line as kernels
from wado_core.model.grayscale import Padding, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import BACKGROUND, Grayscale, Table, first_value, linear_ramp

# Steeper lines than this are thresholds between two samples, where any line will do; float32 ends at 3.4e38.
_STEEPEST = 1e6

_LEVELS = np.arange(256, dtype=np.uint8)


def exact_line(steps: Grayscale, window: Window, pixel: ImagePixel) -> Line | None:
    """Return the line whose value is that of the table for every sample, None where there is none.

    There is none for tables and sigmoids, samples that are not in the lowest bits of their cells, padding that the window does not
    make black, and windows so wide that float32 misses a step.
    """
    if not isinstance(steps.modality, Rescale) or window.function is VoiLutFunction.SIGMOID:
        return None
    if pixel.high_bit + 1 != pixel.bits_stored:
        return None
    return _line(steps.modality, steps, window, pixel)


@lru_cache(maxsize=256)
def _line(modality: Rescale, steps: Grayscale, window: Window, pixel: ImagePixel) -> Line | None:
    place = linear_ramp(modality, window, pixel)
    if place is None:
        return None
    factor = -place.levels if steps.inverted else place.levels
    ramp, ends, rescale = np.empty(place.count, np.uint8), np.empty(2, np.int64), place.rescale
    smallest = float(first_value(pixel) + place.begin)
    kernels.draw_ramp(ramp, smallest, rescale.slope, rescale.intercept, place.middle, place.extent, steps.inverted, ends)
    first, last = ends.tolist()
    ramp, begin = ramp[first : last + 1], place.begin + first
    if steps.padding is not None and not _is_background(steps.padding, begin, ramp, pixel):
        return None
    if begin == 0 and pixel.bits_stored == 8 and not pixel.signed and np.array_equal(ramp, _LEVELS):
        return IDENTITY
    if factor == 0 or abs(factor) > _STEEPEST:
        factor = float(ramp[-1]) - float(ramp[0])
    fitted = np.empty(4, np.float32)
    kernels.fit_line(ramp, np.float32(factor), fitted)
    low, extent, offset, met = fitted.tolist()
    if not met:
        return None
    sign = 1 << (pixel.bits_stored - 1) if pixel.signed else 0  # flipped, it orders two's complement from the smallest value up
    return Line((1 << pixel.bits_stored) - 1, sign, float(begin), extent, factor, offset, low)


def _is_background(padding: Padding, begin: int, ramp: Table, pixel: ImagePixel) -> bool:
    """Whether all padding is drawn black in any case: ramps are monotonic, so that its ends tell."""
    places = (int(padding.low) - first_value(pixel) - begin, int(padding.high) - first_value(pixel) - begin)
    return all(ramp[min(max(place, 0), ramp.size - 1)] == BACKGROUND for place in places)
