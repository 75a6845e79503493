"""Flights: one making of a picture, its pieces as they are finished, and the requests that wait for it.

Everything here runs on the event loop, so no lock is needed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from wado_core.errors import Busy
from wado_core.model.frame import EncodedImage
from wado_core.ports import Deliver, Lend
from wado_http.unsent import Unsent

Work = Callable[[Deliver, Lend], EncodedImage]


@dataclass(eq=False, slots=True)
class Flight:
    """One making of a picture.

    pieces: what is finished of it, in order; none any more when it has landed.  ended: these are all that there are.
    outcome: None until it has landed.
    origin: traceback and context that the error has landed with, before it was raised into any request.
    abandoned: called when the last request has left it before its start.
    """

    unsent: Unsent
    abandoned: Callable[[], None] | None = None
    started: bool = False
    outcome: EncodedImage | BaseException | None = None
    origin: tuple[TracebackType | None, BaseException | None] = (None, None)
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False
    waiters: list["Waiter"] = field(default_factory=list)

    def start(self) -> None:
        """Note that the work begins: nobody is refused any more."""
        self.started = True
        for waiter in self.waiters:
            waiter.disarm()

    def add(self, piece: bytes) -> None:
        """Hand the next piece to everybody; an empty one: there are no others."""
        if not piece:
            self.ended = True
            self._wake()
            return
        self.pieces.append(piece)
        self.unsent.hold(piece)
        self._wake()

    def land(self, outcome: EncodedImage | BaseException) -> None:
        """Hand the whole picture, or the error, to everybody; the pieces are its bytes once more, and go."""
        self.outcome = outcome
        if isinstance(outcome, BaseException):
            self.origin = outcome.__traceback__, outcome.__context__
        for waiter in self.waiters:
            waiter.disarm()
            waiter.hold_picture()
        pieces, self.pieces = self.pieces, []
        for piece in pieces:
            self.unsent.give_back(piece)
        _free(pieces)
        self._wake()

    def image(self) -> EncodedImage | None:
        """Return the picture, None when it is half finished; raises the error that it has landed with.

        One error is raised into every request: each has the traceback of the making and its own, not those of all before it.
        """
        outcome = self.outcome
        if isinstance(outcome, BaseException):
            traceback, outcome.__context__ = self.origin
            raise outcome.with_traceback(traceback)
        return outcome

    def _wake(self) -> None:
        for waiter in tuple(self.waiters):  # who hears of it may leave
            waiter.wake()


def _free(pieces: list[bytes]) -> None:
    """Free the memory of pieces one by one: 16 MB at once keep the event loop for 1.4 ms."""
    if pieces:
        pieces.pop()
        asyncio.get_running_loop().call_soon(_free, pieces)


def landed(image: EncodedImage, unsent: Unsent) -> "Waiter":
    """Wait for a picture that was finished long ago; raises Busy when there is no room for it."""
    unsent.admit(image.data)
    return Waiter(Flight(unsent, started=True, outcome=image), whole=True)


class Waiter:
    """One request on a flight: it hears of the first piece, takes the bytes one after the other, and must leave at last.

    Bytes are handed over as they are held, without a copy: piece by piece until the flight has landed, and then what is left.
    """

    __slots__ = ("_alarm", "_flight", "_heard", "_held", "_news", "_place", "_refused", "_taken", "_whole")

    def __init__(self, flight: Flight, *, whole: bool, patience_s: float | None = None) -> None:
        """Join a flight.

        whole: nothing can be done with a part.  patience_s: how long to wait for a start before the request is refused.
        """
        self._flight = flight
        self._whole = whole
        self._held: list[bytes] = []  # the piece that is being sent, or its successor: the picture
        self._place = 0
        self._taken = 0
        self._news: asyncio.Future[None] | None = None
        self._heard: Callable[[], None] | None = None
        self._refused = False
        self._alarm: asyncio.TimerHandle | None = None
        if patience_s is not None and not flight.started:
            self._alarm = asyncio.get_running_loop().call_later(patience_s, self._refuse)
        flight.waiters.append(self)
        self.hold_picture()

    def when_landed(self, heard: Callable[[], None]) -> None:
        """Call a function, which must not raise, as soon as the flight has landed, or the request is refused: for who is no coroutine."""
        assert self._whole  # noqa: S101 - who can use a part would have to hear of it
        self._heard = heard

    async def begun(self) -> None:
        """Wait until there is something to answer: the picture, an error, or a first piece; raises Busy when it starts too late."""
        while not self._refused and self._flight.outcome is None and (self._whole or not self._flight.pieces):
            await self._hear()
        if self._refused:
            raise Busy

    def image(self) -> EncodedImage | None:
        """Return the picture, None when it is half finished; raises the error that the flight has landed with, and Busy when refused."""
        if self._refused:
            raise Busy
        return self._flight.image()

    async def more(self) -> bytes | memoryview | None:
        """Return the bytes that come next, which this waiter holds until it is asked again; None behind the last.

        Raises the error that ended the flight.
        """
        flight = self._flight
        while flight.outcome is None and self._place == len(flight.pieces) and not flight.ended:
            await self._hear()
        image = self.image()
        if image is None:
            self._give_back()
            if self._place == len(flight.pieces):
                return None
            piece = flight.pieces[self._place]
            self._place += 1
            self._taken += len(piece)
            self._hold(piece)
            return piece
        if len(self._held) > 1:  # the last piece has been sent
            self._give_back()
            self._hold(image.data)
        start, self._taken = self._taken, len(image.data)
        if start == self._taken:
            return None
        return memoryview(image.data)[start:] if start else image.data

    def leave(self) -> None:
        """Give back what is held, and the place in the queue where nobody else waits; may be called again."""
        self.disarm()
        self._give_back()
        flight = self._flight
        if self in flight.waiters:
            flight.waiters.remove(self)
            if not (flight.waiters or flight.started) and flight.outcome is None and flight.abandoned is not None:
                flight.abandoned()

    def hold_picture(self) -> None:
        """Hold the picture if the flight has landed with one."""
        if isinstance(self._flight.outcome, EncodedImage):
            self._hold(self._flight.outcome.data)

    def wake(self) -> None:
        """Tell of a piece, or of the end."""
        if self._heard is not None:
            heard, self._heard = self._heard, None
            heard()
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def disarm(self) -> None:
        """Be refused no more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def _hear(self) -> None:
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def _refuse(self) -> None:
        self._refused = True
        self.leave()
        self.wake()

    def _hold(self, data: bytes) -> None:
        self._flight.unsent.hold(data)
        self._held.append(data)

    def _give_back(self) -> None:
        for data in self._held:
            self._flight.unsent.give_back(data)
        self._held.clear()
