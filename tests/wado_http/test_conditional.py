"""Conditional requests (RFC 9110 13.1, A5.6)."""

from time import time

import pytest
from starlette.datastructures import Headers

from wado_core.model.instance import Location
from wado_http.conditional import client_has, entity_tag, http_date, modified_s

MODIFIED = 1_700_000_000


def test_dates_are_imf_fixdate() -> None:
    assert http_date(MODIFIED) == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_the_digest_is_quoted() -> None:
    assert entity_tag("abc") == '"abc"'


def test_fractions_are_cut_and_the_future_is_now() -> None:
    """RFC 9110 8.8.2.1: Last-Modified never lies after Date."""
    assert modified_s(Location(b"x", 1, MODIFIED * 10**9 + 999_999_999, 1)) == MODIFIED
    assert modified_s(Location(b"x", 1, 2**62, 1)) <= time()


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ('"abc"', True), ('W/"abc"', True), ('"x", "abc"', True), ('"x" ,W/"abc"', True), ("*", True), (" * ", True),
        ('"x"', False), ("abc", False), ('"ABC"', False), ("", False), ('"x,abc"', False), ('"x""abc"', True),
    ],
)  # fmt: skip
def test_if_none_match(header: str, matches: bool) -> None:
    assert client_has(Headers({"if-none-match": header}), '"abc"', MODIFIED) is matches


def test_if_none_match_in_several_lines() -> None:
    headers = Headers(raw=[(b"if-none-match", b'"x"'), (b"if-none-match", b'"abc"')])
    assert client_has(headers, '"abc"', MODIFIED)


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", True),
        ("Tue, 14 Nov 2023 22:13:21 GMT", False),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", True),
        ("Tue Nov 14 22:13:20 2023", True),
        ("Tue, 14 Nov 2023 22:13:19 GMT", False),
        ("yesterday", False),
        ("", False),
        ("Tue, 14 Nov 2023 22:13:20 +9999999", False),
        ("Tue, 14 Nov 99999999 22:13:20 GMT", False),
    ],
)
def test_if_modified_since(header: str, matches: bool) -> None:
    assert client_has(Headers({"if-modified-since": header}), '"abc"', MODIFIED) is matches


def test_if_none_match_wins_over_if_modified_since() -> None:
    headers = Headers({"if-none-match": '"x"', "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT"})
    assert not client_has(headers, '"abc"', MODIFIED)


def test_no_condition() -> None:
    assert not client_has(Headers({}), '"abc"', MODIFIED)
