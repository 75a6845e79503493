"""Clients that ask again before they are answered: the answers come in order, and who leaves is noticed as any other (RFC 9112 9.3.2)."""

import logging
from dataclasses import replace
from typing import cast

import pytest

from tests.wado_http.cli.server import until
from tests.wado_http.doubles import CT, query
from tests.wado_http.loopback import ONE_PATIENT_SLOT, Client, Loopback, Maker, served
from wado_http.cli.protocol import BoundedProtocol

# More than sockets and the system between them take.
LARGE = bytes(range(256)) * (16 << 12)
PIECES = [LARGE[start : start + 300_000] for start in range(0, len(LARGE), 300_000)]


def waiting(server: Loopback) -> int:
    """How many makings wait for the slot."""
    return len(server.state.slots._ordinary.waiting)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_answers_come_in_the_order_of_the_requests(maker: Maker, server: Loopback) -> None:
    maker.finish(*PIECES)
    maker.finish(b"other")
    with server.client() as client:
        client.ask(query(CT)).ask(query(CT, "&rows=1")).ask(query(CT), method="HEAD").ask(query(CT))
        assert client.answer()[2] == LARGE
        assert client.answer()[2] == b"other"
        assert client.head()[1]["content-length"] == str(len(LARGE))
        assert client.answer()[2] == LARGE
    assert maker.calls.count("image") == 2


def test_requests_far_ahead_are_not_read_before_others_are_answered(maker: Maker, server: Loopback) -> None:
    with server.client() as client:
        client.ask(query(CT))
        maker.has_begun()
        (protocol,) = server.server.server_state.connections
        for _ in range(100):
            client.ask(query(CT))
        until(lambda: cast("BoundedProtocol", protocol).flow.read_paused, deadline_s=10)
        maker.finish(b"picture")
        assert [client.answer()[2] for _ in range(101)] == [b"picture"] * 101


def test_who_leaves_in_the_middle_of_an_answer(maker: Maker, server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(server.port).ask(query(CT)).ask(query(CT, "&rows=1"))
    maker.steps.put(b"one")
    assert client.head()[0] == 200
    assert client.chunk() == b"one"
    client.close()
    until(lambda: not server.connections, deadline_s=10)
    maker.finish(*PIECES)
    maker.is_made()
    until(lambda: server.unsent == 0)
    assert server.get(query(CT))[2] == b"one" + LARGE
    assert maker.calls.count("image") == 1  # the second request was never begun
    assert errors(caplog) == []


def test_who_leaves_while_its_buffers_are_full(maker: Maker, server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    maker.finish(*PIECES)
    client = Client(server.port).ask(query(CT)).ask(query(CT, "&rows=1"))
    maker.is_made()
    until(lambda: server.unsent >= len(LARGE))
    client.close()
    until(lambda: server.unsent == 0)
    until(lambda: not server.connections)
    assert errors(caplog) == []


@pytest.mark.parametrize("more", [1, 3])
@pytest.mark.parametrize("pause_s", [0.0, 0.2])  # asked at once, or when the first request waits for its slot already
def test_the_work_of_who_leaves_while_it_waits_is_dropped(
    maker: Maker, server: Loopback, caplog: pytest.LogCaptureFixture, more: int, pause_s: float
) -> None:
    with server.client() as running:
        running.ask(query(CT))
        maker.has_begun()
        client = Client(server.port)
        client.ask(query(CT, "&rows=7"))
        if pause_s:
            until(lambda: waiting(server) == 1)
            maker.begun.acquire(timeout=pause_s)  # nothing begins meanwhile
        for _ in range(more):
            client.ask(query(CT, "&rows=7"))
        until(lambda: waiting(server) == 1)
        client.close()
        until(lambda: waiting(server) == 0, deadline_s=10)
        maker.finish(b"first")
        assert running.answer()[2] == b"first"
    assert maker.calls.count("image") == 1
    assert errors(caplog) == []


def test_who_takes_nothing_is_dropped_with_all_it_asked_for(maker: Maker, caplog: pytest.LogCaptureFixture) -> None:
    with served(maker, replace(ONE_PATIENT_SLOT, stall_s=0.4)) as server:
        maker.finish(*PIECES)
        assert server.get(query(CT))[2] == LARGE
        with server.client() as idle:
            for _ in range(50):
                idle.ask(query(CT))
            until(lambda: server.unsent > 0)
            until(lambda: server.unsent == 0)
            until(lambda: not server.connections)
    assert errors(caplog) == []
