"""Entropy-coded segments: from quantised blocks to the bytes of a scan (T.81 F.1.2, B.1.1.5).

The state of a scan between calls is in one array, so that it can be coded in parts of any size: see ``STATE_SIZE``.
"""

import numpy as np
from numba import njit

from wado_core.kernels._bits import bits_set, copy_16_bytes, leading_zeros, store_big_endian, trailing_zeros
from wado_core.kernels._vector import WIDE
from wado_core.kernels.jpeg_symbols import (
    CLASS_RUN,
    MOST_BITS,
    PADDING_RUN,
    code_32_symbols,
    code_32_symbols_of_two_classes,
    gather_symbols,
)

# Places of the state, (STATE_SIZE,) int64: MCU row and MCU column to go on at, bytes written, bits that wait for their byte and how
# many, predictions of up to four components.
ROW, COLUMN, USED, WAITING, BITS, PREDICTION = 0, 1, 2, 3, 4, 5
STATE_SIZE = PREDICTION + 4

# Blocks that are coded at once, at most.
MOST_BLOCKS = 96

# A coefficient takes up to 16 + 10 bits, a DC difference 16 + 11 (T.81 Tables F.1, F.2, C.2).
MOST_CODE_BITS = 26
BYTES_OF_BLOCK = (63 * MOST_CODE_BITS + 27 + 7) // 8

# Before and after stuffing, with what is written beyond the end and overwritten later.
RAW_SIZE = MOST_BLOCKS * BYTES_OF_BLOCK + 16
CODED_SIZE = 2 * RAW_SIZE + 16

# Symbols of as many blocks, with what is written beyond the end.
SYMBOLS_SIZE = MOST_BLOCKS * 65 + 128

# Places in a table of ready codes: DC differences of ±2047, then coefficients of ±1023 behind each run of 0 to 15. A coefficient 0
# behind a run of 0 is end-of-block, behind a run of 15 ZRL.
DC_MIDDLE, AC_START, AC_ROW, AC_MIDDLE = 2048, 4096, 2048, 1024
READY_SIZE = AC_START + 16 * AC_ROW
END_OF_BLOCK, ZRL = AC_START + AC_MIDDLE, AC_START + 15 * AC_ROW + AC_MIDDLE

_uint = np.uint64
_LENGTH = _uint(31)


@njit(nogil=True)
def _with_zrl(mask):  # type: ignore[no-untyped-def]
    """Add the places of ZRL to a mask whose first is set: every sixteenth coefficient of a longer run of zeros (T.81 F.1.2.2.1).

    Their values are 0 and the runs before them 15, so that they need no case of their own.
    """
    near = mask | mask << _uint(1)
    near |= near << _uint(2)
    near |= near << _uint(4)
    near |= near << _uint(8)
    far = mask & ~(near << _uint(1)) & ~_uint(1)
    while far != _uint(0):
        place = trailing_zeros(far)
        far &= far - _uint(1)
        zero = 79 - leading_zeros(mask & ((_uint(1) << _uint(place)) - _uint(1)))  # 16 behind the last before
        while zero < place:
            mask |= _uint(1) << _uint(zero)
            zero += 16
    return mask


@njit(nogil=True)
def _append(code, length, entry):  # type: ignore[no-untyped-def]
    """Append a ready code to some bits."""
    size = entry & _LENGTH
    return code << size | entry >> _uint(5), length + size


@njit(nogil=True)
def _ready_code(table, run, block, place):  # type: ignore[no-untyped-def]
    """Look up the code of a coefficient behind a run of at most 15."""
    return _uint(table[np.uintp(AC_START + AC_MIDDLE + run * AC_ROW + np.int64(block[np.uintp(place)]))])


@njit(nogil=True)
def _write(raw, used, waiting, bits, code, length):  # type: ignore[no-untyped-def]
    """Write up to MOST_BITS bits behind the up to 7 that wait; return the new state, where only whole bytes count as used."""
    waiting, bits = waiting << length | code, bits + np.int64(length)
    store_big_endian(raw, used, waiting << _uint(63 - bits) << _uint(1))  # in two steps: there may be no bits at all
    return used + (bits >> 3), waiting, bits & 7


@njit(nogil=True)
def code_wide(blocks, masks, order, component, class_of, codes, lengths, values, runs, joined, raw, state):  # type: ignore[no-untyped-def]
    """Code blocks by vectors; return how many whole bytes of ``raw`` were written.

    blocks, masks: (n, 64) int16 and (n,) uint64, zig-zag.  order, component: (m,) int32 and uint8, of each block in the scan.
    class_of: (4,) uint8, which tables code a component.  codes, lengths: (2, TABLE_SIZE) uint16.
    values, runs, joined: (SYMBOLS_SIZE,) int16, (SYMBOLS_SIZE,) uint8 and (48,) uint64, scratch.  raw: (RAW_SIZE,) uint8, out.
    """
    n, classes = np.int64(0), np.int64(0)
    predictions = state[PREDICTION:]
    for i in range(order.size):
        k, c = np.uintp(order[i]), np.uintp(component[i])  # numba would count signed indices from the end if they were negative
        class_run = CLASS_RUN * np.int64(class_of[c])
        classes |= class_run
        mask = _with_zrl(masks[k] | _uint(1))
        found = gather_symbols(blocks, k, mask, class_run, values, runs, n)
        values[np.uintp(n)] = blocks[k, 0] - predictions[c]
        predictions[c] = blocks[k, 0]
        n += found + np.int64(mask >> _uint(63) == _uint(0))
    for i in range(n, n + 32):
        values[i], runs[i] = -1, PADDING_RUN
    waiting, bits, used = _uint(state[WAITING]), state[BITS], 0
    for i in range(0, n, 32):
        if classes == 0:
            long = code_32_symbols(values, runs, i, codes, lengths, joined)
        else:
            long = code_32_symbols_of_two_classes(values, runs, i, codes, lengths, joined)
        if long == 0:  # two loops of constant length: one of either length would take twice the time
            for j in range(8):
                used, waiting, bits = _write(raw, used, waiting, bits, joined[j], joined[j + 8])
        else:
            for j in range(16, 32):
                used, waiting, bits = _write(raw, used, waiting, bits, joined[j], joined[j + 16])
    state[WAITING], state[BITS] = np.int64(waiting), bits
    return used


@njit(nogil=True)
def code_ready(blocks, masks, order, component, class_of, ready, raw, state):  # type: ignore[no-untyped-def]
    """Do the same with the ready code of every value and run, ``ready``: (2, READY_SIZE) uint32, code << 5 | length.

    Two coefficients are written at once; an end-of-block is written with the DC difference of the next block.
    """
    used, waiting, bits = 0, _uint(state[WAITING]), state[BITS]
    code, length = _uint(0), _uint(0)
    predictions = state[PREDICTION:]
    for i in range(order.size):
        k, c = np.uintp(order[i]), np.uintp(component[i])
        block, table = blocks[k], ready[np.uintp(class_of[c])]
        code, length = _append(code, length, _uint(table[np.uintp(DC_MIDDLE + np.int64(block[0]) - predictions[c])]))
        predictions[c] = block[0]
        mask, last = _with_zrl(masks[k] | _uint(1)) & ~_uint(1), 0
        if bits_set(mask) & 1:  # the first alone, so that the others are pairs
            if length > _uint(MOST_BITS - MOST_CODE_BITS):
                used, waiting, bits = _write(raw, used, waiting, bits, code, length)
                code, length = _uint(0), _uint(0)
            last = trailing_zeros(mask)
            mask &= mask - _uint(1)
            code, length = _append(code, length, _ready_code(table, last - 1, block, last))
        used, waiting, bits = _write(raw, used, waiting, bits, code, length)
        while mask != _uint(0):
            place = trailing_zeros(mask)
            mask &= mask - _uint(1)
            second = trailing_zeros(mask)
            mask &= mask - _uint(1)
            entry = _ready_code(table, place - last - 1, block, place)
            code, length = _append(entry >> _uint(5), entry & _LENGTH, _ready_code(table, second - place - 1, block, second))
            used, waiting, bits = _write(raw, used, waiting, bits, code, length)
            last = second
        ending = _uint(table[END_OF_BLOCK]) * _uint(last != 63)
        code, length = ending >> _uint(5), ending & _LENGTH
    used, waiting, bits = _write(raw, used, waiting, bits, code, length)
    state[WAITING], state[BITS] = np.int64(waiting), bits
    return used


@njit(nogil=True)
def stuff(raw, count, out, used):  # type: ignore[no-untyped-def]
    """Copy ``count`` bytes of ``raw`` to ``out`` from place ``used`` on, a 0 behind each 0xFF (T.81 B.1.1.5); return the new place."""
    i = 0
    while i + 16 <= count:
        full = copy_16_bytes(raw, i, out, used)
        if full == _uint(0):
            i, used = i + 16, used + 16
        else:
            plain = trailing_zeros(full) + 1
            i, used = i + plain, used + plain
            out[used] = 0
            used += 1
    while i < count:
        out[used] = raw[i]
        used += 1
        if raw[i] == 255:
            out[used] = 0
            used += 1
        i += 1
    return used


@njit(nogil=True)
def end_interval(state, out):  # type: ignore[no-untyped-def]
    """Fill the last byte with ones, and forget the predictions (T.81 F.1.2.3, F.1.1.5.1)."""
    used, bits = state[USED], state[BITS]
    if bits > 0:
        last = np.uint8((state[WAITING] << (8 - bits) | ((1 << (8 - bits)) - 1)) & 255)
        out[used] = last
        used += 1
        if last == 255:
            out[used] = 0
            used += 1
    state[USED], state[BITS], state[WAITING] = used, 0, 0
    for c in range(4):
        state[PREDICTION + c] = 0


@njit(nogil=True)
def restart_marker(state, out, number):  # type: ignore[no-untyped-def]
    """Write RST0 … RST7 behind interval ``number`` (T.81 B.2.1)."""
    used = state[USED]
    out[used], out[used + 1] = 0xFF, 0xD0 + (number & 7)
    state[USED] = used + 2


@njit(nogil=True)
def code_blocks(  # type: ignore[no-untyped-def]
    blocks, masks, order, component, class_of, codes, lengths, ready, values, runs, joined, raw, state, out
):
    """Code blocks the way that is fastest on this processor, stuffed, to ``out``."""
    if WIDE:
        written = code_wide(blocks, masks, order, component, class_of, codes, lengths, values, runs, joined, raw, state)
    else:
        written = code_ready(blocks, masks, order, component, class_of, ready, raw, state)
    state[USED] = stuff(raw, written, out, state[USED])
