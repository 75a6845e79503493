"""Resampling: area averaging where a picture shrinks, bilinear where it grows, in exact integer weights (A4.47)."""

from dataclasses import dataclass
from threading import local

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells
from wado_core.jpeg.samples import IDENTITY, Line, numbers_of
from wado_core.jpeg.scratch import aligned
from wado_core.kernels import cells as cell_kernels
from wado_core.kernels import resample as kernels
from wado_core.kernels import resample_rows as kinds
from wado_core.kernels.resample_lanes import LANES
from wado_core.model.geometry import EVERY_PIXEL, Lattice, Rectangle
from wado_core.rendering.axis import axis
from wado_core.rendering.table import Table

Picture = npt.NDArray[np.uint8]

# Columns of a tile: sixteen rows of their sums, as they are and turned, are 64 KB. 256 cost a fifth more, 1,024 gain nothing.
_TILE = 512

# Rows of scratch are this much longer: sixteen that lie 2048 or 4096 bytes apart took a third longer, as caches have few places for them.
_APART = 64

_NO_CELLS_8, _NO_CELLS_16, _NO_TABLE = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint16), np.zeros(1, np.uint8)


def picture_of_cells(
    cells: Cells, display: Line | Table, source: Rectangle, rows: int, columns: int, lattice: Lattice = EVERY_PIXEL
) -> Picture:
    """Find the display values of the cells of ``source`` and bring them to ``rows`` × ``columns``, in one pass.

    cells: (…, …) uint8 or uint16, C order.  display: a line, or a table by cell, (256,) or (65536,) uint8.
    lattice: how the cells lie over the pixels in which ``source`` counts, which then is all of them.
    Returns (rows, columns) uint8.
    """
    if not isinstance(display, Line) and (rows, columns) == (source.rows, source.columns):
        picture = np.empty((rows, columns), np.uint8)
        cell_kernels.look_up(picture, cells, display, source.top, source.left)
        return picture
    return rows_of_cells(cells, display, source, (rows, columns), 0, rows, lattice)


def rows_of_cells(
    cells: Cells,
    display: Line | Table,
    source: Rectangle,
    size: tuple[int, int],
    first_row: int,
    end_row: int,
    lattice: Lattice = EVERY_PIXEL,
) -> Picture:
    """Return rows ``first_row`` … ``end_row - 1`` of the picture of ``size`` that ``picture_of_cells`` makes."""
    picture = np.empty((end_row - first_row, size[1]), np.uint8)
    if isinstance(display, Line):
        whole_range = display == IDENTITY and cells.dtype == np.uint8
        kind = kinds.DISPLAY if whole_range else kinds.CELLS_8_BY_LINE if cells.dtype == np.uint8 else kinds.CELLS_16_BY_LINE
        _fill(picture, kind, cells, _NO_TABLE, display, source, lattice, size, first_row, 1)
    else:
        kind = kinds.CELLS_8_BY_TABLE if cells.dtype == np.uint8 else kinds.CELLS_16_BY_TABLE
        _fill(picture, kind, cells, display, IDENTITY, source, lattice, size, first_row, 1)
    return picture


def picture_of_rgb(pixels: Picture, source: Rectangle, rows: int, columns: int, lattice: Lattice = EVERY_PIXEL) -> Picture:
    """Cut ``source`` out of RGB pixels and bring it to ``rows`` × ``columns``.

    pixels: (…, …, 3) uint8, C order.  Returns (rows, columns, 3) uint8.
    """
    if (rows, columns) == (source.rows, source.columns):
        return np.ascontiguousarray(pixels[source.top : source.bottom, source.left : source.right])
    return rows_of_rgb(pixels, source, (rows, columns), 0, rows, lattice)


def rows_of_rgb(
    pixels: Picture, source: Rectangle, size: tuple[int, int], first_row: int, end_row: int, lattice: Lattice = EVERY_PIXEL
) -> Picture:
    """Return rows ``first_row`` … ``end_row - 1`` of the picture of ``size`` that ``picture_of_rgb`` makes."""
    picture = np.empty((end_row - first_row, 3 * size[1]), np.uint8)
    flat = pixels.reshape(pixels.shape[0], 3 * pixels.shape[1])
    _fill(picture, kinds.DISPLAY, flat, _NO_TABLE, IDENTITY, source, lattice, size, first_row, 3)
    return picture.reshape(end_row - first_row, size[1], 3)


def _fill(
    picture: Picture, kind: int, cells: Cells, table: Table, line: Line,
    source: Rectangle, lattice: Lattice, size: tuple[int, int], first_row: int, samples: int,
) -> None:  # fmt: skip
    down, across = axis(source.rows, size[0], lattice), axis(source.columns, size[1], lattice)
    cells_8, cells_16 = (cells, _NO_CELLS_16) if cells.dtype == np.uint8 else (_NO_CELLS_8, cells)
    scratch = _scratch_for(across.widest * samples)
    halvings, straight = (across.halvings, across.straight) if samples == 1 else (0, False)
    kernels.resample(
        kind, cells_8, cells_16, table, numbers_of(line)[0], line.mask, line.flipped, source.top, samples * source.left, samples,
        first_row, down.places, down.weights, down.whole, across.places, across.weights, halvings, straight, down.total * across.total,
        scratch.sums, scratch.turned, scratch.values, scratch.rows, picture,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Scratch:
    """What the kernel takes beside a picture; see there."""

    sums: npt.NDArray[np.int32]
    turned: npt.NDArray[np.int32]
    values: Picture
    rows: Picture


def _make_scratch(room: int) -> _Scratch:
    return _Scratch(
        aligned((LANES, room + _APART // 4), np.int32),
        aligned((room, LANES), np.int32),
        aligned((_TILE, LANES), np.uint8),
        aligned((LANES, _TILE + _APART), np.uint8),
    )


_of_thread = local()


def _scratch_for(widest: int) -> _Scratch:
    """Return the calling thread's own, or a larger one, which is not kept, where a column of the picture is made of more than a tile."""
    if widest > _TILE:
        return _make_scratch(-(-widest // 32) * 32)
    found: _Scratch | None = getattr(_of_thread, "scratch", None)
    if found is None:
        found = _of_thread.scratch = _make_scratch(_TILE)
    return found
