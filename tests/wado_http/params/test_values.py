"""The forms of values (A.4, PS3.5 6.2)."""

import pytest

from wado_core.errors import InvalidRequest
from wado_http.params.values import read_decimal, read_integer, read_uid


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" 10 ", 10), ("+7", 7), ("007", 7), ("000000000012", 12)])
def test_integers(text: str, value: int) -> None:
    assert read_integer("rows", text, 1, 8192) == value


@pytest.mark.parametrize(
    "text", ["", " ", "0", "-5", "abc", "1.5", "1.0", "99999999", "1e2", "1 0", "0x10", "1_0", "١", "1\n", "\t1", "0000000000001"]
)
def test_no_integers(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"rows must be an integer from 1 to 8192\."):
        read_integer("rows", text, 1, 8192)


@pytest.mark.parametrize(
    ("text", "value"), [("40", 40.0), (" -600.5 ", -600.5), ("+1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-2", -0.015)]
)
def test_decimals(text: str, value: float) -> None:
    assert read_decimal("windowCenter", text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e999",
        "40px",
        "1,5",
        "0x1p3",
        "1_0",
        "--1",
        "1e",
        ".",
        "e5",
        "0." + 40 * "3",
        "١",
    ],
)
def test_no_decimals(text: str) -> None:
    with pytest.raises(InvalidRequest, match="windowCenter"):
        read_decimal("windowCenter", text)


@pytest.mark.parametrize("text", ["1", "1.2.840.10008", "1.02.3", "2.25." + "9" * 59])
def test_uids(text: str) -> None:
    """A4.7: leading zeros exist in real archives."""
    assert read_uid("studyUID", text) == text


@pytest.mark.parametrize("text", ["", " ", "1.2.x", "1..2", ".1", "1.", "1.2 ", " 1.2", "1.2\0", "1.2\n", "1.2,1.3", "-1.2", "1" * 65])
def test_no_uids(text: str) -> None:
    with pytest.raises(InvalidRequest, match="studyUID"):
        read_uid("studyUID", text)
