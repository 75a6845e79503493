"""Arrays beside a page that nobody may read: a load or store outside of one ends the process there, with the place in its traceback.

Guard bytes show stores only. What is loaded outside of an array is seen here, if the array ends where the page begins.
"""

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_NOTHING, _ALL = 0, mmap.PROT_READ | mmap.PROT_WRITE


class Side(Enum):
    """On which side of an array the forbidden page is: directly there, whatever the alignment."""

    BEFORE = "before"
    BEHIND = "behind"


@contextmanager
def paged(like: Array, side: Side) -> Iterator[Array]:
    """Give out a copy of an array, in C order, between two forbidden pages, directly at one of them."""
    page = mmap.PAGESIZE
    pages = max(-(-like.nbytes // page), 1)
    memory = mmap.mmap(-1, (pages + 2) * page)
    anchor = ctypes.c_char.from_buffer(memory)
    address = ctypes.addressof(anchor)
    ends = (address, address + (pages + 1) * page)
    try:
        for end in ends:
            _protect(end, page, _NOTHING)
        start = page if side is Side.BEFORE else (pages + 1) * page - like.nbytes
        array = np.frombuffer(memory, like.dtype, like.size, start).reshape(like.shape)
        array[...] = like
        array.flags.writeable = like.flags.writeable
        yield array
    finally:
        for end in ends:
            _protect(end, page, _ALL)
        del anchor  # the memory itself lives as long as an array of it


@contextmanager
def all_paged(side: Side, *arrays: Array) -> Iterator[list[Array]]:
    """Give out copies of all of them."""
    with ExitStack() as held:
        yield [held.enter_context(paged(array, side)) for array in arrays]


def _protect(address: int, size: int, access: int) -> None:
    if _libc.mprotect(address, size, access):
        raise OSError(ctypes.get_errno(), "mprotect")
