"""The short way in the protocol: the same answers as through ASGI, in order, whole, and nothing kept that was sent."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

from tests.wado_http.cli.server import until
from tests.wado_http.doubles import CT, US10, Archive, archive_of, query
from tests.wado_http.loopback import ONE_PATIENT_SLOT, Client, Loopback, served
from wado_core.errors import DamagedObject
from wado_core.model.render import RenderPlan
from wado_core.settings import Settings

# More than sockets and the system between them take.
LARGE = bytes(range(256)) * (16 << 12)
WINDOW = "&windowCenter={}&windowWidth=5"


@pytest.fixture
def archive() -> Archive:
    return archive_of(CT, US10, light_too=True)


@pytest.fixture
def running(archive: Archive) -> Iterator[Loopback]:
    with served(archive, ONE_PATIENT_SLOT) as server:
        yield server


def ask(client: Client, path: str, *headers: str, version: str = "1.1") -> Client:
    """Send a request with more headers than Host."""
    lines = [f"GET {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    client._socket.sendall("\r\n".join(lines).encode())
    return client


@pytest.mark.parametrize("path", [query(CT), query(CT, WINDOW.format(7)), query(US10, "&frameNumber=3"), query(US10, "&frameNumber=33"),
                                  query(CT, "&rows=0"), "/health/live", "/wado", "/nowhere"])  # fmt: skip
@pytest.mark.parametrize("headers", [(), ("Accept: image/png",), ("If-None-Match: *",), ("Connection: close",), ("Accept: text/html",)])
def test_the_protocol_answers_as_asgi_does(archive: Archive, running: Loopback, path: str, headers: tuple[str, ...]) -> None:
    with served(archive_of(CT, US10), ONE_PATIENT_SLOT, at_once=False) as whole:
        for version in ("1.1", "1.0"):
            for _ in range(2):  # made, and kept
                answers = []
                for server in (running, whole):
                    with server.client() as client:
                        status, said = ask(client, path, *headers, version=version).head()
                        length = int(said.get("content-length", 0))
                        answers.append((status, said, client.read(length)))
                assert answers[0] == answers[1]
    assert "image" not in archive.calls or running.unsent == 0


def test_warnings_are_sent() -> None:
    archive = archive_of(CT, light_too=True, warnings=("(0028,3006) is broken", "so is that"))
    with served(archive, ONE_PATIENT_SLOT) as server, server.client() as client:
        client.ask(query(CT))
        head = b"".join(iter(client._file.readline, b"\r\n")).decode()
    service = f"http://localhost{query(CT).partition('?')[0]}"
    assert f"warning: 299 {service}: (0028,3006) is broken\r\nwarning: 299 {service}: so is that\r\n" in head
    assert archive.calls == ["image at once"]


def test_many_requests_on_one_connection(archive: Archive, running: Loopback) -> None:
    with running.client() as client:
        for number in range(200):
            status, headers, body = client.ask(query(CT, WINDOW.format(number % 50))).answer()
            assert (status, body) == (200, f"image/jpeg of {CT.key.object_uid} frame 1".encode())
            assert f"windowCenter={number % 50}&" in headers["content-location"]
    assert archive.calls == ["image at once"] * 50


def test_requests_sent_ahead_are_answered_in_their_order(running: Loopback) -> None:
    with running.client() as client:
        paths = [query(US10, f"&frameNumber={number}") for number in range(1, 11)] * 30
        request = "".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in paths)
        client._socket.sendall(request.encode())
        for number in list(range(1, 11)) * 30:
            assert client.answer()[2].endswith(f" {number}".encode())


def test_many_clients_in_one_turn(archive: Archive, running: Loopback) -> None:
    clients = [Client(running.port) for _ in range(40)]
    for number, client in enumerate(clients):
        client.ask(query(CT, WINDOW.format(number)))
    for number, client in enumerate(clients):
        status, headers, _ = client.answer()
        assert status == 200
        assert f"windowCenter={number}&" in headers["content-location"]
        client.close()
    assert archive.calls == ["image at once"] * 40


def test_a_connection_that_waits_for_more_than_one_answer_stays_open(running: Loopback, archive: Archive) -> None:
    """The first is answered within the reading of both, and starts the time that a connection may be idle."""
    first, second, go_on = query(CT), query(CT, WINDOW.format(3)), threading.Event()
    with running.client() as client:
        client.ask(first).answer()
        archive.waits, archive.make = True, lambda _plan: b"late" if go_on.wait(30) else b""
        client._socket.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in (first, second)).encode())
        assert client.answer()[0] == 200
        until(lambda: "image" in archive.calls, deadline_s=10)
        (protocol,) = running.server.server_state.connections
        assert cast("Any", protocol).timeout_keep_alive_task is None
        go_on.set()
        assert client.answer()[2] == b"late"
        until(lambda: cast("Any", protocol).timeout_keep_alive_task is not None, deadline_s=10)


def test_what_the_client_has_not_taken_counts_until_it_has(archive: Archive, running: Loopback) -> None:
    archive.make = lambda _plan: LARGE
    with running.client() as client:
        for _ in range(2):  # made, and kept
            status, headers = client.ask(query(CT)).head()
            assert (status, headers["content-length"]) == (200, str(len(LARGE)))
            until(lambda: running.unsent > 0, deadline_s=10)
            assert client.read(len(LARGE)) == LARGE
            until(lambda: running.unsent == 0, deadline_s=10)


def test_who_takes_long_may_ask_again(archive: Archive, running: Loopback) -> None:
    """The time that a connection may be idle begins when the answer has left."""
    archive.make = lambda _plan: LARGE
    with running.client() as client:
        client.ask(query(CT)).head()
        until(lambda: running.unsent > 0, deadline_s=10)
        (protocol,) = running.server.server_state.connections
        assert cast("Any", protocol).timeout_keep_alive_task is None
        assert client.read(len(LARGE)) == LARGE
        until(lambda: cast("Any", protocol).timeout_keep_alive_task is not None, deadline_s=10)
        assert client.ask(query(CT)).answer()[2] == LARGE


def test_who_asks_and_does_not_take_gets_one_answer_at_a_time(archive: Archive, running: Loopback) -> None:
    archive.make = lambda _plan: LARGE
    with running.client() as client:
        for _ in range(30):
            client.ask(query(CT))
            time.sleep(0.01)  # each is read by itself
        (protocol,) = running.server.server_state.connections
        assert protocol.transport.get_write_buffer_size() <= len(LARGE)
        assert len(running.server.server_state.tasks) == 1
        for _ in range(30):
            assert client.answer()[2] == LARGE


def test_who_leaves_in_the_middle_of_an_answer(archive: Archive, running: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    archive.make = lambda _plan: LARGE
    client = Client(running.port).ask(query(CT))
    client.read(10)
    until(lambda: running.unsent > 0, deadline_s=10)
    client.close()
    until(lambda: running.unsent == 0 and running.connections == 0, deadline_s=10)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_who_leaves_before_the_picture_is_made(archive: Archive, running: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    clients = [Client(running.port) for _ in range(40)]
    for number, client in enumerate(clients):
        client.ask(query(CT, WINDOW.format(number)))
    for client in clients:
        with suppress(OSError):
            client.close()
    until(lambda: running.unsent == 0 and running.connections == 0, deadline_s=10)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert running.get(query(CT))[0] == 200


def test_for_who_has_left_nothing_is_made() -> None:
    go_on, made = threading.Event(), []

    def make(plan: RenderPlan) -> bytes:
        made.append(plan.digest)
        assert go_on.wait(30)
        return b"picture"

    with served(archive_of(CT, light_too=True, make=make), ONE_PATIENT_SLOT) as server:
        others = [Client(server.port) for _ in range(19)]
        assert all(client.ask("/health/live").answer()[0] == 200 for client in others)
        first = Client(server.port).ask(query(CT))
        until(lambda: len(made) == 1, deadline_s=10)  # and the loop waits in it
        for number, client in enumerate(others):
            client.ask(query(CT, WINDOW.format(number))).close()
        go_on.set()
        assert first.answer()[0] == 200
        until(lambda: server.connections == 1, deadline_s=10)
        first.close()
    assert len(made) < 10


@pytest.mark.parametrize("make", ["fails", "waits"])
def test_what_cannot_be_made_at_once_takes_the_whole_way(make: str) -> None:
    def fail(_plan: RenderPlan) -> bytes:
        raise DamagedObject("Frame 1")

    how: Callable[[RenderPlan], bytes] = fail if make == "fails" else lambda _plan: b"picture"
    archive = archive_of(CT, light_too=True, waits=make == "waits", make=how)
    with served(archive, Settings()) as server:
        clients = [Client(server.port) for _ in range(10)]  # most of them wait for their turn
        for number, client in enumerate(clients):
            client.ask(query(CT, WINDOW.format(number)))
        for client in clients:
            status, _, body = client.answer()
            assert (status, body == b"picture") == ((500, False) if make == "fails" else (200, True))
            client.close()
    assert archive.calls.count("image at once") == archive.calls.count("image") == 10  # and not tried a second time by the middleware
