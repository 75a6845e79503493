"""The buffers of one encoding thread, made once: room for one tile and for a part of the stream, whatever the picture's size."""

from dataclasses import dataclass
from threading import local
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from wado_core.kernels.jpeg_color import PIXELS
from wado_core.kernels.jpeg_scan import CODED_SIZE, MOST_BLOCKS, RAW_SIZE, SYMBOLS_SIZE

# What a call writes at most; a picture of more is coded in several calls.
OUT_SIZE = CODED_SIZE + (1 << 18)

# One row of blocks; one row of MCUs of up to 16 rows, then of 8 rows of Cb and of Cr.
GRAY_TILE, COLOR_TILE = (8, 512), (32, 256)

# Float32 vectors of a whole cache line are loaded from the tile.
_ALIGNMENT = 64

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Scratch:
    """What the kernels take beside a picture; see there."""

    gray: npt.NDArray[np.float32]
    color: npt.NDArray[np.float32]
    edge: npt.NDArray[np.uint8]
    blocks: npt.NDArray[np.int16]
    masks: npt.NDArray[np.uint64]
    values: npt.NDArray[np.int16]
    runs: npt.NDArray[np.uint8]
    joined: npt.NDArray[np.uint64]
    raw: npt.NDArray[np.uint8]
    out: npt.NDArray[np.uint8]


def make_scratch() -> Scratch:
    """Make buffers; the tiles begin as zeros, since columns that are in no picture are transformed with their neighbours."""
    return Scratch(
        gray=aligned(GRAY_TILE, np.float32),
        color=aligned(COLOR_TILE, np.float32),
        edge=aligned((2, 3 * PIXELS), np.uint8),
        blocks=aligned((MOST_BLOCKS, 64), np.int16),
        masks=aligned((MOST_BLOCKS,), np.uint64),
        values=aligned((SYMBOLS_SIZE,), np.int16),
        runs=aligned((SYMBOLS_SIZE,), np.uint8),
        joined=aligned((48,), np.uint64),
        raw=aligned((RAW_SIZE,), np.uint8),
        out=aligned((OUT_SIZE,), np.uint8),
    )


def aligned(shape: tuple[int, ...], dtype: type[_Number]) -> npt.NDArray[_Number]:
    """Make an array of zeros that begins with a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


_of_thread = local()


def scratch_of_thread() -> Scratch:
    """Return the calling thread's own."""
    found: Scratch | None = getattr(_of_thread, "scratch", None)
    if found is None:
        found = _of_thread.scratch = make_scratch()
    return found
