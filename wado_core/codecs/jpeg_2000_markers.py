"""The main header of JPEG 2000 (T.800 Annex A), of its extensions (T.801 Annex A) and of High-Throughput JPEG 2000 (T.814 Annex A)."""

from dataclasses import dataclass
from struct import unpack_from

from wado_core.codecs.jpeg_markers import components_problem

SOC_SIZ = b"\xff\x4f\xff\x51"
JP2_SIGNATURE = b"\x00\x00\x00\x0cjP"
# What the decoders give back exactly: OpenJPEG's bit planes end there (of 26 bits it delivers other values), OpenJPH's cells.
MOST_PRECISION, MOST_HT_PRECISION = 24, 32
_SIZ, _CAP, _PRF, _COD, _TLM, _CPF, _QCD, _COM, _SOT = 0xFF51, 0xFF50, 0xFF56, 0xFF52, 0xFF55, 0xFF59, 0xFF5C, 0xFF64, 0xFF90
_SHORTEST = 45
_EXTENSIONS = frozenset(range(0xFF70, 0xFF7A))  # DCO, VMS, DFS, ADS, MCT, MCC, NLT, MCO, CBD, ATK (T.801 table A.2)
_PART_2 = 0x8000  # of Rsiz (T.801 A.3.1)
_HT_BLOCKS = 0x40  # of the code-block style (T.814 A.3)
_PLAIN = frozenset((_SIZ, _CAP, _PRF, _COD, _TLM, _CPF, _QCD, _COM))
_PLAIN_TILES = 4096
_PLAIN_BIT_PLANES = 30
EXCERPT = b"\0\1resolutions left out: "
"""How the comment begins, whose last byte is how many, that marks a stream as an excerpt (``jpeg_2000_excerpt``)."""


@dataclass(frozen=True, slots=True)
class Jpeg2000Facts:
    """What decides how a JPEG 2000 stream is decoded.

    precision, signed: of the first component.  color_transform: the components were transformed (RCT, ICT), the decoder undoes it.
    levels: how many times the resolution can be halved while decoding.
    reversible: coded with the reversible wavelet.  high_throughput: code blocks are those of T.814.
    extended: needs T.801 (Part 2).
    left_out: how many resolutions were left out of it by ``jpeg_2000_excerpt``. Values of a lower resolution may leave the range of its
        samples.
    plain: the header is of the form that encoders write, and what it states is possible: nothing that OpenJPH would divide by or
        index with unseen.
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
    left_out: int
    plain: bool


def code_stream_of(data: bytes) -> bytes:
    """Return the code stream without the boxes of a file format (T.800 Annex I), which PS3.5 8.2.4 does not allow around it."""
    return data[max(data.find(SOC_SIZ), 0) :] if data.startswith(JP2_SIGNATURE) else data


def read_jpeg_2000_facts(data: bytes) -> Jpeg2000Facts | None:
    """Read the main header; None when ``data`` is no JPEG 2000 stream, states no area, or ends before its first tile-part."""
    data = code_stream_of(data)
    if not data.startswith(SOC_SIZ) or len(data) < _SHORTEST:
        return None
    segments, end = segments_of(data)
    found = dict(reversed(segments))  # the first of each
    size, coding = found.get(_SIZ, b""), found.get(_COD, b"")
    if end is None or len(size) < 39 or len(coding) < 10:
        return None
    capabilities, x_size, y_size, x_offset, y_offset = unpack_from(">H4L", size)
    if x_size <= x_offset or y_size <= y_offset:
        return None
    depth = size[36]  # bit 7: signed; bits 0-6: precision - 1
    # Of SGcod the transform of components, of SPcod levels, block style and wavelet (A.6.1).
    transform, levels, style, wavelet = coding[4], coding[5], coding[8], coding[9]
    if x_offset or y_offset:
        levels = 0  # sizes and places at lower resolutions then depend on the offset (T.800 B.5): not worth having
    return Jpeg2000Facts(
        rows=y_size - y_offset,
        columns=x_size - x_offset,
        components=unpack_from(">H", size, 34)[0],
        precision=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        color_transform=transform == 1,
        levels=levels,
        reversible=wavelet == 1,
        high_throughput=bool(style & _HT_BLOCKS),
        extended=bool(capabilities & _PART_2) or wavelet > 1 or not _EXTENSIONS.isdisjoint(found),
        left_out=_left_out(segments),
        plain=found.keys() <= _PLAIN and len(found) == len(segments) - _repeated(segments) and _is_plain(size, coding, found),
    )


def segments_of(data: bytes) -> tuple[list[tuple[int, bytes]], int | None]:
    """Return marker and content of each segment of the main header, and where the first tile-part begins; None where it does not."""
    offset = 2
    segments: list[tuple[int, bytes]] = []
    while offset + 4 <= len(data):
        marker, length = unpack_from(">HH", data, offset)
        if marker == _SOT:
            return segments, offset
        segments.append((marker, data[offset + 4 : offset + 2 + length]))
        offset += 2 + max(length, 2)
    return segments, None


def _left_out(segments: list[tuple[int, bytes]]) -> int:
    return next((content[-1] for marker, content in segments if marker == _COM and content[:-1] == EXCERPT), 0)


def _repeated(segments: list[tuple[int, bytes]]) -> int:
    """Return how many comments and tile lengths there are beyond the first: no other segment of a plain header comes twice."""
    markers = [marker for marker, _ in segments]
    return sum(max(markers.count(marker) - 1, 0) for marker in (_COM, _TLM))


def _is_plain(size: bytes, coding: bytes, found: dict[int, bytes]) -> bool:
    components = unpack_from(">H", size, 34)[0]
    quantisation = found.get(_QCD, b"")
    if len(size) != 36 + 3 * components or len(quantisation) < 2:
        return False
    x_size, y_size, x_offset, y_offset, tile_width, tile_height, x_tile, y_tile = unpack_from(">8L", size, 2)
    if x_offset or y_offset or x_tile or y_tile or not tile_width or not tile_height:
        return False
    tiles = -(-x_size // tile_width) * -(-y_size // tile_height)
    depths, steps = size[36::3], {*size[37::3], *size[38::3]}
    block_width, block_height = coding[6] + 2, coding[7] + 2
    return (
        tiles <= _PLAIN_TILES
        and len(set(depths)) == 1
        and steps == {1}
        and coding[5] <= 32
        and coding[8] == _HT_BLOCKS
        and 2 <= block_width <= 10
        and 2 <= block_height <= 10
        and block_width + block_height <= 12  # T.800 table A.18
        and len(coding) == 10 + (coding[5] + 1) * (coding[0] & 1)
        and _bit_planes(quantisation, coding[5]) <= max(_PLAIN_BIT_PLANES, (depths[0] & 0x7F) + 7)
    )


def _bit_planes(quantisation: bytes, levels: int) -> int:
    """Return the most bit planes that a subband can have (T.800 equation E-2), more than possible where QCD has another length."""
    style, guard_bits, bands = quantisation[0] & 31, quantisation[0] >> 5, 3 * levels + 1
    if style == 0 and len(quantisation) == 1 + bands:
        exponents = [one >> 3 for one in quantisation[1:]]
    elif style == 2 and len(quantisation) == 1 + 2 * bands:
        exponents = [one >> 3 for one in quantisation[1::2]]
    else:
        return 99
    return guard_bits + max(exponents) - 1


def jpeg_2000_problem(facts: Jpeg2000Facts, most: int = MOST_HT_PRECISION) -> str:
    """Return why a stream is not decoded, naming the clause; empty when it is. most: the greatest precision that is."""
    if facts.extended:
        return "(7FE0,0010) Pixel Data needs JPEG 2000 Part 2 (T.801), such as transforms of many components, which is not decoded."
    if facts.components not in (1, 3):
        return components_problem(facts.components)
    if facts.precision > most:
        return f"(0028,0101) Bits Stored: JPEG 2000 samples of {facts.precision} bits are met, up to {most} decoded (T.800 A.5.1)."
    return ""
