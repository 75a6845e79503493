"""Conditional requests: strong ETags, If-None-Match, If-Modified-Since, Last-Modified (RFC 9110 8.8, 13.1; A5.6)."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from time import time

from starlette.datastructures import Headers

from wado_core.model.instance import Location

_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def entity_tag(digest: str) -> str:
    """Quote a digest: equal tags promise equal bytes."""
    return f'"{digest}"'


def modified_s(location: Location) -> int:
    """Return when the stored copy was last changed, in whole seconds since 1970, never in the future (RFC 9110 8.8.2.1)."""
    return min(location.mtime_ns // 1_000_000_000, int(time()))


@lru_cache(maxsize=1024)
def http_date(seconds: int) -> str:
    """Write a time as IMF-fixdate (RFC 9110 5.6.7)."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def client_has(headers: Headers, etag: str | None, modified: int | None) -> bool:
    """Say whether the client's copy is still right, so that 304 is the answer.

    etag, modified: None where there is none.
    If-None-Match is compared weakly; If-Modified-Since counts only in its absence, and a date nobody can read not at all
    (RFC 9110 13.1.2, 13.1.3).
    """
    if "if-none-match" in headers:
        return names_tag(headers, etag)
    since = _seconds(headers.get("if-modified-since"))
    return since is not None and modified == since  # not later than: a backup may have brought an older file back


def names_tag(headers: Headers, etag: str | None) -> bool:
    """Say whether If-None-Match is there and names ``etag``, strong or weak, or anything by ``*``."""
    header = ", ".join(headers.getlist("if-none-match"))
    return header.strip() == "*" or etag in _ENTITY_TAG.findall(header)


def _seconds(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        date = parsedate_to_datetime(header)
        # A date without a zone is in GMT, as asctime writes it.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
