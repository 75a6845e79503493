"""Data elements, scanned where they lie: tags, lengths and byte offsets without decoding values (PS3.5 section 7).

A scanner of our own rather than pydicom's reader, because rendering wants some forty of an object's elements and the
byte offsets of values, not a data set of Python objects (docs/adr/0007).
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.ports import ByteSource

UNDEFINED_LENGTH = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_DELIMITER = 0xFFFEE00D
SEQUENCE_DELIMITER = 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010

# Value representations with a 32-bit length in explicit encodings (PS3.5 Table 7.1-1).
LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))

_LONGEST_HEADER = 12
MOST_RECORDED = 4096

# Deeper nesting than any IOD has; a hostile object must not exhaust the stack.
_DEEPEST = 48
_CHUNK = 8192

_TOO_MANY = "The object has more elements around (7FE0,0010) Pixel Data than the configured limit (PS3.5 7.1)."
_CUT = "The object ends within the header of an element, before or behind (7FE0,0010) Pixel Data (PS3.5 7.1)."


class Encoding(NamedTuple):
    """How the elements of a data set are written (PS3.5 section 7.1)."""

    implicit_vr: bool
    big_endian: bool


IMPLICIT = Encoding(implicit_vr=True, big_endian=False)
_TAG_AND_LENGTH = {False: Struct("<HHL"), True: Struct(">HHL")}
_SHORT = {False: Struct("<H"), True: Struct(">H")}
_LONG = {False: Struct("<L"), True: Struct(">L")}


class Element(NamedTuple):
    """One element: ``vr`` is b"" in implicit encodings; ``offset`` is that of its value; ``length`` may be UNDEFINED_LENGTH."""

    tag: int
    vr: bytes
    offset: int
    length: int


def name_of(tag: int) -> str:
    """Write a tag as the standard does: (0028,0010)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class Recording:
    """What a scanner reads from ``start`` on: begin and end of each header, and ``reach``, the furthest end of any value.

    Only as many headers are kept as MOST_RECORDED, and one more.
    """

    __slots__ = ("headers", "reach", "start")

    def __init__(self, start: int, end: int) -> None:
        """start, end: of the first header, which has been read."""
        self.start = start
        self.headers = [(start, end)]
        self.reach = end


class Scanner:
    """Reads a source through a window of some kilobytes, so that scattered elements cost few reads."""

    __slots__ = ("_elements_left", "_source", "_start", "_window", "recording", "size")

    def __init__(self, source: ByteSource, most_elements: int) -> None:
        """most_elements: headers of elements and items that may be read, a bound on the time a hostile object takes."""
        self._source = source
        self._elements_left = most_elements
        self._start = 0
        self._window = source.read(0, _CHUNK)
        self.size = source.size
        self.recording: Recording | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end of the source."""
        begin = offset - self._start
        if begin >= 0 and begin + length <= len(self._window):
            return self._window[begin : begin + length]
        if length > _CHUNK:
            return self._source.read(offset, length)
        self._start, self._window = offset, self._source.read(offset, _CHUNK)
        return self._window[:length]

    def element(self, offset: int, encoding: Encoding) -> Element:
        """Read the header of the element at ``offset``; DamagedObject when the source ends within it."""
        self._elements_left -= 1
        if self._elements_left < 0:
            raise LimitExceeded(_TOO_MANY)
        window, begin = self._window, offset - self._start
        if begin < 0 or begin + _LONGEST_HEADER > len(window):
            self.read(offset, _LONGEST_HEADER)
            window, begin = self._window, 0
            if len(window) < 8:
                raise DamagedObject(_CUT)
        implicit_vr, big_endian = encoding
        group, number, length = _TAG_AND_LENGTH[big_endian].unpack_from(window, begin)
        tag, vr, begin_of_value = group << 16 | number, b"", offset + 8
        if not implicit_vr and group != 0xFFFE:
            vr = window[begin + 4 : begin + 6]
            if vr in LONG_VRS:
                if len(window) - begin < _LONGEST_HEADER:
                    raise DamagedObject(f"The object ends within the header of element {name_of(tag)} (PS3.5 7.1).")
                begin_of_value, length = offset + 12, _LONG[big_endian].unpack_from(window, begin + 8)[0]
            elif vr.isupper() and vr.isalpha():
                length = _SHORT[big_endian].unpack_from(window, begin + 6)[0]
            else:
                vr = b""  # some writers slip into implicit elements: the length tells
        if self.recording is not None and len(self.recording.headers) <= MOST_RECORDED:
            self.recording.headers.append((offset, begin_of_value))
        return Element(tag, vr, begin_of_value, length)

    def end_of_value(self, element: Element) -> int:
        """Return the offset behind a value of defined length; DamagedObject when the source ends before it."""
        end = element.offset + element.length
        if end > self.size:
            raise DamagedObject(f"Element {name_of(element.tag)} runs past the end of the object (PS3.5 7.1).")
        if self.recording is not None and end > self.recording.reach:
            self.recording.reach = end
        return end

    def spend(self, elements: int) -> bool:
        """Count elements as read that need not be; False, and nothing counted, when they would be too many."""
        if elements > self._elements_left:
            return False
        self._elements_left -= elements
        return True

    def fragments(self, element: Element) -> Iterator[Element]:
        """Yield the items of encapsulated data, offset table first, then the delimiter (PS3.5 A.4)."""
        offset = element.offset
        while True:
            item = self.element(offset, IMPLICIT)
            if item.tag not in (ITEM, SEQUENCE_DELIMITER) or item.length == UNDEFINED_LENGTH:
                raise DamagedObject(f"Element {name_of(element.tag)} holds {name_of(item.tag)} where a fragment should begin (PS3.5 A.4).")
            yield item
            if item.tag == SEQUENCE_DELIMITER:
                return
            offset = self.end_of_value(item)

    def end_of_fragments(self, element: Element) -> int:
        """Return the offset behind encapsulated data."""
        offset = element.offset
        for item in self.fragments(element):
            offset = item.offset
        return offset


def check_depth(depth: int) -> None:
    """Refuse sequences nested more deeply than any object needs (DamagedObject)."""
    if depth > _DEEPEST:
        raise DamagedObject(f"Items {name_of(ITEM)} are nested more than {_DEEPEST} deep (PS3.5 7.5).")


def inner_encoding(sequence: Element, encoding: Encoding) -> Encoding:
    """Return the encoding inside a sequence: UN of undefined length holds Implicit VR Little Endian (PS3.5 6.2.2 note 2)."""
    return IMPLICIT if sequence.vr == b"UN" else encoding


def swapped(data: bytes, unit: int) -> bytes:
    """Reverse the bytes of every ``unit`` bytes (PS3.5 7.3); an incomplete unit at the end stays as it is."""
    if unit == 1:
        return data
    whole = len(data) // unit * unit
    out = bytearray(data)
    for position in range(unit):
        out[position:whole:unit] = data[unit - 1 - position : whole : unit]
    return bytes(out)
