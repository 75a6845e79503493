"""Objects as Part 10 files in Explicit VR Little Endian, streamed in bounded memory (PS3.10 7, A5.1, A4.103, A4.104).

A file that is one already is sent as it lies, and so is video. Any other is rewritten element by element. (A deflated object is
inflated into memory first, up to a limit.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.registry import Decode
from wado_core.codecs.registry import decode as decode_here
from wado_core.dicom.decodable import decodable_pixel
from wado_core.dicom.decoded_frames import DecodeFrame, send_frames
from wado_core.dicom.elements import UNDEFINED_LENGTH, Encoding, swapped
from wado_core.dicom.frame_index import find_frames
from wado_core.dicom.frames import joined
from wado_core.dicom.header import Header, read_header
from wado_core.dicom.part_ten_layout import Encapsulated, Layout, Piece, Range
from wado_core.dicom.source import Inflate, inflated
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.instance import Instance
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.ports import ByteSource
from wado_core.settings import Limits

CHUNK_BYTES = 256 * 1024

_TARGET = Encoding(implicit_vr=False, big_endian=False)


@dataclass(frozen=True, slots=True)
class PartTen:
    """A Part 10 file to be sent: its length in bytes, and its bytes in chunks of some hundred kilobytes."""

    length: int
    chunks: Iterator[bytes]


def part_ten(source: ByteSource, instance: Instance, limits: Limits, decode: Decode = decode_here, inflate: Inflate = inflated) -> PartTen:
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
        return PartTen(source.size, _copy(source, Range(0, source.size)))
    if instance.transfer_syntax.video:
        raise NotSupported(
            "Video in (7FE0,0010) Pixel Data is handed out as a file as it is stored, and this object is none: no preamble (PS3.10 7.1)."
        )
    encapsulated = _encapsulated(header, instance, limits, decode)
    pieces = Layout(header, instance, limits, encapsulated).pieces()
    length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in pieces)
    return PartTen(length, _send(pieces, header.source, instance, encapsulated.decode_frame if encapsulated else None))


def _encapsulated(header: Header, instance: Instance, limits: Limits, decode: Decode) -> Encapsulated | None:
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

    return Encapsulated(decode_frame, end)


def _send(pieces: list[Piece], source: ByteSource, instance: Instance, decode_frame: DecodeFrame | None) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        elif isinstance(piece, Range):
            yield from _copy(source, piece)
        elif decode_frame is not None:
            yield from send_frames(piece, instance.number_of_frames, decode_frame)


def _copy(source: ByteSource, piece: Range) -> Iterator[bytes]:
    for offset in range(piece.offset, piece.offset + piece.length, CHUNK_BYTES):
        length = min(CHUNK_BYTES, piece.offset + piece.length - offset)
        data = source.read(offset, length)
        if len(data) < length:
            raise DamagedObject("The object ends within (7FE0,0010) Pixel Data or a large value before it (PS3.5 7.1).")
        yield swapped(data, piece.unit)
