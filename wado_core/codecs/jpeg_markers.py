"""The markers of JPEG (T.81 Annex B) and JPEG-LS (T.87 Annex C) up to the first scan."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

SOI = b"\xff\xd8"
# Frame headers by the low byte of their marker (T.81 table B.1, T.87 C.1.1).
BASELINE, LOSSLESS, ARITHMETIC_LOSSLESS, JPEG_LS = 0xC0, 0xC3, 0xCB, 0xF7
_DIFFERENTIAL = (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF)
_PROGRESSIVE = (0xC2, 0xCA)
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {JPEG_LS}
_EOI, _SOS, _DHP, _APP0, _APP1, _APP2, _APP8, _APP14, _LSE = 0xD9, 0xDA, 0xDE, 0xE0, 0xE1, 0xE2, 0xE8, 0xEE, 0xF8
_ADOBE_BYTES = 12  # name, version, two flags, transform
_HP_NAME = b"mrfx"  # Hewlett-Packard's statement of a colour transform, as CharLS and its predecessors write it
_MAPPING_TABLES = (2, 3)


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """The markers of a JPEG or JPEG-LS stream that decide how its components are to be read.

    sof: low byte of the frame header's marker, 0xC0 for baseline.  component_ids: as the frame header numbers them.
    adobe_transform: colour transform of an Adobe APP14 segment, None without one.  jfif: a JFIF APP0 segment is present.
    subsampled: the sampling factors of the components differ.
    lossy: samples come out of the decoder other than they went into the encoder: a DCT, a point transform, NEAR above 0.
    hierarchical: a sequence of frames, each the correction of the one before (T.81 Annex J).
    hp_transform: which of Hewlett-Packard's colour transforms a JPEG-LS stream was coded with, 0 for none.
    mapped: its samples are indices of a mapping table (T.87 C.2.4.1.2).
    several_scans: it has more than one, whose coefficients are put together (progressive, components apart); of others decoders look at
        the first alone.
    instructed: it has segments by which viewers turn pictures and change their colours (Exif, ICC profiles), and decoders do not.
    """

    sof: int
    precision: int
    rows: int
    columns: int
    component_ids: tuple[int, ...]
    adobe_transform: int | None
    jfif: bool
    subsampled: bool
    lossy: bool = True
    hierarchical: bool = False
    hp_transform: int = 0
    mapped: bool = False
    instructed: bool = False
    several_scans: bool = False


def read_jpeg_facts(data: bytes) -> JpegFacts | None:
    """Read the markers up to the first scan header; None when ``data`` is no JPEG or ends before it."""
    frame: tuple[int, bytes] | None = None
    adobe, jfif, hierarchical, hp_transform, mapped, instructed = None, False, False, 0, False, False
    for marker, start, length in _segments(data):
        segment = data[start : start + length]
        if marker == _APP14 and segment.startswith(b"Adobe") and len(segment) >= _ADOBE_BYTES:
            adobe = segment[11]
        elif marker == _APP0 and segment.startswith(b"JFIF\0"):
            jfif = True
        elif marker == _APP8 and segment.startswith(_HP_NAME) and len(segment) > len(_HP_NAME):
            hp_transform = segment[len(_HP_NAME)]
        elif marker == _LSE and segment:
            mapped = mapped or segment[0] in _MAPPING_TABLES
        elif marker in (_APP1, _APP2):
            instructed = True
        elif marker == _DHP:
            hierarchical = True
        elif marker in _FRAME_HEADERS and frame is None:
            frame = marker, segment
        elif marker == _SOS and frame is not None:
            return _facts(*frame, segment, adobe, jfif, hierarchical, hp_transform, mapped, instructed)
    return None


def _facts(
    sof: int, frame: bytes, scan: bytes, adobe: int | None, jfif: bool, hierarchical: bool, hp_transform: int, mapped: bool,
    instructed: bool,
) -> JpegFacts | None:  # fmt: skip
    """Put the parameters of frame header (T.81 B.2.2) and first scan header (B.2.3; T.87 C.2.3) together."""
    if len(frame) < 6 or len(scan) < 4:
        return None
    precision, rows, columns, components = unpack_from(">BHHB", frame)
    if len(frame) < 6 + 3 * components:
        return None
    ids, factors = frame[6 : 6 + 3 * components : 3], frame[7 : 7 + 3 * components : 3]
    if sof == JPEG_LS:
        lossy = scan[-3] > 0  # NEAR
        mapped = mapped or any(scan[2 : 1 + 2 * scan[0] : 2])  # Tm, the table of each component
    else:
        lossy = sof not in (LOSSLESS, ARITHMETIC_LOSSLESS) or scan[-1] & 15 > 0  # Al, the point transform
    hierarchical = hierarchical or sof in _DIFFERENTIAL
    several = sof in _PROGRESSIVE or scan[0] < components
    return JpegFacts(
        sof, precision, rows, columns, tuple(ids), adobe, jfif, len(set(factors)) > 1, lossy, hierarchical, hp_transform, mapped,
        instructed, several,
    )  # fmt: skip


def jpeg_problem(facts: JpegFacts) -> str:
    """Return why none of the decoders here takes a stream, naming the clause; empty when one does."""
    if facts.hierarchical:
        return "(7FE0,0010) Pixel Data holds hierarchical JPEG (T.81 Annex J), which is not decoded."
    if facts.sof == ARITHMETIC_LOSSLESS:
        return "(7FE0,0010) Pixel Data holds lossless JPEG with arithmetic coding (T.81 process 15, SOF11), which is not decoded."
    if facts.mapped:
        return "(7FE0,0010) Pixel Data holds JPEG-LS samples that go through a mapping table (T.87 C.2.4.1.2), which is not decoded."
    if facts.rows == 0:
        return "(7FE0,0010) Pixel Data holds JPEG that states its number of lines elsewhere (DNL, T.81 B.2.5), which is not decoded."
    if len(facts.component_ids) not in (1, 3):
        return components_problem(len(facts.component_ids))
    return ""


def components_problem(components: int) -> str:
    """Return why a code stream of so many components is refused."""
    return f"(7FE0,0010) Pixel Data holds streams of {components} components; (0028,0002) Samples per Pixel is 1 or 3 (PS3.3 C.7.6.3.1.1)."


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, offset and length of each segment's content, up to the first scan header, which is the last."""
    offset = len(SOI) if data.startswith(SOI) else len(data)
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        if marker == _EOI:
            return
        (length,) = unpack_from(">H", data, offset + 2)
        yield marker, offset + 4, length - 2
        if marker == _SOS:
            return
        offset += 2 + max(length, 2)


def with_adobe_transform(data: bytes, transform: int) -> bytes:
    """Return a JPEG stream whose only statement of its colour model is an Adobe segment with ``transform``.

    0: the components are RGB (or as they are), 1: YCbCr. JFIF and other Adobe segments are left out, since decoders weigh
    them against each other.
    """
    out = bytearray(SOI + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]))
    kept = len(SOI)
    for marker, start, length in _segments(data):
        if marker in (_APP0, _APP14):
            out += data[kept : start - 4]
            kept = start + length
    return bytes(out + data[kept:])
