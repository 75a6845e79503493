"""Who accepts a connection: the worker with the fewest, or whoever can when that one does not."""

import asyncio
import errno
import logging
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from tests.wado_http.cli.server import picture_of, put, serving, until
from wado_http.cli.accepting import YIELD_S, Acceptor
from wado_http.cli.counts import Counts


class Connection(asyncio.Protocol):
    """Notes that it was made."""

    def __init__(self, made: list[asyncio.Transport]) -> None:
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made.append(cast("asyncio.Transport", transport))


@contextmanager
def counts_of(workers: int) -> Iterator[tuple[Counts, Counts]]:
    """Counts as two processes see them."""
    mine, descriptor = Counts.new(workers)
    try:
        yield mine, Counts(descriptor, workers)
    finally:
        os.close(descriptor)


def test_counts_are_shared() -> None:
    with counts_of(3) as (mine, theirs):
        mine.set(0, 1)
        assert not theirs.others_have_fewer(0)  # the others are absent
        theirs.set(1, 0)
        assert mine.others_have_fewer(0)
        theirs.set(1, 1)
        assert not mine.others_have_fewer(0)
        theirs.set(2, 0)
        assert mine.others_have_fewer(1)
        theirs.leave(2)
        assert not mine.others_have_fewer(1)


def accepting(test: Callable[[Acceptor, Counts, list[asyncio.Transport], socket.socket], Awaitable[None]]) -> None:
    """Run a test over an acceptor, worker 0 of 2, with the loop of ``wado serve``."""

    async def run() -> None:
        made: list[asyncio.Transport] = []
        with counts_of(2) as (counts, _), socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            acceptor = Acceptor(asyncio.get_running_loop(), listener, lambda: Connection(made), lambda: len(made), counts, 0)
            await test(acceptor, counts, made, listener)
            acceptor.close()
            for transport in made:
                transport.close()
            await asyncio.sleep(0.01)

    uvloop.run(asyncio.wait_for(run(), 60))


async def made_of(made: list[asyncio.Transport], number: int) -> None:
    while len(made) < number:  # noqa: ASYNC110 - protocols are no coroutines
        await asyncio.sleep(0.0005)


def test_alone_it_takes_all() -> None:
    async def test(acceptor: Acceptor, counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        with ExitStack() as opened:
            for _ in range(5):
                opened.enter_context(socket.create_connection(listener.getsockname()))
            await made_of(made, 5)
            await asyncio.sleep(0.01)
            counts.set(1, 4)
            assert counts.others_have_fewer(0)
            made.pop().abort()
            acceptor.count()
            assert not counts.others_have_fewer(0)
        # Answers leave as they are written: small segments do not wait for others.
        assert made[0].get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    accepting(test)


def test_what_the_other_does_not_take_it_takes_after_a_moment() -> None:
    async def test(_acceptor: Acceptor, counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        with ExitStack() as opened:
            opened.enter_context(socket.create_connection(listener.getsockname()))
            await made_of(made, 1)
            counts.set(1, 0)  # is ready, and does not come
            begin = time.monotonic()
            opened.enter_context(socket.create_connection(listener.getsockname()))
            await made_of(made, 2)
            assert time.monotonic() - begin >= YIELD_S / 2  # clocks of loops tick in milliseconds

    accepting(test)


def test_what_the_other_takes_is_no_error() -> None:
    async def test(_acceptor: Acceptor, counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        counts.set(0, 1)
        counts.set(1, 0)
        with socket.create_connection(listener.getsockname()):
            other, _ = listener.accept()
            with other:
                await asyncio.sleep(5 * YIELD_S)
            assert made == []
        counts.set(1, 1)
        with socket.create_connection(listener.getsockname()):
            await made_of(made, 1)  # it goes on listening

    accepting(test)


def test_what_nobody_comes_for_is_taken_together() -> None:
    async def test(_acceptor: Acceptor, counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        counts.set(0, 1)
        counts.set(1, 0)  # is stopped
        with ExitStack() as opened:
            for _ in range(48):
                opened.enter_context(socket.create_connection(listener.getsockname()))
            begin = time.monotonic()
            await made_of(made, 48)
            assert time.monotonic() - begin < 48 * YIELD_S

    accepting(test)


def test_what_fails_in_a_connection_is_logged_and_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def test(acceptor: Acceptor, counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        def fail() -> Any:
            raise ValueError("x")

        good, acceptor._make = acceptor._make, fail
        counts.set(1, 0)
        for _ in range(3):
            with socket.create_connection(listener.getsockname()) as client:
                assert await asyncio.get_running_loop().run_in_executor(None, client.recv, 1) == b""
        acceptor._make = good
        assert not counts.others_have_fewer(0)
        with socket.create_connection(listener.getsockname()):
            await made_of(made, 1)

    accepting(test)
    assert sum("ValueError" in record.getMessage() for record in caplog.records) == 3


def test_without_descriptors_it_rests(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("wado_http.cli.accepting.REST_S", 0.05)

    async def test(acceptor: Acceptor, _counts: Counts, made: list[asyncio.Transport], listener: socket.socket) -> None:
        class Exhausted:
            tried = 0

            def fileno(self) -> int:
                return listener.fileno()

            def accept(self) -> Any:
                self.tried += 1
                if self.tried < 3:
                    raise OSError(errno.EMFILE, "x")
                return listener.accept()

        exhausted = Exhausted()
        acceptor._listener = cast("Any", exhausted)
        with socket.create_connection(listener.getsockname()):
            await made_of(made, 1)
        assert exhausted.tried >= 3

    accepting(test)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert said == ["connections cannot be accepted now: Too many open files"] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="connections of a process are counted in /proc")
def test_connections_that_come_at_once_are_shared_evenly(tmp_path: Path) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    put(folder, "ct")

    def sockets(process: int) -> int:
        return sum(os.readlink(entry).startswith("socket:") for entry in Path(f"/proc/{process}/fd").iterdir())

    with serving(folder, "--workers", "3", state=tmp_path / "state") as server:
        until(lambda: server.get(picture_of("ct"))[0] == 200)
        workers = server.children("worker")
        until(lambda: _served_by_all(server.port, workers, sockets))
        before = {worker: sockets(worker) for worker in workers}
        with ExitStack() as opened:
            for _ in range(12):
                opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            until(lambda: sum(sockets(worker) - before[worker] for worker in workers) == 12)
            # One more or less where a worker was busy for longer than the others wait.
            assert all(3 <= sockets(worker) - before[worker] <= 5 for worker in workers)
        assert server.get(picture_of("ct"))[0] == 200


def _served_by_all(port: int, workers: set[int], sockets: Callable[[int], int]) -> bool:
    """Whether each worker takes a part of some connections, and has let go of those before."""
    before = {worker: sockets(worker) for worker in workers}
    with ExitStack() as opened:
        for _ in range(6):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        time.sleep(0.1)
        took = [sockets(worker) - before[worker] for worker in workers]
    time.sleep(0.1)
    return all(number > 0 for number in took)
