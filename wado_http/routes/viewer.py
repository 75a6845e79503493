"""The viewer: a page of studies, a page of a series' instances, and their style sheet."""

from functools import partial
from hashlib import blake2b
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from wado_core.errors import InvalidRequest, NotFound
from wado_core.model.uid import SeriesKey
from wado_http.conditional import entity_tag, names_tag
from wado_http.mounting import mount_path
from wado_http.params.query import names_in, read_query
from wado_http.params.values import read_integer, read_uid
from wado_http.routes import uri
from wado_http.state import state_of
from wado_http.viewer import pages

# Pages show patients' names.
_HEADERS = {"cache-control": "no-store"}

LAST_PAGE = 1_000_000


async def root(request: Request) -> Response:
    """Answer ``/``: a WADO-URI request when it says requestType (A1.12), else the page of studies."""
    query: bytes = request.scope["query_string"]
    if "requestType" in names_in(query):
        return await uri.retrieve(request)
    number = _page(read_query(query, ("page",)))
    browsing, indexer = state_of(request).browsing, state_of(request).indexer

    def page() -> str:
        status = indexer.read() if indexer is not None else None  # before the list: what it calls complete is on the page
        studies = pages.page_of(browsing.studies, number, pages.STUDIES_ON_A_PAGE)
        if number > 1 and not studies.items:
            raise NotFound("There is no such page.")
        return pages.studies_page(mount_path(request.scope), studies, browsing.totals(), status)

    return HTMLResponse(await state_of(request).look_up(page), headers=_HEADERS)


async def study(request: Request) -> Response:
    """Answer ``/study``: one page of the series of a study."""
    values = read_query(request.scope["query_string"], ("studyUID", "page"))
    if "studyUID" not in values:
        raise InvalidRequest("studyUID is required.")
    study_uid, number = read_uid("studyUID", values["studyUID"]), _page(values)
    offset = (number - 1) * pages.SERIES_ON_A_PAGE
    browsing = state_of(request).browsing

    def page() -> str:
        found = browsing.study(study_uid, offset, pages.SERIES_ON_A_PAGE)
        if found is None or not found.series:
            raise NotFound("There is no such study, or it has no such page.")
        return pages.study_page(mount_path(request.scope), found, number, has_next=offset + len(found.series) < found.series_total)

    return HTMLResponse(await state_of(request).look_up(page), headers=_HEADERS)


async def series(request: Request) -> Response:
    """Answer ``/series``: one page of the instances of a series."""
    values = read_query(request.scope["query_string"], ("studyUID", "seriesUID", "page"))
    for name in ("studyUID", "seriesUID"):
        if name not in values:
            raise InvalidRequest(f"{name} is required.")
    key = SeriesKey(read_uid("studyUID", values["studyUID"]), read_uid("seriesUID", values["seriesUID"]))
    number = _page(values)
    browsing = state_of(request).browsing

    def page() -> str:
        instances = pages.page_of(partial(browsing.instances, key), number, pages.INSTANCES_ON_A_PAGE)
        if not instances.items:
            raise NotFound("There is no such series, or it has no such page.")
        return pages.series_page(mount_path(request.scope), key, instances)

    return HTMLResponse(await state_of(request).look_up(page), headers=_HEADERS)


async def stylesheet(request: Request) -> Response:
    """Answer the style sheet; it changes with the version only."""
    content = pages.stylesheet()
    etag = entity_tag(blake2b(content, digest_size=16).hexdigest())
    headers = {"etag": etag, "cache-control": "no-cache"}
    if names_tag(request.headers, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, headers=headers, media_type="text/css")


def _page(values: dict[str, str]) -> int:
    return read_integer("page", values["page"], 1, LAST_PAGE) if "page" in values else 1
