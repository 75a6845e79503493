"""J.10 and J.11: the DICOMweb services, which wait to be made; real requests with real expectations, as in test_later.

The base path is ``/dicom-web`` (C.1).  Every test begins with what must work, so that none passes because nothing is there.
"""

import json
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from pydicom import Dataset

from tests.conformance.client import DICOM, ELE, JPEG, JPEG_BASELINE, PNG, Wado, decoded, q, stored
from tests.conformance.later import later
from tests.fixtures import build, file_bytes, uids
from tests.fixtures.identity import PATIENT_ID, STUDY_DATE, uid

JSON = "application/dicom+json"
OBJECTS = 'multipart/related; type="application/dicom"'
RETRIEVE = "WADO-RS"
SEARCH = "QIDO-RS"
STORE = "STOW-RS"
WORKLIST = "UPS-RS"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart answer."""

    headers: dict[str, str]
    body: bytes


def parts(response: httpx.Response) -> list[Part]:
    """Split a multipart/related answer (C.3)."""
    assert response.status_code == 200, response.text
    kind = response.headers["content-type"]
    assert kind.startswith("multipart/related")
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + response.content, policy=HTTP)
    whole = [part for part in message.walk() if not part.is_multipart()]
    bodies = [part.get_payload(decode=True) for part in whole]
    return [Part({name.lower(): str(value) for name, value in part.items()}, bytes(body)) for part, body in zip(whole, bodies, strict=True)]


def of_instance(of: str, more: str = "") -> str:
    """Return the path of an instance and what lies below it."""
    study, series, instance = uids(of)
    return f"dicom-web/studies/{study}/series/{series}/instances/{instance}{more}"


def of_study(of: str, more: str = "") -> str:
    return f"dicom-web/studies/{uids(of)[0]}{more}"


def found(response: httpx.Response) -> list[dict[str, Any]]:
    """Read the matches of a search, or metadata."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith(JSON)
    matches: list[dict[str, Any]] = response.json()
    return matches


def multipart(*objects: bytes) -> tuple[bytes, str]:
    """Write the body of a STOW-RS request, and its Content-Type."""
    body = b"".join(b"--wado\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n" for data in objects)
    return body + b"--wado--\r\n", f"{OBJECTS}; boundary=wado"


def post(wado: Wado, path: str, content: bytes, content_type: str, method: str = "POST") -> httpx.Response:
    return wado.http.request(method, f"{wado.server.url}{path}", content=content, headers={"content-type": content_type, "accept": JSON})


@later(RETRIEVE)
def test_j65_study(wado: Wado) -> None:
    """GET study: one part for each instance, each ELE; with transfer-syntax=* the stored syntaxes, named in part headers."""
    whole = parts(wado.ask("", OBJECTS, path=of_study("deid")))
    assert [part.body[128:132] for part in whole] == [b"DICM"]
    assert ELE in whole[0].headers["content-type"]
    as_stored = parts(wado.ask("", f"{OBJECTS}; transfer-syntax=*", path=of_instance("jpg")))
    assert JPEG_BASELINE in as_stored[0].headers["content-type"]


@later(RETRIEVE)
def test_j66_single_part(wado: Wado) -> None:
    """GET instance with Accept application/dicom: a single part; GET study with the same: 406."""
    assert wado.ask("", DICOM, path=of_instance("ct")).content[128:132] == b"DICM"
    assert wado.ask("", DICOM, path=of_study("ct")).status_code == 406


@later(RETRIEVE)
def test_j67_metadata(wado: Wado) -> None:
    """GET metadata, Accept */*: DICOM JSON, keys sorted and upper case, an empty attribute only vr, PN as object, no inline pixels."""
    (attributes,) = found(wado.ask("", "*/*", path=of_instance("ct", "/metadata")))
    assert list(attributes) == sorted(attributes)
    assert all(key == key.upper() and len(key) == 8 for key in attributes)
    assert attributes["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "DOE^PHANTOM"}]}
    assert attributes["00200020"] == {"vr": "CS"}
    assert "InlineBinary" not in attributes["7FE00010"]
    (xml,) = parts(wado.ask("", 'multipart/related; type="application/dicom+xml"', path=of_instance("ct", "/metadata")))
    assert b"<NativeDicomModel" in xml.body


@later(RETRIEVE)
def test_j68_frames(wado: Wado) -> None:
    """frames/1,3 of us10 as octets: 2 parts of rows x columns x 3 bytes; 11: 404; a: 400; the stored JPEG of jpg."""
    both = parts(wado.ask("", 'multipart/related; type="application/octet-stream"', path=of_instance("us10", "/frames/1,3")))
    assert [len(part.body) for part in both] == [48 * 64 * 3] * 2
    assert [wado.ask("", "*/*", path=of_instance("us10", f"/frames/{frame}")).status_code for frame in ("11", "a")] == [404, 400]
    accept = f'multipart/related; type="image/jpeg"; transfer-syntax={JPEG_BASELINE}'
    (stream,) = parts(wado.ask("", accept, path=of_instance("jpg", "/frames/1")))
    assert stream.body in build("jpg")


@later(RETRIEVE)
def test_j69_bulk_data(wado: Wado) -> None:
    """BulkDataURI of metadata: the bytes of the element; Range: 206 with Content-Range."""
    (attributes,) = found(wado.ask("", JSON, path=of_instance("ct", "/metadata")))
    address = attributes["7FE00010"]["BulkDataURI"]
    url = httpx.URL(wado.server.url).join(address)
    whole = wado.http.get(url, headers={"accept": "application/octet-stream"})
    assert whole.content == stored("ct").PixelData
    part = wado.http.get(url, headers={"accept": "application/octet-stream", "range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, whole.content[:10])
    assert part.headers["content-range"] == f"bytes 0-9/{len(whole.content)}"


@later(RETRIEVE)
@pytest.mark.parametrize("function", ["linear", "linear-exact", "sigmoid"])
def test_j70_rendered_windows(wado: Wado, function: str) -> None:
    """rendered?window=40,400,linear equals the /wado picture; wrong ones are 400; linear-exact and sigmoid by formula."""
    rendered = of_instance("ct", "/rendered")
    response = wado.ask(f"window=40,400,{function}", PNG, path=rendered)
    assert response.status_code == 200
    if function == "linear":
        assert np.array_equal(decoded(response.content), wado.picture("ct"))
    else:
        hu = stored("ct").pixel_array.astype(float) - 1024
        y = 255 / (1 + np.exp(-4 * (hu - 40) / 400)) if function == "sigmoid" else np.clip((hu - 40) / 400 + 0.5, 0, 1) * 255
        assert np.abs(decoded(response.content) - np.floor(y + 0.5)).max() <= 1
    for wrong in ("40,400", "40,400,LINEAR", "40,400,cubic", "40,0,linear"):
        assert wado.ask(f"window={wrong}", PNG, path=rendered).status_code == 400


@later(RETRIEVE)
def test_j71_rendered_viewports(wado: Wado) -> None:
    """viewport=100,100 on wide: 50 x 100; the right half; negative sw mirrors; broken ones: 400."""
    rendered = of_instance("wide", "/rendered")

    def picture(viewport: str) -> Any:
        response = wado.ask(f"viewport={viewport}", PNG, path=rendered)
        assert response.status_code == 200
        return decoded(response.content)

    whole = wado.picture("wide")
    assert picture("100,100").shape == (50, 100)
    assert np.array_equal(picture("100,100,100,0,100,100"), whole[:, 100:])
    assert np.array_equal(picture("200,100,0,0,-200,100"), whole[:, ::-1])
    for wrong in ("100", "0,10", "100,100,0,0,500,500"):
        assert wado.ask(f"viewport={wrong}", PNG, path=rendered).status_code == 400


@later(RETRIEVE)
def test_j72_rendered_parameters(wado: Wado) -> None:
    """quality=0: 400; an unknown word of annotation: Warning; iccprofile=srgb on PNG has iCCP, with GIF 400."""
    rendered = of_instance("rgb0", "/rendered")
    assert b"iCCP" in wado.ask("iccprofile=srgb", PNG, path=rendered).content
    assert wado.ask("annotation=foo,patient", PNG, path=rendered).headers["warning"].startswith("299 ")
    assert wado.ask("quality=0", JPEG, path=rendered).status_code == 400
    assert wado.ask("iccprofile=yes", "image/gif", path=rendered).status_code == 400


@later(RETRIEVE)
@pytest.mark.parametrize("level", ["study", "series", "instance", "frame"])
def test_j73_thumbnails(wado: Wado, level: str) -> None:
    """Thumbnails of study, series, instance, frame: one JPEG; viewport=64,64 fits; crop values: 400."""
    study, series, instance = uids("us10")
    below = {"study": "", "series": f"/series/{series}", "instance": f"/series/{series}/instances/{instance}"}
    below["frame"] = f"{below['instance']}/frames/2"
    path = f"dicom-web/studies/{study}{below[level]}/thumbnail"
    response = wado.ask("viewport=64,64", "*/*", path=path)
    assert (response.status_code, response.headers["content-type"]) == (200, JPEG)
    assert max(decoded(response.content).shape[:2]) <= 64
    assert wado.ask("viewport=64,64,0,0,10,10", "*/*", path=path).status_code == 400


@later(RETRIEVE)
def test_j74_what_is_not_there(wado: Wado) -> None:
    """Unknown study: 404 (and a known one 200); video of ct: 406."""
    assert wado.ask("", OBJECTS, path=of_study("deid")).status_code == 200
    assert wado.ask("", OBJECTS, path="dicom-web/studies/1.2.3").status_code == 404
    assert wado.ask("", "video/mp4", path=of_instance("ct", "/rendered")).status_code == 406


@later(SEARCH)
def test_j75_search_for_studies(wado: Wado) -> None:
    """PatientName=DOE*: 200 with all attributes of D12; no match: 204 and empty."""
    study = next(
        one for one in found(wado.ask("PatientName=DOE*", JSON, path="dicom-web/studies")) if one["0020000D"]["Value"] == [uids("ct")[0]]
    )
    required = ("00080020", "00080030", "00080050", "00080061", "00080090", "00081190", "00100010", "00100020", "00100030", "00100040",
                "0020000D", "00200010", "00201206", "00201208")  # fmt: skip
    assert set(required) <= set(study)
    none = wado.ask("PatientName=NOBODY", JSON, path="dicom-web/studies")
    assert (none.status_code, none.content) == (204, b"")


@later(SEARCH)
@pytest.mark.parametrize(
    ("query", "matches"),
    [("StudyDate=20240101-20240131", True), ("StudyDate=20250101-", False), ("ModalitiesInStudy=CT", True),
     (f"00100020={PATIENT_ID}", True),
     (f"StudyInstanceUID={uids('ct')[0]},{uids('deid')[0]}", True), ("includefield=all", True), ("offset=1000", False)],
)  # fmt: skip
def test_j76_keys_of_a_search(wado: Wado, query: str, matches: bool) -> None:
    """Ranges, lists, keywords and tags, includefield, offset beyond the end (D)."""
    assert wado.ask(query, JSON, path="dicom-web/studies").status_code == (200 if matches else 204)


@later(SEARCH)
def test_j76_limits(wado: Wado) -> None:
    """limit=1: one match, and a Warning with the number of those that remain."""
    response = wado.ask("limit=1", JSON, path="dicom-web/studies")
    assert len(found(response)) == 1
    assert "2" in response.headers["warning"]


@later(SEARCH)
@pytest.mark.parametrize("query", ["Foo=1", "limit=-1", "SOPInstanceUID=1.2.3", "limit=x", "StudyDate=yesterday"])
def test_j77_wrong_searches(wado: Wado, query: str) -> None:
    """Unknown keys, a negative limit, keys of another level: 400 (and a right search is 200); fuzzymatching matches or warns."""
    fuzzy = wado.ask("PatientName=DOE&fuzzymatching=true", JSON, path="dicom-web/studies")
    assert fuzzy.status_code == 200
    assert wado.ask(query, JSON, path="dicom-web/studies").status_code == 400


@later(SEARCH)
def test_j78_series_and_instances(wado: Wado) -> None:
    """/series, /instances and /studies/S/instances; rows of instances have Rows, Columns and NumberOfFrames."""
    for path in ("dicom-web/series", "dicom-web/instances", of_study("ct", "/instances"), of_study("ct", "/series")):
        assert found(wado.ask("", JSON, path=path))
    (instance,) = found(wado.ask(f"SOPInstanceUID={uids('us10')[2]}", JSON, path="dicom-web/instances"))
    assert [instance[key]["Value"] for key in ("00280010", "00280011", "00280008")] == [[48], [64], [10]]


def stored_again(of: str, name: str) -> Dataset:
    """Return a fixture as another instance, to be stored."""
    ds = stored(of)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(f"object {name}")
    return ds


@later(STORE)
def test_j79_store(wado: Wado) -> None:
    """Two files: 200, two Referenced items with Retrieve URL, then retrievable."""
    objects = [stored_again("wide", name) for name in ("first", "second")]
    response = post(wado, "dicom-web/studies", *multipart(*map(file_bytes, objects)))
    assert response.status_code == 200
    references = response.json()["00081199"]["Value"]
    assert [item["00081155"]["Value"][0] for item in references] == [str(ds.SOPInstanceUID) for ds in objects]
    for item in references:
        assert wado.http.get(item["00081190"]["Value"][0], headers={"accept": DICOM}).content[128:132] == b"DICM"


@later(STORE)
def test_j80_store_what_is_wrong(wado: Wado) -> None:
    """One good, one broken: 202; all of another study: 409; wrong type: 415; garbage: 400."""
    good = file_bytes(stored_again("wide", "third"))
    answers = [
        post(wado, "dicom-web/studies", *multipart(good, b"nonsense")),
        post(wado, "dicom-web/studies/1.2.3", *multipart(good)),
        post(wado, "dicom-web/studies", good, "image/jpeg"),
        post(wado, "dicom-web/studies", b"nonsense", f"{OBJECTS}; boundary=wado"),
    ]
    assert [answer.status_code for answer in answers] == [202, 409, 415, 400]


@later("the capabilities resource")
def test_j81_capabilities(wado: Wado) -> None:
    """OPTIONS with Accept WADL: every path; with application/json: 200."""
    response = wado.ask("", "application/vnd.sun.wadl+xml", path="dicom-web/", method="OPTIONS")
    assert response.status_code == 200
    for path in ("studies", "rendered", "metadata", "frames"):
        assert path in response.text
    assert wado.ask("", "application/json", path="dicom-web/", method="OPTIONS").status_code == 200


@later(WORKLIST)
def test_j82_worklist(wado: Wado) -> None:
    """Create 201, again 409, claim 200, complete without the final attributes 409, complete 200; then updates 400 and cancel 409."""
    workitem, transaction = str(uid("workitem")), str(uid("transaction"))
    item = {"00741000": {"vr": "CS", "Value": ["SCHEDULED"]}, "00404005": {"vr": "DT", "Value": [STUDY_DATE]}}
    create = f"dicom-web/workitems?{quote(workitem)}"
    body = json.dumps([item]).encode()
    assert [post(wado, create, body, JSON).status_code for _ in range(2)] == [201, 409]

    def state(new: str, by: str) -> int:
        change = [{"00741000": {"vr": "CS", "Value": [new]}, "00081195": {"vr": "UI", "Value": [by]}}]
        return post(wado, f"dicom-web/workitems/{workitem}/state", json.dumps(change).encode(), JSON, "PUT").status_code

    assert [state("IN PROGRESS", transaction), state("IN PROGRESS", "1.2.3"), state("COMPLETED", transaction)] == [200, 409, 409]
    (retrieved,) = found(wado.ask("", JSON, path=f"dicom-web/workitems/{workitem}"))
    assert "00081195" not in retrieved
    final = [{"00741216": {"vr": "SQ", "Value": [{"00404050": {"vr": "DT", "Value": [STUDY_DATE]}}]}}]
    update = f"dicom-web/workitems/{workitem}?transaction-uid={transaction}"
    assert post(wado, update, json.dumps(final).encode(), JSON).status_code == 200
    assert state("COMPLETED", transaction) == 200
    assert post(wado, update, json.dumps(final).encode(), JSON).status_code == 400
    assert post(wado, f"dicom-web/workitems/{workitem}/cancelrequest", b"[]", JSON).status_code == 409


@later(RETRIEVE)
def test_both_services_show_the_same(wado: Wado) -> None:
    """rendered without parameters is the picture of /wado (B1.9)."""
    response = wado.ask("", JPEG, path=of_instance("ct", "/rendered"))
    assert response.content == wado.ask(q("ct")).content
