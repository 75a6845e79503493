"""Flights: pieces to everybody in order, what is held while it is held, and refusals that hold nothing."""

import asyncio
import traceback

import pytest

from wado_core.errors import Busy, ContentChanged, DamagedObject
from wado_core.model.frame import EncodedImage
from wado_http.flight import Flight, Waiter, landed
from wado_http.unsent import Unsent

pytestmark = pytest.mark.anyio

PIECES = [bytes([number]) * (100 + number) for number in range(5)]
PICTURE = EncodedImage(b"".join(PIECES), "image/jpeg")


@pytest.fixture
def unsent() -> Unsent:
    return Unsent(1 << 20)


async def all_of(waiter: Waiter) -> list[bytes]:
    """Take everything."""
    taken = []
    while (data := await waiter.more()) is not None:
        taken.append(bytes(data))
    return taken


async def settle() -> None:
    """Let every task run up to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_pieces_are_handed_over_without_a_copy(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    waiter = Waiter(flight, whole=False)
    for piece in PIECES:
        flight.add(piece)
        await waiter.begun()
        assert waiter.image() is None
        assert await waiter.more() is piece
    assert unsent.size_bytes == len(PICTURE.data)
    flight.land(PICTURE)
    assert await waiter.more() is None
    waiter.leave()
    assert unsent.size_bytes == 0


@pytest.mark.parametrize("taken", range(6))
async def test_what_was_not_taken_before_the_landing_is_taken_from_the_picture(unsent: Unsent, taken: int) -> None:
    flight = Flight(unsent, started=True)
    waiter = Waiter(flight, whole=False)
    for piece in PIECES:
        flight.add(piece)
    got = [await waiter.more() for _ in range(taken)]
    flight.land(PICTURE)
    held = len(PIECES[taken - 1]) if taken else 0
    assert unsent.size_bytes == len(PICTURE.data) + held  # the piece that is being sent, and the picture
    rest = await all_of(waiter)
    assert [*got, *rest] == [*PIECES[:taken], *([b"".join(PIECES[taken:])] if taken < 5 else [])]
    assert unsent.size_bytes == len(PICTURE.data)
    waiter.leave()
    waiter.leave()
    assert unsent.size_bytes == 0


async def test_pieces_that_come_while_somebody_waits_wake_everybody(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    waiters = [Waiter(flight, whole=False) for _ in range(3)]
    tasks = [asyncio.create_task(all_of(waiter)) for waiter in waiters]
    for piece in PIECES:
        await settle()
        flight.add(piece)
    await settle()
    flight.land(PICTURE)
    assert await asyncio.gather(*tasks) == [PIECES] * 3
    for waiter in waiters:
        waiter.leave()
    assert unsent.size_bytes == 0


async def test_an_empty_piece_says_that_there_are_no_others(unsent: Unsent) -> None:
    """Whoever has taken all of them is at the end, and does not wait until they have been joined; others get the whole picture."""
    flight = Flight(unsent, started=True)
    early, late = (Waiter(flight, whole=False) for _ in range(2))
    for piece in PIECES:
        flight.add(piece)
    taken = [await early.more() for _ in PIECES]
    waiting = asyncio.create_task(early.more())
    await settle()
    assert not waiting.done()
    flight.add(b"")
    assert flight.pieces == PIECES
    assert await waiting is None
    assert taken == PIECES
    assert await late.more() == PIECES[0]
    early.leave()
    flight.land(PICTURE)
    assert await late.more() == PICTURE.data[len(PIECES[0]) :]
    assert await late.more() is None
    late.leave()
    assert unsent.size_bytes == 0


async def test_whoever_needs_the_whole_waits_for_it(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    waiter = Waiter(flight, whole=True)
    task = asyncio.create_task(waiter.begun())
    flight.add(PIECES[0])
    await settle()
    assert not task.done()
    flight.land(PICTURE)
    await task
    assert waiter.image() is PICTURE
    waiter.leave()


async def test_an_error_ends_the_pieces_and_holds_nothing(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    waiter = Waiter(flight, whole=False)
    flight.add(PIECES[0])
    assert await waiter.more() is PIECES[0]
    task = asyncio.create_task(all_of(waiter))
    await settle()
    flight.land(DamagedObject("Strip 2"))
    with pytest.raises(DamagedObject):
        await task
    with pytest.raises(DamagedObject):
        waiter.image()
    waiter.leave()
    assert unsent.size_bytes == 0


def fail() -> None:
    """Fail as work does: with a traceback, and with what it comes from."""
    try:
        int("strip")
    except ValueError:
        raise DamagedObject("Strip 2")  # noqa: B904 - a context, not a cause


async def test_an_error_brings_no_request_what_others_did_with_it(unsent: Unsent) -> None:
    """Else its traceback grows with every request, keeps all of them alive, and shows them in each other's log."""
    flight = Flight(unsent, started=True)
    with pytest.raises(DamagedObject) as raised:
        fail()
    flight.land(raised.value)
    lengths, contexts = [], []
    for number in range(100):
        waiter = Waiter(flight, whole=True)
        try:
            if number == 50:
                await busy_with_another(waiter)
            else:
                await waiter.more()
        except DamagedObject as caught:
            lengths.append(len(traceback.extract_tb(caught.__traceback__)))
            contexts.append(type(caught.__context__))
        waiter.leave()
    assert lengths[0] == lengths[-1] < 10
    assert contexts == [ValueError] * 50 + [ContentChanged] + [ValueError] * 49


async def busy_with_another(waiter: Waiter) -> None:
    """Ask as a request does that is tried for the second time."""
    try:
        raise ContentChanged  # noqa: TRY301
    except ContentChanged:
        await waiter.more()


async def test_who_leaves_holds_nothing_whenever_it_leaves(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    early, late = Waiter(flight, whole=False), Waiter(flight, whole=False)
    flight.add(PIECES[0])
    await early.more()
    early.leave()
    flight.land(PICTURE)
    assert unsent.size_bytes == len(PICTURE.data)
    late.leave()
    assert unsent.size_bytes == 0


async def test_a_request_that_is_cancelled_while_it_waits_can_leave(unsent: Unsent) -> None:
    flight = Flight(unsent, started=True)
    waiter = Waiter(flight, whole=False)
    task = asyncio.create_task(waiter.more())
    await settle()
    task.cancel()
    await settle()
    flight.add(PIECES[0])  # which wakes nobody
    waiter.leave()
    flight.land(PICTURE)
    assert unsent.size_bytes == 0


async def test_who_was_refused_takes_nothing_though_it_lands_before_that_is_heard(unsent: Unsent) -> None:
    flight = Flight(unsent)
    waiter = Waiter(flight, whole=True, patience_s=0.0)
    other = Waiter(flight, whole=True)
    task = asyncio.create_task(waiter.begun())
    for _ in range(1000):
        if waiter not in flight.waiters:
            break
        await asyncio.sleep(0)
    flight.land(PICTURE)
    with pytest.raises(Busy):
        await task
    other.leave()
    assert unsent.size_bytes == 0


async def test_a_kept_picture_is_held_while_it_is_sent(unsent: Unsent) -> None:
    first, second = landed(PICTURE, unsent), landed(PICTURE, unsent)
    assert unsent.size_bytes == len(PICTURE.data)
    await first.begun()
    assert first.image() is PICTURE
    assert await all_of(first) == [PICTURE.data]
    first.leave()
    assert unsent.size_bytes == len(PICTURE.data)
    second.leave()
    assert unsent.size_bytes == 0
    full = Unsent(1)
    held = landed(PICTURE, full)
    with pytest.raises(Busy):
        landed(EncodedImage(b"other", "image/png"), full)
    held.leave()
