"""Look-up tables of DICOM: descriptor, data and the clamped look-up (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5-6)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Lut:
    """A table: input ``first + i`` gives ``entries[i]``, an unsigned number of ``bits`` bits."""

    first: int
    bits: int
    entries: tuple[int, ...]

    def look_up(self, inputs: Array) -> Array:
        """Give each input its entry; below the table the first, above it the last (H2.2).

        inputs: any shape; what is not an integer is rounded half up before.  Returns int64 of the same shape.
        """
        index = np.clip(np.floor(inputs.astype(np.float64) + 0.5) - self.first, 0, len(self.entries) - 1)
        return np.asarray(np.array(self.entries, dtype=np.int64)[index.astype(np.int64)])


def sequence_lut(item: Dataset, *, big_endian: bool, signed_input: bool) -> Lut:
    """Read the item of a Modality LUT or VOI LUT Sequence."""
    count, first, bits = read_descriptor(item.LUTDescriptor, signed_input=signed_input)
    data = item["LUTData"].value
    entries = table_entries(data, count, bits, big_endian=big_endian)
    return Lut(first, bits, entries)


def read_descriptor(descriptor: Any, *, signed_input: bool) -> tuple[int, int, int]:
    """Return entries, first mapped value and bits of a LUT Descriptor (H2.2).

    0 entries mean 65536.  The VR belongs to all three values, so each is first taken back to 16 bits: the count is never
    negative, and the first value is negative only when the table's input can be.
    """
    count, first, bits = (int(v) & 0xFFFF for v in descriptor)
    if signed_input and first >= 0x8000:
        first -= 0x10000
    return count or 0x10000, first, bits


def table_entries(data: Any, count: int, bits: int, *, big_endian: bool) -> tuple[int, ...]:
    """Read LUT data given as numbers (US) or as bytes (OW), 8-bit entries possibly two to a word (H2.3).

    Bits of an entry above ``bits`` are ignored; a table that is too short repeats its last entry.
    """
    if not isinstance(data, bytes):
        words = [int(v) & 0xFFFF for v in (data if hasattr(data, "__iter__") else [data])]
    else:
        words = words_of(data, big_endian=big_endian)
    if bits <= 8 and len(words) < count:
        words = [octet for word in words for octet in (word & 0xFF, word >> 8)]
    words = [word & ((1 << bits) - 1) for word in words[:count]]
    return tuple(words + words[-1:] * (count - len(words)))


def words_of(data: bytes, *, big_endian: bool) -> list[int]:
    """Split bytes into unsigned 16-bit words."""
    order = "big" if big_endian else "little"
    return [int.from_bytes(data[i : i + 2], order) for i in range(0, len(data), 2)]  # type: ignore[arg-type]


def palette(ds: Dataset, color: str) -> Lut:
    """Read one of the Red, Green and Blue Palette Color Lookup Tables, plain or segmented (PS3.3 C.7.6.3.1.5-6, C.7.9.2)."""
    descriptor = ds[f"{color}PaletteColorLookupTableDescriptor"].value
    count, first, bits = read_descriptor(descriptor, signed_input=ds.PixelRepresentation == 1)
    big_endian = UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian
    keyword = f"{color}PaletteColorLookupTableData"
    if keyword in ds:
        return Lut(first, bits, table_entries(ds[keyword].value, count, bits, big_endian=big_endian))
    words = words_of(ds[f"Segmented{keyword}"].value, big_endian=big_endian)
    if bits <= 8:
        octets = [octet for word in words for octet in (word & 0xFF, word >> 8)]
        return Lut(first, bits, tuple(expand_segments(octets, octets=True)[:count]))
    return Lut(first, bits, tuple(expand_segments(words)[:count]))


def expand_segments(words: list[int], *, octets: bool = False) -> list[int]:
    """Expand discrete (0), linear (1) and indirect (2) segments (PS3.3 C.7.9.2.1-3); lines round half up.

    octets: of an 8-bit table, whose opcodes, lengths and entries are bytes; a last one alone is padding.
    """
    out: list[int] = []
    _expand(words, 0, None, out, 1 if octets else 2)
    return out


def _expand(words: list[int], at: int, segments: int | None, out: list[int], width: int) -> None:
    """Expand from word ``at`` on; all the rest, or so many segments as an indirect segment names."""
    done = 0
    while at + 1 < len(words) and (segments is None or done < segments):
        kind, length = words[at], words[at + 1]
        if kind == 0:
            out += words[at + 2 : at + 2 + length]
            at += 2 + length
        elif kind == 1:
            start, end = out[-1], words[at + 2]
            out += [int(start + Fraction((end - start) * i, length) + Fraction(1, 2)) for i in range(1, length + 1)]
            at += 3
        elif kind == 2:
            offset = sum(word << 8 * width * place for place, word in enumerate(words[at + 2 : at + 2 + 4 // width]))
            _expand(words, offset // width, length, out, width)
            at += 2 + 4 // width
        else:
            raise ValueError(f"no segment type {kind}")
        done += 1
