"""Single machine operations on bits and bytes that numba has no name for."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from wado_core.kernels._vector import F32, I1, I8, I16, I32, I64, bytes_of, call, constant, load, splat, store, stride_of, vector


@intrinsic
def trailing_zeros(_typing, _bits):  # type: ignore[no-untyped-def]
    """Count the zeros below the lowest bit that is set, of a uint64 that is not 0."""
    return types.int64(types.uint64), lambda _context, builder, _signature, arguments: builder.cttz(arguments[0], I1(1))


@intrinsic
def leading_zeros(_typing, _bits):  # type: ignore[no-untyped-def]
    """Count the zeros above the highest bit that is set, of a uint64 that is not 0."""
    return types.int64(types.uint64), lambda _context, builder, _signature, arguments: builder.ctlz(arguments[0], I1(1))


@intrinsic
def bits_set(_typing, _bits):  # type: ignore[no-untyped-def]
    """Count the bits of a uint64 that are set."""
    return types.int64(types.uint64), lambda _context, builder, _signature, arguments: builder.ctpop(arguments[0])


@intrinsic
def store_big_endian(_typing, out, place, bits):  # type: ignore[no-untyped-def]
    """Write a uint64 to eight bytes of ``out``, (n,) uint8, the highest first."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        swapped = call(builder, "llvm.bswap.i64", I64, arguments[2])
        store(builder, swapped, bytes_of(context, builder, signature.args[0], arguments[0]), arguments[1], 1)
        return context.get_dummy_value()

    return types.void(out, types.int64, types.uint64), code


@intrinsic
def copy_16_bytes(_typing, source, place, out, to):  # type: ignore[no-untyped-def]
    """Copy sixteen bytes from one (n,) uint8 to another; return which of them are 0xFF, the first in the lowest bit."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        sixteen = vector(I8, 16)
        copied = load(builder, bytes_of(context, builder, signature.args[0], arguments[0]), arguments[1], sixteen, 1)
        store(builder, copied, bytes_of(context, builder, signature.args[2], arguments[2]), arguments[3], 1)
        full: ir.Value = builder.icmp_signed("==", copied, constant(I8, [-1] * 16))
        return builder.zext(builder.bitcast(full, I16), I64)

    return types.uint64(source, types.int64, out, types.int64), code


@intrinsic
def expand_16_bytes(_typing, source, place, repeated, out, to):  # type: ignore[no-untyped-def]
    """Write sixteen bytes to ``out``: those from ``place`` on, or its first one sixteen times where ``repeated`` is -1 and not 0.

    source, out: (n,) uint8. Without a branch, which of the two cannot be foreseen: masks choose.
    """

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        sixteen = vector(I8, 16)
        start = bytes_of(context, builder, signature.args[0], arguments[0])
        literal = load(builder, start, arguments[1], sixteen, 1)
        run = splat(builder, load(builder, start, arguments[1], I8, 1), 16)
        mask = splat(builder, builder.trunc(arguments[2], I8), 16)
        chosen = builder.xor(literal, builder.and_(builder.xor(literal, run), mask))
        store(builder, chosen, bytes_of(context, builder, signature.args[3], arguments[3]), arguments[4], 1)
        return context.get_dummy_value()

    return types.void(source, types.int64, types.int64, out, types.int64), code


@intrinsic
def prefetch(_typing, array, row, column):  # type: ignore[no-untyped-def]
    """Ask for the cache line of an element of a two-dimensional array; one that does not exist does no harm."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        start = bytes_of(context, builder, signature.args[0], arguments[0])
        line = builder.mul(arguments[1], stride_of(context, builder, signature.args[0], arguments[0]))
        place = builder.mul(arguments[2], I64(signature.args[0].dtype.bitwidth // 8))
        pointer = builder.gep(start, [builder.add(line, place)])
        call(builder, "llvm.prefetch.p0i8", ir.VoidType(), pointer, I32(0), I32(3), I32(1))
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), code


@intrinsic
def part_of_row(_typing, array, row, column, size):  # type: ignore[no-untyped-def]
    """View ``size`` elements of a row of a two-dimensional array, from ``column`` on, of which no references are counted."""
    part = types.Array(array.dtype, 1, "C", readonly=not array.mutable)

    def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        given, itemsize = signature.args[0], signature.args[0].dtype.bitwidth // 8
        start, line = bytes_of(context, builder, given, arguments[0]), stride_of(context, builder, given, arguments[0])
        place = builder.add(builder.mul(arguments[1], line), builder.mul(arguments[2], I64(itemsize)))
        made = context.make_array(part)(context, builder)
        populate_array(
            made, data=builder.bitcast(builder.gep(start, [place]), made.data.type), shape=[arguments[3]], strides=[I64(itemsize)],
            itemsize=I64(itemsize), meminfo=None,
        )  # fmt: skip
        return made._getvalue()

    return part(array, types.int64, types.int64, types.int64), code


@intrinsic
def float_of_bits(_typing, _bits):  # type: ignore[no-untyped-def]
    """Return the float32 that has the bits of a uint32."""
    return types.float32(types.uint32), lambda _context, builder, _signature, arguments: builder.bitcast(arguments[0], F32)
