"""Overlay kernel: packed bits painted over display values (PS3.3 C.9.2). Arrays and numbers only; callers clip."""

from numba.types import int64, uint8

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_out(uint8, 3), array_in(uint8, 1), int64, int64, int64, int64, int64, int64))
def paint_bits(display, bits, first_bit, row_bits, top, left, rows, columns):  # type: ignore[no-untyped-def]
    """Set all samples to 255 where a bit is 1.

    display: (…, …, 1 or 3) uint8, in and out; a rectangle of it from ``top``, ``left``, ``rows`` × ``columns``, is painted.
    bits: packed, the least significant of a byte first; ``first_bit`` belongs to the first pixel of the rectangle, and each further row
        begins ``row_bits`` after the one before.
    """
    for i in range(rows):
        bit = first_bit + i * row_bits
        j = 0
        while j < columns:
            inside = (bit + j) & 7
            rest = int64(bits[(bit + j) >> 3]) >> inside
            count = min(8 - inside, columns - j)
            if rest:  # nearly everywhere there is nothing
                for k in range(count):
                    white = uint8(-((rest >> k) & 1) & 255)  # without a branch: half as many ns a bit where planes are dense
                    for s in range(display.shape[2]):
                        display[top + i, left + j + k, s] |= white
            j += count
