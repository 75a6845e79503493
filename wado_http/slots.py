"""Pixel slots: where pictures are made, how many at once, and who may wait for them.

Everything here runs on the event loop except the work itself, so no lock is needed.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from wado_core.errors import Busy
from wado_core.model.frame import EncodedImage

Work = Callable[[], EncodedImage]


@dataclass(eq=False, slots=True)
class _Waiter:
    """One request: where its answer arrives, and the alarm that ends its waiting for a start."""

    answer: asyncio.Future[EncodedImage]
    alarm: asyncio.TimerHandle | None = None


@dataclass(eq=False, slots=True)
class _Flight:
    """One computation and the requests that wait for it."""

    digest: str
    work: Work
    lane: "_Lane"
    started: bool = False
    waiters: list[_Waiter] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class _Lane:
    """A queue and the threads that serve it; never more work in the pool than it has threads."""

    slots: int
    queue_length: int
    pool: ThreadPoolExecutor
    running: int = 0
    # A dict for its order and for dropping from the middle at once.
    waiting: dict[str, _Flight] = field(default_factory=dict)


class PixelSlots:
    """Bounded places for pixel work, with single flight.

    Ordinary work has ``slots`` places; heavy work one of its own, so that a CT never waits behind a mammogram. Requests of
    one digest share one computation; it goes on when the first of them leaves, and is dropped from the queue when all have.
    """

    def __init__(self, slots: int, queue_length: int, queue_wait_s: float) -> None:
        """Make the slots.

        queue_length: computations that may wait in each queue.  queue_wait_s: how long a request waits for its start.
        """
        self._queue_wait_s = queue_wait_s
        self._ordinary = _Lane(slots, queue_length, ThreadPoolExecutor(slots, "pixels"))
        self._heavy = _Lane(1, queue_length, ThreadPoolExecutor(1, "heavy-pixels"))
        self._flights: dict[str, _Flight] = {}

    async def run(self, digest: str, heavy: bool, work: Work) -> EncodedImage:
        """Return what ``work`` returns, computed once for all requests of ``digest`` in flight.

        Raises Busy at once when the queue is full, or when the work has not started in time; once started, never. Raises
        what ``work`` raises.
        """
        flight = self._flights.get(digest)
        if flight is None:
            lane = self._heavy if heavy else self._ordinary
            if lane.running >= lane.slots and len(lane.waiting) >= lane.queue_length:
                raise Busy
            flight = self._flights[digest] = lane.waiting[digest] = _Flight(digest, work, lane)
        waiter = self._join(flight)
        self._start_next(flight.lane)
        try:
            return await waiter.answer
        finally:
            self._leave(flight, waiter)

    async def close(self) -> None:
        """Refuse what waits and let what runs come to its end."""
        for lane in (self._ordinary, self._heavy):
            for flight in tuple(lane.waiting.values()):
                self._drop(flight)
                _settle(flight, Busy())
        await asyncio.to_thread(self._ordinary.pool.shutdown)
        await asyncio.to_thread(self._heavy.pool.shutdown)

    def _join(self, flight: _Flight) -> _Waiter:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future())
        if not flight.started:
            waiter.alarm = loop.call_later(self._queue_wait_s, self._expire, flight, waiter)
        flight.waiters.append(waiter)
        return waiter

    def _expire(self, flight: _Flight, waiter: _Waiter) -> None:
        _fail(waiter, Busy())
        self._leave(flight, waiter)

    def _leave(self, flight: _Flight, waiter: _Waiter) -> None:
        if waiter.alarm is not None:
            waiter.alarm.cancel()
        if waiter in flight.waiters:
            flight.waiters.remove(waiter)
        if not flight.waiters and not flight.started:
            self._drop(flight)

    def _drop(self, flight: _Flight) -> None:
        if self._flights.get(flight.digest) is flight:
            del self._flights[flight.digest], flight.lane.waiting[flight.digest]

    def _start_next(self, lane: _Lane) -> None:
        while lane.waiting and lane.running < lane.slots:
            flight = lane.waiting.pop(next(iter(lane.waiting)))
            flight.started = True
            lane.running += 1
            for waiter in flight.waiters:
                if waiter.alarm is not None:
                    waiter.alarm.cancel()
            lane.pool.submit(flight.work).add_done_callback(partial(self._landed, asyncio.get_running_loop(), flight))

    def _landed(self, loop: asyncio.AbstractEventLoop, flight: _Flight, done: Future[EncodedImage]) -> None:
        """Go back from the pool's thread to the loop's."""
        loop.call_soon_threadsafe(self._finish, flight, done)

    def _finish(self, flight: _Flight, done: Future[EncodedImage]) -> None:
        flight.lane.running -= 1
        del self._flights[flight.digest]
        error = done.exception()
        _settle(flight, done.result() if error is None else error)
        self._start_next(flight.lane)


def _settle(flight: _Flight, outcome: EncodedImage | BaseException) -> None:
    for waiter in flight.waiters:
        if isinstance(outcome, BaseException):
            _fail(waiter, outcome)
        elif not waiter.answer.done():
            waiter.answer.set_result(outcome)


def _fail(waiter: _Waiter, error: BaseException) -> None:
    if not waiter.answer.done():
        waiter.answer.set_exception(error)
        waiter.answer.exception()  # counts as seen, should the request be cancelled before it wakes up
