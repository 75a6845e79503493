"""Segmented Palette Color Lookup Tables (PS3.3 C.7.9.2)."""

from struct import unpack

import numpy as np

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_MOST_ENTRIES = 65536

# The longest segments that so many entries can need: indirect ones of a single entry, four words each.
MOST_SEGMENT_BYTES = _MOST_ENTRIES * 8


def expand(segments: bytes, width: int) -> bytes:
    """Expand discrete, linear and indirect segments to entries, little endian words; b"" when they are broken.

    width: bytes of an opcode, a length and an entry, 1 or 2: those of tables of 8 bits are bytes, as in the palettes of PS3.6 B.1.
    """
    count = len(segments) // width
    numbers = list(unpack(f"<{count}{'B' if width == 1 else 'H'}", segments[: count * width]))
    out: list[int] = []
    if not _expand_from(numbers, 0, None, out, width, nested=False):
        return b""
    return np.array(out, "<u2").tobytes()


def _expand_from(numbers: list[int], position: int, count: int | None, out: list[int], width: int, *, nested: bool) -> bool:
    """Expand ``count`` segments (None: all) from ``position`` on into ``out``; False when they are broken."""
    offset_numbers = 4 // width
    while count is None or count > 0:
        if position >= len(numbers) or (width == 1 and count is None and position + 1 == len(numbers)):  # a byte of padding
            return count is None
        if position + 1 >= len(numbers) or len(out) > _MOST_ENTRIES:
            return False
        opcode, length = numbers[position], numbers[position + 1]
        position += 2
        if nested and length == 0:  # repeated for ever, empty segments would never fill the table
            return False
        if opcode == _DISCRETE:  # that many entries follow
            out.extend(numbers[position : position + length])
            position += length
        elif opcode == _LINEAR and out and position < len(numbers):  # from the last entry to the given one
            start, end = out[-1], numbers[position]
            out.extend(int(start + (end - start) * step / length + 0.5) for step in range(1, length + 1))
            position += 1
        elif opcode == _INDIRECT and not nested and position + offset_numbers <= len(numbers):  # repeat segments at a byte offset
            offset = sum(number << (8 * width * place) for place, number in enumerate(numbers[position : position + offset_numbers]))
            if not _expand_from(numbers, offset // width, length, out, width, nested=True):
                return False
            position += offset_numbers
        else:
            return False
        count = None if count is None else count - 1
    return True
