"""Lines of float32 that meet exact display values (docs/adr/0017)."""

import numpy as np
from numba.types import float32, int64, uint8

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_in(uint8, 1), float32, array_out(float32, 1)))
def fit_offset(ramp, factor, fitted):  # type: ignore[no-untyped-def]
    """Find the offset with which ``floor(i * factor + offset)``, each step in float32, is ``ramp[i]`` for every ``i``.

    ramp: (n,) uint8, n >= 1.  fitted: (2,) float32, out: the offset, and 1 where every value is met, else 0.
    The offset is in the middle of those that real arithmetic would allow, as far as possible from all steps.
    """
    low, high = -1e30, 1e30
    for i in range(ramp.size):
        product = np.float64(np.float32(i) * factor)
        low, high = max(low, ramp[i] - product), min(high, ramp[i] + 1 - product)
    offset = np.float32((low + high) / 2)
    met = 1.0
    for i in range(ramp.size):
        if np.floor(np.float32(i) * factor + offset) != np.float32(ramp[i]):
            met = 0.0
    fitted[0], fitted[1] = offset, met


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
