"""The layout of an object as a Part 10 file in Explicit VR Little Endian: which bytes are written, copied and decoded, in their order.

No value is decoded, so that text keeps its bytes; large values and frames are read only when their turn to be sent has come.
"""

from dataclasses import dataclass
from struct import pack

from wado_core.codecs.decoded import Decoded
from wado_core.dicom import tags
from wado_core.dicom.attribute_reader import AttributeReader
from wado_core.dicom.decoded_frames import DecodedFrames, DecodeFrame, as_sent, described
from wado_core.dicom.element_bytes import delimiter_bytes, element_bytes, header_bytes, text_bytes, uid_bytes
from wado_core.dicom.elements import (
    ITEM,
    ITEM_DELIMITER,
    LONG_VRS,
    PIXEL_DATA,
    SEQUENCE_DELIMITER,
    UNDEFINED_LENGTH,
    Element,
    Encoding,
    Scanner,
    check_depth,
    inner_encoding,
    name_of,
    swapped,
)
from wado_core.dicom.header import PREAMBLE_LENGTH, Header
from wado_core.dicom.value_representation import implied_vr, unit_bytes
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.instance import Instance
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.settings import Limits

# Values up to this size are copied while the object is laid out; larger ones are read when they are sent.
_INLINE_BYTES = 4096
_LONGEST_SHORT_VALUE = 0xFFFE

IMPLEMENTATION_CLASS_UID = "2.25.186284934061438265133207331921373262211"
IMPLEMENTATION_VERSION_NAME = "WADO_0_1"

_ICON_IMAGE_SEQUENCE = 0x00880200


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of the source to be copied, in units of ``unit`` bytes to be swapped (1: as they are)."""

    offset: int
    length: int
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """What decodes a frame of encapsulated pixel data by its number, and the offset at which elements go on behind it."""

    decode_frame: DecodeFrame
    end: int


Piece = bytes | Range | DecodedFrames


class Layout:
    """Lays out the elements of one object as pieces."""

    def __init__(self, header: Header, instance: Instance, limits: Limits, encapsulated: Encapsulated | None) -> None:
        self._encapsulated = encapsulated
        self._header = header
        self._instance = instance
        self._scanner: Scanner = header.scanner
        self._skipper = AttributeReader(header.scanner, (), limits.element_bytes)
        self._pixel = instance.image_pixel
        self._signed = self._pixel is not None and self._pixel.signed and not self._pixel.floating  # which has no Pixel Representation
        self._pieces: list[Piece] = []
        self._inline = bytearray()
        self._room = limits.element_bytes

    def pieces(self) -> list[Piece]:
        """Return the whole file in pieces."""
        self._add(_meta(self._instance))
        first, header = self._first_decoded(), self._header
        replaced = described(as_sent(first, self._pixel), header, self._instance) if first else {}
        self._data_set(header.data_set_offset, self._scanner.size, header.encoding, 0, replaced, first)
        self._flush()
        return self._pieces

    def _first_decoded(self) -> Decoded | None:
        """Decode the first frame of encapsulated pixel data, which tells what all decoded frames look like."""
        return self._encapsulated.decode_frame(1) if self._encapsulated else None

    def _data_set(
        self, offset: int, end: int | None, encoding: Encoding, depth: int, replaced: dict[int, bytes], first: Decoded | None
    ) -> int:
        """Lay out elements up to ``end`` (None: the item delimiter); return the offset behind them."""
        check_depth(depth)
        pending = dict(sorted(replaced.items()))
        while end is None or offset < end:
            element = self._scanner.element(offset, encoding)
            if element.tag == ITEM_DELIMITER and end is None:
                return element.offset
            if element.tag in (ITEM_DELIMITER, SEQUENCE_DELIMITER):  # left over by writers that state lengths as well
                offset = element.offset
                continue
            for tag in [tag for tag in pending if tag <= element.tag]:
                self._add(pending.pop(tag))
            if element.tag in replaced:
                offset = self._scanner.end_of_value(element)
            elif element.tag == PIXEL_DATA and depth == 0:
                offset = self._pixel_data(element, first)
                end = self._end_of_data_set(offset)
            elif element.tag == _ICON_IMAGE_SEQUENCE and self._instance.transfer_syntax.encapsulated:
                offset = self._skipper.end_of(element, encoding)  # its pixels may be encapsulated as well; it is optional (F.7)
            else:
                offset = self._element(element, encoding, depth)
        return offset

    def _end_of_data_set(self, offset: int) -> int:
        """Return where elements behind the pixel data end: what is too short for one, or zeros, is what writers leave behind."""
        size = self._scanner.size
        return offset if size - offset < 8 or not any(self._scanner.read(offset, 8)) else size

    def _element(self, element: Element, encoding: Encoding, depth: int) -> int:
        vr = element.vr or implied_vr(element.tag, signed=self._signed)
        if element.tag & 0xFFFF == 0 and element.tag >> 16 > 2:  # group lengths are retired (PS3.5 7.2), and would be wrong
            return self._scanner.end_of_value(element)
        if element.length == UNDEFINED_LENGTH and vr in (b"OB", b"OW"):
            end = self._scanner.end_of_fragments(element)
            self._add(header_bytes(element.tag, vr, UNDEFINED_LENGTH))
            self._copied(Range(element.offset, end - element.offset))
            return end
        if element.length == UNDEFINED_LENGTH or vr == b"SQ":
            return self._sequence(element, encoding, depth + 1)
        end = self._scanner.end_of_value(element)
        length = element.length
        if vr not in LONG_VRS and length > _LONGEST_SHORT_VALUE:
            vr = b"UN"  # PS3.5 6.2.2 note 4
        unit = unit_bytes(vr) if encoding.big_endian else 1
        self._add(header_bytes(element.tag, vr, length + length % 2))
        self._copied(Range(element.offset, length, unit))
        if length % 2:
            self._add(b"\0" if unit_bytes(vr) > 1 or vr in (b"UI", b"OB", b"UN") else b" ")
        return end

    def _sequence(self, sequence: Element, encoding: Encoding, depth: int) -> int:
        """Lay out a sequence with delimiters, so that no length need be known before its items."""
        inner = inner_encoding(sequence, encoding)
        end = None if sequence.length == UNDEFINED_LENGTH else self._scanner.end_of_value(sequence)
        self._add(header_bytes(sequence.tag, b"SQ", UNDEFINED_LENGTH))
        offset = sequence.offset
        while end is None or offset < end:
            item = self._scanner.element(offset, inner)
            if item.tag == SEQUENCE_DELIMITER:
                offset = item.offset
                break
            if item.tag != ITEM:
                raise DamagedObject(f"Sequence {name_of(sequence.tag)} holds {name_of(item.tag)} where an item should begin (PS3.5 7.5).")
            self._add(delimiter_bytes(ITEM, UNDEFINED_LENGTH))
            item_end = None if item.length == UNDEFINED_LENGTH else self._scanner.end_of_value(item)
            offset = self._data_set(item.offset, item_end, inner, depth, {}, None)
            self._add(delimiter_bytes(ITEM_DELIMITER, 0))
        self._add(delimiter_bytes(SEQUENCE_DELIMITER, 0))
        return offset

    def _pixel_data(self, element: Element, first: Decoded | None) -> int:
        if first is not None and self._encapsulated is not None:
            pixel = as_sent(first, self._pixel)
            bits = pixel.rows * pixel.columns * pixel.samples_per_pixel * pixel.bits_allocated
            length = (bits * self._instance.number_of_frames + 7) // 8
            if length >= UNDEFINED_LENGTH - 1:
                raise LimitExceeded("(7FE0,0010) Pixel Data is longer when decoded than Explicit VR Little Endian can hold (PS3.5 A.2).")
            length += length % 2
            self._add(header_bytes(PIXEL_DATA, b"OB" if pixel.bits_allocated <= 8 else b"OW", length))
            self._flush()
            self._pieces.append(DecodedFrames(length, first, packed=pixel.bits_allocated == 1))
            return self._encapsulated.end
        if element.length == UNDEFINED_LENGTH:
            raise DamagedObject("(7FE0,0010) Pixel Data is native and has an undefined length (PS3.5 A.4).")
        end = self._scanner.end_of_value(element)
        vr, unit = self._native_form(element)
        self._add(header_bytes(PIXEL_DATA, vr, element.length + element.length % 2))
        self._copied(Range(element.offset, element.length, unit))
        self._add(bytes(element.length % 2))
        return end

    def _native_form(self, element: Element) -> tuple[bytes, int]:
        """Return the VR that native pixel data gets, and how many of its bytes are to be turned round at a time (PS3.5 8.1.1, A.2)."""
        bits = self._pixel.bits_allocated if self._pixel else 16
        vr = b"OB" if element.vr == b"OB" else b"OW"
        if not self._header.encoding.big_endian:
            return vr, 1
        if vr == b"OW" and (self._instance.frames is None or self._instance.frames.words_swapped):
            return vr, 2
        return vr if bits <= 8 else b"OW", max(bits // 8, 1)

    def _add(self, data: bytes) -> None:
        self._inline += data
        self._room -= len(data)
        if self._room < 0:
            raise LimitExceeded("What stands around (7FE0,0010) Pixel Data is larger than the configured limit (PS3.5 7.1).")

    def _copied(self, piece: Range) -> None:
        if piece.length <= _INLINE_BYTES:
            self._add(swapped(self._scanner.read(piece.offset, piece.length), piece.unit))
            return
        self._flush()
        self._pieces.append(piece)

    def _flush(self) -> None:
        if self._inline:
            self._pieces.append(bytes(self._inline))
            self._inline.clear()


def _meta(instance: Instance) -> bytes:
    """Return preamble and File Meta Information of our own (PS3.10 7.1)."""
    elements = b"".join(
        (
            element_bytes(0x00020001, b"OB", b"\0\1"),
            element_bytes(0x00020002, b"UI", uid_bytes(instance.sop_class_uid)),
            element_bytes(0x00020003, b"UI", uid_bytes(instance.key.object_uid)),
            element_bytes(tags.TRANSFER_SYNTAX_UID, b"UI", uid_bytes(EXPLICIT_VR_LITTLE_ENDIAN)),
            element_bytes(0x00020012, b"UI", uid_bytes(IMPLEMENTATION_CLASS_UID)),
            element_bytes(0x00020013, b"SH", text_bytes(IMPLEMENTATION_VERSION_NAME)),
        )
    )
    return bytes(PREAMBLE_LENGTH - 4) + b"DICM" + element_bytes(0x00020000, b"UL", pack("<L", len(elements))) + elements
