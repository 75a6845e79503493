"""Pixel slots: where pictures are made, how many at once, and who may wait for them.

Everything here runs on the event loop except the work itself, so no lock is needed.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from wado_core.errors import Busy, Unwanted
from wado_core.model.frame import EncodedImage
from wado_core.ports import Helper
from wado_http.errors import log_failure
from wado_http.flight import Flight, Waiter, Work
from wado_http.unsent import Unsent

T = TypeVar("T")


# Pieces of light work that may wait where one of ordinary work may: together they take no longer.
LIGHT_FOR_ONE = 16


@dataclass(eq=False, slots=True)
class _Loan:
    """A slot that is lent; the helper asks between two jobs, in its own thread, whether it is wanted back."""

    recalled: bool = False

    def goes_on(self) -> bool:
        return not self.recalled


class NotAtOnce(Exception):
    """The work could not be done on the event loop after all."""


# Long work; it is given a function that says whether anybody still waits for it, to be asked now and then, and raises Unwanted if not.
LongWork = Callable[[Callable[[], bool]], EncodedImage]

# Work that ends so soon that the event loop does it itself; None where it cannot be done without waiting.
LightWork = Callable[[], EncodedImage | None]


@dataclass(eq=False, slots=True)
class _Lane:
    """A queue and the threads that serve it; never more work in the pool than it has threads."""

    slots: int
    queue_length: int
    pool: ThreadPoolExecutor
    running: int = 0
    # A dict for its order and for dropping from the middle at once.
    waiting: dict[str, tuple[Flight, Work]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        return self.running >= self.slots and len(self.waiting) >= self.queue_length


class PixelSlots:
    """Bounded places for pixel work, with single flight.

    Ordinary work has ``slots`` places; heavy work one of its own, so that a CT never waits behind a mammogram. Requests of
    one digest share one computation; it goes on when the first of them leaves, and is dropped from the queue when all have.
    A slot is free again when the work has ended, whatever the clients have taken by then. Idle slots are lent to running work, until
    they are wanted for work of their own.
    """

    def __init__(self, slots: int, queue_length: int, queue_wait_s: float, unsent: Unsent) -> None:
        """Make the slots.

        queue_length: computations that may wait in each queue.  queue_wait_s: how long a request waits for its start.
        unsent: counts what is made here and not sent; while it is full nothing begins.
        """
        self._queue_wait_s = queue_wait_s
        self._queue_length = queue_length
        self._unsent = unsent
        self._ordinary = _Lane(slots, queue_length, ThreadPoolExecutor(slots, "pixels"))
        self._heavy = _Lane(1, queue_length, ThreadPoolExecutor(1, "heavy-pixels"))
        self._flights: dict[str, Flight] = {}
        # Threads of their own: work that comes while slots are lent begins at once, beside helpers that still end what they are at.
        self._helpers = ThreadPoolExecutor(slots, "lent-pixels")
        self._lent: list[_Loan] = []
        self._closed = False
        # Light work that waits for its turn of the loop, and whether this turn has had its own.
        self._light: dict[str, tuple[Flight, LightWork]] = {}
        self._turn_taken = False

    def join_at_once(self, digest: str, work: LightWork) -> EncodedImage | Waiter:
        """Make what light ``work`` makes on the event loop: now, if nothing was made in this turn of it, else in one of the next.

        One piece of work a turn, so that what others send is read, and what they ask for answered, in between. A waiter must leave
        at last; NotAtOnce comes where ``work`` has returned None, or a slot is at it. Raises Busy when too many wait, or too much is
        unsent.
        """
        if digest in self._light:
            return Waiter(self._light[digest][0], whole=True, patience_s=self._queue_wait_s)
        if digest in self._flights:  # in a slot, for which only the whole way waits as it should: with an eye on its client
            raise NotAtOnce
        if self._closed or self._unsent.full or (self._turn_taken and len(self._light) >= LIGHT_FOR_ONE * self._queue_length):
            raise Busy
        if not self._turn_taken:
            self._take_turn()
            image = work()
            if image is None:
                raise NotAtOnce
            return image
        flight = self._flights[digest] = Flight(self._unsent, abandoned=partial(self._drop_light, digest))
        self._light[digest] = flight, work
        return Waiter(flight, whole=True, patience_s=self._queue_wait_s)

    def _take_turn(self) -> None:
        self._turn_taken = True
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        if not self._light:
            self._turn_taken = False
            return
        self._take_turn()
        digest = next(iter(self._light))
        flight, work = self._light.pop(digest)
        del self._flights[digest]
        flight.start()
        try:
            outcome: EncodedImage | BaseException = work() or NotAtOnce()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            outcome = error
        flight.land(outcome)

    def _drop_light(self, digest: str) -> None:
        del self._flights[digest], self._light[digest]

    def join(self, digest: str, heavy: bool, work: Work, *, whole: bool) -> Waiter:
        """Wait for what ``work`` makes, once for all requests of ``digest`` in flight; the waiter must leave at last.

        work: is given two functions, to deliver the pieces of a picture as they are finished, and to lend it an idle slot.
        whole: the request can do nothing with a part of the picture.
        Raises Busy at once when the queue is full, or too much is unsent; the waiter does when the work has not started in time.
        """
        flight = self._flights.get(digest)
        if flight is not None:
            return Waiter(flight, whole=whole, patience_s=self._queue_wait_s)
        lane = self._heavy if heavy else self._ordinary
        if self._closed or lane.full or self._unsent.full:
            raise Busy
        flight = self._flights[digest] = Flight(self._unsent, abandoned=partial(self._drop, lane, digest))
        lane.waiting[digest] = flight, work
        waiter = Waiter(flight, whole=whole, patience_s=self._queue_wait_s)
        self._start_next(lane)
        return waiter

    def join_while_wanted(self, digest: str, heavy: bool, work: LongWork) -> Waiter:
        """Wait as ``join`` does, for the whole of what long work makes; the work hears when all who waited have left."""

        def wanted() -> bool:
            flight = self._flights.get(digest)  # asked in the thread of the work: one look each at a dict and a list
            return flight is not None and bool(flight.waiters)

        return self.join(digest, heavy, lambda _deliver, _lend: work(wanted), whole=True)

    async def close(self) -> None:
        """Refuse what waits and let what runs come to its end."""
        self._closed = True
        while self._light:
            digest = next(iter(self._light))
            flight, _ = self._light.pop(digest)
            del self._flights[digest]
            flight.land(Busy())
        for lane in (self._ordinary, self._heavy):
            while lane.waiting:
                self._refuse_next(lane)
        for pool in (self._ordinary.pool, self._heavy.pool, self._helpers):
            await asyncio.to_thread(pool.shutdown)

    def _drop(self, lane: _Lane, digest: str) -> None:
        del self._flights[digest], lane.waiting[digest]

    def _refuse_next(self, lane: _Lane) -> None:
        digest = next(iter(lane.waiting))
        flight, _ = lane.waiting.pop(digest)
        del self._flights[digest]
        flight.land(Busy())

    def _start_next(self, lane: _Lane) -> None:
        while lane.waiting and lane.running < lane.slots:
            if self._unsent.full:  # since it was admitted
                self._refuse_next(lane)
                continue
            digest = next(iter(lane.waiting))
            flight, work = lane.waiting.pop(digest)
            flight.start()
            lane.running += 1
            self._recall()
            loop = asyncio.get_running_loop()
            done = lane.pool.submit(work, _posted(loop, flight.add), _posted(loop, self._lend))
            done.add_done_callback(_posted(loop, partial(self._finish, lane, digest, flight, work)))

    def _finish(self, lane: _Lane, digest: str, flight: Flight, work: Work, done: "Future[EncodedImage]") -> None:
        lane.running -= 1
        error = done.exception()
        if isinstance(error, Unwanted) and flight.waiters and not self._closed:  # who has come since it was given up: once more
            lane.waiting[digest] = flight, work
            self._start_next(lane)
            return
        del self._flights[digest]
        if error is not None and flight.pieces:
            log_failure(error)  # once for all whose answers have begun, and now break off
        flight.land(done.result() if error is None else error)
        self._start_next(lane)

    @property
    def _lendable(self) -> int:
        """How many slots no work runs in."""
        return max(self._ordinary.slots - self._ordinary.running - self._heavy.running, 0)

    def _lend(self, helper: Helper) -> None:
        """Run a helper in a slot that is idle now, which none is while work waits; drop it otherwise."""
        if self._closed or len(self._lent) >= self._lendable:
            return
        loan = _Loan()
        self._lent.append(loan)
        loop = asyncio.get_running_loop()
        self._helpers.submit(helper, loan.goes_on).add_done_callback(_posted(loop, partial(self._returned, loan)))

    def _recall(self) -> None:
        """Send away as many helpers as there are threads at work beyond the slots; each ends after the job it is at."""
        for loan in self._lent[self._lendable :]:
            loan.recalled = True

    def _returned(self, loan: _Loan, done: "Future[None]") -> None:
        self._lent.remove(loan)
        error = done.exception()
        if error is not None:
            log_failure(error)


def _posted(loop: asyncio.AbstractEventLoop, function: Callable[[T], None]) -> Callable[[T], None]:
    """Return what calls ``function`` on the loop, soon and in the order of the calls, from any thread."""

    def post(argument: T) -> None:
        loop.call_soon_threadsafe(function, argument)

    return post
