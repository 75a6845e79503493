"""WADO-URI: one object by its UIDs, as a picture or as a file (part A, PS3.18 chapter 9).

The checks come in the order of A6.2; a request whose client has the answer already ends before a pixel is touched.
"""

from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from wado_core.errors import Busy, ContentChanged, NotSupported
from wado_core.model.instance import Located
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.model.sop_class import Category
from wado_core.model.uid import InstanceKey
from wado_http.conditional import client_has, entity_tag, modified_s
from wado_http.flight import Waiter, landed
from wado_http.negotiation import DICOM, PRODUCIBLE, choose, parse_accept
from wado_http.params.uri import (
    UriRequest,
    check_combinations,
    check_image_parameters,
    check_media_type,
    parse_uri_request,
)
from wado_http.responses import (
    Representation,
    close,
    dicom_headers,
    dicom_object,
    not_modified,
    picture,
    picture_headers,
)
from wado_http.state import State, state_of, while_connected

if TYPE_CHECKING:
    from wado_core.dicom.part_ten import PartTen


async def retrieve(request: Request) -> Response:
    """Answer a WADO-URI request."""
    state = state_of(request)
    asked = parse_uri_request(request.scope["query_string"], state.settings.limits)
    check_combinations(asked)
    try:
        return await _answer(request, asked, await _locate(state, asked.key, asked.frame_number or 1))
    except ContentChanged:
        # Somebody replaced the file since it was indexed: once more from its new content, then 503.
        return await _answer(request, asked, await state.look_up(state.locating.relocate, asked.key, asked.frame_number or 1))


async def _locate(state: State, key: InstanceKey, frame_number: int) -> Located:
    """Find an instance, on the event loop when it is in memory."""
    located = state.locating.in_memory(key, frame_number)
    return located if located is not None else await state.look_up(state.locating.locate, key, frame_number)


async def _answer(request: Request, asked: UriRequest, located: Located) -> Response:
    """Choose the media type (406), check what depends on the object, answer."""
    instance = located.instance
    picked = asked.frame_number is not None and instance.multi_frame  # A4.71: elsewhere frameNumber is ignored
    category = Category.SINGLE_FRAME if picked else instance.category  # A4.73
    accept = request.headers.getlist("accept")
    media_type = choose(parse_accept(", ".join(accept) if accept else None), asked.content_type, PRODUCIBLE[category])
    check_media_type(asked, media_type)
    check_image_parameters(asked, instance.is_image)
    query = asked.canonical_query(media_type, without=None if picked else "frameNumber")
    location = f"{request.scope.get('root_path', '')}/wado?{query}"
    if media_type == DICOM:
        return await _answer_object(request, asked, located, location)
    plan = state_of(request).rendering.plan(
        instance,
        RenderRequest(
            frame_number=asked.frame_number if picked else None,
            window=asked.window,
            region=asked.region,
            rows=asked.rows,
            columns=asked.columns,
            quality=asked.quality,
            media_type=MediaType(media_type),
            overlays=asked.overlays,
        ),
    )
    return await _answer_picture(request, asked, located, plan, location)


async def _answer_picture(request: Request, asked: UriRequest, located: Located, plan: RenderPlan, location: str) -> Response:
    if asked.annotation is not None:
        raise NotSupported("Burning in annotations is not supported yet; the picture is available without annotation.")
    if asked.presentation_uid is not None:
        raise NotSupported("Presentation states are not supported yet; the picture is available without presentationUID.")
    state = state_of(request)
    etag = entity_tag(plan.digest)
    representation = Representation(etag, modified_s(located.location), location, state.settings.max_age_s, plan.warnings)
    if client_has(request.headers, representation.etag, representation.modified):
        return not_modified(representation)
    image = state.rendering.cached(plan)
    if request.method == "HEAD":
        return picture_headers(request, image, plan.media_type, representation)
    waiter = _join(request, plan) if image is None else landed(image, state.unsent)
    try:
        if image is None:
            await while_connected(request.receive, waiter.begun())
        return picture(request, waiter, plan.media_type, representation)
    except BaseException:
        waiter.leave()
        raise


def _join(request: Request, plan: RenderPlan) -> Waiter:
    """Have a picture made, or wait with those who wait for it already."""
    state = state_of(request)
    whole = request.scope["http_version"] == "1.0"  # which knows no chunks (A1.11)
    work = partial(state.rendering.image, plan)
    return state.slots.join(plan.digest, state.rendering.heavy(plan), work, whole=whole)


async def _answer_object(request: Request, asked: UriRequest, located: Located, location: str) -> Response:
    """Answer the object itself in Explicit VR Little Endian, whatever other transfer syntax was asked for (A4.102)."""
    if asked.anonymize:
        raise NotSupported("anonymize=yes is not supported yet; no object is sent.")  # A4.18: never the identified one
    state = state_of(request)
    etag = entity_tag(state.retrieval.etag(located.instance))
    representation = Representation(etag, modified_s(located.location), location, state.settings.max_age_s)
    if client_has(request.headers, representation.etag, representation.modified):
        return not_modified(representation)
    limiter = state.limiter_for(located.instance)
    left = Event()

    def opened() -> "PartTen":
        if left.is_set():
            raise Busy  # to nobody: the client has gone while this waited for its thread
        return state.retrieval.stream(located)

    try:
        file = await while_connected(request.receive, to_thread.run_sync(opened, limiter=limiter))
    finally:
        left.set()
    uid = located.instance.key.object_uid
    if request.method == "HEAD":
        await state.look_up(close, file.chunks)
        return dicom_headers(uid, file.length, representation)
    return dicom_object(uid, file.length, file.chunks, limiter, representation)
