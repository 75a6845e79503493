"""Twin of the RLE kernel: one PackBits segment into every step-th byte of a buffer (PS3.5 G.3.1, G.4)."""


def unpack_segment(size: int, start: int, step: int, encoded: bytes) -> tuple[dict[int, int], int]:
    """Decode one segment, byte by byte.

    Returns the bytes that are written, by their position in a buffer of ``size`` bytes, and how many they are. What does not fit
    is dropped; a run that the end of the segment cuts short gives the bytes that are there.
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
    written = dict(zip(range(start, size, step), octets, strict=False))
    return written, len(written)
