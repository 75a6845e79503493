"""Huffman coding in wide vectors: the non-zero coefficients of a block side by side, the codes of 32 symbols at once (T.81 F.1.2).

A symbol is a coefficient and the zeros before it, its run. In the array of runs the DC difference, which has none, stands as
``DC_RUN``, and ``CLASS_RUN`` is added where the component has the second pair of tables. End-of-block is run 0 of value 0, ZRL is
run 15 of value 0.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from wado_core.kernels._vector import I1, I8, I16, I32, I64, bytes_of, call, constant, load, shuffle, splat, store, vector

DC_RUN = 16
PADDING_RUN = 17
CLASS_RUN = 32

# Categories of a run: a coefficient has 1 to 10 bits, 0 of ZRL and end-of-block, a DC difference 0 to 11 (T.81 Tables F.1, F.2).
CATEGORIES = 11

# Places of a code table: run * CATEGORIES + category, up to those of PADDING_RUN, whose codes have no bits.
TABLE_SIZE = 192

# More bits than this cannot join the 7 that may wait: the writer shifts by one at least.
MOST_BITS = 56

_WORDS, _BYTES, _LONGS = vector(I16, 32), vector(I8, 64), vector(I64, 8)


@intrinsic
def gather_symbols(_typing, blocks, k, mask, class_run, values, runs, n):  # type: ignore[no-untyped-def]
    """Write the coefficients of a block that are not 0, and the runs before them; return how many.

    blocks: (…, 64) int16, zig-zag.  k: which.  mask: uint64, its coefficients that are not 0, and the first in any case.
    values, runs: int16 and uint8, out: from place ``n`` on, 64 of each are written, where behind the last symbol stands that of
    end-of-block.  class_run: 0, or CLASS_RUN where the second tables code the block.
    """

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        def pointer(argument: int) -> ir.Value:
            return bytes_of(context, builder, signature.args[argument], arguments[argument])

        mask, place = arguments[2], arguments[6]
        no_words, no_bytes = constant(I16, [0] * 32), constant(I8, [0] * 64)
        start = builder.mul(arguments[1], I64(128))
        halves = [builder.trunc(mask, I32), builder.trunc(builder.lshr(mask, I64(32)), I32)]
        second = builder.add(place, builder.zext(builder.ctpop(halves[0]), I64))
        for i, (half, at) in enumerate(zip(halves, (place, second), strict=True)):
            coefficients = load(builder, pointer(0), builder.add(start, I64(64 * i)), _WORDS, 2)
            chosen = builder.bitcast(half, vector(I1, 32))
            found = call(builder, "llvm.x86.avx512.mask.compress.v32i16", _WORDS, coefficients, no_words, chosen)
            store(builder, found, pointer(4), builder.mul(at, I64(2)), 2)
        chosen = builder.bitcast(mask, vector(I1, 64))
        places = call(builder, "llvm.x86.avx512.mask.compress.v64i8", _BYTES, constant(I8, range(64)), no_bytes, chosen)
        before = constant(I8, [0, *range(63)])
        previous = call(builder, "llvm.x86.avx512.permvar.qi.512", _BYTES, places, before)
        zeros = builder.sub(builder.sub(places, previous), constant(I8, [1] * 64))
        zeros = builder.insert_element(zeros, I8(DC_RUN), I32(0))
        count = builder.ctpop(mask)
        # ~0 >> 64 - count: the DC is always there, so that the shift is by less than 64.
        present = builder.lshr(I64(-1), builder.sub(I64(64), count))
        found = builder.select(builder.bitcast(present, vector(I1, 64)), zeros, no_bytes)
        store(builder, builder.add(found, splat(builder, builder.trunc(arguments[3], I8), 64)), pointer(5), place, 1)
        return count

    return types.int64(blocks, types.int64, types.uint64, types.int64, values, runs, types.int64), code


def _looked_up(builder: ir.IRBuilder, table: ir.Value, places: ir.Value, offset: int) -> ir.Value:
    """Look 32 places below 192 up in a table of words at ``offset`` bytes."""
    parts = [
        call(
            builder, "llvm.x86.avx512.vpermi2var.hi.512", _WORDS, load(builder, table, offset + 128 * i, _WORDS, 2), places,
            load(builder, table, offset + 128 * i + 64, _WORDS, 2),
        )
        for i in range(3)
    ]  # fmt: skip
    first = builder.select(builder.icmp_unsigned("<", places, constant(I16, [64] * 32)), parts[0], parts[1])
    return builder.select(builder.icmp_unsigned("<", places, constant(I16, [128] * 32)), first, parts[2])


def _joined(builder: ir.IRBuilder, codes: ir.Value, lengths: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Join the two codes in each of eight lanes of 64 bits, the first of them in the low half."""
    half, low = constant(I64, [32] * 8), constant(I64, [0xFFFFFFFF] * 8)
    last = builder.lshr(lengths, half)
    joined = builder.or_(builder.shl(builder.and_(codes, low), last), builder.lshr(codes, half))
    return joined, builder.add(builder.and_(lengths, low), last)


def _code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any, *, classes: int) -> Any:
    def pointer(argument: int) -> ir.Value:
        return bytes_of(context, builder, signature.args[argument], arguments[argument])

    def repeated(number: int) -> ir.Constant:
        return constant(I16, [number] * 32)

    values = load(builder, pointer(0), builder.mul(arguments[2], I64(2)), _WORDS, 2)
    runs = builder.zext(load(builder, pointer(1), arguments[2], vector(I8, 32), 1), _WORDS)
    sign = builder.ashr(values, repeated(15))
    magnitude = builder.sub(builder.xor(values, sign), sign)
    category = builder.sub(repeated(16), call(builder, "llvm.ctlz.v32i16", _WORDS, magnitude, I1(0)))
    places = builder.add(builder.mul(builder.and_(runs, repeated(CLASS_RUN - 1)), repeated(CATEGORIES)), category)
    # The lowest bits of the value, or of the value less 1 where it is negative (T.81 F.1.2.1.1).
    bits = builder.and_(builder.add(values, sign), builder.sub(builder.shl(repeated(1), category), repeated(1)))
    codes, lengths = (_looked_up(builder, pointer(table), places, 0) for table in (3, 4))
    if classes == 2:
        second = builder.icmp_unsigned(">=", runs, repeated(CLASS_RUN))
        codes, lengths = (
            builder.select(second, _looked_up(builder, pointer(table), places, 2 * TABLE_SIZE), first)
            for table, first in ((3, codes), (4, lengths))
        )
    pairs = []
    for half in (range(16), range(16, 32)):
        code, size, low, length = (builder.zext(shuffle(builder, x, x, half), vector(I32, 16)) for x in (codes, category, bits, lengths))
        joined = builder.or_(builder.shl(code, size), low)
        pairs.append(_joined(builder, builder.bitcast(joined, _LONGS), builder.bitcast(length, _LONGS)))
    even, odd = range(0, 16, 2), range(1, 16, 2)
    (first, first_length), (last, last_length) = pairs
    after = shuffle(builder, first_length, last_length, odd)
    fours = builder.or_(builder.shl(shuffle(builder, first, last, even), after), shuffle(builder, first, last, odd))
    four_lengths = builder.add(shuffle(builder, first_length, last_length, even), after)
    for i, part in enumerate((fours, four_lengths, first, last, first_length, last_length)):
        store(builder, part, pointer(5), 64 * i, 8)
    too_long = builder.icmp_unsigned(">", four_lengths, constant(I64, [MOST_BITS] * 8))
    return builder.zext(builder.bitcast(too_long, I8), I64)


@intrinsic
def code_32_symbols(_typing, values, runs, n, codes, lengths, joined):  # type: ignore[no-untyped-def]
    """Code 32 symbols from place ``n`` on by one pair of tables; return 0 where the fours are short enough to be written.

    codes, lengths: (…, TABLE_SIZE) uint16; a length is that of the code and of the bits behind it.
    joined: (48,) uint64, out: eight codes of four symbols and their lengths, then sixteen of two and their lengths.
    """

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return _code(context, builder, signature, arguments, classes=1)

    return types.int64(values, runs, types.int64, codes, lengths, joined), code


@intrinsic
def code_32_symbols_of_two_classes(_typing, values, runs, n, codes, lengths, joined):  # type: ignore[no-untyped-def]
    """Do the same with two pairs of tables: codes, lengths (2, TABLE_SIZE) uint16, the second for runs from ``CLASS_RUN`` on."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return _code(context, builder, signature, arguments, classes=2)

    return types.int64(values, runs, types.int64, codes, lengths, joined), code
