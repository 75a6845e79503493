"""Thumbnails: one that stands for a study, series or object, and contact sheets of all that they hold (docs/adr/0023)."""

import json
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from wado_core.errors import ContentChanged
from wado_core.model.frame import EncodedImage
from wado_core.model.sheet import SheetPlan
from wado_http.conditional import client_has, entity_tag, modified_s
from wado_http.flight import Waiter, landed
from wado_http.mounting import mount_path
from wado_http.negotiation import JPEG, JSON, choose, parse_accept
from wado_http.params.thumbnails import SheetQuery, ThumbnailQuery, parse_sheet, parse_thumbnail, sheet_query, thumbnail_query
from wado_http.responses import Representation, not_modified, picture, picture_headers
from wado_http.routes.uri import accept_of, answer_picture
from wado_http.state import State, state_of, while_connected


async def thumbnail(request: Request) -> Response:
    """Answer ``/thumbnail``: one picture that stands for a study, a series or an object."""
    state, query = state_of(request), parse_thumbnail(request.scope["query_string"])
    media_type = choose(parse_accept(accept_of(request)), query.content_type, (JPEG,))
    try:
        return await _answer_thumbnail(request, state, query, media_type)
    except ContentChanged:
        # Somebody replaced the file since it was indexed: once more from its new content, then 503.
        return await _answer_thumbnail(request, state, query, media_type, anew=True)


async def _answer_thumbnail(request: Request, state: State, query: ThumbnailQuery, media_type: str, *, anew: bool = False) -> Response:
    located, plan = await state.look_up(partial(state.sheets.thumbnail, query.asked, anew=anew))
    # Which object stands for a series may change within a second: only of one that was named the time says anything.
    modified = None if query.asked.object is None else modified_s(located.location)
    location = f"{mount_path(request.scope)}/thumbnail?{thumbnail_query(plan.key, query.asked.edge, media_type)}"
    representation = Representation(entity_tag(plan.digest), modified, location, state.settings.max_age_s, plan.warnings)
    return await answer_picture(request, plan, representation)


async def sheet(request: Request) -> Response:
    """Answer ``/thumbnails``: a contact sheet, or the map that says what lies where in it."""
    state = state_of(request)
    query = parse_sheet(request.scope["query_string"], state.settings.limits)
    media_type = choose(parse_accept(accept_of(request)), query.content_type, (JPEG, JSON))
    plan, representation = await state.look_up(_planned, state, query, media_type, mount_path(request.scope))
    if client_has(request.headers, representation.etag, representation.modified):
        return not_modified(representation)
    image = state.sheets.cached(plan)
    if image is None and state.sheets.shares:
        image = await state.look_up(state.sheets.recalled, plan)
    if media_type == JPEG and request.method == "HEAD":
        return picture_headers(request, image, JPEG, representation)
    waiter = _join(state, plan) if image is None else landed(image, state.unsent)
    try:
        if image is None:
            await while_connected(request.receive, waiter.begun())
        image = waiter.image()
        assert image is not None  # noqa: S101 - begun() has waited for the whole
        if image.passing:
            representation = replace(representation, etag=None, max_age_s=None)
        if media_type == JPEG:
            return picture(request, waiter, JPEG, representation)
        waiter.leave()
        said = await state.look_up(_map, query, plan, image, mount_path(request.scope))
        return Response(said, headers=representation.headers(), media_type=JSON)
    except BaseException:
        waiter.leave()
        raise


def _join(state: State, plan: SheetPlan) -> Waiter:
    """Have a sheet drawn, or wait with those who wait for it already, for the sheet itself or for its map."""
    return state.slots.join_while_wanted(plan.digest, state.sheets.heavy(plan), state.sheets.making(plan).go_on)


def _planned(state: State, query: SheetQuery, media_type: str, mounted_at: str) -> tuple[SheetPlan, Representation]:
    """Plan a sheet, and name it or its map: of hundreds of tiles the names alone take milliseconds, which the event loop does not have."""
    plan = state.sheets.plan(query.asked, query.list_name)
    return plan, _representation(state, query, plan, media_type, mounted_at)


def _representation(state: State, query: SheetQuery, plan: SheetPlan, media_type: str, mounted_at: str) -> Representation:
    """Describe a sheet or its map; only what names its list may be kept without asking: lists grow while folders are indexed."""
    location = f"{mounted_at}/thumbnails?{sheet_query(query.asked, plan.listed.name, media_type)}"
    digest = plan.digest
    if media_type == JSON:
        said = repr((plan.digest, plan.listed, mounted_at))
        digest = blake2b(said.encode(), digest_size=16).hexdigest()
    return Representation(entity_tag(digest), None, location, 0 if query.list_name is None else state.settings.max_age_s)


def _map(query: SheetQuery, plan: SheetPlan, image: EncodedImage, mounted_at: str) -> bytes:
    """Write the map: the address of the sheet, its size, and what each tile shows and where, or why it shows nothing."""
    asked = query.asked
    following = replace(asked, offset=asked.offset + len(plan.cells))
    said = {
        "sheet": f"{mounted_at}/thumbnails?{sheet_query(asked, plan.listed.name, JPEG)}",
        "width": plan.columns,
        "height": plan.rows,
        "next": f"{mounted_at}/thumbnails?{sheet_query(following, None, JSON)}" if plan.listed.has_next else None,
        "tiles": _tiles(plan, image),
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _tiles(plan: SheetPlan, image: EncodedImage) -> list[dict[str, Any]]:
    reasons = {mark.number: mark.reason for mark in image.marks}
    tiles = []
    for number, cell in enumerate(plan.cells):
        key = cell.tile.key
        said: dict[str, Any] = {"seriesUID": key.series_uid, "objectUID": key.object_uid, "frameNumber": cell.tile.frame_number}
        if number in reasons:
            said["problem"] = reasons[number]
        else:
            said.update(zip(("x", "y", "width", "height"), cell.rectangle(plan.edge), strict=True))
        tiles.append(said)
    return tiles
