"""Text of data sets: bytes in a Specific Character Set to Unicode (PS3.3 C.12.1.1.2, PS3.5 6.1).

With the tables of pydicom but not its decoder, which warns of whatever is wrong: silencing warnings is not safe in threads.
"""

import codecs
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

_LONGEST = 1024
_ESCAPE = b"\x1b"
# Encodings whose escape sequences Python's decoders want to see.
_ESCAPES_KEPT = ("iso2022_jp", "iso2022_jp_2", "iso_ir_58")
# PS3.3 Table C.12-5: without code extensions.
_ALONE = ("ISO_IR 192", "GBK", "GB18030")
# Codecs that some writers name instead of a defined term ("UTF-8"); Python has others, not all of them for text.
_OTHER_CODECS = re.compile("ascii|utf-8|iso8859-.*|cp[0-9]+|gb.*|big5.*|euc_.*|shift_.*|koi8-.*")
_PERSON_NAME_DELIMITERS, _TEXT_DELIMITERS = frozenset(b"^=\\"), frozenset(b"\\\n\f\r\t")


def decode_text(data: bytes, character_sets: Sequence[str], *, person_name: bool = False) -> str:
    """Decode the first kilobyte of a value for display; what cannot be decoded becomes U+FFFD, never an error.

    character_sets: values of (0008,0005).  person_name: component groups are separated by "=" (PS3.5 6.2.1).
    """
    data = data[:_LONGEST]
    if data.isascii() and _ESCAPE not in data:
        text = data.decode("ascii")
    else:
        names, delimiters = _codecs(tuple(character_sets)), _PERSON_NAME_DELIMITERS if person_name else _TEXT_DELIMITERS
        text = "".join([_decode_part(part, names, delimiters) for part in re.findall(b"^[^\x1b]+|\x1b[^\x1b]*", data)])
    return text.strip(" \0\r\n\t")


@lru_cache(maxsize=256)
def _codecs(character_sets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of Python's codecs, at least one; a set that stands alone is not extended and extends no other."""
    first, *others = character_sets or ("",)
    others = [] if first in _ALONE else [name for name in others if name not in _ALONE]
    return tuple(_codec(name) for name in (first, *others))


def _codec(name: str) -> str:
    """Return Python's codec for a defined term, also a misspelt one; that of the default repertoire for what is none."""
    from pydicom.charset import default_encoding, python_encoding

    name = re.sub(r"^ISO.IR.", "ISO_IR ", re.sub(r"^ISO.2022.IR.", "ISO 2022 IR ", name))
    if name in python_encoding:
        return python_encoding[name]
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return default_encoding
    return known if _OTHER_CODECS.fullmatch(known) else default_encoding


def _decode_part(part: bytes, names: tuple[str, ...], delimiters: Collection[int]) -> str:
    """Decode what follows an escape sequence, up to the next; by the first encoding where there is none, or an unknown one."""
    try:
        return _decode_escaped(part, names, delimiters) if part.startswith(_ESCAPE) else part.decode(names[0])
    except ValueError:
        return part.decode(names[0], "replace")


def _decode_escaped(part: bytes, names: tuple[str, ...], delimiters: Collection[int]) -> str:
    from pydicom.charset import CODES_TO_ENCODINGS, default_encoding

    length = 4 if part.startswith((b"\x1b$(", b"\x1b$)")) else 3
    name = CODES_TO_ENCODINGS.get(part[:length], "")
    if name not in (*names, default_encoding):
        return part.decode(names[0], "replace")
    if name in _ESCAPES_KEPT:
        return part.decode(name)
    part = part[length:]  # a delimiter leads back to the first encoding
    end = next((place for place, byte in enumerate(part) if byte in delimiters), len(part))
    return part[:end].decode(name) + part[end:].decode(names[0])
