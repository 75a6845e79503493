"""Modality kernels: stored values to modality units (PS3.3 C.11.1)."""

from numba.types import float64, int64, uint16

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_out(float64, 1), int64, float64, float64))
def fill_rescale(modality, first, slope, intercept):  # type: ignore[no-untyped-def]
    """Write ``slope * value + intercept`` for the stored values ``first`` … (PS3.3 C.11.1.1.2).

    modality: (n,) float64, out; ``modality[i]`` belongs to stored value ``first + i``.
    """
    for i in range(modality.size):
        modality[i] = slope * (first + i) + intercept


@kernel((array_out(float64, 1), int64, array_in(uint16, 1), int64))
def fill_modality_lut(modality, first, entries, first_mapped):  # type: ignore[no-untyped-def]
    """Look the stored values ``first`` … up in a Modality LUT, clamped at both ends (PS3.3 C.11.1.1.1, H2.2).

    modality: (n,) float64, out.  entries: (m,) uint16, m >= 1.  first_mapped: stored value of entry 0.
    """
    last = entries.size - 1
    for i in range(modality.size):
        modality[i] = entries[min(max(first + i - first_mapped, 0), last)]
