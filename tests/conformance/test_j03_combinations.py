"""J.3: forbidden combinations. What waits for text objects and presentation states stands in test_later."""

import pytest

from tests.conformance.client import DICOM, ELE, JPEG_BASELINE, Wado, parsed
from tests.fixtures import uids

GSPS_SERIES, GSPS = uids("gsps")[1:]
WITH_STATE = f"presentationUID={GSPS}&presentationSeriesUID={GSPS_SERIES}"
PICTURE_ONLY = [
    "rows=10", "columns=10", "region=0,0,1,1", "annotation=patient", "windowCenter=40&windowWidth=400", "frameNumber=1", WITH_STATE,
    "overlays=true", "overlays=false",
]  # fmt: skip


@pytest.mark.parametrize("of", ["ct", "us10", "sr", "ecg"])
@pytest.mark.parametrize("parameter", PICTURE_ONLY)
def test_j27_picture_parameters_do_not_go_with_dicom(wado: Wado, parameter: str, of: str) -> None:
    """contentType=application/dicom with rows, columns, region, annotation, a window, frameNumber or a state: 400 (A4.21, B.0 row 2)."""
    assert wado.status(of, f"contentType={DICOM}&{parameter}") == 400


@pytest.mark.parametrize("parameter", [parameter for parameter in PICTURE_ONLY if parameter != "frameNumber=1"])
def test_j27_nor_with_dicom_as_the_default(wado: Wado, parameter: str) -> None:
    """The checks apply to the media type selected: several frames without contentType and frameNumber are DICOM, so 400 (A4.28)."""
    assert wado.status("us10", parameter) == 400
    assert wado.status("us10") == 200


@pytest.mark.parametrize("forbidden", ["anonymize=yes", f"transferSyntax={ELE}", f"transferSyntax={JPEG_BASELINE}"])
@pytest.mark.parametrize("media_type", ["", "contentType=image/jpeg&", "contentType=image/png&", "frameNumber=1&"])
def test_j28_object_parameters_do_not_go_with_pictures(wado: Wado, forbidden: str, media_type: str) -> None:
    """anonymize or transferSyntax with a picture: 400 (A4.15, A4.22)."""
    assert wado.status("ct", f"{media_type}{forbidden}") == 400


@pytest.mark.parametrize("half", ["windowCenter=40", "windowWidth=400"])
@pytest.mark.parametrize("of", ["ct", "rgb0"])
def test_j29_half_a_window_is_refused(wado: Wado, half: str, of: str) -> None:
    """windowCenter and windowWidth each require the other: 400 (A4.23)."""
    assert wado.status(of, half) == 400


@pytest.mark.parametrize(
    "parameters",
    [f"presentationUID={GSPS}", f"presentationSeriesUID={GSPS_SERIES}", f"{WITH_STATE}&windowCenter=40&windowWidth=400",
     f"{WITH_STATE}x", f"{WITH_STATE}&presentationUID={GSPS}"],
)  # fmt: skip
def test_j30_presentation_parameters_come_in_pairs(wado: Wado, parameters: str) -> None:
    """One alone, or both with a window: 400 (A4.24, A4.25); ill-formed or doubled UIDs too (A4.7, A1.8)."""
    assert wado.status("ct", parameters) == 400


@pytest.mark.parametrize("of", ["sr", "kos", "ecg", "pdf", "gsps"])
@pytest.mark.parametrize(
    "parameter", ["annotation=patient", "rows=10", "region=0,0,1,1", "windowCenter=1&windowWidth=2", "imageQuality=50", "overlays=true"]
)
def test_j31_image_parameters_are_for_images(wado: Wado, of: str, parameter: str) -> None:
    """annotation and the other image parameters on text and other objects: 400 (A4.26, A4.27)."""
    assert wado.status(of, parameter) == 400


@pytest.mark.parametrize("more", ["", f"&transferSyntax={ELE}", "&transferSyntax=1.2.840.10008.1.2.5", "&transferSyntax=1.2.3.4"])
def test_j31_quality_needs_a_lossy_transfer_syntax(wado: Wado, more: str) -> None:
    """imageQuality with application/dicom without a transferSyntax that is lossy: 400 (A4.21)."""
    assert wado.status("ct", f"contentType={DICOM}&imageQuality=50{more}") == 400


def test_j31_quality_with_a_lossy_transfer_syntax(wado: Wado) -> None:
    """With a lossy transferSyntax it is allowed; where that cannot be made iso17432 sends Explicit VR Little Endian (A4.21, A4.102)."""
    ds = parsed(wado.get("ct", f"contentType={DICOM}&imageQuality=50&transferSyntax={JPEG_BASELINE}"))
    assert ds.file_meta.TransferSyntaxUID in {ELE, JPEG_BASELINE}


@pytest.mark.parametrize(
    ("of", "parameters", "status"),
    [
        ("ct", f"contentType={DICOM}&anonymize=yes", 501),
        ("ct", "annotation=patient", 501),
        ("ct", "annotation=patient,technique&rows=100&region=0,0,0.5,0.5", 501),
        ("ct", WITH_STATE, 501),
        ("us10", "frameNumber=2&annotation=technique", 501),
        ("unknown", f"contentType={DICOM}&anonymize=yes", 404),
        ("unknown", "annotation=patient", 404),
        ("unknown", WITH_STATE, 404),
        ("ct", "annotation=patient&contentType=image/tiff", 406),
        ("ct", f"{WITH_STATE}&contentType=image/tiff", 406),
        ("us10", "frameNumber=11&annotation=patient", 400),
        ("sr", f"contentType={DICOM}&anonymize=yes", 501),
    ],
)
def test_what_comes_later_is_never_ignored(wado: Wado, of: str, parameters: str, status: int) -> None:
    """anonymize=yes, annotation and presentationUID are checked as A.4 says, looked up, and then answered 501, never left out (A4.18)."""
    response = wado.get(of, parameters)
    assert response.status_code == status
    assert b"DICM" not in response.content
