"""Twins of the RLE kernels: the PackBits of one segment, and byte planes side by side (PS3.5 G.2, G.3.1)."""

from collections.abc import Sequence


def unpack_segment(size: int, encoded: bytes) -> bytes:
    """Decode one segment, byte by byte.

    Returns at most ``size`` bytes. What does not fit is dropped; a run that the end of the segment cuts short gives the bytes that are
    there.
    """
    octets: list[int] = []
    i = 0
    while i < len(encoded):
        control = encoded[i]
        if control < 128:
            octets += encoded[i + 1 : i + 2 + control]
            i += 2 + control
        elif control > 128:
            octets += [encoded[i + 1]] * (257 - control) if i + 1 < len(encoded) else []
            i += 2
        else:
            i += 1
    return bytes(octets[:size])


def interleave(planes: Sequence[bytes]) -> bytes:
    """Return the first byte of every plane, the second of every plane …"""
    return bytes(octet for group in zip(*planes, strict=True) for octet in group)
