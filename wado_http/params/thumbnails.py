"""Parameters of /thumbnail and /thumbnails, two resources that are ours and no standard's (docs/adr/0023)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from wado_core.errors import InvalidRequest
from wado_core.model.sheet import LARGEST_EDGE, SMALLEST_EDGE, THUMBNAIL_EDGE, SheetRequest, ThumbnailRequest
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits
from wado_http.negotiation import MediaRange, parse_content_type
from wado_http.params.query import read_query
from wado_http.params.values import read_integer, read_uid

DEFAULT_TILES = 100

_UIDS = ("studyUID", "seriesUID", "objectUID")
_FARTHEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ThumbnailQuery:
    """One thumbnail.  content_type: best first, None when the parameter was absent."""

    asked: ThumbnailRequest
    content_type: tuple[MediaRange, ...] | None = None


@dataclass(frozen=True, slots=True)
class SheetQuery:
    """A contact sheet, or its map.  list_name: of the list that the client has; None when it takes whatever is listed now."""

    asked: SheetRequest
    list_name: str | None = None
    content_type: tuple[MediaRange, ...] | None = None


def parse_thumbnail(query: bytes) -> ThumbnailQuery:
    """Read the parameters of /thumbnail; raises InvalidRequest with the first that is missing or malformed."""
    values = _read(query, ("size",))
    return ThumbnailQuery(ThumbnailRequest(*_uids(values), _edge(values)), _content_type(values))


def parse_sheet(query: bytes, limits: Limits) -> SheetQuery:
    """Read the parameters of /thumbnails; raises InvalidRequest with the first that is missing or malformed."""
    values = _read(query, ("size", "offset", "limit", "list"))
    of = ThumbnailRequest(*_uids(values), _edge(values))
    offset = read_integer("offset", values["offset"], 0, _FARTHEST) if "offset" in values else 0
    most = limits.sheet_tiles
    limit = read_integer("limit", values["limit"], 1, most) if "limit" in values else min(DEFAULT_TILES, most)
    return SheetQuery(SheetRequest(of, offset, limit), values.get("list"), _content_type(values))


def thumbnail_query(key: InstanceKey, edge: int, media_type: str) -> str:
    """Return the query that names the thumbnail of an object."""
    return _written((key.study_uid, key.series_uid, key.object_uid), {"size": str(edge), "contentType": media_type})


def sheet_query(asked: SheetRequest, list_name: str | None, media_type: str | None = None) -> str:
    """Return the query that names a sheet or, by its media type, its map.  list_name: None for whatever is listed then."""
    of, part = asked.of, {"offset": str(asked.offset), "limit": str(asked.limit)}
    return _written(
        (of.study_uid, of.series_uid, of.object_uid), {**part, "size": str(of.edge), "list": list_name, "contentType": media_type}
    )


def _written(uids: tuple[str, str | None, str | None], more: dict[str, str] | dict[str, str | None]) -> str:
    values = {**dict(zip(_UIDS, uids, strict=True)), **more}
    return urlencode({name: value for name, value in values.items() if value is not None}, safe="/")


def _read(query: bytes, known: tuple[str, ...]) -> dict[str, str]:
    values = read_query(query, (*_UIDS, "contentType", *known))
    for name, text in values.items():
        if not text.strip(" "):
            raise InvalidRequest(f"{name} must not be empty.")
    return values


def _uids(values: dict[str, str]) -> tuple[str, str | None, str | None]:
    if "studyUID" not in values:
        raise InvalidRequest("studyUID is required.")
    if "objectUID" in values and "seriesUID" not in values:
        raise InvalidRequest("objectUID must be given together with seriesUID.")
    series_uid, object_uid = (read_uid(name, values[name]) if name in values else None for name in _UIDS[1:])
    return read_uid("studyUID", values["studyUID"]), series_uid, object_uid


def _edge(values: dict[str, str]) -> int:
    return read_integer("size", values["size"], SMALLEST_EDGE, LARGEST_EDGE) if "size" in values else THUMBNAIL_EDGE


def _content_type(values: dict[str, str]) -> tuple[MediaRange, ...] | None:
    return parse_content_type(values["contentType"]) if "contentType" in values else None
