"""Lines of float32 that meet exact display values (docs/adr/0017)."""

import numpy as np
from numba.types import boolean, float32, float64, int64, uint8

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_in(uint8, 1), float32, array_out(float32, 1)))
def fit_line(ramp, factor, fitted):  # type: ignore[no-untyped-def]
    """Find the line ``floor(min(max(i, low), extent) * factor + offset)``, each step in float32, that is ``ramp[i]`` for every ``i``.

    ramp: (n,) uint8, n >= 1, monotonic.  fitted: (4,) float32, out: low, extent, offset, and 1 where every value is met, else 0.
    The offset is in the middle of those that real arithmetic would allow, as far as possible from all steps. Where the ramp ends in
    0 or 255 the line would go on between two values of ``i``: there it is cut in the middle of that level.
    """
    last = ramp.size - 1
    cut_first, cut_last = ramp[0] in (0, 255), ramp[last] in (0, 255)
    least, most = -1e30, 1e30
    for i in range(1 if cut_first else 0, last if cut_last else last + 1):
        product = np.float64(np.float32(i) * factor)
        least, most = max(least, ramp[i] - product), min(most, ramp[i] + 1 - product)
    offset = np.float32((least + most) / 2) if least > -1e30 else np.float32(ramp[0] + 0.5)
    low, extent = np.float32(0), np.float32(last)
    if cut_first and factor != 0:
        low = min(max((np.float32(ramp[0] + 0.5) - offset) / factor, np.float32(0)), extent)
    if cut_last and factor != 0:
        extent = max(min((np.float32(ramp[last] + 0.5) - offset) / factor, extent), low)
    met = 1.0
    for i in range(ramp.size):
        if np.floor(min(max(np.float32(i), low), extent) * factor + offset) != np.float32(ramp[i]):
            met = 0.0
    fitted[0], fitted[1], fitted[2], fitted[3] = low, extent, offset, met


@kernel((array_out(uint8, 1), float64, float64, float64, float64, float64, boolean, array_out(int64, 1)))
def draw_ramp(ramp, first, slope, intercept, middle, extent, inverted, ends):  # type: ignore[no-untyped-def]
    """Draw consecutive stored values through rescale and linear window, and find where the values between the constant ends begin and end.

    ramp: (n,) uint8, out, n >= 1; ``ramp[i]`` belongs to stored value ``first + i``.
    slope, intercept: as in ``modality.fill_rescale``.  middle, extent: as in ``voi.fill_linear``.  inverted: 255 - y is drawn.
    ends: (2,) int64, out: the last place up to which all values are equal, the first from which on they are; both 0 where all are.

    In one pass, as the window of each request is new: three kernels with arrays between them took 6 µs more.
    """
    low, high = middle - extent / 2.0, middle + extent / 2.0
    for i in range(ramp.size):
        x = slope * (first + i) + intercept
        if x <= low:
            value = 0
        elif x > high:
            value = 255
        else:
            value = int(min(max((x - middle) * 255.0 / extent + 128.0, 0.0), 255.0))  # as in voi.fill_linear
        ramp[i] = 255 - value if inverted else value
    begin, end = 0, ramp.size - 1
    while begin < ramp.size - 1 and ramp[begin + 1] == ramp[0]:
        begin += 1
    while end > 0 and ramp[end - 1] == ramp[ramp.size - 1]:
        end -= 1
    if begin == ramp.size - 1:
        begin, end = 0, 0
    ends[0], ends[1] = begin, end
