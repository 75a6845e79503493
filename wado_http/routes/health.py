"""Health: for whoever starts and watches the server."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wado_http.state import state_of

_HEADERS = {"cache-control": "no-store"}


async def live(request: Request) -> Response:  # noqa: ARG001 - the signature of every handler
    """Answer 200 as long as the event loop turns."""
    return PlainTextResponse("live\n", headers=_HEADERS)


async def ready(request: Request) -> Response:
    """Answer 200 once kernels are loaded and services stand, 503 before and while closing."""
    state_of(request)
    return PlainTextResponse("ready\n", headers=_HEADERS)
