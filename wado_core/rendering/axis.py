"""Axes: which source positions a picture position is made of, in exact integer weights (A4.47, docs/adr/0006)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.model.geometry import EVERY_PIXEL, Lattice

_Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Picture position ``i`` is the sum over ``k < count[i]`` of ``weights[start[i] + k] * source[first[i] + k] / total``.

    places: (3, n) int32, first, count and start.  weights: (…,) int32, without a common divisor.
    whole: all weights are 1.  widest: largest count.
    halvings: how often neighbours may be added before anything else is done.  straight: that is all there is to do.
    """

    places: _Integers
    weights: _Integers
    total: int
    whole: bool
    widest: int
    halvings: int
    straight: bool


# Axes of so many positions, to or from, are kept in larger number: some 20 KB each.
_SMALL = 1024


def axis(source: int, target: int, lattice: Lattice = EVERY_PIXEL) -> Axis:
    """Return the weights from ``source`` to ``target`` positions, both at least 1; those asked for lately are kept, some 10 MB at most.

    lattice: the source has cells for its positions. With more than a position each, there are at least as many as targets, and no more
        than 32,768 positions: sums of the kernel hold no larger weights.
    """
    return (_small if max(lattice.cells(source), target) <= _SMALL else _large)(source, target, lattice)


def _axis(source: int, target: int, lattice: Lattice) -> Axis:
    if lattice != EVERY_PIXEL:
        *places, weights, total = _area(_edges(source, lattice), target)
    elif target <= source:
        *places, weights, total = _area(2 * np.arange(source + 1, dtype=np.int64), target)
    else:
        *places, weights, total = _bilinear(source, target)
    divisor = int(np.gcd.reduce(weights, initial=total))  # 1 where the sizes have no common divisor; 4 to 1 has weights of 1
    weights = weights // divisor
    whole = bool((weights == 1).all())
    cells = lattice.cells(source)
    factor = cells // target if whole and target <= cells else 1
    halvings = (factor & -factor).bit_length() - 1
    return Axis(
        np.ascontiguousarray(np.stack(places), np.int32), np.ascontiguousarray(weights, np.int32),
        total // divisor, whole, int(places[1].max()), halvings, whole and cells == target << halvings,
    )  # fmt: skip


_small, _large = lru_cache(maxsize=256)(_axis), lru_cache(maxsize=16)(_axis)

_Edges = npt.NDArray[np.int64]
_Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], int]


def _edges(source: int, lattice: Lattice) -> _Edges:
    """Return where cells begin, and where the last ends, in halves of a source position."""
    edges = 2 * lattice.step * np.arange(lattice.cells(source) + 1, dtype=np.int64)
    if lattice.on_pixels:
        edges[1:] -= lattice.step - 1  # halfway between position k * step and the one before, each in the middle of its pixel
    edges[-1] = 2 * source
    return edges


def _area(edges: _Edges, target: int) -> _Found:
    """Mean over the interval ``[i * source / target, (i + 1) * source / target)``; weights in units of 1 / (2 target)."""
    position = np.arange(target, dtype=np.int64)
    total = int(edges[-1])
    begin, end = position * total, (position + 1) * total  # in units of 1 / (2 target), as all that follows
    edges = edges * target
    first, last = np.searchsorted(edges, begin, side="right") - 1, np.searchsorted(edges, end, side="left") - 1
    count = last - first + 1
    start = np.concatenate(([0], np.cumsum(count)[:-1]))
    owner = np.repeat(position, count)
    index = np.arange(int(count.sum())) - start[owner] + first[owner]
    weights = np.minimum(end[owner], edges[index + 1]) - np.maximum(begin[owner], edges[index])
    return first, count, start, weights, total


def _bilinear(source: int, target: int) -> _Found:
    """Two neighbours of ``(i + 1/2) * source / target - 1/2``, clamped at the edges; weights in units of 1 / (2 target)."""
    position = np.arange(target, dtype=np.int64)
    place = (2 * position + 1) * source - target  # in units of 1 / (2 target)
    place = np.clip(place, 0, 2 * target * (source - 1))
    first = np.minimum(place // (2 * target), max(source - 2, 0))
    right = place - first * 2 * target
    if source == 1:
        return first, np.ones_like(first), position, np.full_like(first, 2 * target), 2 * target
    weights = np.stack((2 * target - right, right), axis=1).ravel()
    return first, np.full_like(first, 2), 2 * position, weights, 2 * target
