"""Queries (A1.4 to A1.9)."""

import pytest

from wado_core.errors import InvalidRequest
from wado_http.params.query import names_in, read_query


def test_percent_encoding_is_decoded_in_names_and_values() -> None:
    assert read_query(b"r%6Fws=1%30&x=%2B%2C%2F", ("rows", "x")) == {"rows": "10", "x": "+,/"}


def test_plus_is_a_space_only_where_a_space_is_legal() -> None:
    """A1.7."""
    assert read_query(b"a=1+2&charset=ISO+2022%2BIR", ("a", "charset"), spaced=("charset",)) == {"a": "1+2", "charset": "ISO 2022+IR"}


def test_unknown_names_are_ignored_even_twice() -> None:
    """A1.9."""
    assert read_query(b"foo=1&foo=2&Rows=3&rows=4", ("rows",)) == {"rows": "4"}


@pytest.mark.parametrize("query", [b"rows=1&rows=1", b"rows=1&rows", b"rows=1&r%6Fws=2"])
def test_a_known_name_twice_is_refused(query: bytes) -> None:
    """A1.8."""
    with pytest.raises(InvalidRequest, match="rows"):
        read_query(query, ("rows",))


def test_empty_parts_and_missing_values() -> None:
    assert read_query(b"&&rows&columns=&", ("rows", "columns")) == {"rows": "", "columns": ""}


def test_octets_that_are_not_text_become_what_no_value_allows() -> None:
    assert read_query(b"rows=%ff1", ("rows",)) == {"rows": "�1"}


def test_raw_octets_beyond_ascii_do_not_fail() -> None:
    assert "rows" in read_query(b"rows=\xff", ("rows",))


def test_names_in_are_decoded() -> None:
    assert names_in(b"requestTyp%65=WADO&page=2") == {"requestType", "page"}
