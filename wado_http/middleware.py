"""Middleware in plain ASGI: who may ask, how much, and what every answer carries."""

import ipaddress
import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wado_core.errors import WadoError
from wado_http.errors import Problem, problem_response, unexpected
from wado_http.responses import SECURITY_HEADERS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\\\s]+)(?::[0-9]*)?")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Failures:
    """Turn what nobody expected into 500 with a request id; the traceback goes to the log under that id only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:  # noqa: BLE001 - the last place before the server's own
            # Starlette wraps a refusal that comes when the answer has begun.
            refusal = error.__cause__ if started and isinstance(error.__cause__, WadoError) else error
            problem = unexpected(refusal)
            # An answer that has begun is left incomplete: the server then closes the connection, and the client can tell.
            if not started:
                await problem_response(problem, Headers(scope=scope).getlist("accept"))(scope, receive, send)


class HeadWithoutBody:
    """Keep the bodies of answers to HEAD to ourselves, whatever made them (A1.10)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app(scope, receive, bodiless if head else send)


class SecurityHeaders:
    """Add the headers that keep browsers from guessing types, telling others where they were, and running scripts in pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                if headers.get("content-type", "").startswith("text/html"):
                    headers["content-security-policy"] = CONTENT_SECURITY_POLICY
            await send(message)

        await self.app(scope, receive, secured if scope["type"] == "http" else send)


class LoopbackNames:
    """The names that this machine has for itself, and the check of a Host header against them."""

    def __init__(self, host: str) -> None:
        """host: address that the server listens on."""
        literal = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self._names = _LOOPBACK_NAMES | {literal.lower()}

    def problem(self, hosts: list[str], http_version: str) -> Problem | None:
        """Return why the Host header is refused: 400 when it is malformed (RFC 9112 3.2), 421 when it names somebody else."""
        if not hosts and http_version == "1.0":
            return None  # HTTP/1.0 knows no Host (A1.11), and no browser speaks it
        match = _HOST.fullmatch(hosts[0].strip()) if len(hosts) == 1 else None
        if match is None:
            return Problem(HTTPStatus.BAD_REQUEST, "The request needs one Host header, holding a host name and perhaps a port.")
        if match[1].lower().removesuffix(".") in self._names:
            return None
        return Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "This server answers to localhost, 127.0.0.1 and [::1] only, because it is meant for this machine alone; "
            "to serve others, start it with --host.",
        )


class LoopbackHost:
    """Refuse requests that name another host while only this machine is served.

    A page elsewhere can point a name of its own at 127.0.0.1 and read our answers as its own (DNS rebinding); the Host
    header gives it away. Listening on loopback without authentication is safe only with this check.
    """

    def __init__(self, app: ASGIApp, names: LoopbackNames) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            problem = self.names.problem(Headers(scope=scope).getlist("host"), scope.get("http_version", "1.1"))
            if problem is not None:
                await problem_response(problem, Headers(scope=scope).getlist("accept"))(scope, receive, send)
                return
        await self.app(scope, receive, send)


class QueryLimit:
    """Refuse queries that are longer than the settings allow (A1.13)."""

    def __init__(self, app: ASGIApp, characters: int) -> None:
        self.app = app
        self.characters = characters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["query_string"]) > self.characters:
            problem = Problem(HTTPStatus.REQUEST_URI_TOO_LONG, f"The query is longer than {self.characters} characters.")
            await problem_response(problem, Headers(scope=scope).getlist("accept"))(scope, receive, send)
            return
        await self.app(scope, receive, send)
