"""Streamed objects are closed whatever happens (A5.1, A5.4)."""

from collections.abc import Iterator
from typing import cast

import anyio
import pytest
from anyio import CapacityLimiter
from starlette.types import Message, Receive

from tests.wado_http.doubles import Chunks
from wado_http.responses import ClosingResponse, close

pytestmark = pytest.mark.anyio


def response_of(chunks: Chunks) -> ClosingResponse:
    """Build the response under test."""
    return ClosingResponse(cast("Iterator[bytes]", chunks), CapacityLimiter(1), {"content-length": "3"}, "application/dicom")


async def present() -> Message:
    """Receive for a client that stays."""
    await anyio.sleep_forever()
    raise AssertionError


async def collect(response: ClosingResponse, receive: Receive = present) -> list[Message]:
    """Run a response; return what it sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    return sent


async def test_all_chunks_are_sent_and_the_source_closed() -> None:
    chunks = Chunks([b"a", b"", b"bc"])
    sent = await collect(response_of(chunks))
    assert b"".join(message.get("body", b"") for message in sent) == b"abc"
    assert sent[-1]["more_body"] is False
    assert chunks.closed


async def test_a_client_that_leaves_closes_the_source() -> None:
    class Endless(Chunks):
        """More than anybody wants."""

        def __next__(self) -> bytes:
            return b"x"

    chunks = Endless([])
    left = anyio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body"):
            left.set()
        await anyio.lowlevel.checkpoint()

    await response_of(chunks)({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert chunks.closed


async def test_a_failing_connection_closes_the_source() -> None:
    chunks = Chunks([b"a", b"b"])

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise RuntimeError("connection lost")

    with pytest.raises(RuntimeError, match="connection lost"):
        await response_of(chunks)({"type": "http", "asgi": {"spec_version": "2.3"}}, present, send)
    assert chunks.closed


async def test_a_failing_source_is_closed_and_the_answer_left_incomplete() -> None:
    class Failing(Chunks):
        """A disk that fails in the middle."""

        def __next__(self) -> bytes:
            if self.parts:
                return self.parts.pop(0)
            raise OSError("disk")

    chunks = Failing([b"a"])
    with pytest.raises(OSError, match="disk"):
        await collect(response_of(chunks))
    assert chunks.closed


async def test_what_cannot_be_closed_need_not_be() -> None:
    close(iter([b"a"]))
