"""Media type choice (A.2, A.3)."""

import pytest

from wado_core.errors import InvalidRequest, NotAcceptable
from wado_core.model.sop_class import Category
from wado_http.negotiation import ANYTHING, DICOM, JPEG, PNG, PRODUCIBLE, choose, parse_accept, parse_content_type

SINGLE = PRODUCIBLE[Category.SINGLE_FRAME]
OBJECT_ONLY = PRODUCIBLE[Category.MULTI_FRAME]

CHROME_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"  # fmt: skip  # noqa: E501
CHROME_IMAGE = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FIREFOX_PAGE_OLDER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8"
FIREFOX_IMAGE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.mark.parametrize("header", [CHROME_PAGE, CHROME_IMAGE, FIREFOX_PAGE, FIREFOX_PAGE_OLDER, FIREFOX_IMAGE, JAVA, "*/*", None])
def test_browsers_get_the_default_of_the_category(header: str | None) -> None:
    """A2.5: a higher weight for image/png does not beat the default, as long as it is taken at all."""
    assert choose(parse_accept(header), None, SINGLE) == JPEG
    assert choose(parse_accept(header), None, OBJECT_ONLY) == DICOM


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("image/*", JPEG),
        ("image/png", PNG),
        ("image/png, application/dicom;q=0.9", PNG),
        ("application/dicom, image/png;q=0.9", DICOM),
        ("image/jpeg;q=0, */*", PNG),
        ("image/jpeg;q=0, image/png;q=0, */*;q=0.1", DICOM),
        ("image/jpg", JPEG),
        ("IMAGE/JPEG", JPEG),
        ("image/png;level=1;q=0.1, image/png;q=0.3, application/dicom;q=0.2", PNG),
        ('multipart/related;type="image/jpeg,x;q=0", image/png', PNG),
    ],
)
def test_choice_without_content_type(header: str, chosen: str) -> None:
    assert choose(parse_accept(header), None, SINGLE) == chosen


@pytest.mark.parametrize("header", ["text/html", "image/jpeg;q=0", "*/*;q=0", "image/gif, video/*"])
def test_nothing_acceptable_lists_what_is_available(header: str) -> None:
    """A2.11."""
    with pytest.raises(NotAcceptable) as refusal:
        choose(parse_accept(header), None, SINGLE)
    assert refusal.value.available == SINGLE


@pytest.mark.parametrize(
    "malformed", ["image", "image/", "/png", "*/png", "im*/png", "image/p*", "image/png;q=2", "image/png;q", "image/png;q=nan", ""]
)
def test_malformed_entries_of_accept_are_skipped(malformed: str) -> None:
    """A2.7: they neither fail the request nor count."""
    assert parse_accept(f"{malformed}, application/dicom") == parse_accept("application/dicom")
    assert parse_accept(malformed) == ANYTHING


def test_a_quote_left_open_swallows_the_rest() -> None:
    assert parse_accept('image/png, "text/html, application/dicom') == parse_accept("image/png")


def test_long_headers_are_read_as_far_as_any_browser_writes() -> None:
    many = ",".join(f"x/y{number}" for number in range(200))
    assert choose(parse_accept(f"{many},image/png"), None, SINGLE) == PNG
    endless = ",".join(f"x/y{number}" for number in range(100_000))
    assert choose(parse_accept(f"image/png,{endless},image/jpeg"), None, SINGLE) == PNG


@pytest.mark.parametrize(
    ("content_type", "chosen"),
    [
        ("image/png;q=0.2,image/jpeg;q=0.9", JPEG),
        ("image/png;q=0.9,image/jpeg;q=0.2", PNG),
        ("image/png,image/jpeg", PNG),
        ("image/tiff,image/jpeg", JPEG),
        ("application/dicom,image/jpeg", DICOM),
        ("image/jpg", JPEG),
        ("Image/PNG; Q=0.5", PNG),
        ("image/jpeg;q=0,image/png;q=0.001", PNG),
    ],
)
def test_content_type_is_taken_by_weight_then_by_order(content_type: str, chosen: str) -> None:
    """A2.4, A2.8, A2.12, J.2 13 and 15."""
    assert choose(ANYTHING, parse_content_type(content_type), SINGLE) == chosen


@pytest.mark.parametrize(("content_type", "accept"), [("image/tiff", "image/tiff"), ("image/png", "text/html"), ("image/png;q=0", "*/*")])
def test_content_type_never_falls_back(content_type: str, accept: str) -> None:
    """A2.3, A2.4, J.2 14."""
    with pytest.raises(NotAcceptable):
        choose(parse_accept(accept), parse_content_type(content_type), SINGLE)


def test_accept_decides_between_content_types() -> None:
    assert choose(parse_accept("image/png"), parse_content_type("image/jpeg,image/png"), SINGLE) == PNG


@pytest.mark.parametrize("category", [Category.MULTI_FRAME, Category.TEXT, Category.OTHER])
def test_no_picture_of_what_is_no_single_frame(category: Category) -> None:
    """A3.2, A3.4, A3.8, J.2 19 and 24."""
    with pytest.raises(NotAcceptable):
        choose(ANYTHING, parse_content_type("image/jpeg"), PRODUCIBLE[category])


@pytest.mark.parametrize(
    "content_type",
    [
        "image/*", "*/*", "*", "*/png", "image", "image/", "image/png,", ",image/png", "image/png;q=2", "image/png;q=-1", "image/png;", " ",
        "image/png image/jpeg", "application/dicom;transfer-syntax=1.2.840.10008.1.2.4.50", "application/dicom;Transfer-Syntax=*",
        "text/plain;charset=utf-8",
    ],
)  # fmt: skip
def test_content_type_is_strict(content_type: str) -> None:
    """A2.9, A2.10, J.2 17."""
    with pytest.raises(InvalidRequest):
        parse_content_type(content_type)


def test_the_default_stands_first() -> None:
    """A3.1, A3.2, A3.4; text/html, the default of A3.3, cannot be made yet."""
    assert {category: types[0] for category, types in PRODUCIBLE.items()} == {
        Category.SINGLE_FRAME: "image/jpeg",
        Category.MULTI_FRAME: "application/dicom",
        Category.TEXT: "application/dicom",
        Category.OTHER: "application/dicom",
    }
