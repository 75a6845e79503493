"""A.5: the headers of answers, and conditional requests."""

import re
from email.utils import parsedate_to_datetime

import pytest

from tests.conformance.client import DICOM, Wado, q

PICTURE = "rows=64&foo=bar"


def test_a5_5_content_location_names_what_was_sent(wado: Wado) -> None:
    """Content-Location is the URL of exactly this representation: asking for it gives the same bytes and the same tag (A5.5)."""
    for of, more, accept in (
        ("ct", PICTURE, None),
        ("ct", "contentType=image/tiff,image/png;q=0.5&region=0,0,0.5,1&windowCenter=+40&windowWidth=400", None),
        ("ct", "frameNumber=7&imageQuality=%2050", "image/*"),
        ("us10", "frameNumber=3", None),
        ("us10", "", "*/*"),
        ("ct", "charset=utf-8,iso-8859-1%3Bq=0.5", "image/png"),
    ):
        response = wado.get(of, more, accept)
        path, _, query = response.headers["content-location"].partition("?")
        assert path == "/wado"
        assert "foo" not in query
        again = wado.ask(query)
        assert (again.status_code, again.headers["content-type"]) == (200, response.headers["content-type"])
        assert (again.content, again.headers["etag"]) == (response.content, response.headers["etag"])
        assert again.headers["content-location"] == response.headers["content-location"]


@pytest.mark.parametrize("more", ["", "contentType=image/png", f"contentType={DICOM}"])
def test_a5_4_length_type_and_caching(wado: Wado, more: str) -> None:
    """Content-Length, Content-Type, strong ETag, Last-Modified not in the future, private caching, Vary (A5.3, A5.4, A5.6)."""
    response = wado.get("ct", more)
    headers = response.headers
    assert int(headers["content-length"]) == len(response.content)
    assert "transfer-encoding" not in headers
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', headers["etag"])
    assert parsedate_to_datetime(headers["last-modified"]) <= parsedate_to_datetime(headers["date"])
    assert re.fullmatch(r"private, max-age=[0-9]+", headers["cache-control"])
    vary = {name.strip().lower() for name in headers["vary"].split(",")}
    assert {"accept", "accept-charset", "accept-encoding", "authorization"} <= vary
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("of", ["ct", "us10"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', 'W/"other" ,\t{},', "*", '"a,b", {}'])
def test_j84_a_client_that_has_it_is_told_so(wado: Wado, of: str, form: str) -> None:
    """If-None-Match with the tag, weak, in a list, or ``*``: 304, no body, the headers of 200 a cache needs (A5.6, J.84)."""
    first = wado.get(of)
    second = wado.get(of, if_none_match=form.format(first.headers["etag"]))
    assert (second.status_code, second.content) == (304, b"")
    for name in ("etag", "vary", "cache-control", "content-location", "last-modified"):
        assert second.headers[name] == first.headers[name]
    assert second.headers.get("content-length") in {None, "0", first.headers["content-length"]}


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', "", "other", '"*"'])
def test_j84_a_client_that_has_something_else_gets_it(wado: Wado, tag: str) -> None:
    """Another tag: 200 and the whole answer (A5.6)."""
    assert wado.get("ct", if_none_match=tag).content == wado.get("ct").content
    unquoted = wado.get("ct").headers["etag"].strip('"')
    assert wado.get("ct", if_none_match=unquoted).status_code == 200


def test_j84_head_is_conditional_too(wado: Wado) -> None:
    """HEAD with the tag: 304; 304 is decided for pictures nobody has made yet as well (A1.10, A5.6)."""
    etag = wado.ask(f"{q('ct')}&rows=71", method="HEAD").headers["etag"]
    assert wado.ask(f"{q('ct')}&rows=71", method="HEAD", if_none_match=etag).status_code == 304
    assert wado.get("ct", "rows=71", if_none_match=etag).status_code == 304
    assert wado.get("ct", "rows=71").headers["etag"] == etag


def test_j84_different_answers_have_different_tags(wado: Wado) -> None:
    """Whatever changes a byte changes the tag; what changes none need not (A5.6, J.84)."""
    asked = ["", "rows=64", "rows=65", "columns=64&rows=63", "contentType=image/png", f"contentType={DICOM}", "imageQuality=91",
    "region=0,0,1,0.5",
             "region=0,0,0.5,1", "windowCenter=41&windowWidth=400", "windowCenter=40&windowWidth=401"]  # fmt: skip
    tags = [wado.get("ct", more).headers["etag"] for more in asked]
    tags += [wado.get(of, more).headers["etag"] for of, more in (("ramp", ""), ("us10", "frameNumber=1"), ("us10", "frameNumber=2"))]
    assert len(set(tags)) == len(tags)


def test_j84_refusals_come_before_conditions(wado: Wado) -> None:
    """A wrong request stays wrong whatever the client has (RFC 9110 13.2.1)."""
    for of, more, status in (
        ("ct", "rows=0", 400),
        ("unknown", "", 404),
        ("ct", "contentType=image/tiff", 406),
        ("us10", "frameNumber=11", 400),
    ):
        assert wado.get(of, more, if_none_match="*").status_code == status


def test_a5_6_if_modified_since(wado: Wado) -> None:
    """The date of the copy we have: 304; any other: 200; If-None-Match goes first; unreadable dates are ignored (RFC 9110 13.1.3)."""
    modified = wado.get("ct").headers["last-modified"]
    assert wado.get("ct", if_modified_since=modified).status_code == 304
    for other in (
        "Fri, 01 Jan 2100 00:00:00 GMT",  # the client's copy is of another file than the older one that a backup brought back
        "Thu, 01 Jan 1970 00:00:00 GMT", "Thursday, 01-Jan-70 00:00:00 GMT", "Thu Jan  1 00:00:00 1970", "yesterday", "",
    ):  # fmt: skip
        assert wado.get("ct", if_modified_since=other).status_code == 200
    assert wado.get("ct", if_modified_since=modified, if_none_match='"other"').status_code == 200


def test_a5_7_no_warning_without_a_reason(wado: Wado) -> None:
    """Plain answers carry no Warning (A5.7)."""
    for of, more in (("ct", ""), ("rgb0", ""), ("us10", ""), ("pad_auto", "rows=10")):
        assert "warning" not in wado.get(of, more).headers


def test_a1_9_extra_parameters_share_the_tag(wado: Wado) -> None:
    """Ignored parameters and the order of parameters do not change the tag, so that caches stay small (A1.5, A1.9)."""
    tag = wado.get("ct", "rows=64&columns=64").headers["etag"]
    assert wado.get("ct", "foo=1&columns=64&rows=64").headers["etag"] == tag


@pytest.mark.parametrize("of", ["ct", "us10"])
def test_answers_are_the_same_at_any_time(wado: Wado, of: str) -> None:
    """The same request gives the same bytes, cached or not (a strong ETag promises it)."""
    for more in ("frameNumber=1&rows=97", f"contentType={DICOM}"):
        assert wado.get(of, more).content == wado.get(of, more).content
