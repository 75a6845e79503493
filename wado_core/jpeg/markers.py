"""Marker segments in front of the scan (T.81 Annex B, JFIF: T.871 clause 10)."""

from collections.abc import Iterator, Sequence

from wado_core.jpeg.layout import Layout
from wado_core.jpeg.tables import CHROMA_AC, CHROMA_DC, LUMA_AC, LUMA_DC, Steps, zigzag

END_OF_IMAGE = b"\xff\xd9"

# Version 1.01, no density, no thumbnail.
_JFIF = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"

# Of a profile in one segment, whose length of 16 bits counts itself, the name and two numbers.
_PROFILE_BYTES = 65535 - 2 - 14


def header(layout: Layout, steps: Sequence[Steps], profile: bytes = b"") -> bytes:
    """Return all that stands before the entropy-coded data: SOI, APP0, APP2 where there is an ICC profile, DQT, SOF0, DHT, DRI where
    there are intervals, SOS.

    steps: of luma and, for colour, chroma.  profile: up to 255 segments of 65,519 bytes.
    """
    parts = [b"\xff\xd8", _segment(0xE0, _JFIF), *_profile_segments(profile)]
    parts += [_segment(0xDB, bytes([number]) + zigzag(table)) for number, table in enumerate(steps)]
    parts += [_segment(0xC0, _frame(layout)), _segment(0xC4, _huffman_tables(layout))]
    if layout.restart_rows is not None:
        parts.append(_segment(0xDD, layout.restart_mcus.to_bytes(2, "big")))
    parts.append(_segment(0xDA, _scan(layout)))
    return b"".join(parts)


def _profile_segments(profile: bytes) -> Iterator[bytes]:
    """Yield an ICC profile in numbered segments (ICC.1 Annex B.4)."""
    pieces = [profile[start : start + _PROFILE_BYTES] for start in range(0, len(profile), _PROFILE_BYTES)]
    for number, piece in enumerate(pieces, 1):
        yield _segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(pieces)]) + piece)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _frame(layout: Layout) -> bytes:
    size = layout.rows.to_bytes(2, "big") + layout.columns.to_bytes(2, "big")
    factors = layout.subsampling.across << 4 | layout.subsampling.down
    components = bytes([1, factors, 0]) + (bytes([2, 0x11, 1, 3, 0x11, 1]) if layout.components == 3 else b"")
    return bytes([8]) + size + bytes([layout.components]) + components


def _huffman_tables(layout: Layout) -> bytes:
    tables = [(0x00, LUMA_DC), (0x10, LUMA_AC)]
    if layout.components == 3:
        tables += [(0x01, CHROMA_DC), (0x11, CHROMA_AC)]
    return b"".join(bytes([place]) + table.counts + table.symbols for place, table in tables)


def _scan(layout: Layout) -> bytes:
    components = bytes([1, 0x00]) + (bytes([2, 0x11, 3, 0x11]) if layout.components == 3 else b"")
    return bytes([layout.components]) + components + bytes([0, 63, 0])
