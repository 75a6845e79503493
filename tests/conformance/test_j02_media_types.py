"""J.2: media types. What is not made yet (GIF, JP2, text, edition current) stands in test_later."""

import numpy as np
import pytest
from pydicom.uid import UID

from tests.conformance.client import DICOM, ELE, JPEG, PNG, Wado, parsed, q, stored
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build
from tests.reference import render

CHROME_PAGE = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
CHROME_IMAGE = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FIREFOX_PAGE_WITH_IMAGES = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8"
FIREFOX_IMAGE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
FIREFOX_IMAGE_OLDER = "image/avif,image/webp,*/*"
SAFARI_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SAFARI_IMAGE = (
    "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
)
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
BROWSERS = (
    CHROME_PAGE, CHROME_IMAGE, FIREFOX_PAGE, FIREFOX_PAGE_WITH_IMAGES, FIREFOX_IMAGE, FIREFOX_IMAGE_OLDER, SAFARI_PAGE, SAFARI_IMAGE, JAVA,
)  # fmt: skip


def test_j11_the_object_itself(wado: Wado) -> None:
    """contentType=application/dicom: 200, no parameters in Content-Type, DICM at 128, Explicit VR Little Endian (A2.10, A4.100, A5.1)."""
    response = wado.get("ct", f"contentType={DICOM}")
    ds = parsed(response)
    assert ds.file_meta.TransferSyntaxUID == ELE
    assert response.headers["content-disposition"].endswith(f'filename="{ds.SOPInstanceUID}.dcm"')  # A5.2
    assert ds == stored("ct")


def test_j12_png_is_eight_bit_gray(wado: Wado) -> None:
    """contentType=image/png: 512x512, 8-bit gray (A3.1, A3.6), equal to the oracle."""
    header = wado.get("ct", f"contentType={PNG}").content[:33]
    assert header[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24]), header[24], header[25]) == (512, 512, 8, 0)
    assert np.array_equal(wado.picture("ct"), render(build("ct")))


@pytest.mark.parametrize(
    ("content_type", "chosen"),
    [
        ("image/png;q=0.2,image/jpeg;q=0.9", JPEG), ("image/png;q=0.9,image/jpeg;q=0.2", PNG), ("image/png,image/jpeg", PNG),
        ("image/jpeg,image/png", JPEG), ("image/jpeg;q=0,image/png;q=0.1", PNG), ("IMAGE/PNG;Q=0.9,image/jpeg;q=0.8", PNG),
        ("image/jpg", JPEG), ("image/jpeg;q=0.3,application/dicom;q=0.4", DICOM),
    ],
)  # fmt: skip
def test_j13_weights_decide(wado: Wado, content_type: str, chosen: str) -> None:
    """The greatest q wins, ties as written, q=0 excludes, case has no meaning (A2.4, A2.7); image/jpg is an alias (A2.12).

    In iso17432 also with DICOM among them (A2.8).
    """
    response = wado.get("ct", f"contentType={content_type.replace(';', '%3B').replace(',', '%2C')}")
    assert (response.status_code, response.headers["content-type"]) == (200, chosen)
    assert wado.get("ct", f"contentType={content_type}").content == response.content


@pytest.mark.parametrize("accept", ["image/tiff", "*/*", None])
def test_j14_what_cannot_be_made_is_not_acceptable(wado: Wado, accept: str | None) -> None:
    """contentType=image/tiff: 406, never a fallback, and the body lists what would work (A2.4, A2.11)."""
    response = wado.get("ct", "contentType=image/tiff", accept)
    assert response.status_code == 406
    assert all(media_type in response.text for media_type in (JPEG, PNG, DICOM))


@pytest.mark.parametrize("explained", ["text/plain", "text/html", "application/json"])
def test_j14_the_list_is_text_html_or_json(wado: Wado, explained: str) -> None:
    """The body of 406 follows Accept (A2.11)."""
    response = wado.get("ct", "contentType=image/tiff", f"image/tiff,{explained}")
    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (406, explained)
    assert JPEG in response.text


def test_j15_the_first_that_can_be_made_is_taken(wado: Wado) -> None:
    """contentType=image/tiff,image/jpeg: image/jpeg (A2.4)."""
    assert wado.get("ct", "contentType=image/tiff,image/jpeg").headers["content-type"] == JPEG


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("text/html", None), ("image/*", JPEG), ("image/png", PNG), ("image/webp", None), (DICOM, DICOM), ("*/*", JPEG),
        ("image/jpeg;q=0,*/*;q=0.5", PNG), ("image/jpeg;q=0,image/png;q=0,*/*", DICOM), ("image/*;q=0,*/*;q=0.1", DICOM),
        ("image/png;q=1.0,image/jpeg;q=0.1", JPEG), ("garbage,;;,image/png", PNG), ("IMAGE/PNG", PNG), ("*/*;q=0", None),
        *((browser, JPEG) for browser in BROWSERS),
    ],
)  # fmt: skip
def test_j16_accept_without_content_type(wado: Wado, accept: str, chosen: str | None) -> None:
    """The default of the category if any entry gives it q > 0, else the best that can be made, else 406 (A2.5, A2.7).

    image/jpeg also for the headers real browsers send for pages and for images.
    """
    response = wado.get("ct", accept=accept)
    assert response.status_code == (406 if chosen is None else 200)
    if chosen is not None:
        assert response.headers["content-type"] == chosen


@pytest.mark.parametrize("accept", BROWSERS)
def test_j16_multi_frame_objects_stay_dicom_for_browsers(wado: Wado, accept: str) -> None:
    """The default of several frames is application/dicom whatever a browser would like better (A2.5, A3.2)."""
    assert wado.get("odd", accept=accept).headers["content-type"] == DICOM


@pytest.mark.parametrize(("accept", "status"), [("text/html", 406), ("image/jpeg", 406), ("image/*", 200), ("image/png,text/html", 200)])
def test_j16_accept_must_cover_content_type(wado: Wado, accept: str, status: int) -> None:
    """contentType=image/png that Accept does not cover: 406 (A2.2, A2.3)."""
    assert wado.status("ct", f"contentType={PNG}", accept) == status


@pytest.mark.parametrize(
    "content_type",
    ["application/dicom%3Btransfer-syntax=1.2.840.10008.1.2.4.50", "application/dicom;transfer-syntax=1.2.840.10008.1.2.4.50",
     "application/dicom%3BTransfer-Syntax%3D*", "text/html;charset=utf-8", "image/*", "*/*", "image/png,image/*", "", "image",
     "image/png,", "image/png;q=2"],
)  # fmt: skip
def test_j17_malformed_content_types_are_refused(wado: Wado, content_type: str) -> None:
    """transfer-syntax and charset parameters (A2.10), wildcards (A2.9), and what is no media type: 400."""
    assert wado.status("ct", f"contentType={content_type}") == 400


def test_j18_several_frames_are_dicom_by_default(wado: Wado) -> None:
    """Q(us10): application/dicom with all ten frames, never image/jpeg (A3.2)."""
    ds = parsed(wado.get("us10"))
    assert (ds.NumberOfFrames, ds.PixelData) == (10, stored("us10").PixelData)
    assert wado.status("us10", accept=JPEG) == 406


@pytest.mark.parametrize("media_type", [JPEG, PNG])
def test_j19_several_frames_are_no_still_picture(wado: Wado, media_type: str) -> None:
    """Q(us10)&contentType=image/jpeg or image/png: 406 (A3.8); 406 says what would work."""
    response = wado.get("us10", f"contentType={media_type}")
    assert response.status_code == 406
    assert DICOM in response.text


@pytest.mark.parametrize("more", ["contentType=image/jpeg&frameNumber=3", "frameNumber=3"])
def test_j19_one_of_several_frames_is_a_picture(wado: Wado, more: str) -> None:
    """With frameNumber=3 the category is single frame: a JPEG of frame 3 with three components (A4.73, A3.7)."""
    response = wado.get("us10", more)
    assert (response.status_code, response.headers["content-type"]) == (200, JPEG)
    assert assert_jpeg_shows(response.content, render(build("us10"), 3)).components == 3


def test_j20_one_frame_of_a_multi_frame_class_is_a_single_frame(wado: Wado) -> None:
    """Q(mf1): image/jpeg; frameNumber=1 is valid there (A3.1, A4.74)."""
    for more in ("", "frameNumber=1"):
        response = wado.get("mf1", more)
        assert (response.status_code, response.headers["content-type"]) == (200, JPEG)
        assert_jpeg_shows(response.content, render(build("mf1")))


@pytest.mark.parametrize("of", ["ecg", "pdf", "gsps", "kos", "sr"])
@pytest.mark.parametrize("media_type", [JPEG, PNG])
def test_j24_what_is_no_image_is_no_picture(wado: Wado, of: str, media_type: str) -> None:
    """Q(sr), Q(ecg), a presentation state as image/jpeg: 406 (A3.3, A3.4, A3.15); in iso17432 an encapsulated PDF as well (B.0 row 13)."""
    assert wado.status(of, f"contentType={media_type}") == 406
    assert wado.status(of, accept=media_type) == 406


@pytest.mark.parametrize("of", ["ecg", "pdf", "gsps"])
def test_j24_the_default_of_other_objects_is_dicom(wado: Wado, of: str) -> None:
    """Q(ecg): application/dicom (A3.4)."""
    assert parsed(wado.get(of)) == stored(of)


def test_j26_no_accept_header_takes_anything(wado: Wado) -> None:
    """iso17432: no Accept header is ``*/*`` (A2.6); Accept without one readable entry as well (RFC 9110 12.5.1)."""
    assert "accept" not in wado.get("ct").request.headers
    for accept in (None, ""):
        response = wado.get("ct", accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (200, JPEG)


def test_j26_mixed_types_are_allowed_in_iso17432(wado: Wado) -> None:
    """contentType=application/dicom,image/jpeg: the first by A2.4 (A2.8)."""
    assert wado.get("ct", "contentType=application/dicom,image/jpeg").headers["content-type"] == DICOM
    assert wado.get("ct", "contentType=image/jpeg,application/dicom").headers["content-type"] == JPEG


@pytest.mark.parametrize("of", ["ct", "us10", "rgb0", "jpg"])
def test_a3_6_pictures_have_eight_bits(wado: Wado, of: str) -> None:
    """At most 8 bits per channel, gray or RGB, no palette and no alpha (A3.6)."""
    header = wado.get(of, "frameNumber=1&contentType=image/png").content[:33]
    assert header[24] == 8
    assert header[25] in {0, 2}


def test_a1_12_base_uri_with_a_query(wado: Wado) -> None:
    """``/?requestType=WADO…`` is the same resource as ``/wado?…`` (A1.12)."""
    for more in ("", "&rows=64", "&contentType=image/png", "&rows=0"):
        base, named = wado.ask(q("ct") + more, path=""), wado.ask(q("ct") + more)
        assert (base.status_code, base.content, base.headers.get("etag")) == (named.status_code, named.content, named.headers.get("etag"))
    page = wado.ask("", path="")
    assert page.headers["content-type"].startswith("text/html")


def test_a1_7_plus_is_no_space_in_numbers_and_media_types(wado: Wado) -> None:
    """``+`` stays ``+`` in numbers and media types, and ``%2C`` is a comma (A1.7)."""
    plain = wado.get("ct", "windowCenter=40&windowWidth=400&region=0,0,0.5,1")
    assert wado.get("ct", "windowCenter=+40&windowWidth=%2B400&region=0%2C0%2C+0.5%2C1").content == plain.content
    assert wado.status("ct", "contentType=application/dicom+json") == 406
    assert wado.status("ct", "contentType=application/dicom json") == 400


def test_j11_uid_of_the_class_is_kept(wado: Wado) -> None:
    """Group 0002 names the class and the instance of the data set, and our own implementation (A4.104, PS3.10 7.1)."""
    meta = parsed(wado.get("be", f"contentType={DICOM}")).file_meta
    source = stored("be")
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (source.SOPClassUID, source.SOPInstanceUID)
    assert UID(meta.ImplementationClassUID).is_valid
