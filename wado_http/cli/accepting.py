"""Accepting: a connection goes to the worker that has the fewest, so that none does all the work while others have none.

Connections of load balancers and viewers live long: eight that come at the same time would all be taken by whoever wakes first.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM
from functools import partial
from typing import Any, cast

import uvicorn

from wado_http.cli.counts import Counts
from wado_http.errors import log_failure

_log = logging.getLogger(__name__)

# A worker that has more connections than another leaves a new one to it for so long, seconds; then it is taken by whoever can.
YIELD_S = 0.002
# After the system has no descriptor or no memory for a connection, nothing is accepted for so long, seconds.
REST_S = 0.5
# Of connections that no other worker comes for, so many are accepted at once.
_MOST_AT_ONCE = 16
_EXHAUSTED = (EMFILE, ENFILE, ENOBUFS, ENOMEM)


class Acceptor:
    """Accepts connections one at a time, unless another worker has fewer and is there to take them."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        make: Callable[[], Any],
        open_ones: Callable[[], int],
        counts: Counts,
        worker: int,
    ) -> None:
        """Begin to accept.

        listener: listens and does not block.  make: returns the protocol of a connection.
        open_ones: returns how many connections are open.  worker: whose place in ``counts`` is ours.
        """
        self._loop, self._listener, self._make, self._open_ones = loop, listener, make, open_ones
        self._counts, self._worker = counts, worker
        self._closed = False
        self._opening: set[asyncio.Task[None]] = set()
        self.count()
        self._listen()

    def count(self) -> None:
        """Tell the others how many connections there are, as one has come or gone."""
        if not self._closed:
            self._counts.set(self._worker, self._open_ones() + len(self._opening))

    def close(self) -> None:
        """Accept no more."""
        self._closed = True
        self._counts.leave(self._worker)
        self._loop.remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Wait for nothing: the server waits for its connections itself."""

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._ready)

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, then)

    def _ready(self) -> None:
        if self._counts.others_have_fewer(self._worker):
            self._pause(YIELD_S, partial(self._insist, self._counts.of_others(self._worker)))
        else:
            self._accept()

    def _insist(self, before: list[int]) -> None:
        """Accept what nobody else has, and more than one where nobody has come since they had so many as ``before``."""
        if self._closed:
            return
        self._listen()
        for _ in range(_MOST_AT_ONCE):
            if not self._accept() or self._counts.of_others(self._worker) != before:
                return

    def _accept(self) -> bool:
        """Accept a connection; False when there is none, or none can be accepted."""
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                _log.error("connections cannot be accepted now: %s", os.strerror(error.errno))
                self._pause(REST_S, self._listen)
            return False  # otherwise another has it, or its client has gone
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opened)
        self.count()
        return True

    async def _open(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._make, connection)
        except OSError:  # its client has gone
            connection.close()
        except BaseException:
            connection.close()
            raise

    def _opened(self, task: "asyncio.Task[None]") -> None:
        self._opening.discard(task)
        self.count()
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure(error)


class WorkerServer(uvicorn.Server):
    """A uvicorn that accepts its connections by an Acceptor."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, counts: Counts, worker: int) -> None:
        super().__init__(config)
        self._listener, self._counts, self._worker = listener, counts, worker
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - it listens on its own
        """Start the application, and then to accept."""
        await super().startup(sockets=[])
        protocol = partial(
            cast("Any", self.config.http_protocol_class), config=self.config, server_state=self.server_state, app_state=self.lifespan.state,
            lost=self._lost,
        )  # fmt: skip
        self._acceptor = Acceptor(
            asyncio.get_running_loop(), self._listener, protocol, lambda: len(self.server_state.connections), self._counts, self._worker
        )
        self.servers.append(self._acceptor)  # type: ignore[arg-type] # which it closes as its own

    def _lost(self) -> None:
        if self._acceptor is not None:
            self._acceptor.count()
