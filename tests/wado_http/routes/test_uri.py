"""WADO-URI over doubles of the services: order of checks, statuses, headers (part A, J.1 to J.8)."""

import threading
from dataclasses import replace

import anyio
import httpx
import pytest

from tests.wado_http.doubles import (
    CT,
    ECG,
    MF1,
    MTIME_S,
    SERIES,
    SR,
    STUDY,
    US10,
    Archive,
    Client,
    archive_of,
    query,
    serving,
)
from wado_core.errors import Busy, DamagedObject, Gone, NotSupported, Unavailable, WadoError
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Window
from wado_core.model.instance import Instance, Located
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.settings import Settings
from wado_http.conditional import http_date

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def archive() -> Archive:
    """Hold one object of each category."""
    return archive_of(CT, US10, MF1, SR, ECG)


@pytest.mark.parametrize(
    ("of", "more", "media_type"),
    [
        (CT, "", "image/jpeg"), (CT, "&contentType=image/png", "image/png"), (CT, "&contentType=image/jpg", "image/jpeg"),
        (CT, "&contentType=application/dicom", "application/dicom"), (CT, "&contentType=image/tiff,image/jpeg", "image/jpeg"),
        (CT, "&contentType=image/png;q=0.2,image/jpeg;q=0.9", "image/jpeg"),
        (US10, "", "application/dicom"), (US10, "&frameNumber=3", "image/jpeg"), (US10, "&contentType=image/jpeg&frameNumber=3",
        "image/jpeg"),
        (MF1, "", "image/jpeg"), (MF1, "&frameNumber=1", "image/jpeg"), (CT, "&frameNumber=7", "image/jpeg"), (ECG, "",
        "application/dicom"),
        (SR, "", "application/dicom"), (SR, "&frameNumber=1&contentType=image/jpeg,application/dicom", None),
        (ECG, "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.5", "application/dicom"),
        (CT, "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2", "application/dicom"),
        (CT, "&contentType=application/dicom&transferSyntax=1.2.3.4", "application/dicom"),
        (CT, "&charset=utf-8&foo=bar", "image/jpeg"),
        (CT, "&contentType=application/dicom&imageQuality=50&transferSyntax=1.2.840.10008.1.2.4.50", "application/dicom"),
    ],
)  # fmt: skip
def test_media_types(of: Instance, more: str, media_type: str | None) -> None:
    """J.2 11 to 13, 15, 18 to 20 and 24, J.6 49, J.8 60."""
    with serving() as client:
        response = client.get(query(of, more))
        if media_type is None:
            assert response.status_code == 400
            return
        assert response.status_code == 200
        assert response.headers["content-type"] == media_type
        assert response.headers["content-length"] == str(len(response.content))


@pytest.mark.parametrize(
    ("of", "more", "accept", "status"),
    [
        (CT, "", "text/html", 406), (CT, "&contentType=image/tiff", "image/tiff", 406), (CT, "&contentType=image/png", "text/html", 406),
        (CT, "&contentType=image/gif", "*/*", 406), (US10, "&contentType=image/jpeg", "*/*", 406), (US10, "&contentType=image/png",
        "*/*", 406),
        (SR, "&contentType=image/jpeg", "*/*", 406), (SR, "&contentType=text/html", "*/*", 406), (ECG, "&contentType=image/jpeg",
        "*/*", 406),
        (US10, "&rows=100", "*/*", 400), (US10, "&imageQuality=50", "*/*", 400), (SR, "&annotation=patient", "*/*", 400),
        (CT, "&rows=100", "application/dicom", 400), (CT, "&anonymize=yes", "*/*", 400), (CT, "&transferSyntax=1.2.840.10008.1.2.1",
        "*/*", 400),
        (SR, "&imageQuality=50&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.50", "*/*", 400),
        (US10, "&frameNumber=11", "*/*", 400), (US10, "&frameNumber=11&annotation=patient", "*/*", 400), (MF1, "&frameNumber=2",
        "*/*", 400),
        (CT, "&annotation=patient", "*/*", 501), (CT, "&presentationUID=1.2&presentationSeriesUID=1.3", "*/*", 501),
        (CT, "&contentType=application/dicom&anonymize=yes", "*/*", 501),
        (US10, "&contentType=application/dicom&anonymize=yes", "*/*", 501),
        (CT, "&contentType=image/tiff,application/dicom&rows=100", "*/*", 400),
    ],
)  # fmt: skip
def test_refusals_after_the_look_up(of: Instance, more: str, accept: str, status: int) -> None:
    """A2.3 to A2.5, A4.21 to A4.28; what comes later is never ignored."""
    with serving() as client:
        response = client.get(query(of, more), headers={"accept": accept})
        assert response.status_code == status
        assert "etag" not in response.headers


def test_406_lists_what_is_available() -> None:
    """A2.11."""
    with serving() as client:
        assert "image/jpeg, image/png, application/dicom" in client.get(query(CT), headers={"accept": "text/html"}).text
        response = client.get(query(ECG, "&contentType=image/png"), headers={"accept": "application/json, image/png"})
        assert response.json()["available"] == ["application/dicom"]


@pytest.mark.parametrize(("more", "accept"), [("&contentType=image/jpeg", "*/*"), ("", "image/png")])
def test_406_of_a_multi_frame_object_says_how_its_frames_are_had(more: str, accept: str) -> None:
    """A4.73: without frameNumber it is an application/dicom object, and the client may have wanted a picture."""
    with serving() as client:
        response = client.get(query(US10, more), headers={"accept": accept})
        assert (response.status_code, "Available media types: application/dicom\n" in response.text) == (406, True)
        assert "picked by frameNumber, is served as image/jpeg or image/png." in response.text
        assert client.get(query(US10, f"{more}&frameNumber=1"), headers={"accept": accept}).status_code == 200
        assert "frameNumber" not in client.get(query(ECG, more), headers={"accept": accept}).text


def test_the_order_of_the_checks() -> None:
    """A6.2: method, requestType, UIDs, syntax, combinations, look-up, media type, object, rendering."""
    unknown = InstanceKey(STUDY, SERIES, "9.9")
    lost = Instance(unknown, "1.2", "1.2", "v")
    with serving() as client:
        assert client.request("POST", "/wado").status_code == 405
        assert client.get("/wado?studyUID=x").text.count("requestType") == 1
        assert "objectUID" in client.get("/wado?requestType=WADO&studyUID=1&seriesUID=1&objectUID=x&rows=x").text
        assert client.get(query(lost, "&rows=x&windowCenter=1")).text.count("rows") == 1
        assert client.get(query(lost, "&windowCenter=1")).status_code == 400
        assert client.get(query(lost, "&contentType=application/dicom&rows=1")).status_code == 400
        assert client.get(query(lost, "&contentType=image/tiff")).status_code == 404
        assert client.get(query(lost, "&annotation=patient")).status_code == 404
        assert client.get(query(US10, "&contentType=image/tiff&frameNumber=99")).status_code == 406


def test_nothing_is_looked_up_for_a_wrong_request(archive: Archive) -> None:
    archive.in_memory_too = False
    with serving(archive) as client:
        assert client.get(query(CT, "&rows=0")).status_code == 400
        assert client.get(query(CT, "&contentType=application/dicom&frameNumber=1")).status_code == 400
    assert archive.calls == []


@pytest.mark.parametrize(
    "key", [InstanceKey("9", SERIES, f"{SERIES}.1"), InstanceKey(STUDY, "9", f"{SERIES}.1"), InstanceKey(STUDY, SERIES, "9")]
)
def test_all_three_uids_must_fit(key: InstanceKey) -> None:
    """A4.6, J.1 5."""
    with serving() as client:
        assert client.get(query(Instance(key, "1", "1", "v"))).status_code == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Gone("It was deleted."), 410),
        (Unavailable("The storage does not answer."), 503),
        (NotSupported("No."), 501),
        (DamagedObject("Broken."), 500),
    ],
)
def test_errors_of_the_look_up(error: WadoError, status: int) -> None:
    class Failing(Archive):
        """An archive that refuses."""

        def locate(self, key: InstanceKey, _frame_number: int = 1) -> Located:
            self.calls.append(f"locate {key}")
            raise error

    with serving(Failing({}, in_memory_too=False)) as client:
        response = client.get(query(CT))
        assert response.status_code == status
        assert str(error) in response.text


def test_a_frame_that_is_stated_and_not_there_is_the_objects_fault() -> None:
    cut = replace(US10, number_of_frames=4, missing_frames=6)
    with serving(archive_of(cut)) as client:
        for number, status in ((4, 200), (5, 500), (10, 500), (11, 400)):
            answer = client.get(query(US10, f"&frameNumber={number}"))
            assert answer.status_code == status
            assert ("\n(0028,0008) Number of Frames is 10 (PS3.3 C.7.6.6);" in answer.text) == (status == 500)


@pytest.mark.parametrize("missing_frames", [0, 6])
def test_a_frame_that_is_not_there_is_looked_for_once_more(missing_frames: int) -> None:
    """The file may have been replaced by one with more frames since it was looked at."""

    class Replaced(Archive):
        def relocate(self, key: InstanceKey, _frame_number: int = 1) -> Located:
            self.instances[key] = US10
            return super().relocate(key)

    with serving(Replaced({US10.key: replace(US10, number_of_frames=4, missing_frames=missing_frames)})) as client:
        assert client.get(query(US10, "&frameNumber=10")).status_code == 200
        assert client.get(query(US10, "&frameNumber=11")).status_code == 400


def test_what_was_asked_reaches_the_plan(archive: Archive) -> None:
    with serving(archive) as client:
        more = "&contentType=image/png&rows=10&columns=20&region=0,0,0.5,1&windowCenter=-600&windowWidth=1500&imageQuality=7"
        assert client.get(query(CT, more)).status_code == 200
        assert client.get(query(US10, "&frameNumber=3")).status_code == 200
        assert client.get(query(CT, "&frameNumber=7")).status_code == 200
    assert archive.requests == [
        RenderRequest(None, Window(-600.0, 1500.0), Region(0, 0, 0.5, 1), 10, 20, 7, MediaType.PNG),
        RenderRequest(frame_number=3),
        RenderRequest(),  # A4.71: ignored
    ]


def test_order_and_unknown_parameters_change_nothing() -> None:
    """A1.5, A1.9, J.1 7 and 8."""
    with serving() as client:
        one = client.get(query(CT, "&rows=10&contentType=image/png"))
        parts = query(CT, "&rows=10&contentType=image/png").partition("?")[2].split("&")
        other = client.get("/wado?" + "&".join([*reversed(parts), "foo=bar"]))
        assert one.content == other.content
        assert dict(one.headers) == dict(other.headers)


def test_the_headers_of_a_picture() -> None:
    """A5.3 to A5.6."""
    with serving(settings=Settings(max_age_s=77)) as client:
        headers = client.get(query(CT, "&rows=10")).headers
        assert headers["etag"].startswith('"')
        assert headers["last-modified"] == http_date(MTIME_S)
        assert headers["cache-control"] == "private, max-age=77"
        assert headers["vary"] == "Accept, Accept-Charset, Accept-Encoding, Authorization"
        assert headers["content-location"] == query(CT, "&contentType=image/jpeg&rows=10")
        assert "warning" not in headers


def test_content_location_names_what_was_sent() -> None:
    """A5.5: it answers the same, and leaves out what was ignored."""
    with serving() as client:
        for of, more in ((CT, "&frameNumber=7&windowWidth=%2B400&windowCenter=40&x=1"), (US10, ""), (US10, "&frameNumber=%204")):
            first = client.get(query(of, more))
            second = client.get(first.headers["content-location"])
            assert second.content == first.content
            assert second.headers["content-location"] == first.headers["content-location"]
        assert "frameNumber" not in client.get(query(CT, "&frameNumber=7")).headers["content-location"]


def test_the_headers_of_an_object(archive: Archive) -> None:
    """A2.10, A5.1, A5.2."""
    with serving(archive) as client:
        response = client.get(query(CT, "&contentType=application/dicom"))
        assert response.headers["content-type"] == "application/dicom"
        assert response.headers["content-disposition"] == f'attachment; filename="{SERIES}.1.dcm"'
        assert response.content[128:132] == b"DICM"
    assert [chunks.closed for chunks in archive.opened] == [True]


def test_warnings_of_the_plan(archive: Archive) -> None:
    """A4.64, A5.7."""
    archive.warnings = ("windowCenter and windowWidth were ignored: the image is in colour.", "Ünicode\r\nX: y")
    with serving(archive) as client:
        assert client.get(query(CT)).headers.get_list("warning") == [
            "299 http://localhost:8080/wado: windowCenter and windowWidth were ignored: the image is in colour.",
            "299 http://localhost:8080/wado: ?nicode  X: y",
        ]


@pytest.mark.parametrize("more", ["", "&contentType=application/dicom"])
def test_not_modified_before_anything_is_read(more: str, archive: Archive) -> None:
    """J.12 84."""
    with serving(archive) as client:
        first = client.get(query(CT, more))
        archive.calls.clear()
        archive.kept.clear()
        conditions = [{"if-none-match": tag} for tag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*")]
        for condition in (*conditions, {"if-modified-since": first.headers["last-modified"]}):
            for method in ("GET", "HEAD"):
                response = client.request(method, query(CT, more), headers=condition)
                assert response.status_code == 304
                assert response.content == b""
                for name in ("etag", "content-location", "cache-control", "vary", "last-modified"):
                    assert response.headers[name] == first.headers[name]
                assert "content-length" not in response.headers
        assert archive.calls == []


def test_different_pictures_have_different_etags() -> None:
    with serving() as client:
        addresses = [query(CT), query(CT, "&rows=10"), query(CT, "&contentType=image/png"), query(CT, "&imageQuality=10"),
                     query(CT, "&contentType=application/dicom"), query(MF1)]  # fmt: skip
        assert len({client.get(address).headers["etag"] for address in addresses}) == len(addresses)


def test_a_wrong_request_is_wrong_whatever_the_client_has() -> None:
    with serving() as client:
        assert client.get(query(CT, "&rows=0"), headers={"if-none-match": "*"}).status_code == 400
        assert client.get(query(CT, "&annotation=patient"), headers={"if-none-match": "*"}).status_code == 501


def test_kept_pictures_are_not_made_again(archive: Archive) -> None:
    with serving(archive) as client:
        assert client.get(query(CT)).content == client.get(query(CT)).content
    assert archive.calls.count("image") == 1


def test_pictures_on_disk_are_not_made_again(archive: Archive) -> None:
    archive.on_disk = {}
    with serving(archive) as client:
        first = client.get(query(CT))
        assert archive.calls == ["recalled", "image"]
        archive.on_disk, archive.kept = archive.kept, {}
        again = client.get(query(CT))
        assert (again.content, again.headers["content-length"]) == (first.content, str(len(first.content)))
        assert client.head(query(CT)).headers["content-length"] == str(len(first.content))
        assert archive.calls == ["recalled", "image", "recalled", "recalled"]
        assert client.get(query(CT), {"if-none-match": first.headers["etag"]}).status_code == 304
        assert archive.calls == ["recalled", "image", "recalled", "recalled"]


def test_what_is_not_in_memory_is_looked_up(archive: Archive) -> None:
    archive.in_memory_too = False
    with serving(archive) as client:
        assert client.get(query(CT)).status_code == 200
    assert archive.calls == ["locate", "image"]


@pytest.mark.parametrize(("more", "reading"), [("", "image"), ("&contentType=application/dicom", "stream")])
def test_a_file_that_changed_is_indexed_again(more: str, reading: str, archive: Archive) -> None:
    archive.changed = 1
    with serving(archive) as client:
        before = client.get(query(CT, more))
        assert before.status_code == 200
        assert archive.calls == [reading, "relocate", reading]
        archive.calls.clear()
        archive.kept.clear()
        archive.changed = 2
        response = client.get(query(CT, more))
        assert response.status_code == 503
        assert "retry-after" in response.headers
        assert archive.calls == [reading, "relocate", reading]  # once, not for ever


def test_the_client_of_a_changed_file_may_have_the_new_content_already(archive: Archive) -> None:
    with serving(archive) as client:
        archive.relocate(CT.key)
        new = client.get(query(CT)).headers["etag"]
        archive.instances[CT.key] = CT
        archive.kept.clear()
        archive.changed = 1
        assert client.get(query(CT), headers={"if-none-match": new}).status_code == 304


def test_head_renders_nothing(archive: Archive) -> None:
    """A1.10, J.1 10."""
    with serving(archive) as client:
        head = client.head(query(CT))
        assert head.status_code == 200
        assert head.content == b""
        assert archive.calls == []
        assert "content-length" not in head.headers  # not known
        get = client.get(query(CT))
        assert dict(head.headers) | {"content-length": str(len(get.content))} == dict(get.headers)
        assert dict(client.head(query(CT)).headers) == dict(get.headers)  # known by now


def test_head_of_an_object_tells_its_length_and_closes_it(archive: Archive) -> None:
    with serving(archive) as client:
        head = client.head(query(CT, "&contentType=application/dicom"))
        get = client.get(query(CT, "&contentType=application/dicom"))
        assert head.content == b""
        assert dict(head.headers) == dict(get.headers)
    assert [chunks.closed for chunks in archive.opened] == [True, True]


@pytest.mark.parametrize("path", ["/wado", "/", "/series", "/health/live", "/static/viewer.css"])
def test_methods(path: str) -> None:
    """A1.10."""
    with serving() as client:
        options = client.request("OPTIONS", path)
        assert (options.status_code, options.headers["allow"], options.content) == (204, "GET, HEAD, OPTIONS", b"")
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
            response = client.request(method, path)
            assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_the_base_address_serves_too() -> None:
    """A1.12."""
    with serving() as client:
        response = client.get(query(CT).replace("/wado?", "/?"))
        assert response.content == client.get(query(CT)).content
        assert response.headers["content-location"] == query(CT, "&contentType=image/jpeg")
        assert client.get("/?requestType=XYZ").status_code == 400
        assert client.get("/?studyUID=1.2&requestType=WADO").status_code == 400


@pytest.mark.parametrize("more", ["", "&contentType=application/dicom"])
def test_nothing_of_the_object_in_errors_or_the_log(more: str, caplog: pytest.LogCaptureFixture) -> None:
    """A6.1: neither path nor patient nor UIDs."""

    def fail(plan: RenderPlan) -> bytes:
        raise KeyError("DOE^JOHN")

    archive = archive_of(CT, make=fail)
    caplog.set_level("DEBUG", "wado_http")
    with serving(archive) as client:
        for address in (query(CT, more), query(CT, f"{more}&rows=0"), query(CT, f"{more}&foo=secret")):
            response = client.get(address)
            for secret in ("DOE", "/secret", "Traceback", "KeyError"):
                assert secret not in response.text or response.status_code == 200
    for record in caplog.records:
        for secret in ("DOE", STUDY, "secret", "foo"):
            assert secret not in record.getMessage()


def test_busy_when_the_queue_is_full() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def make(plan: RenderPlan) -> bytes:
        begun.set()
        assert let_go.wait(60)
        return b"picture"

    async def two(client: Client) -> list[httpx.Response]:
        answers: list[httpx.Response] = []

        async def ask(more: str) -> None:
            answers.append(await client.http.get(query(CT, more)))

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "&rows=1")
            assert await anyio.to_thread.run_sync(begun.wait, 60)
            await ask("&rows=2")
            let_go.set()
        return answers

    settings = Settings(queue_length=0, workers=1_000)  # so many workers that each has one slot
    with serving(archive_of(CT, make=make), settings=settings) as client:
        refused, served = client.portal.call(two, client)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) == Busy().retry_after_s
    assert served.content == b"picture"


def test_a_hundred_identical_requests_make_one_picture() -> None:
    """J.12 83."""

    async def many(client: Client) -> list[httpx.Response]:
        answers: list[httpx.Response] = []

        async def ask() -> None:
            answers.append(await client.http.get(query(CT)))

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask)
        return answers

    archive = archive_of(CT)
    with serving(archive) as client:
        answers = client.portal.call(many, client)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert archive.calls == ["image"]
