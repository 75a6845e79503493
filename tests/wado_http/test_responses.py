"""Streamed objects are closed whatever happens (A5.1, A5.4)."""

from collections.abc import Iterator
from typing import cast

import anyio
import pytest
from anyio import CapacityLimiter
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from tests.wado_http.doubles import Chunks
from wado_core.model.frame import EncodedImage
from wado_http.flight import Flight, Waiter, landed
from wado_http.responses import ALL_SENT, PART_BYTES, ClosingResponse, PictureResponse, close
from wado_http.unsent import Unsent

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


async def test_a_picture_counts_until_it_has_left_the_server() -> None:
    unsent, left, asked = Unsent(1000), anyio.Event(), anyio.Event()
    response = PictureResponse(landed(EncodedImage(b"picture", "image/jpeg"), unsent), 7, {"content-length": "7"}, "image/jpeg")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def wait() -> None:
        asked.set()
        await left.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(response, {"type": "http", "extensions": {ALL_SENT: {"wait": wait}}}, present, send)
        await asked.wait()
        assert sent[-1] == {"type": "http.response.body", "body": b"picture", "more_body": False}
        assert unsent.size_bytes == 7
        left.set()
    assert unsent.size_bytes == 0


@pytest.mark.parametrize("at", ["http.response.start", "http.response.body"])
async def test_a_picture_whose_connection_fails_is_given_back(at: str) -> None:
    unsent = Unsent(1000)
    response = PictureResponse(landed(EncodedImage(b"picture", "image/jpeg"), unsent), 7, {"content-length": "7"}, "image/jpeg")

    async def send(message: Message) -> None:
        if message["type"] == at:
            raise OSError("connection lost")

    with pytest.raises(ClientDisconnect):
        await response({"type": "http"}, present, send)
    assert unsent.size_bytes == 0


async def test_a_picture_whose_request_is_cancelled_is_given_back() -> None:
    unsent = Unsent(1000)
    flight = Flight(unsent, started=True)
    flight.add(b"picture")
    response = PictureResponse(Waiter(flight, whole=False), None, {}, "image/jpeg")

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    with anyio.move_on_after(0.02):
        await response({"type": "http"}, present, send)
        raise AssertionError
    flight.land(EncodedImage(b"picture", "image/jpeg"))
    assert unsent.size_bytes == 0


async def test_large_parts_are_cut_without_a_copy() -> None:
    data = bytes(PART_BYTES * 2 + 5)
    unsent = Unsent(1000)
    headers = {"content-length": str(len(data))}
    response = PictureResponse(landed(EncodedImage(data, "image/png"), unsent), len(data), headers, "image/png")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await response({"type": "http"}, present, send)
    parts = sent[1:]
    assert [len(part["body"]) for part in parts] == [PART_BYTES, PART_BYTES, 5]
    assert [part["more_body"] for part in parts] == [True, True, False]
    assert all(isinstance(part["body"], memoryview) and part["body"].obj is data for part in parts)
