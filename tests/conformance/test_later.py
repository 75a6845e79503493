"""The rest of part J for the URI service: real requests with real expectations that wait for something.

Each fails today and names what it waits for; the day it is there the test passes, which is an error until its mark is removed.  Where
an option of the server does not exist yet its name is a guess: who makes it writes the right one here.
"""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread

from tests.conformance.client import DICOM, ELE, JPEG_BASELINE, PNG, Wado, parsed, q, samples_of, stored
from tests.conformance.later import later
from tests.conformance.server import Server, serving
from tests.fixtures import build, uids
from tests.fixtures.documents import SR_CONCLUSION, SR_FINDING, SR_INJECTION, pdf_bytes
from tests.fixtures.identity import ACCESSION_NUMBER, PATIENT_ID, STUDY_DATE
from tests.fixtures.presentation_states import GSPS_SHUTTER, GSPS_WINDOW
from tests.reference import render

RLE = "1.2.840.10008.1.2.5"
DEFLATED = "1.2.840.10008.1.2.1.99"


def with_state(of: str, more: str = "") -> str:
    """Ask for a picture through a presentation state."""
    _, series, instance = uids(of)
    return f"presentationUID={instance}&presentationSeriesUID={series}" + (f"&{more}" if more else "")


def served_with(server: Server, tmp_path_factory: pytest.TempPathFactory, *options: str) -> Iterator[Wado]:
    """Serve the same fixtures with other options."""
    with serving(server.folder, tmp_path_factory.mktemp("other") / "state", *options) as other, httpx.Client(trust_env=False) as http:
        http.headers.clear()
        yield Wado(other, http)


@pytest.fixture(scope="module")
def current(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wado]:
    """Serve with the current edition (B.0)."""
    yield from served_with(server, tmp_path_factory, "--edition", "current")


@pytest.fixture(scope="module")
def strict(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wado]:
    """Serve with strict_accept (A2.6)."""
    yield from served_with(server, tmp_path_factory, "--strict-accept")


@later("the GIF encoder")
def test_j12_gif(wado: Wado) -> None:
    """contentType=image/gif: a GIF of the picture (A3.1)."""
    response = wado.get("ct", "contentType=image/gif")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/gif")
    with Image.open(BytesIO(response.content)) as image:
        assert np.array_equal(np.asarray(image.convert("L")), render(build("ct")))


@later("the JP2 encoder")
def test_j12_jp2(wado: Wado) -> None:
    """contentType=image/jp2: a JP2 file, signature box first (A3.1)."""
    response = wado.get("ct", "contentType=image/jp2")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/jp2")
    assert response.content[:12] == bytes.fromhex("0000000c6a5020200d0a870a")
    with Image.open(BytesIO(response.content)) as image:
        assert image.size == (512, 512)


@later("the GIF encoder")
def test_j21_animated_gif(wado: Wado) -> None:
    """Q(us10)&contentType=image/gif: 10 images, 40 ms each, for ever (A3.9)."""
    response = wado.get("us10", "contentType=image/gif")
    assert response.status_code == 200
    with Image.open(BytesIO(response.content)) as image:
        assert (getattr(image, "n_frames", 1), image.info["duration"], image.info["loop"]) == (10, 40, 0)


@later("text objects as HTML and plain text")
@pytest.mark.parametrize(
    ("more", "media_type"), [("", "text/html"), ("contentType=text/html", "text/html"), ("contentType=text/plain", "text/plain")]
)
def test_j22_reports_are_text(wado: Wado, more: str, media_type: str) -> None:
    """Q(sr): text/html by default, text/plain on demand; both show the Chinese words and name the charset (A3.3, A3.12, A5.3)."""
    response = wado.get("sr", more)
    assert response.status_code == 200
    assert response.headers["content-type"].replace(" ", "").lower() == f"{media_type};charset=utf-8"
    text = response.content.decode("utf-8")
    for words in (SR_FINDING, SR_CONCLUSION, "8.5", "右肺上叶"):
        assert words in text
    assert (SR_INJECTION in text) == (media_type == "text/plain")  # escaped in HTML (A3.13)


@later("text objects, and charset conversion")
def test_j23_charset_of_text(wado: Wado) -> None:
    """charset=GB18030: the body decodes as GB18030 to the same words (A4.10)."""
    response = wado.get("sr", "contentType=text/plain&charset=GB18030")
    assert response.headers["content-type"].lower().endswith("charset=gb18030")
    assert SR_FINDING in response.content.decode("gb18030")


@later("text objects")
def test_j23_charset_that_does_not_fit(wado: Wado) -> None:
    """charset=iso-8859-1 cannot hold the words: iso17432 answers in another charset (A4.13)."""
    response = wado.get("sr", "contentType=text/plain&charset=iso-8859-1")
    assert response.status_code == 200
    charset = response.headers["content-type"].partition("charset=")[2]
    assert SR_FINDING in response.content.decode(charset)


@later("key objects as HTML")
def test_a3_14_key_objects_are_links(wado: Wado) -> None:
    """Q(kos) as text/html: links to each referenced object (A3.14)."""
    response = wado.get("kos", "contentType=text/html")
    assert response.status_code == 200
    for of in ("ct", "ramp", "us10"):
        assert f"objectUID={uids(of)[2]}" in response.text


@later("encapsulated documents")
def test_j25_pdf(wado: Wado) -> None:
    """Q(pdf)&contentType=application/pdf: the embedded file without its pad byte (A3.11)."""
    response = wado.get("pdf", "contentType=application/pdf")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/pdf")
    assert response.content == pdf_bytes()


@later("strict_accept")
def test_j26_strict_accept(strict: Wado) -> None:
    """strict_accept: no Accept header is 406 (A2.6)."""
    assert strict.status("ct", accept="*/*") == 200
    assert strict.status("ct") == 406


@later("edition current")
@pytest.mark.parametrize(
    ("of", "more", "accept", "status"),
    [
        ("ct", "frameNumber=7", "*/*", 400),  # B.0 row 1, J.49
        ("us10", f"contentType={DICOM}&frameNumber=1", "*/*", 400),  # row 2
        ("ct", f"contentType={DICOM}&transferSyntax=1.2.840.10008.1.2", "*/*", 406),  # row 3, J.60
        ("ct", f"contentType={DICOM}&transferSyntax=1.2.840.10008.1.2.2", "*/*", 406),
        ("ct", f"contentType={DICOM}&transferSyntax=1.2.3.4", "*/*", 406),
        ("ct", "", None, 406),  # row 4
        ("us10", "", "*/*", 200),  # row 5, J.18
        ("ct", f"contentType={DICOM},image/jpeg", "*/*", 400),  # row 6, J.26
        ("sr", "", "text/html", 200),  # row 7
        ("ct", with_state("gsps", "region=0,0,0.5,0.5"), "*/*", 200),  # row 9
        ("gsps", "contentType=image/jpeg&region=0,0,0.5,0.5", "*/*", 400),
        ("wide", "rows=50", "*/*", 200),  # row 10
        ("ct", "annotation=", "*/*", 400),  # row 11
        ("sr", "contentType=text/plain&charset=nonesuch", "*/*", 400),  # row 12
        ("sr", "contentType=text/plain&charset=iso-8859-1", "*/*", 406),  # J.23
        ("pdf", "", "application/pdf", 200),  # row 13
        ("ct", "presentationUID=1.2.3&presentationSeriesUID=1.2.4", "*/*", 400),  # row 15
        ("ct", with_state("gsps_elsewhere"), "*/*", 400),  # J.58
        ("us10", with_state("gsps", "frameNumber=1"), "*/*", 400),  # J.58
        ("ct", f"contentType={DICOM}&windowCenter=40&windowWidth=400", "*/*", 400),  # row 16
        ("mpg", "contentType=video/mp4", "*/*", 200),  # row 17
    ],
)
def test_b0_edition_current(current: Wado, of: str, more: str, accept: str | None, status: int) -> None:
    """The cells of the edition table, current (B.0)."""
    assert current.status(of, more, accept) == status


@later("edition current")
def test_j52_unknown_words_of_annotation_are_warned_of(current: Wado) -> None:
    """current: annotation=patient,foo is 200 with Warning 299 (B.0 row 11)."""
    response = current.get("ct", "annotation=patient,foo", "*/*")
    assert response.status_code == 200
    assert response.headers["warning"].startswith("299 ")
    assert "foo" in response.headers["warning"]


@later("transcoding to JPEG baseline")
def test_j31_lossy_objects(wado: Wado) -> None:
    """transferSyntax=JPEG baseline with imageQuality: such an object, a new UID and lossy by its header (A4.21, A4.104)."""
    ds = parsed(wado.get("wide", f"contentType={DICOM}&transferSyntax={JPEG_BASELINE}&imageQuality=50"))
    assert ds.file_meta.TransferSyntaxUID == JPEG_BASELINE
    assert ds.LossyImageCompression == "01"
    assert ds.SOPInstanceUID != stored("wide").SOPInstanceUID


@later("annotation")
@pytest.mark.parametrize("words", ["patient", "technique", "patient,technique"])
def test_j52_annotation(wado: Wado, words: str) -> None:
    """annotation differs from the plain picture, only in few pixels near the edges (A4.30 to A4.33)."""
    plain, annotated = wado.picture("ct"), wado.picture("ct", f"annotation={words}")
    changed = plain != annotated
    assert 20 < changed.sum() < changed.size / 10
    assert not changed[192:320, 192:320].any()


@later("annotation")
def test_j53_annotation_is_drawn_last(wado: Wado) -> None:
    """annotation=patient&rows=100&region=0,0,0.5,0.5: readable, so as large as ever, and not cut (A4.33)."""
    asked = "rows=100&region=0,0,0.5,0.5"
    plain, annotated = wado.picture("wide", asked), wado.picture("wide", f"annotation=patient&{asked}")
    assert plain.shape == annotated.shape == (100, 200)
    changed = np.argwhere(plain != annotated)
    assert len(changed) > 20
    assert changed.min() > 0
    assert (changed.max(axis=0) < np.array(plain.shape) - 1).all()


@later("presentation states")
def test_j54_presentation_state(wado: Wado) -> None:
    """gsps: inverted, window 100/200 and not 40/400, rotated by 90 degrees and mirrored, shutter, text and line (H5.1 to H5.12)."""
    picture = wado.picture("ct", with_state("gsps"))
    before = 255 - render(build("ct"), window=GSPS_WINDOW)
    visible = np.zeros(before.shape, dtype=bool)
    visible[GSPS_SHUTTER["upper"] - 1 : GSPS_SHUTTER["lower"], GSPS_SHUTTER["left"] - 1 : GSPS_SHUTTER["right"]] = True
    before = np.where(visible, before, 0)
    drawn = np.zeros(before.shape, dtype=bool)
    drawn[55:95, 195:305] = drawn[145:205, 145:255] = True  # where the text and the line lie
    seen = picture.T  # rotating clockwise and then mirroring transposes
    assert np.abs(seen.astype(int) - before)[~drawn].max() <= 1
    for box in (seen[55:95, 195:305] != before[55:95, 195:305], seen[145:205, 145:255] != before[145:205, 145:255]):
        assert 20 < box.sum() < box.size / 2


@later("presentation states")
def test_j55_what_a_state_lacks_is_identity(wado: Wado) -> None:
    """gsps_area has neither VOI nor modality: the image's own rescale and window are not used (H5.1)."""
    picture = wado.picture("ct", with_state("gsps_area"))
    stored_values = samples_of(build("ct"))[0][100:200, 100:300]
    order = np.argsort(stored_values, axis=None, kind="stable")
    levels = picture.reshape(-1)[order].astype(int)
    assert (np.diff(levels) >= 0).all()  # all grays rise with the stored value
    beyond = picture[(stored_values - 1024 < -170) | (stored_values - 1024 > 250)]
    assert len(np.unique(beyond)) > 10  # where window 40/400 knows black and white only


@later("presentation states")
@pytest.mark.parametrize(("of", "asked", "shape"), [
    ("gsps_area", "", (100, 200)), ("gsps_area", "rows=50", (50, 100)),  # J.56: SCALE TO FIT
    ("gsps_magnify", "", (200, 400)), ("gsps_magnify", "rows=100&columns=100", (100, 100)),  # J.57: MAGNIFY is cropped, not shrunk
])  # fmt: skip
def test_j56_and_57_displayed_areas(wado: Wado, of: str, asked: str, shape: tuple[int, int]) -> None:
    """The displayed area of columns 101-300, rows 101-200, in its size modes (A4.92, A4.93)."""
    assert wado.picture("ct", with_state(of, asked)).shape == shape


@later("presentation states")
@pytest.mark.parametrize("state", [with_state("gsps_elsewhere"), with_state("ramp"), "presentationUID=1.2.3&presentationSeriesUID=1.2.4"])
def test_j58_states_that_are_not_there(wado: Wado, state: str) -> None:
    """A state of another study, an object that is none, an unknown one: 404 (A4.90, A4.91)."""
    assert wado.status("ct", state) == 404


@later("presentation states")
def test_j58_region_of_the_presented_picture(wado: Wado) -> None:
    """region is cut after the state was applied (A4.54); a state that does not reference the image is 400 (A4.96)."""
    whole = wado.picture("ct", with_state("gsps_area"))
    assert np.array_equal(wado.picture("ct", with_state("gsps_area", "region=0.5,0,1,0.5")), whole[:50, 100:])
    assert wado.status("ct", with_state("gsps_wide")) == 400


@later("transcoding to RLE and Deflated")
@pytest.mark.parametrize("of", ["ct", "rgb0", "us10", "j2k"])
@pytest.mark.parametrize("syntax", [RLE, DEFLATED])
def test_j60_lossless_transfer_syntaxes(wado: Wado, of: str, syntax: str) -> None:
    """transferSyntax=RLE: such a file with equal pixels and the same SOP Instance UID (A4.104, A4.106)."""
    ds, source = parsed(wado.get(of, f"contentType={DICOM}&transferSyntax={syntax}")), stored(of)
    assert (ds.file_meta.TransferSyntaxUID, ds.SOPInstanceUID) == (syntax, source.SOPInstanceUID)
    assert np.array_equal(samples_of(ds)[0], samples_of(source)[0])


def anonymized(wado: Wado, of: str) -> tuple[Dataset, bytes]:
    response = wado.get(of, f"contentType={DICOM}&anonymize=yes")
    return parsed(response), response.content


@later("de-identification")
def test_j61_anonymize(wado: Wado) -> None:
    """New SOP Instance UID, also in group 0002; nothing of the patient in the bytes; 113100; the same pixels (A4.16, A4.17, part I)."""
    ds, data = anonymized(wado, "ct")
    source = stored("ct")
    assert ds.SOPInstanceUID == ds.file_meta.MediaStorageSOPInstanceUID != source.SOPInstanceUID
    for secret in (
        b"DOE^",
        b"REFERRER",
        b"OPERATOR",
        b"Private identification",
        b"Comment that identifies",
        b"REQ-99",
        b"Phantom Hospital",
    ):
        assert secret not in data
    for text in (PATIENT_ID, ACCESSION_NUMBER, STUDY_DATE, *uids("ct")):
        assert text.encode() not in data
    assert not [element for element in ds if element.tag.is_private]
    assert ds.PatientIdentityRemoved == "YES"
    assert "113100" in [code.CodeValue for code in ds.DeidentificationMethodCodeSequence]
    assert ds.PixelData == source.PixelData
    assert (ds.file_meta.TransferSyntaxUID, ds.SOPClassUID) == (ELE, source.SOPClassUID)


@later("de-identification")
def test_j62_anonymized_objects_stay_together(wado: Wado) -> None:
    """Two objects of one study: the same new Study UID, different SOP UIDs; the same result again (A4.19)."""
    (first, data), (second, _) = anonymized(wado, "ct"), anonymized(wado, "ramp")
    assert first.StudyInstanceUID == second.StudyInstanceUID != uids("ct")[0]
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.StudyInstanceUID.startswith("2.25.")
    assert wado.get("ct", f"contentType={DICOM}&anonymize=yes").content == data


@later("de-identification")
def test_j63_anonymized_already_or_not_at_all(wado: Wado) -> None:
    """deid keeps its SOP Instance UID (A4.17); burned-in text: an error and no object (A4.20, I7)."""
    assert anonymized(wado, "deid")[0].SOPInstanceUID == uids("deid")[2]
    assert wado.status("burned", f"contentType={DICOM}&anonymize=yes") in {403, 501}


@later("video as it is stored")
def test_a3_10_video(wado: Wado) -> None:
    """The stored stream, unwrapped, under a video type (A3.10)."""
    response = wado.get("mpg", "contentType=video/mp4,video/mpeg,video/H264")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("video/")


@later("counters of the server's work, to be read over HTTP")
def test_j83_parallel_requests_share_one_decode(wado: Wado) -> None:
    """100 identical requests at once: one decode in a worker process (J.83)."""

    def decodes() -> int:
        found = re.search(r"^wado_decodes_total (\d+)$", wado.ask("", path="metrics").text, re.MULTILINE)
        assert found is not None
        return int(found[1])

    before = decodes()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{wado.server.url}wado?{q('j2k')}&rows=77", trust_env=False), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert decodes() - before == 1


@later("the DIMSE proxy")
@pytest.mark.parametrize("behaviour", ["off", "silent"])
def test_j85_a_pacs_that_does_not_answer(server: Server, tmp_path_factory: pytest.TempPathFactory, behaviour: str) -> None:
    """C-MOVE proxy: the PACS off is 503, silent is 504; that it fetches (200, 404) needs a PACS and a test of its own (A7.7)."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if behaviour == "off":
            silent.close()
        for wado in served_with(server, tmp_path_factory, "--pacs", f"PACS@127.0.0.1:{port}", "--pacs-timeout", "2"):
            assert wado.status("unknown") == (503 if behaviour == "off" else 504)
            assert wado.status("ct") == 200


@later("the DIMSE proxy")
@pytest.mark.parametrize(("of", "status"), [("wide", 200), ("unknown", 404)])
def test_j85_objects_that_only_the_pacs_has(tmp_path_factory: pytest.TempPathFactory, of: str, status: int) -> None:
    """An object that lies only in the PACS: 200 and its picture; one that lies nowhere: 404 (A7.3, A7.7).

    The second server is that PACS: it answers C-MOVE for its folder.
    """
    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    (here / "ramp.dcm").write_bytes(build("ramp"))
    (there / "wide.dcm").write_bytes(build("wide"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        serving(there, tmp_path_factory.mktemp("pacs") / "state", "--dimse-port", str(port)),
        serving(here, tmp_path_factory.mktemp("proxy") / "state", "--pacs", f"PACS@127.0.0.1:{port}") as server,
        httpx.Client(trust_env=False) as http,
    ):
        response = Wado(server, http).get(of, f"contentType={PNG}")
        assert response.status_code == status


@later("objects compressed as text: gzip")
def test_a5_9_gzip(wado: Wado) -> None:
    """Accept-Encoding: gzip for uncompressed DICOM, never for pictures (A5.9)."""
    assert "content-encoding" not in wado.get("ct", accept_encoding="gzip").headers
    response = wado.get("ct", f"contentType={DICOM}", accept_encoding="gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert dcmread(BytesIO(response.content)) == stored("ct")  # httpx has decoded it
