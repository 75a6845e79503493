"""State: cores, slots, and clients that leave while they wait."""

import asyncio

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from wado_http.state import usable_cores, while_connected

pytestmark = pytest.mark.anyio


async def test_at_least_one_core() -> None:
    assert usable_cores() >= 1


async def staying() -> Message:
    """Receive for a client that stays."""
    await anyio.sleep_forever()
    raise AssertionError


async def test_the_result_is_returned() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await while_connected(staying, work()) == 7


async def test_errors_are_passed_on() -> None:
    async def work() -> int:
        raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        await while_connected(staying, work())


async def test_the_end_of_the_request_is_no_departure() -> None:
    read = asyncio.Event()

    async def receive() -> Message:
        if read.is_set():
            return await staying()
        read.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def work() -> int:
        await read.wait()
        return 7

    assert await while_connected(receive, work()) == 7


async def test_work_is_cancelled_when_the_client_leaves() -> None:
    cancelled = False

    async def work() -> int:
        nonlocal cancelled
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            cancelled = True
            raise
        return 7

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await while_connected(receive, work())
    assert cancelled


async def test_work_is_cancelled_with_its_request() -> None:
    begun = asyncio.Event()
    ended = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    request = asyncio.create_task(while_connected(staying, work()))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert ended.is_set()
