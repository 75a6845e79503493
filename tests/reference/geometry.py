"""Region and size of the answer, and resampling in exact rational arithmetic (A4.41-A4.56)."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np

from tests.reference.rounding import Array, Gray, Number, exact, round_half_up


def region_pixels(region: Sequence[Number], rows: int, columns: int) -> tuple[int, int, int, int]:
    """Turn normalised edges xmin, ymin, xmax, ymax into x0, y0, x1, y1 in pixels, the last two excluded (A4.50-A4.56).

    x0 = floor(xmin * columns), x1 = ceil(xmax * columns), likewise rows, at least one pixel.  Numbers mean what is written: a
    float is its shortest decimal form.  Raises ValueError unless 0 <= min < max <= 1.
    """
    x_min, y_min, x_max, y_max = (exact(edge) for edge in region)
    if not (0 <= x_min < x_max <= 1 and 0 <= y_min < y_max <= 1):
        raise ValueError("a region has 0 <= min < max <= 1")
    x0, y0 = floor(x_min * columns), floor(y_min * rows)
    return x0, y0, max(x0 + 1, ceil(x_max * columns)), max(y0 + 1, ceil(y_max * rows))


def target_size(rows: int, columns: int, max_rows: int | None = None, max_columns: int | None = None) -> tuple[int, int]:
    """Return rows and columns of the answer: as large as the maxima allow, aspect kept, also enlarging (A4.41-A4.45).

    The edge that limits gets its maximum; the other is rounded half up, at least 1.
    """
    if max_rows is None and max_columns is None:
        return rows, columns
    by_rows = None if max_rows is None else Fraction(max_rows, rows)
    by_columns = None if max_columns is None else Fraction(max_columns, columns)
    ratio = min(r for r in (by_rows, by_columns) if r is not None)
    return max(1, round_half_up(rows * ratio)), max(1, round_half_up(columns * ratio))


def axis_weights(source: int, target: int) -> tuple[Array, int]:
    """Whole-number weights of one axis: output j is sum(weights[j, i] * input[i]) / denominator (A4.47).

    target <= source, area averaging: output j covers [j * S / D, (j + 1) * S / D); in units of 1 / D of a source pixel, source
    pixel i covers [i * D, (i + 1) * D), and the overlap is a whole number.  The denominator is S.
    target > source, bilinear between pixel centres: u = (j + 0.5) * S / D - 0.5 = ((2 j + 1) S - D) / (2 D), neighbours
    clamped at the edges.  The denominator is 2 D.
    Returns (target, source) int64 and the denominator; every row adds up to the denominator.
    """
    weights = np.zeros((target, source), dtype=np.int64)
    for j in range(target):
        if target <= source:
            for i in range(j * source // target, source):
                overlap = min((j + 1) * source, (i + 1) * target) - max(j * source, i * target)
                if overlap <= 0:
                    break
                weights[j, i] = overlap
        else:
            left, part = divmod((2 * j + 1) * source - target, 2 * target)
            weights[j, min(max(left, 0), source - 1)] += 2 * target - part
            weights[j, min(max(left + 1, 0), source - 1)] += part
    return weights, source if target <= source else 2 * target


def lattice_weights(source: int, target: int, step: int, *, on_pixels: bool) -> list[list[Fraction]]:
    """Weights of one axis of a frame that was decoded ``step`` times smaller: what of each output each cell is, adding up to 1.

    Cell k has the pixels from k * step on, ``step`` of them or what is left; or, on_pixels, lies in the middle of pixel k * step, and
    has what is nearer to it than to its neighbours. Output j has ``[j * S / D, (j + 1) * S / D)``, in pixels.
    """
    cells = ceil(Fraction(source, step))
    middles = [k * step + Fraction(1, 2) for k in range(cells)]
    inner = [(middles[k - 1] + middles[k]) / 2 if on_pixels else Fraction(k * step) for k in range(1, cells)]
    edges = [Fraction(0), *inner, Fraction(source)]
    size = Fraction(source, target)
    overlaps = ([min((j + 1) * size, edges[k + 1]) - max(j * size, edges[k]) for k in range(cells)] for j in range(target))
    return [[max(one, Fraction(0)) / size for one in row] for row in overlaps]


def resample(picture: Gray, rows: int, columns: int) -> Gray:
    """Scale a rendered picture, each axis by its own rule, and round once at the end: floor(v + 1/2) of the exact value.

    picture: (rows, columns) or (rows, columns, samples) uint8.
    Whole numbers throughout, and exact: with both denominators below 2^17 (edges up to 65536) the greatest number met is
    255 * 2 * 2^34 + 2^34 < 2^44.  The products are taken in float64, in which whole numbers below 2^53 are exact in any order of
    summing: numpy has no fast product of int64 matrices, and megapixels took minutes.  An axis that keeps its size is left alone.
    """
    if max(rows, columns, *picture.shape[:2]) > 1 << 16:
        raise ValueError("the whole-number bound holds for edges up to 65536")
    total, denominator = picture.astype(np.float64), 1
    for axis, target in enumerate((rows, columns)):
        if target != picture.shape[axis]:
            weights, scale = axis_weights(picture.shape[axis], target)
            total = np.moveaxis(np.tensordot(weights.astype(np.float64), total, axes=(1, axis)), 0, axis)
            denominator *= scale
    return ((2 * total.astype(np.int64) + denominator) // (2 * denominator)).astype(np.uint8)
