"""Resampling: area averaging where a picture shrinks, bilinear where it grows, in exact integer weights (A4.47)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.codecs.decoded import Cells
from wado_core.kernels import cells as cell_kernels
from wado_core.kernels import resample as kernels
from wado_core.model.geometry import Rectangle
from wado_core.rendering.table import Table

Picture = npt.NDArray[np.uint8]
_Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One axis: picture position ``i`` is the sum over ``k < count[i]`` of ``weights[start[i] + k] * source[first[i] + k] / total``."""

    first: _Integers
    count: _Integers
    start: _Integers
    weights: _Integers
    total: int


@lru_cache(maxsize=256)
def axis(source: int, target: int) -> Axis:
    """Return the weights from ``source`` to ``target`` positions, both at least 1."""
    return _area(source, target) if target <= source else _bilinear(source, target)


def _area(source: int, target: int) -> Axis:
    """Mean over the interval ``[i * source / target, (i + 1) * source / target)``; weights in units of 1 / target."""
    position = np.arange(target, dtype=np.int64)
    begin, end = position * source, (position + 1) * source  # in units of 1 / target
    first, last = begin // target, (end - 1) // target
    count = last - first + 1
    start = np.concatenate(([0], np.cumsum(count)[:-1]))
    owner = np.repeat(position, count)
    index = np.arange(int(count.sum())) - start[owner] + first[owner]
    weights = np.minimum(end[owner], (index + 1) * target) - np.maximum(begin[owner], index * target)
    return _axis(first, count, start, weights, source)


def _bilinear(source: int, target: int) -> Axis:
    """Two neighbours of ``(i + 1/2) * source / target - 1/2``, clamped at the edges; weights in units of 1 / (2 target)."""
    position = np.arange(target, dtype=np.int64)
    place = (2 * position + 1) * source - target  # in units of 1 / (2 target)
    place = np.clip(place, 0, 2 * target * (source - 1))
    first = np.minimum(place // (2 * target), max(source - 2, 0))
    right = place - first * 2 * target
    if source == 1:
        return _axis(first, np.ones_like(first), position, np.full_like(first, 2 * target), 2 * target)
    weights = np.stack((2 * target - right, right), axis=1).ravel()
    return _axis(first, np.full_like(first, 2), 2 * position, weights, 2 * target)


def _axis(*arrays_and_total: npt.NDArray[np.int64] | int) -> Axis:
    *arrays, total = arrays_and_total
    first, count, start, weights = (np.ascontiguousarray(array, np.int32) for array in arrays)
    return Axis(first, count, start, weights, int(total))


def picture_of_cells(cells: Cells, table: Table, source: Rectangle, rows: int, columns: int) -> Picture:
    """Look the cells of ``source`` up and bring them to ``rows`` × ``columns``, in one pass.

    cells: (…, …) uint8 or uint16, C order.  table: display value of every cell.  Returns (rows, columns) uint8.
    """
    picture = np.empty((rows, columns), np.uint8)
    if (rows, columns) == (source.rows, source.columns):
        cell_kernels.look_up(picture, cells, table, source.top, source.left)
        return picture
    down, across = axis(source.rows, rows), axis(source.columns, columns)
    kernels.resample_cells(
        picture, cells, table, source.top, source.left, down.first, down.count, down.start, down.weights,
        across.first, across.count, across.start, across.weights,
        np.empty(source.columns, np.uint8), np.empty(source.columns, np.int32), down.total * across.total,
    )  # fmt: skip
    return picture


def picture_of_rgb(pixels: Picture, source: Rectangle, rows: int, columns: int) -> Picture:
    """Cut ``source`` out of RGB pixels and bring it to ``rows`` × ``columns``.

    pixels: (…, …, 3) uint8, C order.  Returns (rows, columns, 3) uint8.
    """
    if (rows, columns) == (source.rows, source.columns):
        return np.ascontiguousarray(pixels[source.top : source.bottom, source.left : source.right])
    picture = np.empty((rows, columns, 3), np.uint8)
    down, across = axis(source.rows, rows), axis(source.columns, columns)
    kernels.resample_rgb(
        picture, pixels, source.top, source.left, down.first, down.count, down.start, down.weights,
        across.first, across.count, across.start, across.weights, np.empty(3 * source.columns, np.int32), down.total * across.total,
    )  # fmt: skip
    return picture
