"""Pixel slots: where pictures are made, how many at once, and who may wait for them.

Everything here runs on the event loop except the work itself, so no lock is needed.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from wado_core.errors import Busy, Unwanted
from wado_core.model.frame import EncodedImage
from wado_core.ports import Deliver, Helper, Lend
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


class _GivenWay(Exception):
    """Long work is not finished; other work goes first."""


class NotAtOnce(Exception):
    """The work could not be done on the event loop after all."""


# Long work, which goes on each time it is called. It is given two functions to be asked now and then: whether anybody still waits for it,
# else it raises Unwanted; and whether other work waits in its queue, to which it gives way by returning None.
LongWork = Callable[[Callable[[], bool], Callable[[], bool]], EncodedImage | None]

# Work that ends so soon that the event loop does it itself; None where it cannot be done without waiting.
LightWork = Callable[[], EncodedImage | None]


_Queue = OrderedDict[str, tuple[Flight, Work]]


@dataclass(eq=False, slots=True)
class _Lane:
    """Two queues and the threads that serve them; never more work in the pool than it has threads.

    waiting: single pictures.  long: long work, what has given way before what has not begun: no more is half done than there are slots.
    """

    slots: int
    queue_length: int
    pool: ThreadPoolExecutor
    running: int = 0
    # Dicts for their order and for dropping from the middle at once.
    waiting: _Queue = field(default_factory=OrderedDict)
    long: _Queue = field(default_factory=OrderedDict)
    turn_of_long: bool = False

    @property
    def full(self) -> bool:
        return self.running >= self.slots and len(self.waiting) + len(self.long) >= self.queue_length

    def next_queue(self) -> _Queue:
        """Return the queue whose turn it is, by turns where work waits in both; an empty one when none waits."""
        if self.waiting and self.long:
            return self.long if self.turn_of_long else self.waiting
        return self.waiting or self.long


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
        lane = self._heavy if heavy else self._ordinary
        return self._join(digest, lane, lane.waiting, work, whole=whole)

    def _join(self, digest: str, lane: _Lane, queue: _Queue, work: Work, *, whole: bool) -> Waiter:
        flight = self._flights.get(digest)
        if flight is not None and digest not in self._light:
            return Waiter(flight, whole=whole, patience_s=self._queue_wait_s)
        if self._closed or lane.full or self._unsent.full:
            raise Busy
        if flight is None:
            flight = self._flights[digest] = Flight(self._unsent)
        else:  # made in the slot for all: what cannot be made at once after all would be no answer to who has come the whole way
            del self._light[digest]
        flight.abandoned = partial(self._drop, queue, digest)
        queue[digest] = flight, work
        waiter = Waiter(flight, whole=whole, patience_s=self._queue_wait_s)
        self._start_next(lane)
        return waiter

    def join_while_wanted(self, digest: str, heavy: bool, work: LongWork) -> Waiter:
        """Wait as ``join`` does, for the whole of what long work makes.

        The work hears when all who waited have left; and it gives way to single pictures, which take turns with it.
        """
        lane = self._heavy if heavy else self._ordinary

        def wanted() -> bool:
            flight = self._flights.get(digest)  # asked in the thread of the work: one look each at a dict and a list
            return flight is not None and bool(flight.waiters)

        def others_wait() -> bool:
            return bool(lane.waiting)

        def go_on(_deliver: Deliver, _lend: Lend) -> EncodedImage:
            image = work(wanted, others_wait)
            if image is None:
                raise _GivenWay
            return image

        return self._join(digest, lane, lane.long, go_on, whole=True)

    async def close(self) -> None:
        """Refuse what waits and let what runs come to its end."""
        self._closed = True
        while self._light:
            digest = next(iter(self._light))
            flight, _ = self._light.pop(digest)
            del self._flights[digest]
            flight.land(Busy())
        for lane in (self._ordinary, self._heavy):
            while queue := lane.next_queue():
                self._refuse_next(queue)
        for pool in (self._ordinary.pool, self._heavy.pool, self._helpers):
            await asyncio.to_thread(pool.shutdown)

    def _drop(self, queue: _Queue, digest: str) -> None:
        del self._flights[digest], queue[digest]

    def _refuse_next(self, queue: _Queue) -> None:
        digest = next(iter(queue))
        flight, _ = queue.pop(digest)
        del self._flights[digest]
        flight.land(Busy())

    def _start_next(self, lane: _Lane) -> None:
        while lane.running < lane.slots and (queue := lane.next_queue()):
            digest = next(iter(queue))
            if self._unsent.full and not queue[digest][0].started:  # since it was admitted
                self._refuse_next(queue)
                continue
            flight, work = queue.pop(digest)
            lane.turn_of_long = queue is lane.waiting
            flight.start()
            lane.running += 1
            self._recall()
            loop = asyncio.get_running_loop()
            done = lane.pool.submit(work, _handed(loop, flight.add), _posted(loop, self._lend))
            done.add_done_callback(_posted(loop, partial(self._finish, lane, digest, flight, work)))

    def _finish(self, lane: _Lane, digest: str, flight: Flight, work: Work, done: "Future[EncodedImage]") -> None:
        lane.running -= 1
        error = done.exception()
        if isinstance(error, _GivenWay) and self._closed:
            error = Busy()
        # What gave way goes on in its turn; what was given up does for those who have come since.
        if isinstance(error, _GivenWay) or (isinstance(error, Unwanted) and flight.waiters and not self._closed):
            lane.long[digest] = flight, work
            lane.long.move_to_end(digest, last=False)
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


def _handed(loop: asyncio.AbstractEventLoop, function: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return what ``_posted`` does, for pieces; with the first the thread gives way to the loop, that it may leave at once.

    Where the system has woken the loop on the core of this thread, it would wait there for this thread's slice to end (some 3 ms on Linux).
    To give way takes 1 µs where nobody waits. Not for each piece: whoever gives way is put behind
    everybody else who computes.
    """
    post, first = _posted(loop, function), True

    def hand(piece: bytes) -> None:
        nonlocal first
        post(piece)
        if first:
            first = False
            os.sched_yield()

    return hand
