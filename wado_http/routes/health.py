"""Health: for whoever starts and watches the server."""

import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from wado_core.errors import Unavailable
from wado_core.model.index_status import IndexStatus
from wado_http.negotiation import parse_accept
from wado_http.state import state_of

if TYPE_CHECKING:
    from wado_core.services.browsing import Browsing

_HEADERS = {"cache-control": "no-store"}
_JSON = "application/json"


async def live(request: Request) -> Response:  # noqa: ARG001 - the signature of every handler
    """Answer 200 as long as the event loop turns."""
    return PlainTextResponse("live\n", headers=_HEADERS)


async def ready(request: Request) -> Response:
    """Answer 200 once kernels are loaded and services stand, 503 before and while closing; say how far indexing is.

    Ready is who can answer, whatever the index holds: it fills while it is served. Text, or the same as JSON for those who prefer it.
    """
    state = state_of(request)
    # Not among the look-ups, which may all be waiting for a storage that does not answer.
    status = None if state.indexer is None else await to_thread.run_sync(state.indexer.read)
    indexing = None if status is None else _indexing(status, await to_thread.run_sync(_held, state.browsing))
    accept = parse_accept(request.headers.get("accept"))
    headers = _HEADERS | {"vary": "accept"}
    if accept.quality(_JSON) > accept.quality("text/plain"):
        return JSONResponse({"status": "ready", "indexing": indexing}, headers=headers)
    lines = ["ready", *(f"{name}: {_written(value)}" for name, value in (indexing or {}).items() if value not in (None, ""))]
    return PlainTextResponse("\n".join(lines) + "\n", headers=headers)


async def caches(request: Request) -> Response:
    """Answer what has come of the caches of the worker that answers: hits, misses, evictions, entries, bytes; nothing of their content."""
    state = state_of(request)
    counts = {"plans": state.plans.counts(), **await to_thread.run_sync(state.caches)}
    said = {"worker": os.getpid(), "caches": {name: asdict(found) for name, found in counts.items()}}
    return JSONResponse(said, headers=_HEADERS)


def _held(browsing: "Browsing") -> int | None:
    """Return how many instances the index holds; None when it does not answer."""
    try:
        return browsing.totals().instances
    except Unavailable:
        return None


def _indexing(status: IndexStatus, instances: int | None) -> dict[str, Any]:
    """Return what is said of the indexing: counts of the run that goes on, or of the last one; no path.

    instances: what the index holds.  seconds_since: the indexer has said this.  looked_seconds_ago, look_seconds: the end and length
    of the last run that ended.
    """
    now = time.time()
    return {
        "phase": str(status.phase),
        "complete": status.complete,
        "files_seen": status.counts.files_seen,
        "files_read": status.counts.files_read,
        "instances": instances,
        "unreadable_files": status.counts.unreadable,
        "unreadable_folders": status.counts.folders_unreadable,
        "seconds_since": round(max(now - status.updated_s, 0.0), 1),
        "looked_seconds_ago": None if status.finished_s is None else round(max(now - status.finished_s, 0.0), 1),
        "look_seconds": None if status.duration_s is None else round(status.duration_s, 1),
        "trouble": status.trouble or ("The index does not answer." if instances is None else ""),
    }


def _written(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
