"""Sixteen rows of a picture at once: their sums turned so that a vector holds one column of all, and the pictures' columns made of them.

However many columns a column of the picture is made of, and whatever their weights are, it is a sum of vectors then.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from wado_core.kernels._vector import F32, F64, I8, I32, I64, bytes_of, load, shuffle, splat, store, stride_of, vector

# Rows that are made at once: a vector of 64 bytes has as many 32-bit lanes.
LANES = 16

_QUARTERS = range(0, LANES, 4)


def _in_quarters(*places: int) -> list[int]:
    """Repeat a choice of places in the first four lanes of two vectors, which take 0 … 3 and 16 … 19, in each four lanes."""
    return [place + quarter for quarter in _QUARTERS for place in places]


def _turned(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Transpose 16 vectors of 16: within each four lanes, then fours; every step is one that processors have."""
    fours = []
    for first in _QUARTERS:
        a, b, c, d = rows[first : first + 4]
        low, high = _in_quarters(0, 16, 1, 17), _in_quarters(2, 18, 3, 19)
        halves = [shuffle(builder, x, y, half) for half in (low, high) for x, y in ((a, b), (c, d))]
        low, high = _in_quarters(0, 1, 16, 17), _in_quarters(2, 3, 18, 19)
        fours.append([shuffle(builder, x, y, half) for x, y in (halves[:2], halves[2:]) for half in (low, high)])
    columns: list[ir.Value] = [None] * LANES
    left, right, even, odd = (
        [*range(8), *range(16, 24)], [*range(8, 16), *range(24, 32)],
        [*range(4), *range(8, 12), *range(16, 20), *range(24, 28)], [*range(4, 8), *range(12, 16), *range(20, 24), *range(28, 32)],
    )  # fmt: skip
    for c in range(4):
        for first, half in ((0, left), (8, right)):
            above, below = (shuffle(builder, fours[g][c], fours[g + 1][c], half) for g in (0, 2))
            columns[first + c], columns[first + 4 + c] = (shuffle(builder, above, below, lanes) for lanes in (even, odd))
    return columns


@intrinsic
def turn_sums(_typing, sums, column, turned):  # type: ignore[no-untyped-def]
    """Write columns ``column`` … ``column + 15`` of ``sums``, (16, n) int32, as those rows of ``turned``, (n, 16) int32."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        source, target = (bytes_of(context, builder, signature.args[i], arguments[i]) for i in (0, 2))
        line, start = stride_of(context, builder, signature.args[0], arguments[0]), builder.mul(arguments[1], I64(4))
        lanes = vector(I32, LANES)
        rows = [load(builder, source, builder.add(start, builder.mul(line, I64(r))), lanes, 4) for r in range(LANES)]
        start = builder.mul(arguments[1], I64(4 * LANES))
        for i, values in enumerate(_turned(builder, rows)):
            store(builder, values, target, builder.add(start, I64(4 * LANES * i)), 4)
        return context.get_dummy_value()

    return types.void(sums, types.int64, turned), code


@intrinsic
def turn_bytes(_typing, values, column, rows):  # type: ignore[no-untyped-def]
    """Write rows ``column`` … ``column + 15`` of ``values``, (n, 16) uint8, as those columns of ``rows``, (16, n) uint8."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        source, target = (bytes_of(context, builder, signature.args[i], arguments[i]) for i in (0, 2))
        start = builder.mul(arguments[1], I64(LANES))
        block = [load(builder, source, builder.add(start, I64(LANES * i)), vector(I8, LANES), 1) for i in range(LANES)]
        halves = [[place for i in range(first, first + 8) for place in (i, i + LANES)] for first in (0, 8)]
        for _ in range(4):  # each interleaves the rows of the upper half with those of the lower
            block = [shuffle(builder, block[i], block[i + 8], half) for i in range(8) for half in halves]
        line = stride_of(context, builder, signature.args[2], arguments[2])
        for r, row in enumerate(block):
            store(builder, row, target, builder.add(arguments[1], builder.mul(line, I64(r))), 1)
        return context.get_dummy_value()

    return types.void(values, types.int64, rows), code


@intrinsic
def halve(_typing, sums, row, column):  # type: ignore[no-untyped-def]
    """Add 32 neighbours in pairs: places ``2 column`` … of a row of ``sums``, (…, …) int32, to places ``column`` … ``column + 15``.

    A row is halved in place where this is done for one ``column`` after the other.
    """

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        array, row, column = arguments
        data = bytes_of(context, builder, signature.args[0], array)
        line = builder.mul(row, stride_of(context, builder, signature.args[0], array))
        start = builder.add(line, builder.mul(column, I64(8)))
        left, right = (load(builder, data, builder.add(start, I64(4 * LANES * i)), vector(I32, LANES), 4) for i in (0, 1))
        even, odd = (shuffle(builder, left, right, range(i, 2 * LANES, 2)) for i in (0, 1))
        store(builder, builder.add(even, odd), data, builder.add(line, builder.mul(column, I64(4))), 4)
        return context.get_dummy_value()

    return types.void(sums, types.int64, types.int64), code


def _column_of(sum_type: ir.Type, quotient_type: ir.Type) -> Any:
    """Make the intrinsic whose sums are int32 or float64, and whose quotients are float32 or float64."""

    def added(builder: ir.IRBuilder, sums: ir.Value, values: ir.Value, weight: ir.Value) -> ir.Value:
        if sum_type is I32:
            return builder.add(sums, builder.mul(values, splat(builder, weight, LANES)))
        product = builder.fmul(builder.sitofp(values, vector(F64, LANES)), splat(builder, builder.sitofp(weight, F64), LANES))
        return builder.fadd(sums, product)

    def rounded(builder: ir.IRBuilder, sums: ir.Value, half: ir.Value, reciprocal: ir.Value) -> ir.Value:
        numbers = builder.sitofp(sums, vector(quotient_type, LANES)) if sum_type is I32 else sums
        half, reciprocal = (
            splat(builder, builder.fptrunc(number, F32) if quotient_type is F32 else number, LANES) for number in (half, reciprocal)
        )
        quotients = builder.fmul(builder.fadd(numbers, half), reciprocal)
        return builder.trunc(builder.fptosi(quotients, vector(I32, LANES)), vector(I8, LANES))

    @intrinsic
    def column_of(_typing, turned, row, step, weights, start, count, half, reciprocal, values, to):  # type: ignore[no-untyped-def]
        """Make a column of 16 rows of the picture.

        turned: (…, 16) int32; ``count`` rows of it, at least one, from ``row`` on, every ``step``-th, weigh ``weights[start …]``, int32.
        half, reciprocal: the quotient of a sum is ``int((sum + half) * reciprocal)``.  values: (…, 16) uint8; row ``to`` is written.
        """

        def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            _, row, step, _, start, count, half, reciprocal, _, to = arguments
            source, weights, target = (bytes_of(context, builder, signature.args[i], arguments[i]) for i in (0, 3, 8))
            place, next_place = builder.mul(row, I64(4 * LANES)), builder.mul(step, I64(4 * LANES))
            weight_place, end = builder.mul(start, I64(4)), builder.mul(builder.add(start, count), I64(4))
            before, body, after = builder.block, builder.append_basic_block("sum"), builder.append_basic_block("summed")
            builder.branch(body)
            builder.position_at_end(body)
            sums, at, weight_at = builder.phi(vector(sum_type, LANES)), builder.phi(I64), builder.phi(I64)
            weight = load(builder, weights, weight_at, I32, 4)
            values = load(builder, source, at, vector(I32, LANES), 4)
            found, then, weight_then = added(builder, sums, values, weight), builder.add(at, next_place), builder.add(weight_at, I64(4))
            builder.cbranch(builder.icmp_signed("<", weight_then, end), body, after)
            nothing = ir.Constant(sums.type, None)
            for phi, first, later in ((sums, nothing, found), (at, place, then), (weight_at, weight_place, weight_then)):
                phi.add_incoming(first, before)
                phi.add_incoming(later, body)
            builder.position_at_end(after)
            store(builder, rounded(builder, found, half, reciprocal), target, builder.mul(to, I64(LANES)), 1)
            return context.get_dummy_value()

        integer, real = types.int64, types.float64
        return types.void(turned, integer, integer, weights, integer, integer, real, real, values, integer), code

    return column_of


column_small, column_medium, column_large = _column_of(I32, F32), _column_of(I32, F64), _column_of(F64, F64)
