"""Output arrays between guard bytes: a store outside of an array would change them."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GUARD = 0xA5
MARGIN = 64


@contextmanager
def guarded(shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8, fill: int = 0x5A) -> Iterator[Array]:
    """Give out an array in C order whose memory lies between guard bytes, filled with bytes that no test expects by accident."""
    kind = np.dtype(dtype)
    size = prod(shape if isinstance(shape, tuple) else (shape,)) * kind.itemsize
    memory = np.full(size + 2 * MARGIN, GUARD, np.uint8)
    memory[MARGIN : MARGIN + size] = fill
    yield memory[MARGIN : MARGIN + size].view(kind).reshape(shape)
    assert (memory[:MARGIN] == GUARD).all(), "a kernel wrote before its output"
    assert (memory[MARGIN + size :] == GUARD).all(), "a kernel wrote behind its output"


def read_only(array: Array) -> Array:
    """Return a copy that cannot be written: kernels must take it, and leave it as it is."""
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy
