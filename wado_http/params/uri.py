"""WADO-URI parameters: syntax, and combinations that no object makes right (A.4, PS3.18 9.4.2, 9.5.2)."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from wado_core.errors import InvalidRequest
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Window
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits
from wado_http.negotiation import DICOM, JPEG, MediaRange, parse_content_type
from wado_http.params.query import read_query
from wado_http.params.values import read_decimal, read_integer, read_uid

# In the order in which Content-Location writes them.
PARAMETERS = (
    "requestType", "studyUID", "seriesUID", "objectUID", "contentType", "charset", "anonymize", "annotation", "rows", "columns",
    "region", "windowCenter", "windowWidth", "frameNumber", "imageQuality", "presentationUID", "presentationSeriesUID",
    "transferSyntax", "overlays",
)  # fmt: skip

ANNOTATIONS = ("patient", "technique")

# Names of RFC 2978 and of DICOM, such as "ISO 2022 IR 6\\ISO 2022 IR 87" (A4.11), and an optional weight each (A4.9).
_CHARSET = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9 !#$%&'+^_`{}~.:()\\-]*")
_CHARSET_WEIGHT = re.compile(r"[Qq]=(?:0(?:\.[0-9]*)?|1(?:\.0*)?)")

# What needs no quoting, as nearly all values do not.
_PLAIN = re.compile(r"[A-Za-z0-9_.~/,-]*")

_PICTURE_ONLY = (
    "annotation", "rows", "columns", "region", "windowCenter", "windowWidth", "frameNumber", "presentationUID",
    "presentationSeriesUID", "overlays",
)  # fmt: skip
_OBJECT_ONLY = ("anonymize", "transferSyntax")
# frameNumber is not among them: it is ignored for whatever is not multi-frame (A4.71).
_IMAGE_ONLY = tuple(name for name in (*_PICTURE_ONLY, "imageQuality") if name != "frameNumber")


@dataclass(frozen=True, slots=True)
class UriRequest:
    """A WADO-URI request whose parameters are each well formed; None means that a parameter was absent.

    content_type: best first; may be empty, when every entry has q=0.
    texts: the parameters as written, trimmed, in the order of PARAMETERS.  given: their names.
    """

    key: InstanceKey
    content_type: tuple[MediaRange, ...] | None = None
    anonymize: bool = False
    annotation: tuple[str, ...] | None = None
    rows: int | None = None
    columns: int | None = None
    region: Region | None = None
    window_center: float | None = None
    window_width: float | None = None
    frame_number: int | None = None
    quality: int | None = None
    presentation_uid: str | None = None
    presentation_series_uid: str | None = None
    transfer_syntax_uid: str | None = None
    overlays: bool = False
    texts: tuple[tuple[str, str], ...] = ()
    given: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", frozenset(name for name, _ in self.texts))

    @property
    def window(self) -> Window | None:
        """The window, applied with LINEAR (A4.62)."""
        if self.window_center is None or self.window_width is None:
            return None
        return Window(self.window_center, self.window_width)

    def canonical_query(self, media_type: str, without: str | None = None) -> str:
        """Return the query that names exactly the representation sent, for Content-Location (A5.5).

        media_type: the one chosen.  without: a parameter that was ignored.
        """
        texts = {"contentType": media_type} | {name: text for name, text in self.texts if name not in {"contentType", without}}
        return "&".join([f"{name}={_quoted(texts[name])}" for name in PARAMETERS if name in texts])


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text, safe="/,")


def parse_uri_request(query: bytes, limits: Limits) -> UriRequest:
    """Read the parameters in the order of A6.2: requestType, the UIDs, then the syntax of all others.

    Raises InvalidRequest with the first that is missing or malformed; an empty value is malformed (A.4).
    """
    values = read_query(query, PARAMETERS, spaced=("charset",))
    if values.get("requestType") != "WADO":
        raise InvalidRequest("requestType=WADO is required.")
    uids = []
    for name in ("studyUID", "seriesUID", "objectUID"):
        if name not in values:
            raise InvalidRequest(f"{name} is required.")
        uids.append(read_uid(name, values[name]))
    for name, text in values.items():
        if not text.strip(" "):
            raise InvalidRequest(f"{name} must not be empty.")
    return UriRequest(
        key=InstanceKey(*uids),
        content_type=parse_content_type(values["contentType"]) if "contentType" in values else None,
        anonymize=_anonymize(values),
        annotation=_annotation(values),
        rows=_integer(values, "rows", limits.picture_edge),
        columns=_integer(values, "columns", limits.picture_edge),
        region=_region(values),
        window_center=_decimal(values, "windowCenter"),
        window_width=_window_width(values),
        frame_number=_integer(values, "frameNumber"),
        quality=_integer(values, "imageQuality", 100),
        presentation_uid=_uid(values, "presentationUID"),
        presentation_series_uid=_uid(values, "presentationSeriesUID"),
        transfer_syntax_uid=_uid(values, "transferSyntax"),
        overlays=_overlays(values),
        texts=_texts(values),
    )


def read_numbers(values: dict[str, str]) -> tuple[int | None, Window | None]:
    """Read what readers change while they look at one object: frameNumber, and the two values of a window.

    Raises InvalidRequest as ``parse_uri_request`` does.
    """
    center, width, frame_number = _decimal(values, "windowCenter"), _window_width(values), _integer(values, "frameNumber")
    return frame_number, None if center is None or width is None else Window(center, width)


def _texts(values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if not all(_is_charset(item) for item in values.get("charset", "*").split(",")):
        raise InvalidRequest("charset must be a comma-separated list of character set names.")
    return tuple((name, values[name].strip(" ")) for name in PARAMETERS if name in values)


def _is_charset(item: str) -> bool:
    name, separator, weight = item.partition(";")
    weighted = not separator or _CHARSET_WEIGHT.fullmatch(weight.replace(" ", "")) is not None
    return weighted and _CHARSET.fullmatch(name.strip(" ")) is not None


def _integer(values: dict[str, str], name: str, high: int | None = None) -> int | None:
    return read_integer(name, values[name], 1, high) if name in values else None


def _decimal(values: dict[str, str], name: str) -> float | None:
    return read_decimal(name, values[name]) if name in values else None


def _uid(values: dict[str, str], name: str) -> str | None:
    return read_uid(name, values[name]) if name in values else None


def _anonymize(values: dict[str, str]) -> bool:
    """A4.15: the only value is yes."""
    if values.get("anonymize", "yes") != "yes":
        raise InvalidRequest("anonymize has only one value: yes.")
    return "anonymize" in values


def _overlays(values: dict[str, str]) -> bool:
    """H5.14: a vendor parameter, off by default."""
    if values.get("overlays", "true") not in ("true", "false"):
        raise InvalidRequest("overlays must be true or false.")
    return values.get("overlays") == "true"


def _annotation(values: dict[str, str]) -> tuple[str, ...] | None:
    """A4.30, A4.34: a list of known words."""
    if "annotation" not in values:
        return None
    words = tuple(values["annotation"].split(","))
    if not set(words) <= set(ANNOTATIONS):
        raise InvalidRequest("annotation must be a comma-separated list of patient and technique.")
    return words


def _region(values: dict[str, str]) -> Region | None:
    """A4.50, A4.51: four edges from 0 to 1."""
    if "region" not in values:
        return None
    edges = [read_decimal("Each value of region", text) for text in values["region"].split(",")]
    if len(edges) != 4:
        raise InvalidRequest("region must be four decimal numbers: xmin,ymin,xmax,ymax.")
    try:
        return Region(*edges)
    except ValueError as error:
        raise InvalidRequest("region must hold 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1.") from error


def _window_width(values: dict[str, str]) -> float | None:
    """A4.61: at least 1, because the function is LINEAR."""
    width = _decimal(values, "windowWidth")
    if width is not None and width < 1:
        raise InvalidRequest("windowWidth must be at least 1.")
    return width


def check_combinations(request: UriRequest) -> None:
    """Refuse what is wrong whatever the object (A4.21 to A4.26), before the object is looked up (A6.2).

    A combination with the media type is refused here only when it is wrong for every media type that may be chosen.
    """
    _check_pairs(request.given)
    if "anonymize" in request.given and (not request.content_type or all(entry.name != DICOM for entry in request.content_type)):
        raise InvalidRequest(f"anonymize must be given together with contentType={DICOM}.")  # A4.15
    chosen = [entry.name for entry in request.content_type] if request.content_type is not None else [DICOM, JPEG, "text/html"]
    complaints = [forbidden_with(request, media_type) for media_type in chosen]
    if complaints and complaints[0] is not None and all(complaints):
        raise InvalidRequest(complaints[0])


def _check_pairs(given: frozenset[str]) -> None:
    """A4.23, A4.24, A4.25."""
    for first, second in (("windowCenter", "windowWidth"), ("presentationUID", "presentationSeriesUID")):
        if (first in given) != (second in given):
            raise InvalidRequest(f"{first} and {second} must be given together.")
    if {"windowCenter", "presentationUID"} <= given:
        raise InvalidRequest("windowCenter and windowWidth must not be given together with presentationUID.")


def check_media_type(request: UriRequest, media_type: str) -> None:
    """Refuse parameters that must not stand beside the media type chosen, asked for or default (A4.21, A4.22, A4.26, A4.28)."""
    complaint = forbidden_with(request, media_type)
    if complaint is not None:
        raise InvalidRequest(complaint)


def forbidden_with(request: UriRequest, media_type: str) -> str | None:
    """Return why the request is wrong for an answer of ``media_type``, None when it is not."""
    given = request.given
    if media_type != DICOM:
        forbidden: tuple[str, ...] = _OBJECT_ONLY
        if not media_type.startswith("image/"):
            forbidden += ("annotation",)
    else:
        forbidden = _PICTURE_ONLY
        if "imageQuality" in given and not (request.transfer_syntax_uid and transfer_syntax(request.transfer_syntax_uid).lossy):
            return f"imageQuality with {DICOM} needs a transferSyntax that is lossy."
    for name in forbidden:
        if name in given:
            return f"{name} must not be given when the answer is {media_type}."
    return None


def check_image_parameters(request: UriRequest, is_image: bool) -> None:
    """Refuse image parameters for objects that are no images (A4.27)."""
    for name in _IMAGE_ONLY:
        if not is_image and name in request.given:
            raise InvalidRequest(f"{name} is meant for images; this object is none.")
