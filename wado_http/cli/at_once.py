"""Answers by the short way, written to the connection without an ASGI task: all of one in one system call."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from wado_core.model.frame import EncodedImage
from wado_http.flight import Waiter
from wado_http.short_way import TRIED, Answer

# Finds the answer to a request (its ASGI scope) that can be answered at once, None for all others.
AtOnce = Callable[[Any], Answer | None]

_OK, _NOT_MODIFIED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 304 Not Modified\r\n"
_CLOSE = b"connection: close\r\n"


class AtOnceProtocol(HttpToolsProtocol):
    """Answers what has a short way as soon as its headers are read; for all else uvicorn starts a task.

    One request in what is received at a time: those that a client has sent ahead are tasks, so that none of them holds up others. And
    none while something is left to be sent: an answer ends when its last byte has left, and the next request waits for that.
    """

    def __init__(self, *arguments: Any, at_once: AtOnce | None = None, **keywords: Any) -> None:
        """Make the protocol of a connection.

        at_once: None where every request is a task.
        """
        super().__init__(*arguments, **keywords)
        self._find = at_once
        self._may_answer = False
        self._descriptor = -1
        self._queued: Waiter | None = None
        self._emptying = False

    def connection_made(self, transport: Any) -> None:
        """Find out whether what is sent can be handed to the system as it is."""
        super().connection_made(transport)
        socket = transport.get_extra_info("socket")
        if self.scheme == "http" and socket is not None:
            self._descriptor = socket.fileno()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let what waits for its turn be made for others only."""
        if self._queued is not None:
            self._queued.leave()
            self._queued = None
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Let those go on who wait until all is sent, or for room."""
        if self._emptying:
            self._emptying = False
            self.transport.set_write_buffer_limits()
        super().resume_writing()

    async def all_sent(self) -> None:
        """Wait until all that was written has left this process, or the connection is gone."""
        if self.transport.get_write_buffer_size() == 0:
            return
        self._emptying = True
        self.transport.set_write_buffer_limits(high=0)  # pauses writing now, and resumes it when nothing is left
        await self.flow.drain()

    def data_received(self, data: bytes) -> None:
        """Answer one request of these at once."""
        self._may_answer = self._find is not None and self.transport.get_write_buffer_size() == 0
        super().data_received(data)
        self._may_answer = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request, or start what will."""
        # Set where the request before it was answered within the same reading: the connection is not idle.
        self._unset_keepalive_if_required()
        if not self._may_answer or app is not self.app:  # the other refuses: there are too many connections
            super()._start_asgi_task(cycle, app)
            return
        self._may_answer = False
        assert self._find is not None  # noqa: S101 - _may_answer says so
        answer = self._find(cycle.scope)
        if answer is None:
            self._start_task(cycle)
        elif isinstance(answer.picture, Waiter):
            self._queued = answer.picture
            answer.picture.when_landed(partial(self._landed, cycle, answer, answer.picture))
        else:
            self._answer(cycle, answer, answer.picture)

    def _start_task(self, cycle: RequestResponseCycle) -> None:
        cycle.scope["extensions"][TRIED] = {}
        super()._start_asgi_task(cycle, self.app)

    def _landed(self, cycle: RequestResponseCycle, answer: Answer, waiter: Waiter) -> None:
        """Send the picture that has been made; what could not be made takes the whole way."""
        if self._queued is not waiter:
            return  # the client has left
        self._queued = None
        try:
            image = waiter.image()
        except Exception:  # noqa: BLE001 - the whole way meets it again, and answers it
            image = None
        if image is None:
            self._start_task(cycle)
        elif not self.transport.is_closing():
            self._answer(cycle, answer, image)
        waiter.leave()

    def _answer(self, cycle: RequestResponseCycle, answer: Answer, image: EncodedImage | None) -> None:
        lines = [_NOT_MODIFIED if image is None else _OK]
        lines += [b"%b: %b\r\n" % header for header in cycle.default_headers]
        lines.append(answer.planned.head())
        if image is not None:
            lines.append(b"content-type: %b\r\ncontent-length: %d\r\n" % (answer.planned.media_type, len(image.data)))
            lines += [b"%b: %b\r\n" % header for header in answer.warnings]
        if not cycle.keep_alive:
            lines.append(_CLOSE)
        lines.append(b"\r\n")
        body = b"" if image is None else image.data
        cycle.response_started = True
        if self._written(b"".join(lines), body):
            self._complete(cycle)
            return
        answer.unsent.hold(body)
        task = self.loop.create_task(self.all_sent())
        self.tasks.add(task)
        task.add_done_callback(partial(self._sent, cycle, answer, body))

    def _written(self, head: bytes, body: bytes) -> bool:
        """Hand an answer to the system, and what it does not take now to the transport; say whether it has taken all."""
        sent = 0
        if self._descriptor >= 0 and not self.transport.is_closing():
            try:
                sent = os.writev(self._descriptor, (head, body))
            except BlockingIOError:
                sent = 0
            except OSError:  # nobody is left to answer
                self.transport.abort()
                return True
        if sent == len(head) + len(body):
            return True
        if sent < len(head):
            self.transport.write(head[sent:])
        self.transport.write(memoryview(body)[max(sent - len(head), 0) :])
        return False

    def _sent(self, cycle: RequestResponseCycle, answer: Answer, body: bytes, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        answer.unsent.give_back(body)
        if not task.cancelled():  # as all are that are left at the end
            self._complete(cycle)

    def _complete(self, cycle: RequestResponseCycle) -> None:
        """Let the next request begin, or the time that the connection may be idle; as uvicorn does behind the last of a body."""
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        cycle.on_response = _nothing


def _nothing() -> None:
    """Stand where uvicorn would keep a connection alive by way of a request that has been answered."""
