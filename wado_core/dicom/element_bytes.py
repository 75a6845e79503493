"""Elements as bytes of Explicit VR Little Endian (PS3.5 7.1.2)."""

from struct import pack

from wado_core.dicom.elements import LONG_VRS
from wado_core.model.uid import LONGEST_UID


def header_bytes(tag: int, vr: bytes, length: int) -> bytes:
    """Return tag, VR and length."""
    if vr in LONG_VRS:
        return pack("<HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, length)
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, length)


def delimiter_bytes(tag: int, length: int) -> bytes:
    """Return an item, or the delimiter of one or of a sequence: they have no VR (PS3.5 7.5)."""
    return pack("<HHL", tag >> 16, tag & 0xFFFF, length)


def element_bytes(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return an element; its value has an even length."""
    return header_bytes(tag, vr, len(value)) + value


def uid_bytes(uid: str) -> bytes:
    """Return a UID as a value."""
    data = uid.encode("latin-1")[:LONGEST_UID]  # as it was read
    return data + b"\0" * (len(data) % 2)


def text_bytes(text: str) -> bytes:
    """Return a short text, a code or a number as a value."""
    data = text.encode("latin-1")[:16]  # as it was read; the longest CS and SH (PS3.5 6.2)
    return data + b" " * (len(data) % 2)
