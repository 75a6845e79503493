"""Values: the forms parameters are written in (A.4: UID, IS and DS; PS3.5 6.2)."""

import math
import re

from wado_core.errors import InvalidRequest
from wado_core.model.uid import is_uid

_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?")
# DS has 16 characters (PS3.5 6.2), but what JavaScript writes of a third has 18, and viewers are written in it.
LONGEST_DECIMAL = 32


def read_uid(name: str, text: str) -> str:
    """Return a UID as it is written; neither spaces nor NUL may stand beside it (A4.7)."""
    if not is_uid(text):
        raise InvalidRequest(f"{name} must be one UID: digits and dots, at most 64 characters.")
    return text


def read_integer(name: str, text: str, low: int, high: int | None = None) -> int:
    """Return an IS value in ``low … high``; spaces around it are trimmed."""
    trimmed = text.strip(" ")
    value = int(trimmed) if _INTEGER.fullmatch(trimmed) else None
    if value is None or value < low or (high is not None and value > high):
        span = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise InvalidRequest(f"{name} must be an integer {span}.")
    return value


def read_decimal(name: str, text: str) -> float:
    """Return a finite DS value; spaces around it are trimmed."""
    trimmed = text.strip(" ")
    if len(trimmed) <= LONGEST_DECIMAL and _DECIMAL.fullmatch(trimmed) and math.isfinite(value := float(trimmed)):
        return value
    raise InvalidRequest(f"{name} must be a decimal number of at most {LONGEST_DECIMAL} characters.")
