"""Fragments: the items of encapsulated pixel data, scanned to where they break off (PS3.5 A.4).

What is broken costs no more than it must: everything before the break is kept, and the break is told.
"""

from array import array
from dataclasses import dataclass, field
from struct import Struct

from wado_core.dicom.elements import ITEM, SEQUENCE_DELIMITER, UNDEFINED_LENGTH, Element, Scanner, name_of
from wado_core.errors import LimitExceeded
from wado_core.model import transfer_syntax as syntaxes

TOO_MANY = "(7FE0,0010) Pixel Data has more fragments than its frames can need (PS3.5 A.4)."

_HEADER = Struct("<HHL")
_HEADER_BYTES = 8
_DELIMITER = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_ITEM_TAG = b"\xfe\xff\x00\xe0"

# Start of an image in JPEG and JPEG-LS (SOI and the next marker), JPEG 2000 and HTJ2K (SOC, SIZ), and their file format.
_IMAGES = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
# Start of a JPEG XL code stream, and of its container (ISO/IEC 18181-2).
_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")
# Start of the header of an RLE frame: 1 to 15 segments, the first at byte 64 (PS3.5 G.5).
_RLE = tuple(bytes((segments, 0, 0, 0, 64, 0, 0, 0)) for segments in range(1, 16))
_LONGEST = 8
_SHORTEST_RLE = 64


def beginnings_of(transfer_syntax_uid: str) -> tuple[bytes, ...]:
    """Return what the frames of a transfer syntax begin with; nothing where that is not to be told."""
    if transfer_syntax_uid == syntaxes.RLE_LOSSLESS:
        return _RLE
    if transfer_syntax_uid in (syntaxes.JPEG_XL_LOSSLESS, syntaxes.JPEG_XL_RECOMPRESSION, syntaxes.JPEG_XL):
        return (*_IMAGES, *_JPEG_XL)
    if transfer_syntax_uid == syntaxes.DEFLATED_IMAGE_FRAME or syntaxes.transfer_syntax(transfer_syntax_uid).video:
        return ()
    return _IMAGES


@dataclass(slots=True)
class Fragments:
    """The fragments of encapsulated pixel data, without its offset table.

    offsets, lengths: of each fragment, in bytes; what lies beyond the end of the object is cut off.
    beginnings: the places, counted from 0, of the fragments with which a code stream begins.
    table: the item of the Basic Offset Table, None where it is missing.  origin: offset of the item that its entries count from.
    end: offset behind all items.  closed: elements may follow there.
    problem: where they break off, tag first; "" where they end as they must, or with the object.
    """

    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    beginnings: "array[int]" = field(default_factory=lambda: array("q"))
    table: Element | None = None
    origin: int = 0
    end: int = 0
    closed: bool = False
    problem: str = ""


def holds_fragments(scanner: Scanner, pixel_data: Element, transfer_syntax_uid: str) -> bool:
    """Whether encapsulated pixel data of whatever length holds items, or at least a frame without any around it."""
    if pixel_data.length == UNDEFINED_LENGTH:
        return True
    head = scanner.read(pixel_data.offset, min(pixel_data.length, _LONGEST))
    return head.startswith((_ITEM_TAG, *beginnings_of(transfer_syntax_uid)))


def scan_fragments(scanner: Scanner, pixel_data: Element, beginnings: tuple[bytes, ...], most: int) -> Fragments:
    """Find the fragments of (7FE0,0010) Pixel Data, of undefined length, or of a defined one as some writers state it.

    beginnings: what frames begin with.  most: fragments that may be.
    Reads each item's header and the first bytes of its value at once, and nothing else. Raises LimitExceeded.
    """
    found = Fragments(origin=pixel_data.offset)
    bounded = pixel_data.length != UNDEFINED_LENGTH
    stop = min(pixel_data.offset + pixel_data.length, scanner.size) if bounded else scanner.size
    if bounded and scanner.read(pixel_data.offset, len(_ITEM_TAG)) != _ITEM_TAG:
        return _bare(pixel_data, stop)
    heads = _Heads(beginnings, found.beginnings)
    offset, odd, first = pixel_data.offset, False, True
    while True:
        data = scanner.read(offset, _HEADER_BYTES + _LONGEST)
        if offset + _HEADER_BYTES > stop:
            rest = data[: max(stop - offset, 0)]
            harmless = not any(rest) or _DELIMITER.startswith(rest)
            found.problem = "" if harmless else _broken("ends within the header of a fragment")
            found.closed = bounded
            break
        group, number, length = _HEADER.unpack_from(data)
        tag = group << 16 | number
        if tag == SEQUENCE_DELIMITER:
            offset += _HEADER_BYTES
            found.closed = True
            break
        if tag != ITEM and odd:  # an odd length that does not count its padding
            offset, odd = offset + 1, False
            continue
        if tag != ITEM or length == UNDEFINED_LENGTH:
            what = "a fragment of undefined length" if tag == ITEM else f"{name_of(tag)} where a fragment should begin"
            found.problem = _broken(f"holds {what}")
            break
        if not scanner.spend(1):
            raise LimitExceeded("(7FE0,0010) Pixel Data has more fragments than the configured limit of elements (PS3.5 A.4).")
        value, offset = offset + _HEADER_BYTES, offset + _HEADER_BYTES + length
        if offset > stop:
            found.problem = _broken("ends within a fragment")
        if first and _is_offset_table(data, length, beginnings):
            found.table, found.origin = Element(ITEM, b"", value, min(length, stop - value)), offset
        else:
            heads.add(data[_HEADER_BYTES : _HEADER_BYTES + length])
            found.offsets.append(value)
            found.lengths.append(min(length, stop - value))
            if len(found.offsets) > most:
                raise LimitExceeded(TOO_MANY)
        first, odd = False, length % 2 == 1
        if offset > stop:
            break
    found.end = stop if bounded else min(offset, scanner.size)
    return found


def _bare(pixel_data: Element, stop: int) -> Fragments:
    """Return the one fragment of a frame that was written without an item around it."""
    problem = _broken("ends within its only frame") if pixel_data.offset + pixel_data.length > stop else ""
    offsets, lengths = array("q", (pixel_data.offset,)), array("q", (stop - pixel_data.offset,))
    return Fragments(offsets, lengths, array("q", (0,)), None, pixel_data.offset, stop, closed=True, problem=problem)


def _broken(how: str) -> str:
    return f"(7FE0,0010) Pixel Data {how} (PS3.5 A.4); what follows was ignored."


def _is_offset_table(data: bytes, length: int, beginnings: tuple[bytes, ...]) -> bool:
    """Whether the first item holds the offset table, whose first entry is 0, and not the first frame, as some writers begin."""
    value = data[_HEADER_BYTES : _HEADER_BYTES + length]
    if beginnings == _RLE and length < _SHORTEST_RLE:
        return True  # a wrong table may begin with 8 and 64, as the header of a frame does
    return value[:4] == bytes(4) or not value.startswith(beginnings or (b"\0\0\1", b"\0\0\0\1"))


class _Heads:
    """Tells with which fragments a code stream begins, also where the first of its bytes are scattered over several."""

    __slots__ = ("_beginnings", "_pending", "_place", "_places")

    def __init__(self, beginnings: tuple[bytes, ...], places: "array[int]") -> None:
        """places: where the places of such fragments are added, in order."""
        self._beginnings = beginnings
        self._places = places
        self._place = 0
        self._pending: list[tuple[int, bytes]] = []

    def add(self, head: bytes) -> None:
        """Take the first bytes of the next fragment, as many as are needed or all there are."""
        place, beginnings = self._place, self._beginnings
        self._place += 1
        if self._pending:
            waiting, self._pending = self._pending, []
            for earlier, begun in waiting:
                self._decide(earlier, begun + head)
        if head.startswith(beginnings):
            self._places.append(place)
        elif len(head) < _LONGEST and head:
            self._decide(place, head)

    def _decide(self, place: int, head: bytes) -> None:
        if head.startswith(self._beginnings):
            self._places.append(place)
        elif any(beginning.startswith(head) for beginning in self._beginnings):
            self._pending.append((place, head))
