"""Lookup tables as they are stored: descriptors, packed entries, segmented palettes (PS3.3 C.11.1.1.1, C.7.9.2)."""

from struct import unpack

import numpy as np

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut


def read_lut(attributes: Attributes, *, signed: bool) -> Lut | None:
    """Read (0028,3002) LUT Descriptor and (0028,3006) LUT Data; None when they are absent or unusable.

    signed: the first mapped value is two's complement where its VR does not say (H2.2).
    """
    return _lut(attributes, tags.LUT_DESCRIPTOR, attributes.words(tags.LUT_DATA), signed=signed)


def _lut(attributes: Attributes, descriptor_tag: int, data: bytes, *, signed: bool) -> Lut | None:
    descriptor = attributes.integers(descriptor_tag)
    value = attributes.value(descriptor_tag)
    if len(descriptor) < 3 or value is None or not data:
        return None
    entries, first, bits = descriptor[0] & 0xFFFF or 65536, descriptor[1], descriptor[2] & 0xFFFF
    if (signed or value.vr == b"SS") and first > 32767:
        first -= 65536
    if bits <= 8 and entries <= len(data) < 2 * entries:  # two a word (H2.3)
        words = np.frombuffer(data, np.uint8)[:entries].astype("<u2")
    else:
        words = np.frombuffer(data, "<u2", min(entries, len(data) // 2))
    if words.size == 0:
        return None
    bits = min(max(bits, 8), 16) if bits else 16
    return Lut(first, bits, (words & np.uint16((1 << bits) - 1)).astype("<u2").tobytes())


def read_palette(attributes: Attributes, *, signed: bool) -> Palette | None:
    """Read the three Palette Color Lookup Tables, plain or segmented; None unless all three are usable (H3.1).

    Tables that call themselves 16-bit but hold nothing above 255 are 8-bit tables in 16-bit cells.
    """
    luts = []
    for color in range(3):
        data = attributes.words(tags.RED_PALETTE_DATA + color)
        if not data:
            data = _expand(attributes.words(tags.SEGMENTED_RED_PALETTE_DATA + color))
        lut = _lut(attributes, tags.RED_PALETTE_DESCRIPTOR + color, data, signed=signed)
        if lut is None:
            return None
        luts.append(lut)
    largest = max(int(np.frombuffer(lut.entries, "<u2").max()) for lut in luts)
    bits = 16 if largest > 255 else 8
    red, green, blue = (Lut(lut.first, bits, lut.entries) for lut in luts)
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
