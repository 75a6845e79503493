"""Attributes: the wanted elements of a data set, found in one pass and decoded when asked for (PS3.5 section 6.2)."""

from collections.abc import Collection
from struct import unpack
from typing import NamedTuple

from wado_core.dicom.elements import (
    ITEM,
    ITEM_DELIMITER,
    PIXEL_DATA,
    SEQUENCE_DELIMITER,
    UNDEFINED_LENGTH,
    Element,
    Encoding,
    Scanner,
    check_depth,
    inner_encoding,
    name_of,
)
from wado_core.dicom.tags import BULK
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.byte_range import ByteRange

_END_OF_INTEGERS = 1 << 31
# Bytes of a list of values that are looked at: only look-up tables and offset tables are longer, and they are not read as lists.
_LONGEST_LIST = 1 << 16
_INTEGER = {(2, False): "H", (2, True): "h", (4, False): "I", (4, True): "i", (8, False): "Q", (8, True): "q"}


class Value(NamedTuple):
    """An element's value as it is stored, and its VR (b"" when implicit).

    bulk: where a value lies that was not read (``data`` is empty then).
    """

    vr: bytes
    data: bytes
    bulk: ByteRange | None = None


class Attributes:
    """The wanted elements of one data set or item.

    Every accessor is forgiving: what is absent, empty or unreadable is None or an empty tuple, since what a value must
    be is for the module to say that it belongs to.
    """

    __slots__ = ("_big_endian", "_sequences", "_values")

    def __init__(self, big_endian: bool) -> None:
        self._big_endian = big_endian
        self._values: dict[int, Value] = {}
        self._sequences: dict[int, tuple[Attributes, ...]] = {}

    def add(self, tag: int, value: Value) -> None:
        """Keep a value; the first of a repeated tag counts."""
        self._values.setdefault(tag, value)

    def add_items(self, tag: int, items: tuple["Attributes", ...]) -> None:
        """Keep the items of a sequence."""
        self._sequences.setdefault(tag, items)

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
        return tuple(part.strip(" \0\t\r\n") for part in value.data[:_LONGEST_LIST].decode("latin-1").split("\\"))

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
        numbers = []
        for text in self.texts(tag):
            try:
                numbers.append(float(text))
            except ValueError:
                break
        return tuple(numbers)

    def decimal(self, tag: int) -> float | None:
        """Return the first of ``decimals``."""
        numbers = self.decimals(tag)
        return numbers[0] if numbers else None

    def bulk(self, tag: int) -> Value | None:
        """Return a value that was left where it lies, if it is not empty."""
        value = self._values.get(tag)
        return value if value and value.bulk and value.bulk.length else None


class AttributeReader:
    """Reads the wanted attributes of data sets in a single pass, however deeply others are nested."""

    __slots__ = ("_most_bytes", "_scanner", "_wanted")

    def __init__(self, scanner: Scanner, wanted: Collection[int], most_bytes: int) -> None:
        """wanted: tags, at whatever level they occur below wanted sequences.  most_bytes: bound on the sum of their values."""
        self._scanner = scanner
        self._wanted = frozenset(wanted)
        self._most_bytes = most_bytes

    def data_set(self, offset: int, encoding: Encoding) -> tuple[Attributes, Element | None]:
        """Read from ``offset`` to the pixel data or the end; return the attributes, and the header of the pixel data."""
        attributes = Attributes(encoding.big_endian)
        pixel_data: list[Element] = []
        self._read(attributes, offset, self._scanner.size, encoding, 0, pixel_data)
        return attributes, pixel_data[0] if pixel_data else None

    def end_of(self, element: Element, encoding: Encoding) -> int:
        """Return the offset behind an element of whatever length."""
        if element.length == UNDEFINED_LENGTH:
            return self._read_items(None, element, encoding, 1)
        return self._scanner.end_of_value(element)

    def _read(
        self, into: Attributes | None, offset: int, end: int | None, encoding: Encoding, depth: int, pixel_data: list[Element] | None = None
    ) -> int:
        """Read elements up to ``end`` (None: the item delimiter) and return the offset behind them; ``into`` None skips."""
        scanner, wanted = self._scanner, self._wanted
        check_depth(depth)
        while end is None or offset < end:
            element = scanner.element(offset, encoding)
            tag = element.tag
            if tag == ITEM_DELIMITER and end is None:
                return element.offset
            if pixel_data is not None and tag in (PIXEL_DATA, 0x7FE00008, 0x7FE00009):
                pixel_data.append(element)
                return offset
            keep = into if tag in wanted else None
            if element.length == UNDEFINED_LENGTH or (keep is not None and self._is_sequence(element)):
                offset = self._read_items(keep, element, encoding, depth + 1)
                continue
            offset = scanner.end_of_value(element)
            if keep is not None and tag in BULK:
                keep.add(tag, Value(element.vr, b"", ByteRange(element.offset, element.length)))
            elif keep is not None:
                self._most_bytes -= element.length
                if self._most_bytes < 0:
                    raise LimitExceeded(f"Element {name_of(tag)} is larger than the configured limit.")
                keep.add(tag, Value(element.vr, scanner.read(element.offset, element.length)))
        return offset

    @staticmethod
    def _is_sequence(element: Element) -> bool:
        return element.vr == b"SQ" or (element.vr in (b"", b"UN") and element.tag in SEQUENCES)

    def _read_items(self, into: Attributes | None, sequence: Element, encoding: Encoding, depth: int) -> int:
        scanner = self._scanner
        if sequence.vr in (b"OB", b"OW"):
            return scanner.end_of_fragments(sequence)
        inner = inner_encoding(sequence, encoding)
        end = None if sequence.length == UNDEFINED_LENGTH else scanner.end_of_value(sequence)
        offset, items = sequence.offset, []
        while end is None or offset < end:
            item = scanner.element(offset, inner)
            if item.tag == SEQUENCE_DELIMITER:
                offset = item.offset
                break
            if item.tag != ITEM:
                raise DamagedObject(f"Sequence {name_of(sequence.tag)} holds {name_of(item.tag)} where an item should begin.")
            attributes = Attributes(inner.big_endian) if into is not None else None
            if item.length != UNDEFINED_LENGTH and attributes is None:
                offset = scanner.end_of_value(item)
            else:
                item_end = None if item.length == UNDEFINED_LENGTH else scanner.end_of_value(item)
                offset = self._read(attributes, item.offset, item_end, inner, depth)
            if attributes is not None:
                items.append(attributes)
        if into is not None:
            into.add_items(sequence.tag, tuple(items))
        return offset


# Sequences that are read into, known by tag where the encoding does not say VR SQ.
MODALITY_LUT_SEQUENCE = 0x00283000
VOI_LUT_SEQUENCE = 0x00283010
PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x00289145
FRAME_VOI_LUT_SEQUENCE = 0x00289132
SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009229
PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009230
SEQUENCES = frozenset(
    (
        MODALITY_LUT_SEQUENCE,
        VOI_LUT_SEQUENCE,
        PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
        FRAME_VOI_LUT_SEQUENCE,
        SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    )
)
