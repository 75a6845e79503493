"""Forward DCT, quantisation and zig-zag of whole blocks in vector registers (T.81 A.3.3, A.3.4, A.3.6).

The DCT is that of Arai, Agui and Nakajima: 29 sums and 5 products a line of eight, its scale factors folded into the quantiser.
Sums and products of float32 are separate operations, each rounded as IEEE 754 says and never contracted to one (FMA): the bytes
of a picture are the same on every processor. Rounding to the nearest integer is the sum with 1.5 * 2**23.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from wado_core.kernels._vector import F32, I8, I16, I32, I64, WIDE, bytes_of, constant, load, shuffle, splat, store, stride_of, vector

# Blocks side by side in one vector of float32: a register of AVX-512, two of AVX2.
BLOCKS = 2
_LANES = 8 * BLOCKS
_VECTOR = vector(F32, _LANES)

# Row and column of the coefficients in the order of the scan (T.81 Figure A.6).
ZIGZAG = tuple(
    sorted(((v, u) for v in range(8) for u in range(8)), key=lambda at: (at[0] + at[1], at[0] if (at[0] + at[1]) % 2 else at[1]))
)

_TO_INTEGER = 1.5 * 2.0**23


def scale_places() -> list[tuple[int, int]]:
    """Return the vertical and horizontal frequency that each number of the quantiser's scale belongs to, in its order in memory."""
    return [(half + i, u) for u in range(8) for half in (0, 4) for _ in range(BLOCKS) for i in range(4)]


def _dct(builder: ir.IRBuilder, x: list[ir.Value]) -> list[ir.Value]:
    """Transform eight vectors, lane by lane; output k is scaled by 2 sqrt(2) AAN[k] (sqrt(8) for k = 0)."""
    plus, minus = builder.fadd, builder.fsub

    def times(x: ir.Value, factor: float) -> ir.Value:
        return builder.fmul(x, constant(F32, [factor] * _LANES))

    s, d = [plus(x[i], x[7 - i]) for i in range(4)], [minus(x[i], x[7 - i]) for i in range(4)]
    outer, inner, outer_d, inner_d = plus(s[0], s[3]), plus(s[1], s[2]), minus(s[0], s[3]), minus(s[1], s[2])
    turned = times(plus(inner_d, outer_d), 0.70710678118654752)
    a, b, c = plus(d[3], d[2]), plus(d[2], d[1]), plus(d[1], d[0])
    shared = times(minus(a, c), 0.38268343236508977)
    low, high = plus(times(a, 0.54119610014619698), shared), plus(times(c, 1.3065629648763766), shared)
    middle = times(b, 0.70710678118654752)
    near, far = plus(d[0], middle), minus(d[0], middle)
    return [
        plus(outer, inner), plus(near, high), plus(outer_d, turned), minus(far, low),
        minus(outer, inner), plus(far, low), minus(outer_d, turned), minus(near, high),
    ]  # fmt: skip


def _transposed(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Return the columns of each 8 × 8 block: vector u holds rows 0-3 of column u of each block, then rows 4-7."""
    lanes, n = range(0, _LANES, 4), _LANES
    low = [i for lane in lanes for i in (lane, n + lane, lane + 1, n + lane + 1)]
    high = [i + 2 for i in low]
    low_pairs = [i for lane in lanes for i in (lane, lane + 1, n + lane, n + lane + 1)]
    high_pairs = [i + 2 for i in low_pairs]
    quarters = []
    for at in (0, 4):
        first = [shuffle(builder, rows[at + i], rows[at + i + 1], places) for i in (0, 2) for places in (low, high)]
        quarters.append([shuffle(builder, first[i], first[i + 2], places) for i in (0, 1) for places in (low_pairs, high_pairs)])
    left = [8 * block + i for block in range(BLOCKS) for i in range(4)]
    both = [left + [n + i for i in left], [i + 4 for i in left] + [n + i + 4 for i in left]]
    return [shuffle(builder, quarters[0][i], quarters[1][i], places) for places in both for i in range(4)]


def _wide_blocks(builder: ir.IRBuilder, columns: list[ir.Value]) -> list[tuple[list[ir.Value], ir.Value]]:
    """Return each block in the order of the scan, two vectors of 32 words, and its mask; a word may come from anywhere at once."""
    words = [builder.bitcast(column, vector(I16, 2 * _LANES)) for column in columns]
    of_block = [[2 * (8 * half + 4 * block + i) for half in (0, 1) for i in range(4)] for block in range(BLOCKS)]
    places = [i for block in of_block for i in (*block, *(2 * _LANES + j for j in block))]
    pairs = [shuffle(builder, words[u], words[u + 1], places) for u in (0, 2, 4, 6)]  # two columns of the first block, then of the second
    scan = [8 * u + v for v, u in ZIGZAG]
    blocks = []
    for block in range(BLOCKS):
        half = [16 * block + i for i in range(16)]
        both = half + [16 * BLOCKS + i for i in half]
        left, right = (shuffle(builder, pairs[i], pairs[i + 1], both) for i in (0, 2))
        parts = [shuffle(builder, left, right, places) for places in (scan[:32], scan[32:])]
        blocks.append((parts, _mask(builder, parts)))
    return blocks


def _blocks(builder: ir.IRBuilder, columns: list[ir.Value]) -> list[tuple[list[ir.Value], ir.Value]]:
    """Return each block in the order of the scan, eight vectors of 8 words, and its mask.

    Where words only move within 16 bytes (AVX2, SSE): both blocks stand side by side, and eight places of the scan are put together
    from the four to six columns that they lie in.
    """
    low = [2 * i for i in (0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15)]
    words = [builder.bitcast(column, vector(I16, 2 * _LANES)) for column in columns]
    sides = [shuffle(builder, word, word, low) for word in words]  # a column of the first block, then of the second
    groups = [_group(builder, sides, ZIGZAG[at : at + 8]) for at in range(0, 64, 8)]
    halves = [range(8 * block, 8 * block + 8) for block in range(BLOCKS)]
    both = [at + 16 * i for half in halves for i in (0, 1) for at in half]  # of two groups those of the first block, then of the second
    masks: list[ir.Value] = [I64(0)] * BLOCKS
    for number in range(0, 8, 2):
        present = _mask(builder, [shuffle(builder, _flags(builder, groups[number]), _flags(builder, groups[number + 1]), both)])
        for block in range(BLOCKS):
            of_block = builder.and_(builder.lshr(present, I64(16 * block)), I64(0xFFFF))
            masks[block] = builder.or_(masks[block], builder.shl(of_block, I64(8 * number)))
    return [([shuffle(builder, group, group, half) for group in groups], mask) for half, mask in zip(halves, masks, strict=True)]


def _flags(builder: ir.IRBuilder, words: ir.Value) -> ir.Value:
    """Return a vector of bytes, 0 where a word is 0."""
    count = words.type.count
    return builder.sext(builder.icmp_signed("!=", words, constant(I16, [0] * count)), vector(I8, count))


def _group(builder: ir.IRBuilder, sides: list[ir.Value], coefficients: Sequence[tuple[int, int]]) -> ir.Value:
    zeros, found = constant(I16, [0] * 16), None
    for u in sorted({u for _, u in coefficients}):
        places = [v if u == of else 16 for v, of in coefficients]
        part = shuffle(builder, sides[u], zeros, places + [place + 8 if place < 16 else 16 for place in places])
        found = part if found is None else builder.or_(found, part)
    return found


def _mask(builder: ir.IRBuilder, parts: list[ir.Value]) -> ir.Value:
    """Return which numbers are not 0, the first in the lowest bit."""
    mask, at = I64(0), 0
    for part in parts:
        count = part.type.count
        present = builder.bitcast(builder.icmp_signed("!=", part, constant(part.type.element, [0] * count)), ir.IntType(count))
        mask = builder.or_(mask, builder.shl(builder.zext(present, I64), I64(at)))
        at += count
    return mask


@intrinsic
def transform(_typing, tile, row, column, level, scale, blocks, masks, k):  # type: ignore[no-untyped-def]
    """Transform the ``BLOCKS`` blocks of ``tile`` from ``row``, ``column`` on.

    tile: (…, …) float32.  level: float32, eight times what is taken off each sample (T.81 A.3.1).
    scale: (64 * BLOCKS,) float32, the reciprocal quantiser in the order of ``scale_places``.
    blocks: (n, 64) int16, out: block ``k`` and the next, zig-zag.  masks: (n,) uint64, out: which of its coefficients are not 0.
    """

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        def pointer(argument: int) -> ir.Value:
            return bytes_of(context, builder, signature.args[argument], arguments[argument])

        stride = stride_of(context, builder, signature.args[0], arguments[0])
        start = builder.add(builder.mul(arguments[1], stride), builder.mul(arguments[2], I64(4)))
        samples = [load(builder, pointer(0), builder.add(start, builder.mul(stride, I64(r))), _VECTOR, 4) for r in range(8)]
        rows = _dct(builder, samples)
        rows[0] = builder.fsub(rows[0], splat(builder, arguments[3], _LANES))
        columns = _dct(builder, _transposed(builder, rows))
        to_integer = constant(F32, [_TO_INTEGER] * _LANES)
        scales = [load(builder, pointer(4), 4 * _LANES * u, _VECTOR, 4) for u in range(8)]
        rounded = [builder.fadd(builder.fmul(column, factors), to_integer) for column, factors in zip(columns, scales, strict=True)]
        for number, (parts, mask) in enumerate((_wide_blocks if WIDE else _blocks)(builder, rounded)):
            place = builder.add(arguments[7], I64(number))
            for i, part in enumerate(parts):
                store(builder, part, pointer(5), builder.add(builder.mul(place, I64(128)), I64(2 * part.type.count * i)), 2)
            store(builder, mask, pointer(6), builder.mul(place, I64(8)), 8)
        return context.get_dummy_value()

    return types.void(tile, types.int64, types.int64, types.float32, scale, blocks, masks, types.int64), code


@intrinsic
def _all_equal(_typing, tile, row, column):  # type: ignore[no-untyped-def]
    """Say whether all samples of the ``BLOCKS`` blocks of ``tile`` from ``row``, ``column`` on are equal, to the last bit."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        stride = stride_of(context, builder, signature.args[0], arguments[0])
        start = builder.add(builder.mul(arguments[1], stride), builder.mul(arguments[2], I64(4)))
        pointer, numbers = bytes_of(context, builder, signature.args[0], arguments[0]), vector(I32, _LANES)
        rows = [load(builder, pointer, builder.add(start, builder.mul(stride, I64(r))), numbers, 4) for r in range(8)]
        first = shuffle(builder, rows[0], rows[0], [0] * _LANES)
        different = builder.xor(rows[0], first)
        for other in rows[1:]:
            different = builder.or_(different, builder.xor(other, first))
        lanes = builder.bitcast(builder.icmp_signed("!=", different, constant(I32, [0] * _LANES)), ir.IntType(_LANES))
        return builder.icmp_unsigned("==", lanes, ir.IntType(_LANES)(0))

    return types.boolean(tile, types.int64, types.int64), code


@njit(nogil=True)
def transform_row(tile, row, count, level, scale, blocks, masks, k):  # type: ignore[no-untyped-def]
    """Transform ``count`` blocks side by side, and what else there is in the last vector.

    Where all samples are equal, as in the background of most medical images, nothing is left but the DC: what the transform would
    give, by the same operations. Three samples tell of nearly all other blocks that they are not equal.  See ``transform``.
    """
    for i in range(0, count, BLOCKS):
        column = 8 * i
        sample = tile[row, column]
        if sample == tile[row + 7, column + 8 * BLOCKS - 1] and sample == tile[row + 3, column + 5] and _all_equal(tile, row, column):
            rounded = (sample * np.float32(8) - level) * np.float32(8) * scale[0] + np.float32(_TO_INTEGER)
            dc = np.int16(np.int64(rounded - np.float32(_TO_INTEGER)))
            for block in range(BLOCKS):
                blocks[k + i + block, 0] = dc
                masks[k + i + block] = dc != 0
        else:
            transform(tile, row, column, level, scale, blocks, masks, k + i)
