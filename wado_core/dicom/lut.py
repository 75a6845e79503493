"""Lookup tables as they are stored: descriptors, packed entries, segmented palettes (PS3.3 C.11.1.1.1, C.7.9.2)."""

from dataclasses import replace
from struct import unpack

import numpy as np
import numpy.typing as npt

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import swapped
from wado_core.errors import DamagedObject
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import Palette, StoredPalette
from wado_core.model.grayscale import Lut, StoredLut
from wado_core.ports import ByteSource

_Words = npt.NDArray[np.uint16]

# The longest segments that 65,536 entries can need: indirect ones of a single entry, four words each.
_MOST_SEGMENT_BYTES = 65536 * 8


def find_lut(attributes: Attributes, *, signed: bool) -> StoredLut | None:
    """Read (0028,3002) LUT Descriptor and find (0028,3006) LUT Data; None when they are absent or unusable.

    signed: the first mapped value is two's complement where its VR does not say (H2.2).
    """
    return _find(attributes, tags.LUT_DESCRIPTOR, tags.LUT_DATA, signed=signed)


def _find(attributes: Attributes, descriptor_tag: int, data_tag: int, *, signed: bool, segmented: bool = False) -> StoredLut | None:
    descriptor = attributes.integers(descriptor_tag)
    value, data = attributes.value(descriptor_tag), attributes.bulk(data_tag)
    if len(descriptor) < 3 or value is None or data is None:
        return None
    entries, first, bits = descriptor[0] & 0xFFFF or 65536, descriptor[1], descriptor[2] & 0xFFFF
    if (signed or value.vr == b"SS") and first > 32767:
        first -= 65536
    length = data.length
    big_endian = attributes.big_endian and data.vr != b"OB"
    length -= length % 2 if big_endian else 0
    packed = not segmented and bits <= 8 and entries <= length < 2 * entries  # two a word (H2.3)
    count = entries if packed or segmented else min(entries, length // 2)
    if not count:
        return None
    if not segmented:
        length = min(length, count + count % 2 if packed else 2 * count)
    bits = min(max(bits, 8), 16) if bits else 16
    return StoredLut(first, bits, count, ByteRange(data.offset, length), packed, big_endian, segmented)


def read_lut(source: ByteSource, stored: StoredLut) -> Lut:
    """Read the entries of a lookup table. Raises DamagedObject, Unavailable."""
    return Lut(stored.first, stored.bits, _words(source, stored).tobytes())


def _words(source: ByteSource, stored: StoredLut) -> _Words:
    """Return the entries as little endian words, at most ``stored.count``; none when segments are broken."""
    data = source.read(*stored.data)
    if len(data) < stored.data.length:
        raise DamagedObject("The object ends within a lookup table.")
    if stored.big_endian:
        data = swapped(data, 2)
    if stored.segmented:
        data = _expand(data)
    words = np.frombuffer(data, np.uint8).astype("<u2") if stored.packed else np.frombuffer(data, "<u2", len(data) // 2)
    return (words[: stored.count] & np.uint16((1 << stored.bits) - 1)).astype("<u2")


def find_palette(source: ByteSource, attributes: Attributes, *, signed: bool) -> StoredPalette | None:
    """Find the three Palette Color Lookup Tables, plain or segmented; None unless all three are usable (H3.1).

    Their entries are looked at: tables that call themselves 16-bit but hold nothing above 255 are 8-bit tables in 16-bit cells,
    and segments may be broken.
    """
    tables, largest = [], 0
    for color in range(3):
        segmented = attributes.bulk(tags.RED_PALETTE_DATA + color) is None
        data_tag = (tags.SEGMENTED_RED_PALETTE_DATA if segmented else tags.RED_PALETTE_DATA) + color
        table = _find(attributes, tags.RED_PALETTE_DESCRIPTOR + color, data_tag, signed=signed, segmented=segmented)
        if table is None or table.data.length > _MOST_SEGMENT_BYTES:
            return None
        words = _words(source, table)
        if not words.size:
            return None
        largest = max(largest, int(words.max()))
        tables.append(replace(table, count=words.size))
    red, green, blue = tables
    return StoredPalette(red, green, blue, 16 if largest > 255 else 8)


def read_palette(source: ByteSource, stored: StoredPalette) -> Palette:
    """Read the entries of a palette. Raises DamagedObject, Unavailable."""
    red, green, blue = (replace(read_lut(source, table), bits=stored.bits) for table in (stored.red, stored.green, stored.blue))
    return Palette(red, green, blue)


def _expand(segments: bytes) -> bytes:
    """Expand a segmented palette: discrete, linear and indirect segments (PS3.3 C.7.9.2); b"" when it is broken."""
    words = list(unpack(f"<{len(segments) // 2}H", segments[: len(segments) // 2 * 2]))
    out: list[int] = []
    if not _expand_from(words, 0, None, out, nested=False):
        return b""
    return np.array(out, "<u2").tobytes()


def _expand_from(words: list[int], position: int, count: int | None, out: list[int], *, nested: bool) -> bool:
    """Expand ``count`` segments (None: all) from ``position`` on into ``out``; False when they are broken."""
    while count is None or count > 0:
        if position >= len(words):
            return count is None
        if position + 1 >= len(words) or len(out) > 65536:
            return False
        opcode, length = words[position], words[position + 1]
        if nested and length == 0:  # repeated for ever, empty segments would never fill the table
            return False
        if opcode == 0:  # discrete: that many entries follow
            out.extend(words[position + 2 : position + 2 + length])
            position += 2 + length
        elif opcode == 1 and out and position + 2 < len(words):  # linear: from the last entry to the given one
            start, end = out[-1], words[position + 2]
            out.extend(int(start + (end - start) * step / length + 0.5) for step in range(1, length + 1))
            position += 3
        elif opcode == 2 and not nested and position + 3 < len(words):  # indirect: repeat segments at a byte offset
            offset = (words[position + 3] << 16 | words[position + 2]) // 2
            if not _expand_from(words, offset, length, out, nested=True):
                return False
            position += 4
        else:
            return False
        count = None if count is None else count - 1
    return True
