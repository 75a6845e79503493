"""Objects as Part 10 files in Explicit VR Little Endian, streamed in bounded memory (PS3.10 7, A5.1, A4.103, A4.104).

A file that is one already is sent as it lies, and so is video. Any other is rewritten element by element without decoding a value, so that
text keeps its bytes; large values and frames are read only when their turn to be sent has come. (A deflated object is
inflated into memory first, up to a limit.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.registry import Decode
from wado_core.codecs.registry import decode as decode_here
from wado_core.dicom import tags
from wado_core.dicom.attribute_reader import AttributeReader
from wado_core.dicom.decodable import decodable_pixel
from wado_core.dicom.decoded_frames import DecodedFrames, DecodeFrame, as_sent, send_frames
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
from wado_core.dicom.frame_index import find_frames, stated_frames
from wado_core.dicom.frames import joined
from wado_core.dicom.header import PREAMBLE_LENGTH, Header, read_header
from wado_core.dicom.photometric import interpretation, samples_of
from wado_core.dicom.source import Inflate, inflated
from wado_core.dicom.value_representation import implied_vr, unit_bytes
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.model.uid import LONGEST_UID
from wado_core.ports import ByteSource
from wado_core.settings import Limits

CHUNK_BYTES = 256 * 1024
# Values up to this size are copied while the object is laid out; larger ones are read when they are sent.
_INLINE_BYTES = 4096
_LONGEST_SHORT_VALUE = 0xFFFE

IMPLEMENTATION_CLASS_UID = "2.25.186284934061438265133207331921373262211"
IMPLEMENTATION_VERSION_NAME = "WADO_0_1"
_TARGET = Encoding(implicit_vr=False, big_endian=False)

@dataclass(frozen=True, slots=True)
class PartTen:
    """A Part 10 file to be sent: its length in bytes, and its bytes in chunks of some hundred kilobytes."""

    length: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class _Range:
    """Bytes of the source to be copied, in units of ``unit`` bytes to be swapped (1: as they are)."""

    offset: int
    length: int
    unit: int = 1


@dataclass(frozen=True, slots=True)
class _Encapsulated:
    """What decodes a frame of encapsulated pixel data by its number, and the offset at which elements go on behind it."""

    decode_frame: DecodeFrame
    end: int


_Piece = bytes | _Range | DecodedFrames


def part_ten(
    source: ByteSource, instance: Instance, limits: Limits, decode: Decode = decode_here, inflate: Inflate = inflated
) -> PartTen:
    """Lay an object out as a Part 10 file in Explicit VR Little Endian.

    decode, inflate: how frames are decoded and a deflated object is inflated.
    Everything that can be wrong with the object is raised here, before the first byte is sent, except for damage within
    frames: DamagedObject, NotSupported (frames that cannot be decoded), LimitExceeded.
    """
    header = read_header(source, limits, inflate)
    is_target = header.stated_transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN and header.encoding == _TARGET
    if header.pixel_data is not None and header.pixel_data.length != UNDEFINED_LENGTH:
        header.scanner.end_of_value(header.pixel_data)  # a file that ends within its pixel data is none to hand on
    if header.has_preamble and (is_target or instance.transfer_syntax.video):  # no other form can hold video (A4.103)
        return PartTen(source.size, _copy(source, _Range(0, source.size)))
    if instance.transfer_syntax.video:
        raise NotSupported(
            "Video in (7FE0,0010) Pixel Data is handed out as a file as it is stored, and this object is none: no preamble (PS3.10 7.1)."
        )
    encapsulated = _encapsulated(header, instance, limits, decode)
    pieces = _Layout(header, instance, limits, encapsulated).pieces()
    length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in pieces)
    return PartTen(length, _send(pieces, header.source, instance, encapsulated.decode_frame if encapsulated else None))


def _encapsulated(header: Header, instance: Instance, limits: Limits, decode: Decode) -> _Encapsulated | None:
    """Return the frames of encapsulated pixel data, None where there is nothing to decode.

    Where they lie is found in the object itself, which has to be gone through anyway: an instance out of the index holds the
    columns of some frames only.
    """
    if instance.frames is None or not instance.frames.encapsulated or header.pixel_data is None:
        return None
    pixel = decodable_pixel(instance, limits)
    found = find_frames(header.scanner, header.pixel_data, header.attributes, instance.transfer_syntax)
    end = found.layout.offset + found.layout.length if found.closed else header.scanner.size

    def decode_frame(frame_number: int) -> Decoded:
        encoded = joined(header.source, found.columns.fragments(frame_number), frame_number)
        return decode(encoded, pixel, instance.transfer_syntax_uid, None, frame_number)

    return _Encapsulated(decode_frame, end)


def _send(pieces: list[_Piece], source: ByteSource, instance: Instance, decode_frame: DecodeFrame | None) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        elif isinstance(piece, _Range):
            yield from _copy(source, piece)
        elif decode_frame is not None:
            yield from send_frames(piece, instance.number_of_frames, decode_frame)


def _copy(source: ByteSource, piece: _Range) -> Iterator[bytes]:
    for offset in range(piece.offset, piece.offset + piece.length, CHUNK_BYTES):
        length = min(CHUNK_BYTES, piece.offset + piece.length - offset)
        data = source.read(offset, length)
        if len(data) < length:
            raise DamagedObject("The object ends within (7FE0,0010) Pixel Data or a large value before it (PS3.5 7.1).")
        yield swapped(data, piece.unit)


class _Layout:
    """Lays out the elements of one object as pieces."""

    def __init__(self, header: Header, instance: Instance, limits: Limits, encapsulated: _Encapsulated | None) -> None:
        self._encapsulated = encapsulated
        self._header = header
        self._instance = instance
        self._scanner: Scanner = header.scanner
        self._skipper = AttributeReader(header.scanner, (), limits.element_bytes)
        self._pixel = instance.image_pixel
        self._signed = self._pixel is not None and self._pixel.signed and not self._pixel.floating  # which has no Pixel Representation
        self._pieces: list[_Piece] = []
        self._inline = bytearray()
        self._room = limits.element_bytes

    def pieces(self) -> list[_Piece]:
        """Return the whole file in pieces."""
        self._add(self._meta())
        first, header = self._first_decoded(), self._header
        replaced = self._replaced(as_sent(first, self._pixel) if first else None)
        self._data_set(header.data_set_offset, self._scanner.size, header.encoding, 0, replaced, first)
        self._flush()
        return self._pieces

    def _meta(self) -> bytes:
        """Return preamble and File Meta Information of our own (PS3.10 7.1)."""
        instance = self._instance
        elements = b"".join(
            (
                _element(0x00020001, b"OB", b"\0\1"),
                _element(0x00020002, b"UI", _uid(instance.sop_class_uid)),
                _element(0x00020003, b"UI", _uid(instance.key.object_uid)),
                _element(tags.TRANSFER_SYNTAX_UID, b"UI", _uid(EXPLICIT_VR_LITTLE_ENDIAN)),
                _element(0x00020012, b"UI", _uid(IMPLEMENTATION_CLASS_UID)),
                _element(0x00020013, b"SH", _text(IMPLEMENTATION_VERSION_NAME)),
            )
        )
        return bytes(PREAMBLE_LENGTH - 4) + b"DICM" + _element(0x00020000, b"UL", pack("<L", len(elements))) + elements

    def _first_decoded(self) -> Decoded | None:
        """Decode the first frame of encapsulated pixel data, which tells what all decoded frames look like."""
        return self._encapsulated.decode_frame(1) if self._encapsulated else None

    def _replaced(self, pixel: ImagePixel | None) -> dict[int, bytes]:
        """Return the elements that describe decoded frames (A4.104), by tag; empty bytes leave an element out."""
        if pixel is None:
            return {}
        planar = pack("<H", 0) if pixel.samples_per_pixel > 1 else None
        photometric = pixel.photometric_interpretation
        stated = interpretation(self._header.attributes.text(tags.PHOTOMETRIC_INTERPRETATION), pixel.samples_per_pixel)
        if pixel.samples_per_pixel == 1 == samples_of(stated):
            photometric = stated  # no decoder changes what one sample is; indices without a palette are only drawn as gray values
        replaced = {
            tags.SAMPLES_PER_PIXEL: _element(tags.SAMPLES_PER_PIXEL, b"US", pack("<H", pixel.samples_per_pixel)),
            tags.PHOTOMETRIC_INTERPRETATION: _element(tags.PHOTOMETRIC_INTERPRETATION, b"CS", _text(photometric)),
            tags.PLANAR_CONFIGURATION: _element(tags.PLANAR_CONFIGURATION, b"US", planar) if planar else b"",
            tags.ROWS: _element(tags.ROWS, b"US", pack("<H", pixel.rows)),
            tags.COLUMNS: _element(tags.COLUMNS, b"US", pack("<H", pixel.columns)),
            tags.BITS_ALLOCATED: _element(tags.BITS_ALLOCATED, b"US", pack("<H", pixel.bits_allocated)),
            tags.BITS_STORED: _element(tags.BITS_STORED, b"US", pack("<H", pixel.bits_stored)),
            tags.HIGH_BIT: _element(tags.HIGH_BIT, b"US", pack("<H", pixel.high_bit)),
            tags.PIXEL_REPRESENTATION: _element(tags.PIXEL_REPRESENTATION, b"US", pack("<H", pixel.signed)),
            tags.EXTENDED_OFFSET_TABLE: b"",
            tags.EXTENDED_OFFSET_TABLE_LENGTHS: b"",
            _ENCAPSULATED_TOTAL_LENGTH: b"",
        }
        if stated_frames(self._header.attributes)[0] != self._instance.number_of_frames:
            replaced[tags.NUMBER_OF_FRAMES] = _element(tags.NUMBER_OF_FRAMES, b"IS", _text(str(self._instance.number_of_frames)))
        if self._is_lossy():
            replaced[_LOSSY_IMAGE_COMPRESSION] = _element(_LOSSY_IMAGE_COMPRESSION, b"CS", b"01")
        return replaced

    def _is_lossy(self) -> bool:
        """Say whether decoded frames are marked as lossy (PS3.3 C.7.6.1.1.5): as the code stream tells, else as the transfer syntax may be.

        A reversible stream leaves the mark as it is stored: what was compressed may have been lossy before.
        """
        stream = self._instance.code_stream
        if stream is None or stream.lossy is None:
            return self._instance.transfer_syntax.lossy
        return stream.lossy

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
            self._add(_header(element.tag, vr, UNDEFINED_LENGTH))
            self._copied(_Range(element.offset, end - element.offset))
            return end
        if element.length == UNDEFINED_LENGTH or vr == b"SQ":
            return self._sequence(element, encoding, depth + 1)
        end = self._scanner.end_of_value(element)
        length = element.length
        if vr not in LONG_VRS and length > _LONGEST_SHORT_VALUE:
            vr = b"UN"  # PS3.5 6.2.2 note 4
        unit = unit_bytes(vr) if encoding.big_endian else 1
        self._add(_header(element.tag, vr, length + length % 2))
        self._copied(_Range(element.offset, length, unit))
        if length % 2:
            self._add(b"\0" if unit_bytes(vr) > 1 or vr in (b"UI", b"OB", b"UN") else b" ")
        return end

    def _sequence(self, sequence: Element, encoding: Encoding, depth: int) -> int:
        """Lay out a sequence with delimiters, so that no length need be known before its items."""
        inner = inner_encoding(sequence, encoding)
        end = None if sequence.length == UNDEFINED_LENGTH else self._scanner.end_of_value(sequence)
        self._add(_header(sequence.tag, b"SQ", UNDEFINED_LENGTH))
        offset = sequence.offset
        while end is None or offset < end:
            item = self._scanner.element(offset, inner)
            if item.tag == SEQUENCE_DELIMITER:
                offset = item.offset
                break
            if item.tag != ITEM:
                raise DamagedObject(f"Sequence {name_of(sequence.tag)} holds {name_of(item.tag)} where an item should begin (PS3.5 7.5).")
            self._add(_delimiter(ITEM, UNDEFINED_LENGTH))
            item_end = None if item.length == UNDEFINED_LENGTH else self._scanner.end_of_value(item)
            offset = self._data_set(item.offset, item_end, inner, depth, {}, None)
            self._add(_delimiter(ITEM_DELIMITER, 0))
        self._add(_delimiter(SEQUENCE_DELIMITER, 0))
        return offset

    def _pixel_data(self, element: Element, first: Decoded | None) -> int:
        if first is not None and self._encapsulated is not None:
            pixel = as_sent(first, self._pixel)
            bits = pixel.rows * pixel.columns * pixel.samples_per_pixel * pixel.bits_allocated
            length = (bits * self._instance.number_of_frames + 7) // 8
            if length >= UNDEFINED_LENGTH - 1:
                raise LimitExceeded("(7FE0,0010) Pixel Data is longer when decoded than Explicit VR Little Endian can hold (PS3.5 A.2).")
            length += length % 2
            self._add(_header(PIXEL_DATA, b"OB" if pixel.bits_allocated <= 8 else b"OW", length))
            self._flush()
            self._pieces.append(DecodedFrames(length, first, packed=pixel.bits_allocated == 1))
            return self._encapsulated.end
        if element.length == UNDEFINED_LENGTH:
            raise DamagedObject("(7FE0,0010) Pixel Data is native and has an undefined length (PS3.5 A.4).")
        end = self._scanner.end_of_value(element)
        vr, unit = self._native_form(element)
        self._add(_header(PIXEL_DATA, vr, element.length + element.length % 2))
        self._copied(_Range(element.offset, element.length, unit))
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

    def _copied(self, piece: _Range) -> None:
        if piece.length <= _INLINE_BYTES:
            self._add(swapped(self._scanner.read(piece.offset, piece.length), piece.unit))
            return
        self._flush()
        self._pieces.append(piece)

    def _flush(self) -> None:
        if self._inline:
            self._pieces.append(bytes(self._inline))
            self._inline.clear()


_ICON_IMAGE_SEQUENCE = 0x00880200
_LOSSY_IMAGE_COMPRESSION = 0x00282110
_ENCAPSULATED_TOTAL_LENGTH = 0x7FE00003


def _header(tag: int, vr: bytes, length: int) -> bytes:
    if vr in LONG_VRS:
        return pack("<HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, length)
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, length)


def _delimiter(tag: int, length: int) -> bytes:
    return pack("<HHL", tag >> 16, tag & 0xFFFF, length)


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    return _header(tag, vr, len(value)) + value


def _uid(uid: str) -> bytes:
    data = uid.encode("latin-1")[:LONGEST_UID]  # as it was read
    return data + b"\0" * (len(data) % 2)


def _text(text: str) -> bytes:
    data = text.encode("latin-1")[:16]  # as it was read; the longest CS and SH (PS3.5 6.2)
    return data + b" " * (len(data) % 2)
