"""Byte ranges: where something large lies in a stored object, instead of the thing itself."""

from typing import NamedTuple


class ByteRange(NamedTuple):
    """``length`` bytes from ``offset``, counted from the start of the (inflated) file."""

    offset: int
    length: int
