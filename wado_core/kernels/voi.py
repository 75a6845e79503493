"""VOI LUT kernels: modality units to display values 0 … 255 (PS3.3 C.11.2). One rounding rule: floor(y + 0.5), docs/adr/0005."""

from math import exp

from numba.types import float64, int64, uint8, uint16
from numpy import floor  # math.floor makes an int64 of any float64

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_out(uint8, 1), array_in(float64, 1), float64, float64))
def fill_linear(display, modality, middle, extent):  # type: ignore[no-untyped-def]
    """Apply LINEAR or LINEAR_EXACT, which differ in ``middle`` and ``extent`` only (PS3.3 C.11.2.1.2.1, C.11.2.1.3.2).

    display: (n,) uint8, out.  modality: (n,) float64.
    middle: c - 1/2 or c.  extent: w - 1 or w, at least 0; 0 is a threshold. All in one unit, in which they are best integers.

    ``((x - middle) / extent + 0.5) * 255 + 0.5`` is evaluated with one rounding: the product of integers is exact, and no
    quotient of such integers lies so near to the next one that the division could reach it.
    """
    low, high = middle - extent / 2.0, middle + extent / 2.0
    for i in range(display.size):
        x = modality[i]
        if x <= low:
            display[i] = 0
        elif x > high:
            display[i] = 255
        else:
            # Between values so large that float64 has few of them, the edges may lie a level or two away from what they enclose.
            display[i] = int(min(max((x - middle) * 255.0 / extent + 128.0, 0.0), 255.0))


@kernel((array_out(uint8, 1), array_in(float64, 1), float64, float64))
def fill_sigmoid(display, modality, center, width):  # type: ignore[no-untyped-def]
    """Apply the SIGMOID function, ``255 / (1 + exp(-4 (x - c) / w))`` (PS3.3 C.11.2.1.3.1).

    display: (n,) uint8, out.  modality: (n,) float64.  center, width: modality units, ``width > 0``.
    """
    for i in range(display.size):
        display[i] = int(255.0 / (1.0 + exp(-4.0 * (modality[i] - center) / width)) + 0.5)


@kernel((array_out(uint8, 1), array_in(float64, 1), array_in(uint16, 1), int64, float64))
def fill_voi_lut(display, modality, entries, first_mapped, largest):  # type: ignore[no-untyped-def]
    """Look up a VOI LUT, its output range 0 … ``largest`` scaled to 0 … 255 (PS3.3 C.11.2.1.1, H2.11).

    display: (n,) uint8, out.  modality: (n,) float64; values between integers are rounded half up to an entry.
    entries: (m,) uint16, m >= 1, each at most ``largest``.  first_mapped: modality value of entry 0.
    """
    last = entries.size - 1
    for i in range(display.size):
        x = min(max(floor(modality[i] + 0.5) - first_mapped, 0.0), float(last))
        display[i] = int(entries[int(x)] * 255.0 / largest + 0.5)
