"""What T.83 compares with: coefficients computed in double precision from the equations of T.81 Annex A, and the comparison itself.

EREF and DREF of the published set are not publicly distributed; these are recomputed by the procedure that made them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from conformance.jpeg.streams import Array
from tests.reference.jpeg import BASIS, ZIGZAG, forward_dct

ORDER = np.array([8 * row + column for row, column in ZIGZAG])
"""Where the coefficients of the zigzag order stand in a block row by row."""

TIE = 1e-9
"""Quotients this close to half a step are exact ties in real arithmetic; float64 is off by some 1e-13, which way depends on the machine."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How coefficients compare.

    differing: how many are not equal.  ties: how many of these are exact halves before they are rounded, so that either neighbour is
    nearest.  beyond: how many differ by more than 1, the bound of T.83.  most: the largest difference.
    """

    compared: int = 0
    differing: int = 0
    ties: int = 0
    beyond: int = 0
    most: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.compared + other.compared,
            self.differing + other.differing,
            self.ties + other.ties,
            self.beyond + other.beyond,
            max(self.most, other.most),
        )


def total(figures: Iterable[Figures]) -> Figures:
    """Add figures up."""
    return sum(figures, Figures())


def compare(found: Array, expected: Array, ties: Array | None = None) -> Figures:
    """Count the differences between two arrays of one shape; ``ties`` says where either neighbour is right."""
    if found.shape != expected.shape:
        raise ValueError(f"{found.shape} compared with {expected.shape}")
    difference = np.abs(found.astype(np.int64) - expected)
    differs = difference > 0
    at_ties = 0 if ties is None else np.count_nonzero(differs & ties)
    return Figures(
        difference.size, int(np.count_nonzero(differs)), int(at_ties), int(np.count_nonzero(difference > 1)), int(difference.max(initial=0))
    )


def compare_with_exact(found: Array, coefficients: Array, table: Array) -> Figures:
    """Compare quantised coefficients with those that ``transform`` gives before quantisation."""
    expected = quantize(coefficients, table)
    # Ties are looked for where there is a difference: they are few.
    ties = np.zeros(expected.shape, np.bool_)
    where = np.nonzero(found != expected) if found.shape == expected.shape else ()
    if len(where):
        quotients = np.abs((coefficients / table)[where])
        ties[where] = np.abs(quotients - np.floor(quotients) - 0.5) < TIE
    return compare(found, expected, ties)


def transform(plane: Array, precision: int = 8) -> Array:
    """Transform a component of any size, its edge blocks completed by replication (T.81 A.2.4 recommends it, T.83's references have it).

    plane: (rows, columns), samples of ``precision`` bits, need not be whole numbers.
    Returns the coefficients before quantisation, (block rows, block columns, 64) float64, zigzag order.
    """
    rows, columns = plane.shape
    completed = np.pad(plane, ((0, -rows % 8), (0, -columns % 8)), mode="edge")
    centred = completed - (1 << (precision - 1)) + 128  # forward_dct shifts by the level of 8 bits
    blocks = forward_dct(centred)
    return np.ascontiguousarray(blocks.reshape(*blocks.shape[:2], 64)[..., ORDER])


def quantize(coefficients: Array, table: Array) -> Array:
    """Divide by the table and round to nearest, ties away from zero (T.81 A.3.4).

    table: (64,) in zigzag order.  Returns int64 in the shape of ``coefficients``.
    """
    quotients = coefficients / table
    return (np.sign(quotients) * np.floor(np.abs(quotients) + 0.5 + TIE)).astype(np.int64)


def reconstruct(coefficients: Array, table: Array, precision: int = 8) -> Array:
    """Decode a component by the inverse transform in float64 (T.81 A.3.3), rounded and limited to its range.

    coefficients: (block rows, block columns, 64), zigzag order.  Returns (rows, columns) int64, whole blocks.
    """
    down, across, _ = coefficients.shape
    blocks = np.empty(coefficients.shape, np.float64)
    blocks[..., ORDER] = coefficients * table
    samples = BASIS.T @ blocks.reshape(down, across, 8, 8) @ BASIS + (1 << (precision - 1))
    rounded = np.clip(np.floor(samples + 0.5 + TIE), 0, (1 << precision) - 1)
    return np.asarray(rounded.swapaxes(1, 2).reshape(8 * down, 8 * across).astype(np.int64))


def requantized(samples: Array, table: Array, precision: int = 8) -> Array:
    """Return the coefficients that T.83 computes from a decoded component, of the blocks that no extension completes.

    samples: (rows, columns).  Returns (rows // 8, columns // 8, 64) int64.
    """
    rows, columns = samples.shape
    whole = samples[: rows // 8 * 8, : columns // 8 * 8]
    return quantize(transform(whole, precision), table)


def components_of(picture: Array, subsampling: str) -> tuple[Array, ...]:
    """Return the components that a picture is coded as, in real arithmetic: the samples of a gray one, Y, Cb and Cr of RGB.

    The equations are those of JFIF (T.871 clause 7) without their rounding to 8 bits and without limiting; chroma is the exact mean
    over the pixels that a sample stands for, the edges replicated.
    picture: (rows, columns) or (rows, columns, 3) uint8.  subsampling: 4:4:4, 4:2:2 or 4:2:0.
    """
    if picture.ndim == 2:
        return (picture.astype(np.float64),)
    red, green, blue = (picture[..., i].astype(np.float64) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    down, across = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2)}[subsampling]
    chroma = (_mean((blue - luma) / 1.772 + 128, down, across), _mean((red - luma) / 1.402 + 128, down, across))
    return luma, *chroma


def _mean(plane: Array, down: int, across: int) -> Array:
    rows, columns = plane.shape
    completed = np.pad(plane, ((0, -rows % down), (0, -columns % across)), mode="edge")
    return np.asarray(completed.reshape(completed.shape[0] // down, down, completed.shape[1] // across, across).mean(axis=(1, 3)))
