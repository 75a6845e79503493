"""T2 without files: whether what the product has coded is what two readers that are not its own read back."""

import numpy as np

from conformance.jpeg.coefficients import read_coefficients, without_completing
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.streams import Array, read_stream

INTERVALS = (0, 1, 3, 11)
"""MCUs between restart markers that are tried."""


def lost(data: bytes, planes: list[Array]) -> int:
    """Return how many coefficients of a stream are not read back as they were given, by libjpeg or by this suite's reader."""
    stream = read_stream(data)
    own = without_completing(stream, read_coefficients(stream))
    return sum(
        int(np.count_nonzero((mine != given) | (theirs != given)))
        for given, mine, (theirs, _) in zip(planes, own, read_back(data), strict=True)
    )
