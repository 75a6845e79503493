"""Colour from its equations: palettes, YBR_FULL, more than 8 bits (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5-6)."""

from fractions import Fraction

import numpy as np

from tests.reference.lut import Lut
from tests.reference.rounding import Array, Gray

MILLION = 1_000_000


def palette_to_rgb(stored: Array, red: Lut, green: Lut, blue: Lut) -> Gray:
    """Look each stored value up in the three tables (H3.1). Rescale and VOI do not apply.

    stored: (rows, columns).  Returns (rows, columns, 3).
    """
    channels = [lut.look_up(stored) for lut in entries_to_8bit(red, green, blue)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def entries_to_8bit(*tables: Lut) -> list[Lut]:
    """Keep the high byte of 16-bit entries, unless no entry of any table needs it: then they are 8-bit ones in wide cells (H3.1).

    All tables decide together: a colour that is dark throughout one channel must not become bright in it.
    """
    if all(max(lut.entries) <= 0xFF for lut in tables):
        return list(tables)
    return [lut if lut.bits <= 8 else Lut(lut.first, 8, tuple(entry >> (lut.bits - 8) for entry in lut.entries)) for lut in tables]


def to_8bit_samples(samples: Array, bits_stored: int) -> Gray:
    """Drop the low bits of samples of more than 8 bits (H3.2); stretch those of fewer to 0..255, rounded half up."""
    if bits_stored >= 8:
        return (samples >> (bits_stored - 8)).astype(np.uint8)
    largest = (1 << bits_stored) - 1
    return ((samples * 510 + largest) // (2 * largest)).astype(np.uint8)


def ybr_full_to_rgb(ybr: Array) -> Gray:
    """R = Y + 1.402 (Cr-128), G = Y - 0.344136 (Cb-128) - 0.714136 (Cr-128), B = Y + 1.772 (Cb-128), rounded half up (H3.3).

    ybr: (..., 3), 0..255.  Computed in whole millionths, so that the rounding is that of the exact value.
    """
    y, cb, cr = (ybr[..., i].astype(np.int64) for i in range(3))
    y, cb, cr = y * MILLION, cb - 128, cr - 128
    rgb = np.stack([y + 1_402_000 * cr, y - 344_136 * cb - 714_136 * cr, y + 1_772_000 * cb], axis=-1)
    return np.asarray(np.clip((rgb + MILLION // 2) // MILLION, 0, 255), dtype=np.uint8)


def ybr_partial_to_rgb(ybr: Array) -> Gray:
    """As YBR_FULL, with luma 16..235 and chroma 16..240 stretched to their full ranges beforehand (H3.3): exact, rounded half up.

    1.402 * 255 / 224 is the 1.5960 and 255 / 219 the 1.1644 of the standard's older editions, to more digits.
    """
    y, cb, cr = ((ybr[..., i].astype(np.int64) - low) for i, low in enumerate((16, 128, 128)))
    luma, chroma = Fraction(255, 219), Fraction(255, 224)
    unit = luma.denominator * chroma.denominator * MILLION
    of_y, of_one = int(luma * unit), int(chroma * unit / MILLION)
    rgb = np.stack(
        [
            of_y * y + 1_402_000 * of_one * cr,
            of_y * y - 344_136 * of_one * cb - 714_136 * of_one * cr,
            of_y * y + 1_772_000 * of_one * cb,
        ],
        axis=-1,
    )
    return np.asarray(np.clip((2 * rgb + unit) // (2 * unit), 0, 255), dtype=np.uint8)
