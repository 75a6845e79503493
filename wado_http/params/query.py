"""Queries: the octets behind the question mark to names and values (A1.4 to A1.9)."""

import logging
from collections.abc import Collection
from urllib.parse import unquote

from wado_core.errors import InvalidRequest

_LOGGER = logging.getLogger("wado_http.params")


def read_query(query: bytes, known: Collection[str], spaced: Collection[str] = ()) -> dict[str, str]:
    """Decode a query and return the known parameters in it.

    Names are case-sensitive (A1.6) and unknown ones ignored, however often they stand there (A1.9); the order has no meaning
    (A1.5). ``%xx`` is decoded everywhere; ``+`` is a space only in the parameters named by ``spaced`` (A1.7). Octets that
    are not UTF-8 become U+FFFD, which no parameter allows.
    Raises InvalidRequest for a known parameter given twice (A1.8).
    """
    values: dict[str, str] = {}
    unknown = 0
    for part in query.decode("latin-1").split("&"):
        raw_name, _, raw_value = part.partition("=")
        name = unquote(raw_name) if "%" in raw_name else raw_name
        if name not in known:
            unknown += bool(part)
            continue
        if name in values:
            raise InvalidRequest(f"{name} is given more than once.")
        if name in spaced:
            raw_value = raw_value.replace("+", " ")
        values[name] = raw_value if "%" not in raw_value and raw_value.isascii() else unquote(raw_value)
    if unknown:
        # Their names may be anything, so they stay out of the log.
        _LOGGER.debug("ignored %d unknown parameters", unknown)
    return values


def names_in(query: bytes) -> set[str]:
    """Return all parameter names of a query, decoded."""
    return {unquote(part.partition("=")[0]) for part in query.decode("latin-1").split("&")}
