"""The short way: pictures of objects that are in memory, answered without a thread, a request or a response object.

What it decides, it decides with the functions of the whole way (`routes.uri`), and only what can be answered at once; everything else,
every error too, goes the whole way, which begins anew. (docs/adr/0025)
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from wado_core.model.frame import EncodedImage
from wado_http.conditional import client_has
from wado_http.flight import Waiter, landed
from wado_http.middleware import LoopbackNames
from wado_http.mounting import mount_path
from wado_http.planned import LONGEST_QUERY, Planned
from wado_http.responses import send_picture, warning_headers
from wado_http.routes.uri import planned_in_memory
from wado_http.state import State
from wado_http.unsent import Unsent

# In the extensions of a request that its server has sent the short way itself, in vain: it need not be tried again.
TRIED = "wado.short_way_tried"

# Hosts whose names were found to be ours; they differ in their ports only, but anybody may write any.
_MOST_HOSTS = 64


class Answer(NamedTuple):
    """What a request is answered with.

    picture: that is there, or the waiter for one that will be made in one of the next turns of the loop, and that must leave at last;
        None: the client has it (304).
    warnings: headers that go with a picture, as ASGI wants them.
    unsent: counts the bytes of a picture that are on their way.
    """

    planned: Planned
    picture: EncodedImage | Waiter | None
    warnings: list[tuple[bytes, bytes]]
    unsent: Unsent


class ShortWay:
    """Answers GET /wado where that can be done at once."""

    def __init__(self, names: LoopbackNames | None, state: Callable[[], State | None]) -> None:
        """names: those that a Host header may hold; None where it may hold any.  state: None while there are no services."""
        self._names = names
        self._state = state
        self._ours: set[bytes] = set()

    def answer(self, scope: Scope) -> Answer | None:
        """Return the answer to a request (ASGI), None where it takes the whole way."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_wado(scope):
            return None
        try:
            return self._answer(scope)
        except Exception:  # noqa: BLE001 - the whole way meets it again, and answers it
            return None

    def _answer(self, scope: Scope) -> Answer | None:
        state, query = self._state(), scope["query_string"]
        if state is None or len(query) > LONGEST_QUERY:
            return None
        headers = _read(scope["headers"])
        if headers is None or not self._is_ours(headers.host):
            return None
        found = planned_in_memory(state, query, headers.accept, mount_path(scope))
        if found is None:
            return None
        planned, located = found
        if headers.conditional and client_has(Headers(scope=scope), planned.representation.etag, planned.representation.modified):
            return Answer(planned, None, [], state.unsent)
        warnings = warning_headers(planned.plan.warnings, scope, (headers.host or b"").decode("latin-1"))
        image = state.rendering.cached(planned.plan)
        if image is not None:
            state.unsent.admit(image.data)
            return Answer(planned, image, warnings, state.unsent)
        if not state.rendering.light(planned.plan):
            return None
        plan, rendering = planned.plan, state.rendering
        return Answer(
            planned, state.slots.join_at_once(plan.digest, lambda: rendering.image_at_once(plan, located)), warnings, state.unsent
        )

    def _is_ours(self, host: bytes | None) -> bool:
        if self._names is None or host in self._ours:
            return True
        if host is None or self._names.problem([host.decode("latin-1")], "1.1") is not None:
            return False
        if len(self._ours) < _MOST_HOSTS:
            self._ours.add(host)
        return True


class ShortWayFirst:
    """Middleware that hands on what has no short way; for servers that do not ask for it themselves."""

    def __init__(self, app: ASGIApp, short_way: ShortWay) -> None:
        self.app = app
        self._short_way = short_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if TRIED not in scope.get("extensions", ()) and await self._answered(scope, send):
            return
        await self.app(scope, receive, send)

    async def _answered(self, scope: Scope, send: Send) -> bool:
        answer = self._short_way.answer(scope)
        if answer is None:
            return False
        if answer.picture is None:
            await _send_not_modified(answer.planned, send)
            return True
        waiter = answer.picture if isinstance(answer.picture, Waiter) else landed(answer.picture, answer.unsent)
        try:
            await waiter.begun()
            image = waiter.image()
        except BaseException as error:
            waiter.leave()
            if isinstance(error, Exception):
                return False  # as above
            raise
        assert image is not None  # noqa: S101 - begun() has waited for it
        length = len(image.data)
        headers = [*answer.planned.headers(), (b"content-type", answer.planned.media_type), (b"content-length", b"%d" % length)]
        headers += answer.warnings
        with suppress(ClientDisconnect):  # nobody is left to answer
            await send_picture(scope, send, headers, waiter, length)
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
    await send({"type": "http.response.start", "status": 304, "headers": planned.headers()})
    await send({"type": "http.response.body", "body": b""})
