"""Work that waits until it is let go, and the slots that it runs in."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wado_core.model.frame import EncodedImage
from wado_http.flight import Work
from wado_http.slots import PixelSlots
from wado_http.unsent import Unsent

PICTURE = EncodedImage(b"picture", "image/jpeg")
FOR_EVER_S = 60.0


class Gate:
    """Work that runs until it is let go, and counts how often it began."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.count = 0

    def work(self, *_: object) -> EncodedImage:
        """Begin, wait, return."""
        self.count += 1
        self.begun.release()
        assert self.let_go.wait(FOR_EVER_S)
        return PICTURE

    async def has_begun(self) -> None:
        """Wait until a thread is inside."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=FOR_EVER_S)


@asynccontextmanager
async def slots_of(
    slots: int = 1, queue_length: int = 8, queue_wait_s: float = FOR_EVER_S, unsent: Unsent | None = None
) -> AsyncIterator[PixelSlots]:
    """Open slots and close them; then nothing is unsent."""
    count = unsent or Unsent(1 << 30)
    before = count.size_bytes
    made = PixelSlots(slots, queue_length, queue_wait_s, count)
    try:
        yield made
    finally:
        await made.close()
    assert count.size_bytes == before


async def picture_of(slots: PixelSlots, digest: str, work: Work, heavy: bool = False) -> EncodedImage:
    """Wait for a whole picture."""
    waiter = slots.join(digest, heavy, work, whole=True)
    try:
        await waiter.begun()
        image = waiter.image()
        assert image is not None
        return image
    finally:
        waiter.leave()


def ask(slots: PixelSlots, digest: str, work: Work, heavy: bool = False) -> "asyncio.Task[EncodedImage]":
    """Make a request."""
    return asyncio.create_task(picture_of(slots, digest, work, heavy))


def at_once(*_: object) -> EncodedImage:
    """Work that takes no time."""
    return PICTURE


async def settle() -> None:
    """Let every task run up to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)
