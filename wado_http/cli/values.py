"""Values of settings: read strictly from text and from TOML, and written as TOML that reads the same.

Text is what environment variables and options hold. A size may have a unit (``64 MiB``); what is left to the program is ``auto``.
"""

import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from wado_core.settings import GIB, KIB, MIB, Field

AUTOMATIC = "auto"

_WHOLE = re.compile(r"[+-]?\d+(_\d+)*", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:_\d+)*)(?: ?(KiB|MiB|GiB))?", re.ASCII)
_UNITS = {"GiB": GIB, "MiB": MIB, "KiB": KIB}
_TRUTHS = {"true": True, "false": False}

# A path whose bytes are not UTF-8 cannot stand in TOML, but as the URI of a file it can (RFC 8089).
_FILE_URI = "file://"
_URI_PATH = re.compile(r"/([^%?#]|%[0-9A-Fa-f]{2})*")

# Whole numbers of more digits are written in groups of three.
_UNGROUPED = 99_999
# The longest value that a refusal repeats in full.
_REPEATED_CHARACTERS = 80


def from_text(field: Field, text: str) -> Any:
    """Read the value of an environment variable or an option; relative paths count from the working folder.

    Raises ValueError that says what the value must be, and what it is.
    """
    try:
        return _allowed(field, _from_text(field, text))
    except (ValueError, KeyError):
        raise ValueError(_refusal(field, text)) from None


def from_toml(field: Field, value: object, folder: Path) -> Any:
    """Read a value as tomllib returns it; relative paths count from ``folder``. Raises ValueError as from_text does."""
    try:
        return _allowed(field, _from_toml(field, value, folder))
    except ValueError:
        raise ValueError(_refusal(field, value)) from None


def absolute_path(text: str, folder: Path, home: bool = True) -> Path:
    """Return a path, absolute; ValueError when it is empty. home: whether ``~`` at its beginning is somebody's home."""
    expanded = os.path.expanduser(text) if home else text  # Path would take ./~ for ~
    if not text or "\0" in text or (home and expanded.startswith("~")):
        raise ValueError("empty, or holds a null, or the home of nobody")
    return (folder / expanded).absolute()


def _allowed(field: Field, value: Any) -> Any:
    if not field.allows(value):
        raise ValueError("out of bounds")
    return value


def _from_text(field: Field, text: str) -> Any:
    if field.optional and text == AUTOMATIC:
        return None
    if field.type is Path:
        return absolute_path(text, Path())
    if field.type == tuple[Path, ...]:
        return tuple(absolute_path(entry, Path()) for entry in text.split(os.pathsep))
    if field.type is bool:
        return _TRUTHS[text]
    if field.type is str:
        return text
    return _number(field, text)


def _number(field: Field, text: str) -> float:
    if _is_size(field):
        return _size(text)
    if not (_WHOLE if field.type is int else _DECIMAL).fullmatch(text):
        raise ValueError("not a number")
    number: float = field.type(text)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


def _size(text: str) -> int:
    parts = _SIZE.fullmatch(text)
    if parts is None:
        raise ValueError("not a size")
    number, unit = parts.groups()
    return int(number) * _UNITS.get(unit, 1)


def _from_toml(field: Field, value: object, folder: Path) -> Any:
    if field.optional and value == AUTOMATIC:
        return None
    if isinstance(value, list) and field.type == tuple[Path, ...]:
        return tuple(_toml_path(entry, folder) for entry in value)
    if field.type is Path:
        return _toml_path(value, folder)
    if isinstance(value, str) and _is_size(field):
        return _size(value)
    if type(value) is field.type:  # true is no number
        return value
    if type(value) is int and field.type is float:
        return float(value)
    raise ValueError("of another type")


def _toml_path(value: object, folder: Path) -> Path:
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - a value of the wrong type is refused like any other
    if not value.startswith(_FILE_URI):
        return absolute_path(value, folder)
    path = value.removeprefix(_FILE_URI).removeprefix("localhost")
    if not _URI_PATH.fullmatch(path):
        raise ValueError("not the URI of a file")
    return absolute_path(os.fsdecode(unquote_to_bytes(path)), folder)


def _is_size(field: Field) -> bool:
    return field.type is int and field.name.endswith("_bytes")


def _refusal(field: Field, value: object) -> str:
    told = repr(value)
    return f"must be {expected(field)}, not {told if len(told) <= _REPEATED_CHARACTERS else told[:_REPEATED_CHARACTERS] + '…'}"


def expected(field: Field) -> str:
    """Say what a value must be: ``a whole number from 0 to 65535``."""
    kind = {int: "a whole number", float: "a number", bool: "true or false", str: "printable text", Path: "a path"}.get(field.type)
    kind = "a size" if _is_size(field) else kind or "a list of paths"
    between = f" from {bounds(field)}" if bounds(field) else ""
    like = ", such as 64 MiB" if _is_size(field) else ""
    return f"{kind}{between}{like}" + (f', or "{AUTOMATIC}"' if field.optional else "")


def bounds(field: Field) -> str:
    """Return the bounds of a number, ``0 to 65535``, both included; nothing for what has none."""
    least, most = field.setting.least, field.setting.most
    return "" if least is None or most is None else f"{plain(field, least)} to {plain(field, most)}"


def plain(field: Field, value: Any) -> str:
    """Write a value as TOML, but text without its quotes."""
    if isinstance(value, str):
        return value
    return to_toml(field, value).strip('"')


def to_toml(field: Field, value: Any) -> str:
    """Write a value of ``field`` as TOML that from_toml reads as the same value, paths being absolute."""
    if value is None:
        return f'"{AUTOMATIC}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _whole(field, int(value)) if value == int(value) else repr(value)
    if isinstance(value, Path):
        return _quoted(_path_text(value))
    if isinstance(value, tuple):
        return _list(_quoted(_path_text(path)) for path in value)
    return _quoted(value)


def _whole(field: Field, value: int) -> str:
    for unit, size in _UNITS.items():
        if _is_size(field) and value and value % size == 0:
            return f'"{value // size} {unit}"'
    return f"{value:_}" if value > _UNGROUPED else str(value)


def _list(entries: Iterable[str]) -> str:
    written = tuple(entries)
    if len(written) <= 1:
        return f"[{', '.join(written)}]"
    return "\n".join(["[", *(f"    {entry}," for entry in written), "]"])


def _path_text(path: Path) -> str:
    raw = os.fsencode(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _FILE_URI + quote(raw)


def _quoted(text: str) -> str:
    """Write a basic string; JSON escapes what TOML wants escaped, and what a terminal would obey is escaped as well."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else f"\\U{ord(character):08X}" for character in quoted)
