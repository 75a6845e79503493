"""A6.2: the order of the checks, so that every client sees the same status; and what explanations hold (A6.1)."""

from pathlib import Path

import pytest

from tests.conformance.client import DAMAGED, DICOM, Wado, check_log, q
from tests.fixtures import uids

UNKNOWN_STATE = "presentationUID=1.2.3&presentationSeriesUID=1.2.4"


@pytest.mark.parametrize(
    ("query", "method", "status"),
    [
        ("requestType=nonsense", "POST", 405),  # the method before requestType
        ("studyUID=x", "GET", 400),
        ("requestType=WADO&studyUID=1.2&seriesUID=1.2", "GET", 400),
        (f"{q('unknown')}&rows=0", "GET", 400),  # the syntax of all parameters before the look-up
        (f"{q('unknown')}&region=1,1,0,0", "GET", 400),
        (f"{q('unknown')}&frameNumber=0", "GET", 400),
        (f"{q('unknown')}&contentType=image/*", "GET", 400),
        (f"{q('unknown')}&charset=;;", "GET", 400),
        (f"{q('unknown')}&windowCenter=40", "GET", 400),  # combinations independent of the object before the look-up
        (f"{q('unknown')}&presentationUID=1.2.3", "GET", 400),
        (f"{q('unknown')}&contentType={DICOM}&rows=10", "GET", 400),
        (f"{q('unknown')}&contentType=image/png&anonymize=yes", "GET", 400),
        (f"{q('unknown')}&contentType=image/tiff", "GET", 404),  # the look-up before the media type
        (f"{q('unknown')}&frameNumber=99999", "GET", 404),
        (f"{q('unknown')}&{UNKNOWN_STATE}", "GET", 404),
        (f"{q('us10')}&contentType=image/tiff&frameNumber=11", "GET", 406),  # the media type before frame, state and category
        (f"{q('sr')}&contentType=image/jpeg&rows=10", "GET", 406),
        (f"{q('ecg')}&contentType=image/jpeg&frameNumber=1", "GET", 406),
        (f"{q('us10')}&frameNumber=11", "GET", 400),  # what depends on the object before rendering
        (f"{q(DAMAGED)}&contentType=image/tiff", "GET", 406),
        (f"{q(DAMAGED)}&windowCenter=1&windowWidth=0", "GET", 400),
        (q(DAMAGED), "GET", 500),  # and rendering last
        pytest.param(f"{q('bit1')}&frameNumber=6", "GET", 400),
        pytest.param(f"{q('mpg')}&frameNumber=26", "GET", 400),
        (f"{q('j2k_part2')}&contentType=image/tiff", "GET", 406),
        (q("j2k_part2"), "GET", 501),
    ],
)
def test_the_first_check_that_fails_decides(wado: Wado, query: str, method: str, status: int) -> None:
    """Method, requestType, UIDs, syntax, combinations, look-up, media type, object, rendering (A6.2)."""
    assert wado.ask(query, method=method).status_code == status


@pytest.mark.parametrize(
    ("more", "named"),
    [("rows=0", "rows"), ("windowCenter=1", "windowWidth"), ("region=1", "region"), ("frameNumber=x", "frameNumber"),
     ("annotation=foo", "annotation"),
     ("imageQuality=0", "imageQuality"), ("transferSyntax=x", "transferSyntax"), ("anonymize=no", "anonymize"), ("presentationUID=x",
     "presentationUID")],
)  # fmt: skip
def test_a6_1_explanations_name_the_parameter(wado: Wado, more: str, named: str) -> None:
    """A 400 says which parameter is wrong (A6.1)."""
    assert named in wado.get("ct", more).text


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain", None])
@pytest.mark.parametrize("more", ["rows=<script>alert(1)</script>", "contentType=<b>", "annotation=%22%3E%3Cimg%20src=x%3E"])
def test_a6_1_explanations_do_not_repeat_markup(wado: Wado, more: str, accept: str | None) -> None:
    """Nothing of the request comes back as markup (A3.13, A6.1)."""
    response = wado.get("ct", more, accept)
    assert response.status_code == 400
    for text in ("<script", "<b>", "<img"):
        assert text not in response.text


def test_a6_1_damaged_objects_are_explained_without_their_inside(wado: Wado) -> None:
    """A frame that cannot be decoded: 500 with a request id for the log, and nothing else of the inside (A.6, A6.1)."""
    response = wado.get(DAMAGED)  # the client looks for paths, patients and tracebacks in every refusal
    assert response.status_code == 500
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


def test_a8_3_the_log_holds_no_uids_and_no_patients(wado: Wado) -> None:
    """Requests, refused or served, leave no UID in standard error; failures leave their reason under the request id (A6.1, A8.3)."""
    asked = (("ct", ""), ("ct", "rows=0"), ("unknown", ""), ("ct", "contentType=image/tiff"), ("us10", "foo=bar"), ("j2k_part2", ""))
    for of, more in asked:
        wado.get(of, more)
    request_id = wado.get(DAMAGED).text.partition("Request id: ")[2].strip()
    assert len(request_id) >= 8
    assert request_id in wado.server.log.read_text()
    check_log(wado.server)


def test_only_the_served_folder_is_served(wado: Wado) -> None:
    """Paths that are no resource: 404, also those that climb (A8.4)."""
    for path in ("nonesuch", "wado/", "wado/../etc/passwd", "static/../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "ct.dcm", "WADO"):
        assert wado.ask(q("ct"), path=path).status_code == 404
    assert Path(wado.server.folder, "ct.dcm").exists()


def test_uids_of_several_objects_do_not_mix(wado: Wado) -> None:
    """Every combination of the UIDs of two objects but the right one: 404 (A4.6)."""
    first, second = uids("ct"), uids("deid")
    for choice in range(1, 7):
        mixed = [(first, second)[choice >> bit & 1][bit] for bit in range(3)]
        query = "requestType=WADO&studyUID={}&seriesUID={}&objectUID={}".format(*mixed)
        assert wado.ask(query).status_code == 404
