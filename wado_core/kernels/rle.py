"""RLE Lossless kernel: the PackBits of one segment (PS3.5 G.3.1)."""

from numba.types import int64, uint8

from wado_core.kernels._jit import array_in, array_out, kernel


@kernel((array_out(uint8, 1), int64, int64, array_in(uint8, 1), array_out(int64, 1)))
def unpack_segment(out, start, step, encoded, written):  # type: ignore[no-untyped-def]
    """Decode one segment into every ``step``-th byte of ``out`` from ``start`` on (PS3.5 G.3.1, G.4).

    out: (n,) uint8.  encoded: (m,) uint8, the segment with its padding.
    written: (1,) int64, out: how many bytes were written; more than fit are dropped, a run cut short by the end of the
    segment ends it.
    """
    i, position, size = 0, start, out.size
    while i < encoded.size and position < size:
        control = int64(encoded[i])
        i += 1
        if control < 128:
            for k in range(i, min(i + control + 1, encoded.size)):
                if position >= size:
                    break
                out[position] = encoded[k]
                position += step
            i += control + 1
        elif control > 128:
            if i >= encoded.size:
                break
            for _ in range(257 - control):
                if position >= size:
                    break
                out[position] = encoded[i]
                position += step
            i += 1
    written[0] = (position - start + step - 1) // step
