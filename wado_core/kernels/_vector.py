"""What intrinsics are written with: vectors of LLVM, and which of them the processor has.

An intrinsic is one straight run of vector operations that numba's loops would not become. Its loads and stores are checked by
nobody: each has a twin in tests/reference and is tested with guard bytes around its buffers (docs/adr/0017).
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import config
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features

I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()

# With these a vector of 64 bytes can be compressed and permuted byte by byte: Ice Lake, Zen 4 and later.
_WIDE_FEATURES = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx512vbmi", "avx512vbmi2")


def _has_wide_vectors() -> bool:
    """Say whether code is compiled for a processor with all of the features.

    Numba adds the features of this machine to whatever processor NUMBA_CPU_NAME names, unless NUMBA_CPU_FEATURES is set, be it empty;
    and takes some away where its settings say so. A processor that is named counts as one without wide vectors.
    """
    features = config.CPU_FEATURES
    if features is None:
        features = get_host_cpu_features() if config.CPU_NAME is None else ""
    return {f"+{name}" for name in _WIDE_FEATURES} <= set(features.split(","))


WIDE = _has_wide_vectors()


def vector(element: ir.Type, count: int) -> ir.VectorType:
    """Type of a vector."""
    return ir.VectorType(element, count)


def constant(element: ir.Type, values: Sequence[int] | Sequence[float]) -> ir.Constant:
    """Return a vector of constants."""
    return ir.Constant(vector(element, len(values)), list(values))


def shuffle(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, places: Sequence[int]) -> ir.Value:
    """Choose elements of two vectors: places of ``a``, then of ``b``."""
    return builder.shuffle_vector(a, b, constant(I32, places))


def splat(builder: ir.IRBuilder, scalar: ir.Value, count: int) -> ir.Value:
    """Repeat a scalar."""
    undefined = ir.Constant(vector(scalar.type, count), ir.Undefined)
    return shuffle(builder, builder.insert_element(undefined, scalar, I32(0)), undefined, [0] * count)


def load(builder: ir.IRBuilder, pointer: ir.Value, offset: ir.Value | int, of: ir.Type, align: int) -> ir.Value:
    """Load from ``offset`` bytes behind a byte pointer."""
    value = builder.load(builder.bitcast(builder.gep(pointer, [_i64(offset)]), of.as_pointer()))
    value.align = align
    return value


def store(builder: ir.IRBuilder, value: ir.Value, pointer: ir.Value, offset: ir.Value | int, align: int) -> None:
    """Store to ``offset`` bytes behind a byte pointer."""
    builder.store(value, builder.bitcast(builder.gep(pointer, [_i64(offset)]), value.type.as_pointer())).align = align


def _i64(number: ir.Value | int) -> ir.Value:
    return I64(number) if isinstance(number, int) else number


def call(builder: ir.IRBuilder, name: str, result: ir.Type, *arguments: ir.Value) -> ir.Value:
    """Call a function of LLVM by its name."""
    function = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), arguments)


def bytes_of(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value) -> ir.Value:
    """Return a byte pointer to the first element of an array argument."""
    return builder.bitcast(context.make_array(array_type)(context, builder, array).data, I8.as_pointer())


def stride_of(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value) -> ir.Value:
    """Return the bytes from one row of an array argument to the next."""
    return builder.extract_value(context.make_array(array_type)(context, builder, array).strides, 0)
