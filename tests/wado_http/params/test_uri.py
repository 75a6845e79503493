"""WADO-URI parameters: each 400 that needs no object (A.4, J.1 to J.6)."""

import pytest

from wado_core.errors import InvalidRequest
from wado_core.model.geometry import Region
from wado_core.model.grayscale import VoiLutFunction, Window
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits
from wado_http.params.uri import UriRequest, check_combinations, check_image_parameters, check_media_type, parse_uri_request

UIDS = "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4"


def parse(more: str = "", query: str = UIDS) -> UriRequest:
    return parse_uri_request(f"{query}{more}".encode(), Limits())


def accepted(more: str) -> UriRequest:
    """Parse a request that is right as far as anybody can say without the object."""
    request = parse(more)
    check_combinations(request)
    return request


def test_the_least_request() -> None:
    request = accepted("")
    assert request.key == InstanceKey("1.2", "1.3", "1.4")
    assert request.given == {"requestType", "studyUID", "seriesUID", "objectUID"}
    assert (request.window, request.content_type, request.frame_number) == (None, None, None)


def test_every_parameter() -> None:
    request = parse(
        "&contentType=image/png&rows=10&columns=%20%2B20&region=0,0.25,.5,1&windowCenter=-600.5&windowWidth=1500"
        "&frameNumber=3&imageQuality=50&annotation=technique,patient&presentationUID=1.5&presentationSeriesUID=1.6"
        "&transferSyntax=1.2.840.10008.1.2.5&anonymize=yes&charset=utf-8"
    )
    assert (request.rows, request.columns, request.frame_number, request.quality) == (10, 20, 3, 50)
    assert request.region == Region(0, 0.25, 0.5, 1)
    assert request.window == Window(-600.5, 1500, VoiLutFunction.LINEAR)
    assert request.annotation == ("technique", "patient")
    assert (request.presentation_uid, request.presentation_series_uid) == ("1.5", "1.6")
    assert request.transfer_syntax_uid == "1.2.840.10008.1.2.5"
    assert request.anonymize


@pytest.mark.parametrize(
    "query",
    [
        "",
        "studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=wado&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=XYZ&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requesttype=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=WADO%20&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=WADO&seriesUID=1.3&objectUID=1.4",
        "requestType=WADO&studyUID=1.2&objectUID=1.4",
        "requestType=WADO&studyUID=1.2&seriesUID=1.3",
        "requestType=WADO&StudyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.2.x",
        "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=",
        "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4%00",
        "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=" + "1" * 65,
        "requestType=WADO&requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
    ],
)
def test_mandatory_parameters(query: str) -> None:
    """A4.1 to A4.7, J.1 2 to 4 and 6."""
    with pytest.raises(InvalidRequest):
        parse(query=query)


@pytest.mark.parametrize(
    "more",
    [
        *(f"&{name}=" for name in ("contentType", "charset", "anonymize", "annotation", "rows", "columns", "region", "windowCenter",
          "windowWidth", "frameNumber", "imageQuality", "presentationUID", "presentationSeriesUID", "transferSyntax", "overlays")),
        "&rows", "&rows=0", "&rows=-5", "&rows=abc", "&rows=1.5", "&rows=99999999", "&rows=8193", "&columns=0", "&rows=10&rows=20",
        "&region=0.5,0.5,0.5,1", "&region=0,0,1", "&region=0,0,1,1,1", "&region=0,0,1,1.2", "&region=0,0,0,1", "&region=a,b,c,d",
        "&region=-0.1,0,1,1", "&region=0,0,nan,1", "&region=0,0,1,1e999", "&region=0,,1,1", "&region=1,0,0,1",
        "&windowCenter=40&windowWidth=0.5", "&windowCenter=40&windowWidth=-5", "&windowCenter=40&windowWidth=nan",
        "&windowCenter=inf&windowWidth=400", "&windowCenter=1e999&windowWidth=400", "&windowCenter=forty&windowWidth=400",
        "&frameNumber=0", "&frameNumber=-1", "&frameNumber=x", "&frameNumber=1.0",
        "&imageQuality=0", "&imageQuality=101", "&imageQuality=abc", "&imageQuality=90.5",
        "&annotation=foo", "&annotation=patient,", "&annotation=patient,foo", "&annotation=Patient",
        "&anonymize=no", "&anonymize=YES",
        "&transferSyntax=abc", "&transferSyntax=1.2.840.10008.1.2.1,1.2.840.10008.1.2.5",
        "&transferSyntax=1.2.840.10008.1.2.1&transferSyntax=1.2.840.10008.1.2.5",
        "&presentationUID=x&presentationSeriesUID=1.2", "&presentationUID=1.2&presentationSeriesUID=x",
        "&contentType=image/*", "&contentType=image/png,", "&contentType=application/dicom%3Btransfer-syntax%3D1.2.840.10008.1.2.4.50",
        "&overlays=yes", "&overlays=TRUE", "&overlays=1", "&overlays=true,false", "&overlays=true&overlays=true",
        "&charset=,utf-8", "&charset=utf-8;q=5", "&charset=%00",
    ],
)  # fmt: skip
def test_syntax(more: str) -> None:
    """J.1 9, J.2 17, J.4 33 and 36, J.5 40, J.6 48, 50 and 52, J.8 60 and 63."""
    with pytest.raises(InvalidRequest):
        parse(more)


@pytest.mark.parametrize(("more", "wanted"), [("", False), ("&overlays=false", False), ("&overlays=true", True)])
def test_overlays_are_off_by_default(more: str, wanted: bool) -> None:
    """H5.14."""
    assert accepted(more).overlays is wanted


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8;q=0.5,iso-8859-1", "ISO+2022+IR+6%5CISO+2022+IR+87", "GB18030", "*", "utf-8+;+q=1.0"])
def test_character_sets_are_accepted(charset: str) -> None:
    """A4.9, A4.11, A4.13."""
    assert "charset" in accepted(f"&charset={charset}").given


def test_a_hostile_charset_is_read_in_no_time() -> None:
    with pytest.raises(InvalidRequest):
        parse("&charset=a" + "+" * 16_000 + "@")


@pytest.mark.parametrize(
    "more",
    [
        "&windowCenter=40", "&windowWidth=400", "&presentationUID=1.2", "&presentationSeriesUID=1.2",
        "&presentationUID=1.2&presentationSeriesUID=1.3&windowCenter=40&windowWidth=400",
        "&contentType=application/dicom&rows=1", "&contentType=application/dicom&columns=1",
        "&contentType=application/dicom&region=0,0,1,1",
        "&contentType=application/dicom&annotation=patient", "&contentType=application/dicom&windowCenter=40&windowWidth=400",
        "&contentType=application/dicom&frameNumber=1",
        "&contentType=application/dicom&presentationUID=1.2&presentationSeriesUID=1.3",
        "&contentType=application/dicom&imageQuality=50",
        "&contentType=application/dicom&imageQuality=50&transferSyntax=1.2.840.10008.1.2.5",
        "&contentType=image/jpeg&anonymize=yes", "&contentType=image/png,image/jpeg&transferSyntax=1.2.840.10008.1.2.1",
        "&contentType=text/html&annotation=patient",
        "&anonymize=yes&rows=10", "&anonymize=yes",
    ],
)  # fmt: skip
def test_combinations_that_no_object_makes_right(more: str) -> None:
    """A4.21 to A4.26, J.3 27 to 31: refused before the object is looked up."""
    request = parse(more)
    with pytest.raises(InvalidRequest):
        check_combinations(request)


@pytest.mark.parametrize(
    "more",
    [
        "&contentType=application/dicom,image/jpeg&rows=10", "&rows=10", "&transferSyntax=1.2.840.10008.1.2.1",
        "&contentType=application/dicom&imageQuality=50&transferSyntax=1.2.840.10008.1.2.4.50", "&contentType=image/jpeg;q=0&rows=10",
        "&contentType=application/dicom&anonymize=yes&transferSyntax=1.2.840.10008.1.2.5", "&imageQuality=50",
    ],
)  # fmt: skip
def test_combinations_that_depend_on_the_object(more: str) -> None:
    accepted(more)


@pytest.mark.parametrize(
    ("more", "media_type", "wrong"),
    [
        ("&rows=10", "application/dicom", True),
        ("&frameNumber=1", "application/dicom", True),
        ("&imageQuality=50", "application/dicom", True),
        ("&contentType=application/dicom,image/jpeg&anonymize=yes", "application/dicom", False),
        ("&contentType=application/dicom,image/jpeg&anonymize=yes", "image/jpeg", True),
        ("&transferSyntax=1.2.3", "image/png", True),
        ("&annotation=patient", "text/html", True),
        ("&annotation=patient", "image/png", False),
        ("&rows=10", "image/jpeg", False),
    ],
)
def test_the_media_type_chosen_decides(more: str, media_type: str, wrong: bool) -> None:
    """A4.28."""
    request = accepted(more)
    if wrong:
        with pytest.raises(InvalidRequest):
            check_media_type(request, media_type)
    else:
        check_media_type(request, media_type)


def test_image_parameters_are_for_images() -> None:
    """A4.27; frameNumber is ignored instead (A4.71)."""
    with pytest.raises(InvalidRequest, match="imageQuality"):
        check_image_parameters(accepted("&imageQuality=5&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.50"), False)
    check_image_parameters(accepted("&frameNumber=5"), False)
    check_image_parameters(accepted("&rows=5"), True)


def test_the_canonical_query_has_one_order_and_no_strangers() -> None:
    """A5.5."""
    one = parse("&rows=%2B10&foo=bar&region=0,0,1,1&frameNumber=2&contentType=image/jpg")
    other = parse_uri_request(
        b"region=0,0,1,1&objectUID=1.4&frameNumber=2&rows=+10&studyUID=1.2&contentType=image/png;q=0.5,image/jpeg&seriesUID=1.3&requestType=WADO",
        Limits(),
    )
    expected = f"{UIDS}&contentType=image/jpeg&rows=%2B10&region=0,0,1,1"
    assert one.canonical_query("image/jpeg", without="frameNumber") == expected
    assert other.canonical_query("image/jpeg") == f"{expected}&frameNumber=2"
    assert parse_uri_request(expected.encode(), Limits()).canonical_query("image/jpeg") == expected
