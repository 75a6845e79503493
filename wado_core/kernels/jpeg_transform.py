"""Forward DCT, quantisation and zig-zag of whole blocks in vector registers (T.81 A.3.3, A.3.4, A.3.6).

The DCT is that of Arai, Agui and Nakajima: 29 sums and 5 products a line of eight, its scale factors folded into the quantiser.
Sums and products of float32 are separate operations, each rounded as IEEE 754 says and never contracted to one (FMA): the bytes
of a picture are the same on every processor. Rounding to the nearest integer is the sum with 1.5 * 2**23.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from wado_core.kernels._vector import F32, I16, I32, I64, WIDE, bytes_of, constant, load, shuffle, splat, store, stride_of, vector

# Blocks side by side in one vector of float32.
BLOCKS = 2 if WIDE else 1
_LANES = 8 * BLOCKS
_VECTOR = vector(F32, _LANES)

# Row and column of the coefficients in the order of the scan (T.81 Figure A.6).
ZIGZAG = tuple(
    sorted(((v, u) for v in range(8) for u in range(8)), key=lambda at: (at[0] + at[1], at[0] if (at[0] + at[1]) % 2 else at[1]))
)

_TO_INTEGER = 1.5 * 2.0**23


def scale_places() -> list[tuple[int, int]]:
    """Return the vertical and horizontal frequency that each number of the quantiser's scale belongs to, in its order in memory."""
    halves = [(half, block) for half in (0, 4) for block in range(BLOCKS)]
    return [(half + i, u) for u in range(8) for half, _ in halves for i in range(4)]


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


def _blocks(builder: ir.IRBuilder, columns: list[ir.Value]) -> list[tuple[ir.Value, ir.Value]]:
    """Take the low words of the rounded columns, zig-zag: two vectors of 32 words a block."""
    n = 2 * _LANES
    words = [builder.bitcast(column, vector(I16, n)) for column in columns]
    of_block = [[2 * (half * 4 * BLOCKS + 4 * block + i) for half in (0, 1) for i in range(4)] for block in range(BLOCKS)]
    places = [i for block in of_block for i in (*block, *(n + j for j in block))]
    pairs = [shuffle(builder, words[u], words[u + 1], places) for u in (0, 2, 4, 6)]  # two columns of the first block, then of the second
    zigzag = [8 * u + v for v, u in ZIGZAG]
    blocks = []
    for block in range(BLOCKS):
        half = [16 * block + i for i in range(16)]
        both = half + [16 * BLOCKS + i for i in half]
        left, right = (shuffle(builder, pairs[i], pairs[i + 1], both) for i in (0, 2))
        blocks.append((shuffle(builder, left, right, zigzag[:32]), shuffle(builder, left, right, zigzag[32:])))
    return blocks


@intrinsic
def transform(  # type: ignore[no-untyped-def]
    _typing, tile, row, column, level, scale, blocks, masks, k
):
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
        zeros = constant(I16, [0] * 32)
        for number, halves in enumerate(_blocks(builder, rounded)):
            place = builder.add(arguments[7], I64(number))
            low, high = (builder.zext(builder.bitcast(builder.icmp_signed("!=", half, zeros), I32), I64) for half in halves)
            for i, half in enumerate(halves):
                store(builder, half, pointer(5), builder.add(builder.mul(place, I64(128)), I64(64 * i)), 2)
            store(builder, builder.or_(low, builder.shl(high, I64(32))), pointer(6), builder.mul(place, I64(8)), 8)
        return context.get_dummy_value()

    return types.void(tile, types.int64, types.int64, types.float32, scale, blocks, masks, types.int64), code
