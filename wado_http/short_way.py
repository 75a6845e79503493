"""The short way: pictures of objects that are in memory, answered without a thread, a task or a response object.

What it decides, it decides with the functions of the whole way (`routes.uri`), and only what can be answered at once; everything else,
every error too, goes the whole way, which begins anew. (docs/adr/0025)
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from wado_http.conditional import client_has
from wado_http.flight import Waiter, landed
from wado_http.middleware import LoopbackNames
from wado_http.mounting import mount_path
from wado_http.planned import LONGEST_QUERY, Planned
from wado_http.responses import send_picture
from wado_http.routes.uri import planned_in_memory
from wado_http.state import State

# Hosts whose names were found to be ours; they differ in their ports only, but anybody may write any.
_MOST_HOSTS = 64


class ShortWay:
    """Answer GET /wado at once where that can be done, and hand everything else on."""

    def __init__(self, app: ASGIApp, names: LoopbackNames | None) -> None:
        """names: those that a Host header may hold; None where it may hold any."""
        self.app = app
        self._names = names
        self._ours: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and _is_wado(scope) and await self._answered(scope, send):
            return
        await self.app(scope, receive, send)

    async def _answered(self, scope: Scope, send: Send) -> bool:
        waiter = None
        try:
            answer = self._answer(scope)
            if answer is None:
                return False
            planned, waiter = answer
            if waiter is not None:
                await waiter.begun()
                waiter.image()
        except BaseException as error:
            if waiter is not None:
                waiter.leave()
            if isinstance(error, Exception):
                return False  # the whole way meets it again, and answers it
            raise
        if waiter is None:
            await _send_not_modified(planned, send)
        else:
            with suppress(ClientDisconnect):  # nobody is left to answer
                await _send(planned, waiter, scope, send)
        return True

    def _answer(self, scope: Scope) -> tuple[Planned, Waiter | None] | None:
        """Return what is to be sent, and who waits for its bytes (None: the client has them); None for what takes the whole way."""
        state: State | None = getattr(scope["app"].state, "wado", None)
        query: bytes = scope["query_string"]
        if state is None or len(query) > LONGEST_QUERY:
            return None
        headers = _read(scope["headers"])
        if headers is None or not self._is_ours(headers.host):
            return None
        planned = planned_in_memory(state, query, headers.accept, mount_path(scope))
        if planned is None or planned.plan.warnings:
            return None
        if headers.conditional and client_has(Headers(scope=scope), planned.representation.etag, planned.representation.modified):
            return planned, None
        image = state.rendering.cached(planned.plan)
        if image is not None:
            return planned, landed(image, state.unsent)
        if not state.rendering.light(planned.plan):
            return None
        return planned, state.slots.join_at_once(planned.plan.digest, lambda: state.rendering.image_at_once(planned.plan))

    def _is_ours(self, host: bytes | None) -> bool:
        if self._names is None or host in self._ours:
            return True
        if host is None or self._names.problem([host.decode("latin-1")], "1.1") is not None:
            return False
        if len(self._ours) < _MOST_HOSTS:
            self._ours.add(host)
        return True


def _is_wado(scope: Scope) -> bool:
    """Say whether the route is that of WADO-URI: servers leave the path that the application is mounted at before it, or take it off."""
    path: str = scope["path"]
    before: str = scope.get("root_path", "")
    return path == "/wado" != before or path == f"{before}/wado"


class _Headers(NamedTuple):
    """What of the headers counts here; conditional: there is a condition among them."""

    accept: str | None
    host: bytes | None
    conditional: bool


def _read(headers: Iterable[tuple[bytes, bytes]]) -> _Headers | None:
    """Read the headers of a request, None where one that should be alone is not."""
    accept, host, conditional = None, None, False
    for name, value in headers:
        if name == b"accept":
            if accept is not None:
                return None
            accept = value.decode("latin-1")
        elif name == b"host":
            if host is not None:
                return None
            host = value
        elif name in (b"if-none-match", b"if-modified-since"):
            conditional = True
    return _Headers(accept, host, conditional)


async def _send_not_modified(planned: Planned, send: Send) -> None:
    headers = [header for header in planned.headers if header[0] != b"content-type"]
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _send(planned: Planned, waiter: Waiter, scope: Scope, send: Send) -> None:
    image = waiter.image()
    assert image is not None  # noqa: S101 - begun() has waited for it
    length = len(image.data)
    await send_picture(scope, send, [*planned.headers, (b"content-length", b"%d" % length)], waiter, length)
