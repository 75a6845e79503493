"""WADO-URI: one object by its UIDs, as a picture or as a file (part A, PS3.18 chapter 9).

The checks come in the order of A6.2; a request whose client has the answer already ends before a pixel is touched.
"""

from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from wado_core.errors import Busy, ContentChanged, MissingFrame, NoSuchFrame, NotAcceptable, NotSupported
from wado_core.model.instance import Instance, Located
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.model.sop_class import Category
from wado_core.model.uid import InstanceKey
from wado_http.conditional import client_has, entity_tag, modified_s
from wado_http.flight import Waiter, landed
from wado_http.mounting import mount_path
from wado_http.negotiation import DICOM, PRODUCIBLE, choose, parse_accept
from wado_http.params.uri import (
    UriRequest,
    check_combinations,
    check_image_parameters,
    check_media_type,
    parse_uri_request,
    read_numbers,
)
from wado_http.planned import NUMBERS, Planned, form_of, numbered
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
    state, scope = state_of(request), request.scope
    try:
        found = planned_in_memory(state, scope["query_string"], accept_of(request), mount_path(scope))
        if found is not None:
            planned, _ = found
            return await answer_picture(request, planned.plan, planned.representation)
        asked = _read(state, scope["query_string"])
        return await _answer(request, asked, await _locate(state, asked.key, asked.frame_number or 1))
    except (ContentChanged, MissingFrame, NoSuchFrame):
        # Somebody replaced the file since it was looked at, perhaps by one with more frames: once more from its new content.
        asked = _read(state, scope["query_string"])
        return await _answer(request, asked, await state.look_up(state.locating.relocate, asked.key, asked.frame_number or 1))


async def _locate(state: State, key: InstanceKey, frame_number: int) -> Located:
    """Find an instance, on the event loop when it is in memory."""
    located = state.locating.in_memory(key, frame_number)
    return located if located is not None else await state.look_up(state.locating.locate, key, frame_number)


def planned_in_memory(state: State, query: bytes, accept: str | None, mounted_at: str) -> tuple[Planned, Located] | None:
    """Plan the picture that a query asks for, of an object in memory, and return that too; None where it is not there, or no picture.

    Plans are remembered, and hold for as long as the object is what it was.
    accept: the header, None when absent.  mounted_at: path that the application is mounted at.
    Raises what is wrong with the query, or with what it asks of the object.
    """
    asked_for = query, accept, mounted_at
    remembered = state.plans.get(asked_for)
    if remembered is not None:
        located = state.locating.in_memory(remembered.plan.key, remembered.plan.frame_number)
        if located is None:
            return None
        if _is_of(remembered, located):
            return remembered, located
    shape, numbers = numbered(asked_for)
    like = state.plans.like(shape)
    found = None if like is None else _plan_like(state, like, numbers)
    if found is None:
        asked = _read(state, query)
        located = state.locating.in_memory(asked.key, asked.frame_number or 1)
        if located is None:
            return None
        chosen = _choose(asked, located.instance, accept)
        if chosen.media_type == DICOM:
            return None
        made = _plan(state, asked, located, chosen, mounted_at)
        if numbers and numbers == {name: text for name, text in asked.texts if name in NUMBERS}:  # none is written in a way of its own
            state.plans.put_like(shape, made)
        found = made, located
    state.plans.put(asked_for, found[0])
    return found


def _is_of(planned: Planned, located: Located) -> bool:
    """Whether the object is still what a picture of it was planned for."""
    return located.instance.version == planned.plan.version and located.location == planned.stored


def _plan_like(state: State, like: Planned, numbers: dict[str, str]) -> tuple[Planned, Located] | None:
    """Plan what differs from a picture in these numbers only; None where its object is not in memory any more.

    What depends on the names of parameters, and on their other values, was found right when that one was planned. Raises what is wrong
    with the numbers.
    """
    frame_number, window = read_numbers(numbers)
    request = like.request.of(None if like.request.frame_number is None else frame_number, window)
    located = state.locating.in_memory(like.plan.key, request.frame_number or 1)
    if located is None or not _is_of(like, located):
        return None
    plan = state.rendering.plan(located.instance, request, like.plan)
    return _planned(state, plan, located, request, like.form % numbers, like.form), located


def _read(state: State, query: bytes) -> UriRequest:
    asked = parse_uri_request(query, state.settings.limits)
    check_combinations(asked)
    return asked


def accept_of(request: Request) -> str | None:
    """Return the Accept header of a request, None when there is none."""
    headers = request.headers.getlist("accept")
    return ", ".join(headers) if headers else None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is sent of an object.

    picked: the frame that frameNumber picks.
    """

    media_type: str
    picked: int | None


def _choose(asked: UriRequest, instance: Instance, accept: str | None) -> _Chosen:
    """Choose the media type (406), and check what depends on the object."""
    picked = asked.frame_number if instance.multi_frame else None  # A4.71: elsewhere frameNumber is ignored
    category = instance.category if picked is None else Category.SINGLE_FRAME  # A4.73
    try:
        media_type = choose(parse_accept(accept), asked.content_type, PRODUCIBLE[category])
    except NotAcceptable as error:
        if category is not Category.MULTI_FRAME or not instance.is_image:
            raise
        single = " or ".join(kind for kind in PRODUCIBLE[Category.SINGLE_FRAME] if kind != DICOM)
        raise NotAcceptable(f"{error} A frame of it, picked by frameNumber, is served as {single}.", error.available) from None
    check_media_type(asked, media_type)
    check_image_parameters(asked, instance.is_image)
    return _Chosen(media_type, picked)


def _location(asked: UriRequest, chosen: _Chosen, mounted_at: str) -> str:
    query = asked.canonical_query(chosen.media_type, without="frameNumber" if chosen.picked is None else None)
    return f"{mounted_at}/wado?{query}"


def _plan(state: State, asked: UriRequest, located: Located, chosen: _Chosen, mounted_at: str) -> Planned:
    """Resolve every default of a picture."""
    request = RenderRequest(
        frame_number=chosen.picked,
        window=asked.window,
        region=asked.region,
        rows=asked.rows,
        columns=asked.columns,
        quality=asked.quality,
        media_type=MediaType(chosen.media_type),
        overlays=asked.overlays,
    )
    plan = state.rendering.plan(located.instance, request)
    if asked.annotation is not None:
        raise NotSupported("Burning in annotations is not supported yet; the picture is available without annotation.")
    if asked.presentation_uid is not None:
        raise NotSupported("Presentation states are not supported yet; the picture is available without presentationUID.")
    location = _location(asked, chosen, mounted_at)
    return _planned(state, plan, located, request, location, form_of(location))


def _planned(state: State, plan: RenderPlan, located: Located, request: RenderRequest, location: str, form: str) -> Planned:
    etag, modified = entity_tag(plan.digest), modified_s(located.location)
    representation = Representation(etag, modified, location, state.settings.max_age_s, plan.warnings)
    return Planned(plan, located.location, request, representation, form)


async def _answer(request: Request, asked: UriRequest, located: Located) -> Response:
    chosen = _choose(asked, located.instance, accept_of(request))
    mounted_at = mount_path(request.scope)
    if chosen.media_type == DICOM:
        return await _answer_object(request, asked, located, _location(asked, chosen, mounted_at))
    made = _plan(state_of(request), asked, located, chosen, mounted_at)
    return await answer_picture(request, made.plan, made.representation)


async def answer_picture(request: Request, plan: RenderPlan, representation: Representation) -> Response:
    """Answer a picture that has been planned, unless the client has it."""
    state = state_of(request)
    if client_has(request.headers, representation.etag, representation.modified):
        return not_modified(representation)
    image = state.rendering.cached(plan)
    if image is None and state.rendering.shares:
        # Among the look-ups: what lies on disk does not wait behind pictures that are being made.
        image = await state.look_up(state.rendering.recalled, plan)
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
