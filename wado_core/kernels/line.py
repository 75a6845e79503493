"""Lines of float32 that meet exact display values (docs/adr/0017)."""

import numpy as np
from numba.types import float32, int64, uint8

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


@kernel((array_in(uint8, 1), array_out(int64, 1)))
def find_ends(ramp, ends):  # type: ignore[no-untyped-def]
    """Find the last place whose values up to there are equal, and the first from which on they are.

    ramp: (n,) uint8, n >= 1.  ends: (2,) int64, out; both 0 where all are equal.
    """
    first, last = 0, ramp.size - 1
    while first < ramp.size - 1 and ramp[first + 1] == ramp[0]:
        first += 1
    while last > 0 and ramp[last - 1] == ramp[ramp.size - 1]:
        last -= 1
    if first == ramp.size - 1:
        first, last = 0, 0
    ends[0], ends[1] = first, last
