"""J.1: mandatory parameters and errors."""

import httpx
import pytest

from tests.conformance.client import Wado, q
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build, uids
from tests.reference import render


def test_j01_minimal_request_is_a_baseline_jpeg(wado: Wado) -> None:
    """Q(ct): 200 image/jpeg, SOI, SOF0 and no other frame, 512x512, one component (A3.1, A3.5, A3.7)."""
    response = wado.get("ct")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
    jpeg = assert_jpeg_shows(response.content, render(build("ct")))
    assert (jpeg.rows, jpeg.columns, jpeg.components) == (512, 512, 1)


def test_j02_request_type_is_required(wado: Wado) -> None:
    """No requestType: 400 (A4.1)."""
    assert wado.ask(q("ct").removeprefix("requestType=WADO&"), path="wado").status_code == 400


@pytest.mark.parametrize("wrong", ["requestType=wado", "requestType=XYZ", "requesttype=WADO", "requestType=", "requestType=WADO%20"])
def test_j03_request_type_is_exactly_wado(wado: Wado, wrong: str) -> None:
    """Names and the value WADO are compared case-sensitively: 400 (A1.6, A4.1)."""
    assert wado.ask(q("ct").replace("requestType=WADO", wrong)).status_code == 400


@pytest.mark.parametrize("missing", ["studyUID", "seriesUID", "objectUID"])
def test_j04_each_uid_is_required(wado: Wado, missing: str) -> None:
    """One of the three UIDs missing: 400, although one would identify the object (A4.2 to A4.5)."""
    parameters = [part for part in q("ct").split("&") if not part.startswith(missing)]
    assert len(parameters) == 3
    response = wado.ask("&".join(parameters))
    assert response.status_code == 400
    assert missing in response.text


@pytest.mark.parametrize("wrong", ["studyUID", "seriesUID", "objectUID"])
@pytest.mark.parametrize("instead", ["1.2.3.4", "known"])
def test_j05_object_under_other_uids_is_not_found(wado: Wado, wrong: str, instead: str) -> None:
    """The object must exist under exactly that study and series: 404, for unknown UIDs and for those of another object (A4.6).

    That a deleted object answers 410 is checked in test_gone.
    """
    names = ("studyUID", "seriesUID", "objectUID")
    other = uids("deid")[names.index(wrong)] if instead == "known" else instead
    parameters = dict(zip(names, uids("ct"), strict=True)) | {wrong: other}
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    assert wado.ask(f"requestType=WADO&{query}").status_code == 404


@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
@pytest.mark.parametrize("uid", ["1.2.x", "1." * 32 + "1", "{}%00", "", "1..2", ".1", "1.", "%201.2", "1.2%20", "1.2%5C1.3", "１.2"])
def test_j06_ill_formed_uids_are_refused(wado: Wado, name: str, uid: str) -> None:
    """Letters, more than 64 characters, a trailing NUL, empty, empty components, spaces, two values: 400 (A4.7)."""
    parameters = dict(part.split("=") for part in q("ct").split("&"))
    parameters[name] = uid.format(parameters[name])
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    assert wado.ask(query).status_code == 400


def test_j06_leading_zeros_and_64_characters_are_looked_up(wado: Wado) -> None:
    """Real archives hold components with leading zeros: unknown, so 404 and not 400; 64 characters are the longest UID (A4.7)."""
    study, series, _ = uids("ct")
    longest = "1." * 31 + "12"
    assert len(longest) == 64
    for uid in ("1.02.3", longest):
        assert wado.ask(f"requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={uid}").status_code == 404


def test_j07_order_has_no_meaning(wado: Wado) -> None:
    """Parameters in reverse order: the answer of check 1, byte by byte (A1.5)."""
    reverse = "&".join(reversed(q("ct").split("&")))
    assert wado.ask(reverse).content == wado.get("ct").content


def test_j08_unknown_parameters_are_ignored(wado: Wado) -> None:
    """``&foo=bar``: 200 and the bytes of check 1, even given twice (A1.9)."""
    response = wado.get("ct", "foo=bar&foo=bar&Rows=10")
    assert response.status_code == 200
    assert response.content == wado.get("ct").content


@pytest.mark.parametrize(
    "twice",
    ["rows=10&rows=20", "rows=10&rows=10", "objectUID=1.2", "requestType=WADO", "contentType=image/png&contentType=image/jpeg",
     "frameNumber=1&frameNumber=1", "region=0,0,1,1&region=0,0,1,1", "anonymize=yes&anonymize=yes",
     "contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.1&transferSyntax=1.2.840.10008.1.2.1"],
)  # fmt: skip
def test_j09_parameters_given_twice_are_refused(wado: Wado, twice: str) -> None:
    """A known parameter given twice, also with the same value: 400 (A1.8)."""
    assert wado.status("ct", twice) == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_j10_other_methods_are_refused(wado: Wado, method: str) -> None:
    """405 with Allow containing GET, whatever the query (A1.10); the method is checked before anything else (A6.2)."""
    for query in (q("ct"), ""):
        response = wado.ask(query, method=method)
        assert response.status_code == 405
        assert {"GET", "HEAD", "OPTIONS"} == set(response.headers["allow"].replace(" ", "").split(","))


@pytest.mark.parametrize(
    ("of", "more"),
    [("ct", ""), ("ct", "contentType=image/png&rows=37"), ("ct", "contentType=application/dicom"), ("us10", ""), ("rgb0",
     "windowCenter=1&windowWidth=2")],
)  # fmt: skip
def test_j10_head_has_the_headers_of_get_and_no_body(wado: Wado, of: str, more: str) -> None:
    """HEAD: 200, empty body, the headers GET sends; Content-Length may be missing while it is not known, never wrong (A1.10)."""
    query = "&".join(filter(None, (q(of), more)))
    before = wado.ask(query, method="HEAD")
    got = wado.ask(query)
    after = wado.ask(query, method="HEAD")
    assert len(got.content) == int(got.headers["content-length"])
    for head in (before, after):
        assert (head.status_code, head.content) == (200, b"")
        assert _said(head) == {name: value for name, value in _said(got).items() if name in head.headers or name != "content-length"}


def _said(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "date"}


@pytest.mark.parametrize(("query", "status"), [("requestType=WADO", 400), (q("ct").replace("objectUID=", "objectUID=1."), 404)])
def test_j10_head_of_what_is_refused(wado: Wado, query: str, status: int) -> None:
    """HEAD is refused as GET is, without a body (A1.10, A6.1)."""
    assert wado.ask(query, method="HEAD").status_code == wado.ask(query).status_code == status


def test_j10_options(wado: Wado) -> None:
    """OPTIONS: 200 or 204 with Allow (A1.10)."""
    response = wado.ask("", method="OPTIONS")
    assert response.status_code in {200, 204}
    assert {"GET", "HEAD", "OPTIONS"} == set(response.headers["allow"].replace(" ", "").split(","))
