"""Middleware: hosts, limits, headers, failures."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tests.wado_http.doubles import client_of, serving
from wado_core.errors import ContentChanged, WadoError
from wado_core.settings import Limits, Settings
from wado_http.middleware import Failures, LoopbackNames, is_loopback


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "LOCALHOST:8080", "localhost.:80", "127.0.0.1:"],
)
def test_hosts_of_this_machine(host: str) -> None:
    with serving() as client:
        assert client.get("/health/live", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421), ("evil.example:8080", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("127.0.0.2", 421), ("[::2]", 421), ("192.168.0.1", 421), ("", 400), ("localhost:8080:1", 400), ("a@localhost", 400),
        ("localhost/x", 400), ("local host", 400),
    ],
)  # fmt: skip
def test_other_hosts_are_refused_on_loopback(host: str, status: int) -> None:
    """DNS rebinding: a page elsewhere may point its own name here."""
    with serving() as client:
        response = client.get("/", headers={"host": host})
        assert response.status_code == status
        assert "x-content-type-options" in response.headers


def test_the_reason_is_given() -> None:
    with serving() as client:
        assert "--host" in client.get("/", headers={"host": "evil.example"}).text


def test_any_host_when_others_are_served() -> None:
    with serving(settings=Settings(host="0.0.0.0")) as client:  # noqa: S104
        assert client.get("/health/live", headers={"host": "pacs.hospital.example"}).status_code == 200


def test_the_address_listened_on_is_a_name_too() -> None:
    with serving(settings=Settings(host="127.0.0.2")) as client:
        assert client.get("/health/live", headers={"host": "127.0.0.2:8080"}).status_code == 200


def test_host_may_be_absent_in_http_1_0_only() -> None:
    """A1.11."""
    check = LoopbackNames("127.0.0.1")
    assert check.problem([], "1.0") is None
    for hosts in ([], ["localhost", "localhost"]):
        problem = check.problem(hosts, "1.1")
        assert problem is not None
        assert problem.status == 400


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.168.1.5", False),
        ("pacs.example", False),
        ("", False),
    ],
)
def test_loopback_addresses(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_queries_beyond_the_limit() -> None:
    """A1.13: 8 KiB at least are read."""
    with serving() as client:
        assert client.get("/?x=" + "1" * 8192).status_code == 200
    with serving(settings=Settings(limits=Limits(query_characters=100))) as client:
        assert client.get("/?x=" + "1" * 98).status_code == 200
        response = client.get("/?x=" + "1" * 99)
        assert response.status_code == 414
        assert "100 characters" in response.text


def test_every_answer_is_secured() -> None:
    with serving() as client:
        for path, status in (("/", 200), ("/health/live", 200), ("/nowhere", 404), ("/wado", 400), ("/static/viewer.css", 200)):
            response = client.get(path)
            assert response.status_code == status
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"


def test_pages_run_no_scripts_even_when_they_explain_errors() -> None:
    with serving() as client:
        for path in ("/", "/nowhere"):
            policy = client.get(path, headers={"accept": "text/html"}).headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self';")
            assert "script" not in policy
            assert "unsafe" not in policy


async def explode(request: Request) -> Response:
    """Fail as no code should."""
    raise RuntimeError("DOE^JOHN in /secret")


def test_the_unexpected_is_500_with_an_id(caplog: pytest.LogCaptureFixture) -> None:
    app = Starlette(routes=[Route("/explode", explode)], middleware=[Middleware(Failures)])
    with client_of(app) as client:
        response = client.get("/explode", headers={"accept": "text/plain"})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "DOE" not in response.text
    [record] = [record for record in caplog.records if record.name == "wado_http"]
    assert record.getMessage().split()[1] in response.text
    assert record.exc_info is not None


async def messages_of(app: Failures) -> list[Message]:
    """Run an application for GET / and return what it sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await app({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive, send)
    return sent


@pytest.mark.anyio
async def test_an_answer_that_fails_half_way_stays_incomplete(caplog: pytest.LogCaptureFixture) -> None:
    """The server then closes the connection, so the client cannot take the beginning for the whole."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise OSError("disk")

    sent = await messages_of(Failures(app))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"]
    assert "disk" in caplog.text


@pytest.mark.anyio
async def test_clients_that_left_are_answered_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    assert await messages_of(Failures(app)) == []
    assert not caplog.records


@pytest.mark.anyio
async def test_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def silent() -> Message:
        return {}

    async def drop(message: Message) -> None:
        return None

    await Failures(app)({"type": "lifespan"}, silent, drop)
    assert seen == ["lifespan"]


def test_head_has_no_body_but_its_length() -> None:
    with serving() as client:
        for path in ("/", "/nowhere", "/health/live", "/static/viewer.css"):
            head, get = client.head(path), client.get(path)
            assert head.status_code == get.status_code
            assert head.content == b""
            assert dict(head.headers) == dict(get.headers)


@pytest.mark.anyio
async def test_a_file_that_changes_while_it_is_sent_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Starlette wraps a refusal that comes when the answer has begun; the connection is closed, and that is all."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ContentChanged

    async def send_it(request: Request) -> Response:
        return StreamingResponse(chunks())

    async def refuse(request: Request, error: Exception) -> Response:
        raise AssertionError("the answer has begun")

    app = Starlette(routes=[Route("/", send_it)], exception_handlers={WadoError: refuse})
    sent = await messages_of(Failures(app))
    assert sent[-1] == {"type": "http.response.body", "body": b"half", "more_body": True}
    [record] = caplog.records
    assert record.exc_info is None
    assert "ContentChanged" in record.getMessage()
