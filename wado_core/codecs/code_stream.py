"""What a code stream says of itself: JPEG (T.81 Annex B) and JPEG 2000 (T.800 Annex A) by their markers, JPEG XL by its image header."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from wado_core.codecs.jpeg_xl_head import read_jpeg_xl_head
from wado_core.model.image_pixel import CodeStream

_SOI = b"\xff\xd8"
_SOC_SIZ = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP"
_COD = 0xFF52
_SOT = 0xFF90
# SOF0 … SOF15 without DHT, JPG and DAC; SOF55 of JPEG-LS.
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_SOS = 0xDA


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """The markers of a JPEG stream that decide how its components are to be read.

    sof: low byte of the frame header's marker, 0xC0 for baseline.  component_ids: as the frame header numbers them.
    adobe_transform: colour transform of an Adobe APP14 segment, None without one.  jfif: a JFIF APP0 segment is present.
    subsampled: the sampling factors of the components differ.
    """

    sof: int
    precision: int
    rows: int
    columns: int
    component_ids: tuple[int, ...]
    adobe_transform: int | None
    jfif: bool
    subsampled: bool


def read_jpeg_facts(data: bytes) -> JpegFacts | None:
    """Read the markers up to the frame header; None when ``data`` is no JPEG or ends before it."""
    adobe, jfif = None, False
    for marker, start, length in _jpeg_segments(data):
        segment = data[start : start + length]
        if marker == 0xEE and segment.startswith(b"Adobe") and len(segment) >= 12:
            adobe = segment[11]
        elif marker == 0xE0 and segment.startswith(b"JFIF\0"):
            jfif = True
        elif marker in _FRAME_HEADERS and len(segment) >= 6:
            precision, rows, columns, components = unpack_from(">BHHB", segment)
            if len(segment) < 6 + 3 * components:
                return None
            ids, factors = segment[6 : 6 + 3 * components : 3], segment[7 : 7 + 3 * components : 3]
            return JpegFacts(marker, precision, rows, columns, tuple(ids), adobe, jfif, len(set(factors)) > 1)
    return None


def _is_picture(facts: JpegFacts) -> bool:
    """Say whether a JPEG frame can be shown as it is: an Adobe segment, JFIF, or its components 1, 2, 3 alone say that it is YCbCr."""
    if facts.sof != 0xC0 or facts.precision != 8:
        return False
    if len(facts.component_ids) == 1:
        return True
    said = facts.adobe_transform == 1 or (facts.adobe_transform is None and (facts.jfif or facts.component_ids == (1, 2, 3)))
    return len(facts.component_ids) == 3 and said and facts.component_ids != (ord("R"), ord("G"), ord("B"))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, offset and length of each segment's content, up to the first scan."""
    offset = 2 if data[:2] == _SOI else len(data)
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        if marker == _SOS:
            return
        (length,) = unpack_from(">H", data, offset + 2)
        yield marker, offset + 4, length - 2
        offset += 2 + max(length, 2)


def with_adobe_transform(data: bytes, transform: int) -> bytes:
    """Return a JPEG stream whose only statement of its colour model is an Adobe segment with ``transform``.

    0: the components are RGB (or as they are), 1: YCbCr. JFIF and other Adobe segments are left out, since decoders weigh
    them against each other.
    """
    out = bytearray(_SOI + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]))
    kept = 2
    for marker, start, length in _jpeg_segments(data):
        if marker in (0xE0, 0xEE):
            out += data[kept : start - 4]
            kept = start + length
    return bytes(out + data[kept:])


def read_code_stream(data: bytes) -> CodeStream | None:
    """Read the head of a JPEG, JPEG 2000 or JPEG XL stream; None for other streams, or when ``data`` ends too early."""
    if data.startswith(_SOI):
        facts = read_jpeg_facts(data)
        if facts is None:
            return None
        return CodeStream(
            facts.rows, facts.columns, len(facts.component_ids), facts.precision, color_transform=facts.adobe_transform == 1,
            is_picture=_is_picture(facts),
        )  # fmt: skip
    if data.startswith(_JP2_SIGNATURE):
        data = data[max(data.find(_SOC_SIZ), 0) :]
    if data.startswith(_SOC_SIZ):
        return _read_jpeg_2000(data)
    if head := read_jpeg_xl_head(data):
        return CodeStream(head.rows, head.columns, head.components, head.precision)
    return None


def _read_jpeg_2000(data: bytes) -> CodeStream | None:
    if len(data) < 45:
        return None
    x_size, y_size, x_offset, y_offset = unpack_from(">4L", data, 8)
    if x_size <= x_offset or y_size <= y_offset:
        return None
    (components,) = unpack_from(">H", data, 40)
    depth = data[42]  # bit 7: signed; bits 0-6: precision - 1
    color_transform, levels = False, 0
    (offset,) = unpack_from(">H", data, 4)
    offset += 4
    while offset + 10 <= len(data):
        marker, length = unpack_from(">HH", data, offset)
        if marker == _COD:
            color_transform, levels = data[offset + 8] == 1, data[offset + 9]
        if marker in (_COD, _SOT):
            break
        offset += 2 + length
    if x_offset or y_offset:
        levels = 0  # sizes and places at lower resolutions then depend on the offset (T.800 B.5): not worth having
    return CodeStream(y_size - y_offset, x_size - x_offset, components, (depth & 0x7F) + 1, bool(depth & 0x80), color_transform, levels)
