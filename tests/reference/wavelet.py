"""The reversible wavelet of JPEG 2000, forward, one line at a time: what a frame looks like at a lower resolution (T.800 F.4.8)."""

import numpy as np

from tests.reference.rounding import Array


def low_pass(line: list[int]) -> list[int]:
    """Lift one line and keep its even positions; neighbours beyond an edge are mirrored (T.800 F.3.8.2, F.4.8.1)."""
    n = len(line)
    if n == 1:
        return line

    def mirrored(i: int) -> int:
        return -i if i < 0 else 2 * (n - 1) - i if i >= n else i

    high = {i: line[i] - (line[i - 1] + line[mirrored(i + 1)]) // 2 for i in range(1, n, 2)}

    def detail(i: int) -> int:
        return high[mirrored(i)]

    return [line[i] + (detail(i - 1) + detail(i + 1) + 2) // 4 for i in range(0, n, 2)]


def reduced(samples: Array, levels: int) -> Array:
    """Take the image ``levels`` resolution levels down: columns first, then rows, as the encoder does.

    samples: (rows, columns) integers.  Not clipped: a lower resolution may leave the range of its samples a little.
    """
    for _ in range(levels):
        columns = np.array([low_pass(column) for column in samples.T.tolist()]).T
        samples = np.array([low_pass(row) for row in columns.tolist()])
    return samples
