"""Byte sources that need no store: bytes in memory, and the inflated form of a deflated data set (PS3.5 A.5)."""

import zlib
from collections.abc import Callable

from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.ports import ByteSource

# Gives the form of a deflated object in which its data set stands inflated, as ``inflated`` does: anew, or kept from an earlier time.
Inflate = Callable[[ByteSource, int, int], ByteSource]


class BytesSource:
    """A stored object held in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end."""
        return self._data[offset : offset + length]


class InflatedSource:
    """An object whose data set has been inflated behind its File Meta Information, without a copy of both together."""

    __slots__ = ("_data", "_head")

    def __init__(self, head: bytes, data: bytes) -> None:
        self._head = head
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._head) + len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end."""
        begin, end = offset - len(self._head), offset + length - len(self._head)
        if begin >= 0:
            return self._data[begin:end]
        return self._head[offset : offset + length] + self._data[: max(end, 0)]


def inflated(source: ByteSource, data_set_offset: int, most_bytes: int) -> InflatedSource:
    """Return a source in which the deflated data set stands inflated, everything before it as it was (PS3.5 A.5).

    Byte ranges of a deflated instance refer to this form. Raises LimitExceeded beyond ``most_bytes`` of inflated data,
    DamagedObject when the stream is broken.
    """
    stream = source.read(data_set_offset, source.size - data_set_offset)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(stream, most_bytes)
    except zlib.error as error:
        raise DamagedObject("The data set is no deflated one, which (0002,0010) Transfer Syntax UID calls it (PS3.5 A.5).") from error
    if inflater.unconsumed_tail:
        raise LimitExceeded(
            f"(0002,0010) Transfer Syntax UID: the deflated data set is larger than {most_bytes} bytes when inflated (PS3.5 A.5)."
        )
    if not inflater.eof:
        raise DamagedObject("(0002,0010) Transfer Syntax UID: the deflated data set ends too early (PS3.5 A.5).")
    return InflatedSource(source.read(0, data_set_offset), data)
