"""JPEG streams taken apart into segments and put together again, to make streams that say other things of themselves."""

from collections.abc import Sequence
from struct import pack, unpack_from

JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"


def adobe(transform: int) -> bytes:
    return b"Adobe\0\x64\0\0\0\0" + bytes([transform])


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + pack(">H", len(content) + 2) + content


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return marker and content of each segment before the scan, and everything from the scan on."""
    at, found = 2, []
    while data[at + 1] != 0xDA:
        (length,) = unpack_from(">H", data, at + 2)
        found.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found, data[at:]


def rebuilt(data: bytes, *, applications: Sequence[tuple[int, bytes]], ids: Sequence[int] | None = None) -> bytes:
    """Give a stream other application segments, and its components other numbers."""
    segments, scan = split(data)
    numbers = bytearray(scan)
    for place, number in enumerate(ids or ()):
        numbers[5 + 2 * place] = number
    out = b"\xff\xd8" + b"".join(segment(marker, content) for marker, content in applications)
    for marker, content in segments:
        if 0xE0 <= marker <= 0xEF:
            continue
        renamed = bytearray(content)
        if marker == 0xC0 and ids:
            renamed[6 : 6 + 3 * len(ids) : 3] = bytes(ids)
        out += segment(marker, bytes(renamed))
    return out + bytes(numbers)
