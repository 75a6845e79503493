"""Text of data sets: bytes in a Specific Character Set to Unicode (PS3.3 C.12.1.1.2, PS3.5 6.1)."""

import warnings
from collections.abc import Sequence

_LONGEST = 1024


def decode_text(data: bytes, character_sets: Sequence[str], *, person_name: bool = False) -> str:
    """Decode the first kilobyte of a value for display; what cannot be decoded becomes U+FFFD, never an error.

    character_sets: values of (0008,0005).  person_name: component groups are separated by "=" (PS3.5 6.2.1).
    """
    data = data[:_LONGEST]
    if data.isascii() and b"\x1b" not in data:
        return data.decode("ascii").strip(" \0\r\n\t")
    from pydicom.charset import convert_encodings, decode_bytes

    delimiters = {0x5E, 0x3D, 0x5C} if person_name else {0x5C, 0x0A, 0x0C, 0x0D, 0x09}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown character set is not worth more than U+FFFD here
        try:
            encodings = convert_encodings(list(character_sets) or [""])
            return decode_bytes(data, encodings, delimiters).strip(" \0\r\n\t")
        except (LookupError, ValueError):
            return data.decode("latin-1", "replace").strip(" \0\r\n\t")
