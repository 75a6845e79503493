"""The main header of JPEG 2000 (T.800 Annex A), of its extensions (T.801 Annex A) and of High-Throughput JPEG 2000 (T.814 Annex A)."""

from dataclasses import dataclass
from struct import unpack_from

from wado_core.codecs.jpeg_markers import components_problem

SOC_SIZ = b"\xff\x4f\xff\x51"
JP2_SIGNATURE = b"\x00\x00\x00\x0cjP"
# What the decoders give back exactly: OpenJPEG's bit planes end there (of 26 bits it delivers other values), OpenJPH's cells.
MOST_PRECISION, MOST_HT_PRECISION = 24, 32
_COD, _SOT = 0xFF52, 0xFF90
_SHORTEST = 45
_EXTENSIONS = frozenset(range(0xFF70, 0xFF7A))  # DCO, VMS, DFS, ADS, MCT, MCC, NLT, MCO, CBD, ATK (T.801 table A.2)
_PART_2 = 0x8000  # of Rsiz (T.801 A.3.1)
_HT_BLOCKS = 0x40  # of the code-block style (T.814 A.3)


@dataclass(frozen=True, slots=True)
class Jpeg2000Facts:
    """What decides how a JPEG 2000 stream is decoded.

    precision, signed: of the first component.  color_transform: the components were transformed (RCT, ICT), the decoder undoes it.
    levels: how many times the resolution can be halved while decoding.
    reversible: coded with the reversible wavelet.  high_throughput: code blocks are those of T.814.
    extended: needs T.801 (Part 2).
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    color_transform: bool
    levels: int
    reversible: bool
    high_throughput: bool
    extended: bool


def code_stream_of(data: bytes) -> bytes:
    """Return the code stream without the boxes of a file format (T.800 Annex I), which PS3.5 8.2.4 does not allow around it."""
    return data[max(data.find(SOC_SIZ), 0) :] if data.startswith(JP2_SIGNATURE) else data


def read_jpeg_2000_facts(data: bytes) -> Jpeg2000Facts | None:
    """Read the main header; None when ``data`` is no JPEG 2000 stream, states no area, or ends before its first tile-part."""
    data = code_stream_of(data)
    if not data.startswith(SOC_SIZ) or len(data) < _SHORTEST:
        return None
    segment_bytes, capabilities, x_size, y_size, x_offset, y_offset = unpack_from(">HH4L", data, 4)
    if x_size <= x_offset or y_size <= y_offset:
        return None
    (components,) = unpack_from(">H", data, 40)
    depth = data[42]  # bit 7: signed; bits 0-6: precision - 1
    offset = 4 + segment_bytes
    coding, extended = None, bool(capabilities & _PART_2)
    while offset + 4 <= len(data):
        marker, length = unpack_from(">HH", data, offset)
        if marker == _SOT:
            break
        if marker == _COD and offset + 14 <= len(data):
            coding = data[offset + 4 : offset + 14]  # Scod, SGcod, and of SPcod levels, block size, block style, wavelet (A.6.1)
        extended = extended or marker in _EXTENSIONS
        offset += 2 + max(length, 2)
    else:
        return None
    if coding is None:
        return None
    transform, levels, style, wavelet = coding[4], coding[5], coding[8], coding[9]
    if x_offset or y_offset:
        levels = 0  # sizes and places at lower resolutions then depend on the offset (T.800 B.5): not worth having
    return Jpeg2000Facts(
        y_size - y_offset, x_size - x_offset, components, (depth & 0x7F) + 1, bool(depth & 0x80), transform == 1, levels,
        wavelet == 1, bool(style & _HT_BLOCKS), extended or wavelet > 1,
    )  # fmt: skip


def jpeg_2000_problem(facts: Jpeg2000Facts) -> str:
    """Return why none of the decoders here takes a stream, naming the clause; empty when one does."""
    if facts.extended:
        return "The code stream needs extensions of JPEG 2000 Part 2 (T.801), such as multiple component transforms, which are not decoded."
    if facts.components not in (1, 3):
        return components_problem(facts.components)
    most = MOST_HT_PRECISION if facts.high_throughput else MOST_PRECISION
    if facts.precision > most:
        return f"The code stream holds samples of {facts.precision} bits; up to {most} are decoded ((0028,0101) Bits Stored, T.800 A.5.1)."
    return ""
