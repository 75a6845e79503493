"""Colour kernels: stored colour models to RGB (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5). Rounding: floor(y + 0.5), clipped."""

from numba import njit
from numba.types import uint8, uint16

from wado_core.kernels._jit import array_in, array_out, kernel


@njit(inline="always")
def _byte(millionths):  # type: ignore[no-untyped-def]
    return uint8(min(max((millionths + 500_000) // 1_000_000, 0), 255))


@kernel((array_out(uint8, 3), array_in(uint8, 3)))
def ybr_full_to_rgb(rgb, ybr):  # type: ignore[no-untyped-def]
    """Convert YBR_FULL to RGB (PS3.3 C.7.6.3.1.2, H3.3).

    rgb, ybr: (rows, columns, 3) uint8; ``rgb`` out.
    In whole millionths: floats lost the tie of (111, 78, 178), whose green is 92.5, and took twice as long.
    """
    for i in range(ybr.shape[0]):
        for j in range(ybr.shape[1]):
            y, b, r = 1_000_000 * int(ybr[i, j, 0]), int(ybr[i, j, 1]) - 128, int(ybr[i, j, 2]) - 128
            rgb[i, j, 0] = _byte(y + 1_402_000 * r)
            rgb[i, j, 1] = _byte(y - 344_136 * b - 714_136 * r)
            rgb[i, j, 2] = _byte(y + 1_772_000 * b)


@njit(inline="always")
def _byte_of_partial(parts):  # type: ignore[no-untyped-def]
    return uint8(min(max((parts + 24_528_000_000) // 49_056_000_000, 0), 255))


@kernel((array_out(uint8, 3), array_in(uint8, 3)))
def ybr_partial_to_rgb(rgb, ybr):  # type: ignore[no-untyped-def]
    """Convert luma of 16 … 235 and chroma of 16 … 240 to RGB (YBR_PARTIAL_422: PS3.3 C.7.6.3.1.2 of 2004, H3.3).

    rgb, ybr: (rows, columns, 3) uint8; ``rgb`` out.
    The equations of YBR_FULL with luma stretched by 255 / 219 and chroma by 255 / 224, in whole parts of 1 / (219 * 224) millionths.
    """
    for i in range(ybr.shape[0]):
        for j in range(ybr.shape[1]):
            y = 255 * 224 * 1_000_000 * (int(ybr[i, j, 0]) - 16)
            b, r = 255 * 219 * (int(ybr[i, j, 1]) - 128), 255 * 219 * (int(ybr[i, j, 2]) - 128)
            rgb[i, j, 0] = _byte_of_partial(y + 1_402_000 * r)
            rgb[i, j, 1] = _byte_of_partial(y - 344_136 * b - 714_136 * r)
            rgb[i, j, 2] = _byte_of_partial(y + 1_772_000 * b)


@kernel((array_out(uint8, 3), array_in(uint8, 1)))
def unpack_ybr_422(ybr, packed):  # type: ignore[no-untyped-def]
    """Unpack Y1 Y2 Cb Cr groups; both pixels of a group have its chroma (PS3.3 C.7.6.3.1.2, H3.3).

    ybr: (rows, columns, 3) uint8, out, an even number of columns.  packed: (rows * columns * 2,) uint8.
    """
    columns = ybr.shape[1]
    for i in range(ybr.shape[0]):
        for j in range(columns):
            group = (i * columns + (j & ~1)) * 2
            ybr[i, j, 0] = packed[group + (j & 1)]
            ybr[i, j, 1] = packed[group + 2]
            ybr[i, j, 2] = packed[group + 3]


@kernel(
    (array_out(uint8, 3), array_in(uint8, 2), array_in(uint8, 2)),
    (array_out(uint8, 3), array_in(uint16, 2), array_in(uint8, 2)),
)
def look_up_rgb(rgb, cells, by_cell):  # type: ignore[no-untyped-def]
    """Look every cell up in a table of colours (PS3.3 C.7.6.3.1.5).

    rgb: (rows, columns, 3) uint8, out.  cells: (rows, columns) uint8 or uint16.  by_cell: (256 or 65536, 3) uint8.
    """
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            for s in range(3):
                rgb[i, j, s] = by_cell[cells[i, j], s]
