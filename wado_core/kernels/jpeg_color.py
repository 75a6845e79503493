"""RGB to YCbCr as JFIF has it (T.871 clause 7), without rounding to integers, chroma the exact mean of its pixels."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from wado_core.kernels._vector import F32, I8, I16, I64, bytes_of, constant, load, shuffle, store, stride_of, vector

# Pixels that are converted at once.
PIXELS = 16

Y_OF_RGB = (0.299, 0.587, 0.114)
CB_OF_RGB = (-0.299 / 1.772, -0.587 / 1.772, 0.886 / 1.772)
CR_OF_RGB = (0.701 / 1.402, -0.587 / 1.402, -0.114 / 1.402)


def _mixed(builder: ir.IRBuilder, channels: list[ir.Value], factors: tuple[float, ...], divisor: int) -> ir.Value:
    count = channels[0].type.count
    parts = [builder.fmul(channel, constant(F32, [factor / divisor] * count)) for channel, factor in zip(channels, factors, strict=True)]
    return builder.fadd(builder.fadd(parts[0], parts[1]), parts[2])


def _channel(builder: ir.IRBuilder, thirds: list[ir.Value], channel: int) -> ir.Value:
    """Collect every third byte of three vectors: in two steps, as processors can. Chosen at once it took a tenth longer."""
    places = range(channel, 3 * PIXELS, 3)
    start = shuffle(builder, thirds[0], thirds[1], [place if place < 2 * PIXELS else 0 for place in places])
    return shuffle(builder, start, thirds[2], [i if place < 2 * PIXELS else place - PIXELS for i, place in enumerate(places)])


def _converter(across: int, down: int) -> Any:
    """Make the intrinsic for chroma that is the mean of ``across`` columns and ``down`` rows."""

    @intrinsic
    def convert(_typing, pixels, upper, lower, column, tile, row, to, chroma_row):  # type: ignore[no-untyped-def]
        """Convert 16 pixels of one row or two.

        pixels: (…, 3 * columns) uint8.  upper, lower: the rows; column: in pixels.
        tile: (…, …) float32, out: Y, 0 … 255, in row ``row`` and the next, from column ``to``; Cb, -128 … 127, in row ``chroma_row``
        from column ``to // across``, Cr eight rows below.
        """

        def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            _, upper, lower, column, _, row, to, chroma_row = arguments
            source, target = (bytes_of(context, builder, signature.args[i], arguments[i]) for i in (0, 4))
            line, tile_line = (stride_of(context, builder, signature.args[i], arguments[i]) for i in (0, 4))
            sums: list[ir.Value] = []
            for i, place in enumerate((upper, lower)[:down]):
                at = builder.add(builder.mul(place, line), builder.mul(column, I64(3)))
                thirds = [load(builder, source, builder.add(at, I64(PIXELS * t)), vector(I8, PIXELS), 1) for t in range(3)]
                channels = [_channel(builder, thirds, c) for c in range(3)]
                y = _mixed(builder, [builder.uitofp(channel, vector(F32, PIXELS)) for channel in channels], Y_OF_RGB, 1)
                at = builder.add(builder.mul(builder.add(row, I64(i)), tile_line), builder.mul(to, I64(4)))
                store(builder, y, target, at, 4)
                words = [builder.zext(channel, vector(I16, PIXELS)) for channel in channels]
                sums = [builder.add(a, b) for a, b in zip(sums, words, strict=True)] if sums else words
            if across == 2:
                halves = [[shuffle(builder, total, total, range(i, PIXELS, 2)) for i in (0, 1)] for total in sums]
                sums = [builder.add(left, right) for left, right in halves]
            floats = [builder.uitofp(total, vector(F32, PIXELS // across)) for total in sums]
            for i, factors in enumerate((CB_OF_RGB, CR_OF_RGB)):
                at = builder.add(builder.mul(builder.add(chroma_row, I64(8 * i)), tile_line), builder.mul(to, I64(4 // across)))
                store(builder, _mixed(builder, floats, factors, across * down), target, at, 4)
            return context.get_dummy_value()

        arguments = (pixels, types.int64, types.int64, types.int64, tile, types.int64, types.int64, types.int64)
        return types.void(*arguments), code

    return convert


convert_444 = _converter(1, 1)
convert_422 = _converter(2, 1)
convert_420 = _converter(2, 2)
