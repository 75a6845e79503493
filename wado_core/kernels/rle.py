"""RLE Lossless kernels: the PackBits of one segment, and the byte planes of a frame into its cells (PS3.5 G.2, G.3.1)."""

from numba.types import int64, uint8

from wado_core.kernels._bits import expand_16_bytes
from wado_core.kernels._jit import array_in, array_out, kernel

_LONGEST = 128


@kernel((array_out(uint8, 1), array_in(uint8, 1), array_out(int64, 1)))
def unpack_segment(out, encoded, written):  # type: ignore[no-untyped-def]
    """Decode one segment (PS3.5 G.3.1).

    out: (n,) uint8; what is behind the last byte that was written may hold anything.
    encoded: (m,) uint8, the segment with its padding.
    written: (1,) int64, out: how many bytes were written; more than fit are dropped, a run cut short by the end of the
    segment ends it.

    As long as there is room for the longest run, sixteen bytes are written whatever is asked for, and runs and literals alike: what
    remains of the time is the chain from one control byte to the next, some ten cycles, and now and then a run of more than sixteen
    that was not foreseen (docs/adr/0024).
    """
    i, position, size = 0, 0, out.size
    last_control, last_start = encoded.size - _LONGEST - 1, size - _LONGEST
    while i < last_control and position <= last_start:
        control = int64(encoded[i])
        if control == 128:  # nothing (PS3.5 G.3.1); encoders do not write it
            i += 1
            continue
        run = (127 - control) >> 63  # -1 for runs, 0 for literals
        count = (control ^ run) + 1 + (257 & run)  # 257 - control, or control + 1
        i += 1
        expand_16_bytes(encoded, i, run, out, position)
        for k in range(16, count, 16):
            expand_16_bytes(encoded, i + (k & ~run), run, out, position + k)
        i += 1 + (control & ~run)
        position += count
    while i < encoded.size and position < size:
        control = int64(encoded[i])
        i += 1
        if control < 128:
            for k in range(i, min(i + control + 1, encoded.size)):
                if position >= size:
                    break
                out[position] = encoded[k]
                position += 1
            i += control + 1
        elif control > 128:
            if i >= encoded.size:
                break
            for _ in range(257 - control):
                if position >= size:
                    break
                out[position] = encoded[i]
                position += 1
            i += 1
    written[0] = position


@kernel((array_out(uint8, 1), array_in(uint8, 2)))
def interleave(out, planes):  # type: ignore[no-untyped-def]
    """Put the bytes of planes side by side: the first of each, the second of each …

    out: (planes * n,) uint8.  planes: (planes, n) uint8.
    """
    number, size = planes.shape
    if number == 2:
        first, second = planes[0], planes[1]
        for i in range(size):
            out[2 * i] = first[i]
            out[2 * i + 1] = second[i]
    elif number == 3:
        first, second, third = planes[0], planes[1], planes[2]
        for i in range(size):
            out[3 * i] = first[i]
            out[3 * i + 1] = second[i]
            out[3 * i + 2] = third[i]
    elif number == 4:
        first, second, third, fourth = planes[0], planes[1], planes[2], planes[3]
        for i in range(size):
            out[4 * i] = first[i]
            out[4 * i + 1] = second[i]
            out[4 * i + 2] = third[i]
            out[4 * i + 3] = fourth[i]
    else:
        for i in range(size):
            for plane in range(number):
                out[number * i + plane] = planes[plane, i]
