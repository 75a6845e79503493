"""Attributes: the wanted elements of a data set, decoded when asked for (PS3.5 section 6.2)."""

from collections.abc import Mapping
from functools import lru_cache
from struct import unpack
from typing import NamedTuple

from wado_core.dicom.tags import BULK

_END_OF_INTEGERS = 1 << 31
# Bytes of a list of values that are looked at: only look-up tables and offset tables are longer, and they are not read as lists.
_LONGEST_LIST = 1 << 16
_SHORT_LIST = 64
_PADDING = " \0\t\r\n"
_INTEGER = {(2, False): "H", (2, True): "h", (4, False): "I", (4, True): "i", (8, False): "Q", (8, True): "q"}

_REAL = {4: "f", 8: "d"}


def _decimals(text: bytes) -> tuple[float, ...]:
    numbers = []
    for part in text.decode("latin-1").split("\\"):
        try:
            number = float(part.strip(_PADDING))
        except ValueError:
            break
        if "_" in part:  # Python's way to group digits
            break
        numbers.append(number)
    return tuple(numbers)


# Thousands of frames may have the same.
_known_decimals = lru_cache(maxsize=1024)(_decimals)


class Value(NamedTuple):
    """An element's value as it is stored, and its VR (b"" when implicit).

    offset, length: where it lies; a bulk value is left there, and its ``data`` is empty.
    """

    vr: bytes
    data: bytes
    offset: int
    length: int


class Attributes:
    """The wanted elements of one data set or item.

    Every accessor is forgiving: what is absent, empty or unreadable is None or an empty tuple, since what a value must
    be is for the module to say that it belongs to.
    """

    __slots__ = ("_big_endian", "_sequences", "_values")

    def __init__(self, big_endian: bool, values: dict[int, Value], sequences: dict[int, tuple["Attributes", ...]]) -> None:
        """values, sequences: by tag; added to as they are."""
        self._big_endian = big_endian
        self._values = values
        self._sequences = sequences

    def add(self, tag: int, value: Value) -> None:
        """Keep a value; the first of a repeated tag counts."""
        self._values.setdefault(tag, value)

    def add_items(self, tag: int, items: tuple["Attributes", ...]) -> None:
        """Keep the items of a sequence."""
        self._sequences.setdefault(tag, items)

    @property
    def values(self) -> Mapping[int, Value]:
        """The values by tag."""
        return self._values

    @property
    def sequences(self) -> Mapping[int, tuple["Attributes", ...]]:
        """The items of the sequences by tag."""
        return self._sequences

    def __contains__(self, tag: int) -> bool:
        return tag in self._values or tag in self._sequences

    @property
    def big_endian(self) -> bool:
        """Whether the values are stored big endian."""
        return self._big_endian

    def items(self, tag: int) -> tuple["Attributes", ...]:
        """Return the items of a sequence."""
        return self._sequences.get(tag, ())

    def value(self, tag: int) -> Value | None:
        """Return a value that is present and not empty."""
        value = self._values.get(tag)
        return value if value and value.data else None

    def texts(self, tag: int) -> tuple[str, ...]:
        """Return the values of a textual element of the default repertoire (CS, DS, IS, UI …), trimmed."""
        value = self._values.get(tag)
        if value is None:
            return ()
        return tuple(part.strip(_PADDING) for part in value.data[:_LONGEST_LIST].decode("latin-1").split("\\"))

    def text(self, tag: int) -> str:
        """Return the first value of a textual element, "" when absent."""
        texts = self.texts(tag)
        return texts[0] if texts else ""

    def integers(self, tag: int, *, signed: bool = False) -> tuple[int, ...]:
        """Return binary integers (US, SS, UL …), or those written as text (IS).

        signed: for values whose VR may be US or SS, two's complement; an explicit VR of SS or SL is signed in any case.
        """
        value = self._values.get(tag)
        if value is None:
            return ()
        if value.vr in (b"IS", b"DS"):
            return tuple(int(number) for number in self.decimals(tag) if abs(number) < _END_OF_INTEGERS)  # nor infinities, nor NaN
        width = {b"UL": 4, b"SL": 4, b"OV": 8, b"UV": 8}.get(value.vr, 2)
        code = _INTEGER[width, signed or value.vr in (b"SS", b"SL")]
        count = min(len(value.data), _LONGEST_LIST) // width
        return unpack(f"{'>' if self._big_endian else '<'}{count}{code}", value.data[: count * width])

    def integer(self, tag: int, *, signed: bool = False) -> int | None:
        """Return the first of ``integers``."""
        numbers = self.integers(tag, signed=signed)
        return numbers[0] if numbers else None

    def whole_number(self, tag: int) -> int | None:
        """Return the first value of an integer string (IS), None beyond its 32 bits (PS3.5 6.2)."""
        try:
            number = int(self.text(tag))
        except ValueError:
            return None
        return number if abs(number) < _END_OF_INTEGERS else None

    def decimals(self, tag: int) -> tuple[float, ...]:
        """Return decimal strings (DS, IS) up to the first that is no number, or binary floats where an explicit VR says so."""
        value = self._values.get(tag)
        if value is None or not value.data:
            return ()
        if value.vr in (b"FD", b"FL"):
            width, code = (8, "d") if value.vr == b"FD" else (4, "f")
            count = min(len(value.data), _LONGEST_LIST) // width
            return unpack(f"{'>' if self._big_endian else '<'}{count}{code}", value.data[: count * width])
        return _known_decimals(value.data) if len(value.data) <= _SHORT_LIST else _decimals(value.data[:_LONGEST_LIST])

    def decimal(self, tag: int) -> float | None:
        """Return the first of ``decimals``."""
        numbers = self.decimals(tag)
        return numbers[0] if numbers else None

    def real(self, tag: int, width: int) -> float | None:
        """Return the first binary float of an element whose VR is FL (``width`` 4) or FD (8), said or implied; maybe NaN or infinite."""
        value = self._values.get(tag)
        if value is None or len(value.data) < width:
            return None
        number: float = unpack(f"{'>' if self._big_endian else '<'}{_REAL[width]}", value.data[:width])[0]
        return number

    def bulk(self, tag: int) -> Value | None:
        """Return a value that was left where it lies, if it is not empty."""
        value = self._values.get(tag)
        return value if value and value.length and tag in BULK else None
