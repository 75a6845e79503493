"""Methods: resources that can only be read (A1.10)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

ALLOW = {"allow": "GET, HEAD, OPTIONS"}

Handler = Callable[[Request], Awaitable[Response]]


class ReadOnly:
    """An ASGI endpoint that hands GET and HEAD to ``handler``, answers OPTIONS, and refuses the rest with 405.

    A class rather than Starlette's own list of methods, because that list becomes the Allow header in random order and
    without OPTIONS.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method = scope["method"]
        if method not in {"GET", "HEAD", "OPTIONS"}:
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, "This resource can be read only: GET, HEAD or OPTIONS.", ALLOW)
        if method == "OPTIONS":
            response = Response(status_code=HTTPStatus.NO_CONTENT, headers=ALLOW)
        else:
            response = await self.handler(Request(scope, receive, send))
        await response(scope, receive, send)
