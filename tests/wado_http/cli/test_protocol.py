"""Connections as uvicorn's protocol and ours see them: what has left, and who takes nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from wado_http.cli.protocol import BoundedProtocol

LARGE = bytes(16 << 20)
FOR_EVER_S = 60.0
Test = Callable[[BoundedProtocol, socket.socket], Awaitable[None]]


async def unused(scope: Any, receive: Any, send: Any) -> None:
    """Stand for the application."""
    raise AssertionError


def connected(test: Test, stall_s: float = FOR_EVER_S) -> None:
    """Run a test over one connection, with the loop of ``wado serve``: its protocol here, and the client's socket."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(cast("Any", unused), log_config=None)
        made = BoundedProtocol(config=config, server_state=ServerState(), app_state={}, stall_s=stall_s)
        server = await loop.create_server(lambda: made, "127.0.0.1", 0)
        try:
            with socket.create_connection(server.sockets[0].getsockname()) as client:
                client.setblocking(False)
                await asyncio.sleep(0.02)  # until the connection is made
                await test(made, client)
        finally:
            server.close()
            await asyncio.sleep(0)

    uvloop.run(asyncio.wait_for(run(), FOR_EVER_S))


async def read(client: socket.socket, length: int) -> int:
    """Read so many bytes, or up to the end."""
    loop, taken = asyncio.get_running_loop(), 0
    while taken < length and (block := await loop.sock_recv(client, min(1 << 16, length - taken))):
        taken += len(block)
    return taken


def test_what_the_system_takes_at_once_has_been_sent() -> None:
    async def test(protocol: BoundedProtocol, _client: socket.socket) -> None:
        protocol.transport.write(b"small")
        await protocol.all_sent()
        assert not protocol.flow.write_paused

    connected(test)


def test_sent_is_when_the_last_byte_has_left() -> None:
    async def test(protocol: BoundedProtocol, client: socket.socket) -> None:
        protocol.transport.write(LARGE)
        waiting = asyncio.ensure_future(protocol.all_sent())
        taken = 0
        while not waiting.done():
            assert protocol.transport.get_write_buffer_size() > 0
            taken += await read(client, 1 << 18)
            await asyncio.sleep(0.001)
        await waiting
        assert protocol.transport.get_write_buffer_size() == 0
        assert taken < len(LARGE)  # the rest lies in the system's buffers
        protocol.transport.write(b"x" * 10_000)  # the usual limits are back
        assert not protocol.flow.write_paused

    connected(test)


def test_nothing_is_waited_for_when_the_connection_is_gone() -> None:
    async def test(protocol: BoundedProtocol, client: socket.socket) -> None:
        protocol.transport.write(LARGE)
        waiting = asyncio.ensure_future(protocol.all_sent())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        client.close()
        await waiting
        await protocol.all_sent()

    connected(test)


def test_a_closed_connection_that_nobody_empties_is_dropped() -> None:
    """As after an answer that broke off: its last bytes must not stay for ever."""

    async def test(protocol: BoundedProtocol, client: socket.socket) -> None:
        protocol.transport.write(LARGE)
        protocol.transport.close()
        await protocol.all_sent()
        assert 0 < await read(client, len(LARGE)) < len(LARGE)  # what the system had, and no more

    connected(test, stall_s=0.2)


def test_who_took_something_between_two_looks_has_taken_it_though_as_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "_left", lambda _: 1000)

    async def test(protocol: BoundedProtocol, client: socket.socket) -> None:
        for _ in range(40):
            protocol.resume_writing()
            await asyncio.sleep(0.04)
        assert not protocol.transport.is_closing()
        assert await read(client, 1) == 0  # dropped now

    connected(test, stall_s=1.0)


def test_an_idle_connection_is_not_dropped() -> None:
    async def test(protocol: BoundedProtocol, _client: socket.socket) -> None:
        await asyncio.sleep(0.5)
        assert not protocol.transport.is_closing()

    connected(test, stall_s=0.1)
