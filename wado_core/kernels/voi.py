"""VOI LUT kernels: modality units to display values 0 … 255 (PS3.3 C.11.2). One rounding rule: floor(y + 0.5), docs/adr/0005.

The standard's ``((x - c) / w + 0.5) * 255 + 0.5`` is evaluated as ``(x - c) * 255 / w + 128``: the same number, but the
product is exact for every value that occurs and only the quotient is rounded, so that ties fall as in real arithmetic.
In the order written, one window in four was wrong by a level somewhere (c = 128.5, w = 256: 39 values).
"""

from math import exp

from numba.types import float64, int64, uint8, uint16
from numpy import floor  # math.floor makes an int64 of any float64

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_out(uint8, 1), array_in(float64, 1), float64, float64))
def fill_linear(display, modality, center, width):  # type: ignore[no-untyped-def]
    """Apply the LINEAR function (PS3.3 C.11.2.1.2.1).

    display: (n,) uint8, out.  modality: (n,) float64.  center, width: modality units, ``width >= 1``; at 1 a threshold.
    """
    middle = center - 0.5
    low, high = middle - (width - 1.0) / 2.0, middle + (width - 1.0) / 2.0
    for i in range(display.size):
        x = modality[i]
        if x <= low:
            display[i] = 0
        elif x > high:
            display[i] = 255
        else:
            display[i] = int((x - middle) * 255.0 / (width - 1.0) + 128.0)


@kernel((array_out(uint8, 1), array_in(float64, 1), float64, float64))
def fill_linear_exact(display, modality, center, width):  # type: ignore[no-untyped-def]
    """Apply the LINEAR_EXACT function (PS3.3 C.11.2.1.3.2).

    display: (n,) uint8, out.  modality: (n,) float64.  center, width: modality units, ``width > 0``.
    """
    low, high = center - width / 2.0, center + width / 2.0
    for i in range(display.size):
        x = modality[i]
        if x <= low:
            display[i] = 0
        elif x > high:
            display[i] = 255
        else:
            display[i] = int((x - center) * 255.0 / width + 128.0)


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
