"""Lookup tables as they are stored: descriptors, entries, and what is wrong with them (PS3.3 C.11.1.1.1, C.11.2.1.1, C.7.6.3.1.5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import name_of, swapped
from wado_core.dicom.palette_segments import MOST_SEGMENT_BYTES, expand
from wado_core.errors import DamagedObject
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import Palette, StoredPalette
from wado_core.model.grayscale import Lut, StoredLut
from wado_core.ports import ByteSource

_Words = npt.NDArray[np.uint16]

MODALITY_LUT_CLAUSE, VOI_LUT_CLAUSE, PALETTE_CLAUSE = "PS3.3 C.11.1.1.1", "PS3.3 C.11.2.1.1", "PS3.3 C.7.6.3.1.5"


class FoundLut(NamedTuple):
    """A lookup table, None when there is none that can be used, and what is wrong with it, tag first: "" when nothing is."""

    lut: StoredLut | None
    problem: str = ""


def find_lut(attributes: Attributes, clause: str, *, signed: bool) -> FoundLut:
    """Read (0028,3002) LUT Descriptor and find (0028,3006) LUT Data.

    clause: of the standard, for what is said of a table that is not as it should be.
    signed: the first mapped value is two's complement where its VR does not say (H2.2).
    """
    return _find(attributes, tags.LUT_DESCRIPTOR, tags.LUT_DATA, clause, signed=signed)


def _find(attributes: Attributes, descriptor_tag: int, data_tag: int, clause: str, *, signed: bool, segmented: bool = False) -> FoundLut:
    descriptor = attributes.integers(descriptor_tag)
    value, data = attributes.value(descriptor_tag), attributes.bulk(data_tag)
    if len(descriptor) < 3 or value is None:
        return FoundLut(None, f"{_name(descriptor_tag)} is missing or too short ({clause}): the table was ignored.")
    if data is None or data.length < 2:
        return FoundLut(None, f"{_name(data_tag)} is missing or empty ({clause}): the table was ignored.")
    entries, first, stated = descriptor[0] & 0xFFFF or 65536, descriptor[1], descriptor[2] & 0xFFFF
    if (signed or value.vr == b"SS") and first > 32767:
        first -= 65536
    big_endian = attributes.big_endian and data.vr != b"OB"
    length = data.length - (data.length % 2 if big_endian else 0)
    packed = not segmented and _is_packed(entries, stated, length)
    count = entries if packed or segmented else min(entries, length // 2)
    if not segmented:
        length = min(length, count + count % 2 if packed else 2 * count)
    bits = 8 if packed else min(max(stated, 8), 16) if stated else 16
    problems = []
    if bits != stated:
        problems.append(f"{_name(descriptor_tag)} states {stated} bits an entry ({clause}): {bits} were taken.")
    if count < entries:
        problems.append(f"{_name(data_tag)} holds {count} of {entries} entries ({clause}): those that are there were used.")
    stored = StoredLut(first, bits, count, ByteRange(data.offset, length), packed, big_endian, segmented)
    return FoundLut(stored, " ".join(problems))


def _is_packed(entries: int, bits: int, length: int) -> bool:
    """Say whether a table has two entries a word (H2.3).

    So have tables of 8 bits with too few bytes for a word each. A table that says otherwise has them when its bytes are exactly as
    many: a writer that states the width of its words is likelier than one that leaves out the second half of its table.
    """
    return entries <= length < 2 * entries and (bits <= 8 or length == entries + entries % 2)


def _name(tag: int) -> str:
    """Return a tag and its name, as texts show them."""
    if tag in _NAMES:
        return f"{name_of(tag)} {_NAMES[tag]}"
    kind, color = next((kind, tag - first) for first, kind in _PALETTE_NAMES.items() if 0 <= tag - first < 3)
    return f"{name_of(tag)} {kind.format(('Red', 'Green', 'Blue')[color])}"


_NAMES = {tags.LUT_DESCRIPTOR: "LUT Descriptor", tags.LUT_DATA: "LUT Data"}
# Of red; green and blue follow.
_PALETTE_NAMES = {
    tags.RED_PALETTE_DESCRIPTOR: "{} Palette Color Lookup Table Descriptor",
    tags.RED_PALETTE_DATA: "{} Palette Color Lookup Table Data",
    tags.SEGMENTED_RED_PALETTE_DATA: "Segmented {} Palette Color Lookup Table Data",
}


def read_lut(source: ByteSource, stored: StoredLut) -> Lut:
    """Read the entries of a lookup table. Raises DamagedObject, Unavailable."""
    return Lut(stored.first, stored.bits, (_raw_words(source, stored) & _mask(stored)).astype("<u2").tobytes())


def _raw_words(source: ByteSource, stored: StoredLut) -> _Words:
    """Return the entries as little endian words, with whatever stands above their bits; none when segments are broken."""
    data = source.read(*stored.data)
    if len(data) < stored.data.length:
        raise DamagedObject("The object ends within a lookup table, (0028,3006) LUT Data or a palette (PS3.5 7.1).")
    if stored.big_endian:
        data = swapped(data, 2)
    if stored.segmented:
        data = expand(data, 1 if stored.packed else 2)
    elif stored.packed:
        return np.frombuffer(data, np.uint8)[: stored.count].astype("<u2")
    return np.frombuffer(data, "<u2", len(data) // 2)[: stored.count]


def _mask(stored: StoredLut) -> np.uint16:
    return np.uint16((1 << stored.bits) - 1)


class FoundPalette(NamedTuple):
    """A palette, None when there is none that can be used, and what is wrong with it, tag first: "" when nothing is."""

    palette: StoredPalette | None
    problem: str = ""


def find_palette(source: ByteSource, attributes: Attributes, *, signed: bool) -> FoundPalette:
    """Find the three Palette Color Lookup Tables, plain or segmented; there is no palette unless all three are usable (H3.1).

    Their entries are looked at: tables that call themselves 16-bit but hold nothing above 255 are 8-bit tables in 16-bit cells,
    those that call themselves 8-bit but hold nothing below 256 have their 8 bits in the high bytes, and segments may be broken.
    """
    found, words, problems = [], [], []
    for color in range(3):
        segmented = attributes.bulk(tags.RED_PALETTE_DATA + color) is None
        segmented &= attributes.bulk(tags.SEGMENTED_RED_PALETTE_DATA + color) is not None
        data_tag = (tags.SEGMENTED_RED_PALETTE_DATA if segmented else tags.RED_PALETTE_DATA) + color
        descriptor_tag = tags.RED_PALETTE_DESCRIPTOR + color
        table, problem = _find(attributes, descriptor_tag, data_tag, PALETTE_CLAUSE, signed=signed, segmented=segmented)
        if table is None:
            return FoundPalette(None, problem)
        table, entries = _looked_at(source, table)
        if not entries.size:
            return FoundPalette(None, f"{_name(data_tag)} is broken (PS3.3 C.7.9.2): the table was ignored.")
        if segmented and entries.size < table.count:
            problem = f"{_name(data_tag)} expands to {entries.size} of {table.count} entries (PS3.3 C.7.9.2): those were used."
        problems += [problem] if problem else []
        found.append(replace(table, count=entries.size))
        words.append(entries)
    if len({(table.first, table.count) for table in found}) > 1:
        problems.append(f"{_name(tags.RED_PALETTE_DESCRIPTOR)} is not that of green and blue ({PALETTE_CLAUSE}): each was used as it is.")
    if all(table.bits == 8 for table in found) and _only_high_bytes(words):
        found = [replace(table, bits=16) for table in found]
        problems.append(f"{_name(tags.RED_PALETTE_DESCRIPTOR)} states 8 bits an entry ({PALETTE_CLAUSE}): 16 were taken.")
    if not any((entries & _mask(table) > 255).any() for table, entries in zip(found, words, strict=True)):
        found = [replace(table, bits=8) for table in found]
    return FoundPalette(StoredPalette(*found), " ".join(problems))


def _looked_at(source: ByteSource, table: StoredLut) -> tuple[StoredLut, _Words]:
    """Return a table with what stands in it; segments of a table of 8 bits are bytes, or words if only those fill the table."""
    if table.data.length > MOST_SEGMENT_BYTES:
        return table, np.empty(0, np.uint16)
    entries = _raw_words(source, table)
    if not table.segmented or table.bits > 8:
        return table, entries
    in_bytes = replace(table, packed=True)
    by_bytes = _raw_words(source, in_bytes)
    return (in_bytes, by_bytes) if by_bytes.size == table.count or entries.size != table.count else (table, entries)


def _only_high_bytes(tables: Sequence[_Words]) -> bool:
    return all(not (entries & 0xFF).any() for entries in tables) and any(entries.any() for entries in tables)


def read_palette(source: ByteSource, stored: StoredPalette) -> Palette:
    """Read the entries of a palette. Raises DamagedObject, Unavailable."""
    return Palette(*(read_lut(source, table) for table in (stored.red, stored.green, stored.blue)))
