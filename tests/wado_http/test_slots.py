"""Pixel slots: bounded, single flight, nothing computed that nobody waits for (J.12 83)."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from tests.wado_http.gates import FOR_EVER_S, PICTURE, Gate, ask, at_once, picture_of, settle, slots_of
from wado_core.errors import Busy, DamagedObject, Unwanted
from wado_core.model.frame import EncodedImage
from wado_http.flight import Work
from wado_http.slots import PixelSlots
from wado_http.unsent import Unsent

pytestmark = pytest.mark.anyio


async def test_work_is_done_outside_the_loop() -> None:
    threads: list[int] = []

    def work(*_: object) -> EncodedImage:
        threads.append(threading.get_ident())
        return PICTURE

    async with slots_of() as slots:
        assert await picture_of(slots, "a", work) is PICTURE
    assert threads != [threading.get_ident()]


async def test_errors_of_the_work_reach_everybody_who_waits() -> None:
    gate = Gate()

    def work(*_: object) -> EncodedImage:
        gate.work()
        raise DamagedObject("Frame 1")

    async with slots_of() as slots:
        tasks = [ask(slots, "a", work) for _ in range(3)]
        await gate.has_begun()
        gate.let_go.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [DamagedObject] * 3
        assert gate.count == 1
        assert await picture_of(slots, "a", at_once) is PICTURE  # and the failure is not kept


async def test_identical_requests_share_one_computation() -> None:
    gate = Gate()
    async with slots_of() as slots:
        tasks = [ask(slots, "a", gate.work) for _ in range(100)]
        await gate.has_begun()
        late = ask(slots, "a", gate.work)
        await settle()
        gate.let_go.set()
        assert await asyncio.gather(*tasks, late) == [PICTURE] * 101
        assert gate.count == 1


async def test_the_first_to_ask_may_leave() -> None:
    gate = Gate()
    async with slots_of() as slots:
        leader = ask(slots, "a", gate.work)
        await gate.has_begun()
        follower = ask(slots, "a", gate.work)
        await settle()
        leader.cancel()
        await settle()
        assert leader.cancelled()
        gate.let_go.set()
        assert await follower is PICTURE
        assert gate.count == 1


async def test_the_first_to_ask_may_leave_the_queue_too() -> None:
    blocker, gate = Gate(), Gate()
    gate.let_go.set()
    async with slots_of() as slots:
        first = ask(slots, "first", blocker.work)
        await blocker.has_begun()
        leader, follower = ask(slots, "a", gate.work), ask(slots, "a", gate.work)
        await settle()
        leader.cancel()
        await settle()
        blocker.let_go.set()
        assert await follower is PICTURE
        assert await first is PICTURE


async def test_work_nobody_waits_for_is_dropped_from_the_queue() -> None:
    blocker, dropped, kept = Gate(), Gate(), Gate()
    kept.let_go.set()
    async with slots_of(queue_length=2) as slots:
        first = ask(slots, "first", blocker.work)
        await blocker.has_begun()
        leaving = [ask(slots, "dropped", dropped.work) for _ in range(2)]
        staying = ask(slots, "kept", kept.work)
        await settle()
        for task in leaving:
            task.cancel()
        await settle()
        again = ask(slots, "another", kept.work)  # there is room again
        await settle()
        blocker.let_go.set()
        await asyncio.gather(first, staying, again)
        assert dropped.count == 0


async def test_running_work_goes_on_when_all_have_left() -> None:
    gate = Gate()
    async with slots_of() as slots:
        task = ask(slots, "a", gate.work)
        await gate.has_begun()
        task.cancel()
        await settle()
        again = ask(slots, "a", gate.work)  # joins what still runs
        await settle()
        gate.let_go.set()
        assert await again is PICTURE
        assert gate.count == 1


class Long:
    """Long work in parts: it goes on to the next when it is let, and ends when nobody wants it."""

    def __init__(self, parts: int, *, gives_way: bool = False) -> None:
        self.parts = self.left = parts
        self.gives_way = gives_way
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.done = 0
        self.given_up = 0

    def work(self, wanted: Callable[[], bool], others_wait: Callable[[], bool]) -> EncodedImage | None:
        while self.left:
            self.begun.release()
            assert self.go_on.acquire(timeout=FOR_EVER_S)
            if not wanted():
                self.given_up += 1
                raise Unwanted
            self.done += 1
            self.left -= 1
            if self.left and self.gives_way and others_wait():
                return None
        self.left = self.parts
        return PICTURE

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=FOR_EVER_S)


async def long_picture_of(slots: PixelSlots, digest: str, long: Long) -> EncodedImage | None:
    waiter = slots.join_while_wanted(digest, False, long.work)
    try:
        await waiter.begun()
        return waiter.image()
    finally:
        waiter.leave()


async def test_long_work_ends_when_all_have_left() -> None:
    long = Long(10)
    async with slots_of() as slots:
        tasks = [asyncio.create_task(long_picture_of(slots, "a", long)) for _ in range(2)]
        await long.has_begun()
        tasks[0].cancel()
        await settle()
        long.go_on.release()  # the other still waits
        await long.has_begun()
        tasks[1].cancel()
        await settle()
        long.go_on.release()
        assert await picture_of(slots, "b", at_once) is PICTURE  # the slot is free
    assert (long.done, long.given_up) == (1, 1)


async def test_who_comes_when_long_work_has_just_been_given_up_gets_it_all_the_same() -> None:
    """As a page that is loaded again: its first request has left when the second comes."""
    long = Long(2)
    async with slots_of() as slots:
        first = asyncio.create_task(long_picture_of(slots, "a", long))
        await long.has_begun()
        first.cancel()
        await settle()
        long.go_on.release()
        while not long.given_up:  # without a turn of the loop, which has not heard of it yet
            time.sleep(0.001)  # noqa: ASYNC251
        second = asyncio.create_task(long_picture_of(slots, "a", long))
        for _ in range(4):
            long.go_on.release()
        assert await second is PICTURE
    assert (long.done, long.given_up) == (2, 1)


async def test_long_work_gives_way_to_single_pictures_and_goes_on() -> None:
    """By turns, and no other long work begins before it has ended: what is half done takes memory."""
    order: list[str] = []

    def noted(name: str) -> Work:
        def work(*_: object) -> EncodedImage:
            order.append(name)
            return PICTURE

        return work

    long, other = Long(3, gives_way=True), Long(1, gives_way=True)
    async with slots_of() as slots:
        sheet = asyncio.create_task(long_picture_of(slots, "sheet", long))
        await long.has_begun()
        another = asyncio.create_task(long_picture_of(slots, "another", other))
        await settle()
        singles = [ask(slots, name, noted(name)) for name in "abc"]
        await settle()
        for done in (1, 2):  # after each part a single picture is made; the other sheet is older than these, and waits
            long.go_on.release()
            await singles[done - 1]
            assert (long.done, order) == (done, list("abc")[:done])
            await long.has_begun()
        assert not other.begun.acquire(blocking=False)
        long.go_on.release()
        other.go_on.release()
        assert await asyncio.gather(sheet, another, *singles) == [PICTURE] * 5
    assert (long.done, other.done, order) == (3, 1, ["a", "b", "c"])


async def given_way(slots: PixelSlots, long: Long, gate: Gate) -> tuple["asyncio.Task[EncodedImage | None]", "asyncio.Task[EncodedImage]"]:
    """Begin long work and a single picture to which it gives way, and which is being made; return both requests."""
    sheet = asyncio.create_task(long_picture_of(slots, "sheet", long))
    await long.has_begun()
    single = ask(slots, "a", gate.work)
    await settle()
    long.go_on.release()
    await gate.has_begun()
    return sheet, single


async def test_long_work_that_has_given_way_ends_when_nobody_waits_for_it() -> None:
    long, gate = Long(3, gives_way=True), Gate()
    async with slots_of() as slots:
        sheet, single = await given_way(slots, long, gate)
        sheet.cancel()
        await settle()
        long.go_on.release()
        gate.let_go.set()
        assert await single is PICTURE
        assert await picture_of(slots, "b", at_once) is PICTURE
    assert (long.done, long.given_up) == (1, 1)


async def test_long_work_that_has_begun_is_refused_by_nothing_but_the_end() -> None:
    long, gate = Long(2, gives_way=True), Gate()
    async with slots_of() as slots:
        sheet, single = await given_way(slots, long, gate)
        closing = asyncio.create_task(slots.close())
        await settle()
        gate.let_go.set()
        await closing
        assert await single is PICTURE
        with pytest.raises(Busy):
            await sheet


async def test_a_full_queue_is_busy_at_once() -> None:
    gate = Gate()
    async with slots_of(queue_length=1) as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        waiting = ask(slots, "waiting", gate.work)
        await settle()
        with pytest.raises(Busy):
            await picture_of(slots, "refused", gate.work)
        joining = ask(slots, "waiting", gate.work)  # takes no place of its own
        await settle()
        gate.let_go.set()
        assert [await task for task in (running, waiting, joining)] == [PICTURE] * 3


async def test_without_a_queue_a_free_slot_is_still_used() -> None:
    async with slots_of(queue_length=0) as slots:
        assert await picture_of(slots, "a", at_once) is PICTURE


async def test_waiting_too_long_for_a_start_is_busy() -> None:
    gate, never = Gate(), Gate()
    async with slots_of(queue_wait_s=0.001) as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        with pytest.raises(Busy):
            await picture_of(slots, "waiting", never.work)
        gate.let_go.set()
        assert await running is PICTURE  # once started, it may take as long as it takes
    assert never.count == 0


async def test_each_request_has_a_time_of_its_own() -> None:
    """A follower is not refused because the one before it has waited long."""
    gate, wanted = Gate(), Gate()
    wanted.let_go.set()
    async with slots_of(queue_wait_s=FOR_EVER_S) as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        slots._queue_wait_s = 0.001
        impatient = ask(slots, "wanted", wanted.work)
        await settle()
        slots._queue_wait_s = FOR_EVER_S
        patient = ask(slots, "wanted", wanted.work)
        with pytest.raises(Busy):
            await impatient
        gate.let_go.set()
        assert await patient is PICTURE
        assert await running is PICTURE


async def test_as_many_at_once_as_there_are_slots() -> None:
    gate = Gate()
    async with slots_of(slots=2) as slots:
        tasks = [ask(slots, str(number), gate.work) for number in range(3)]
        await gate.has_begun()
        await gate.has_begun()
        await settle()
        assert gate.count == 2
        gate.let_go.set()
        await asyncio.gather(*tasks)
        assert gate.count == 3


async def test_waiting_work_starts_in_order() -> None:
    gate, order = Gate(), list[str]()

    def noting(name: str) -> Work:
        def work(*_: object) -> EncodedImage:
            order.append(name)
            return PICTURE

        return work

    async with slots_of() as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        tasks = [ask(slots, name, noting(name)) for name in "abcd"]
        await settle()
        gate.let_go.set()
        await asyncio.gather(running, *tasks)
    assert order == list("abcd")


async def test_ordinary_work_never_waits_behind_heavy_work() -> None:
    gate = Gate()
    async with slots_of(slots=1) as slots:
        heavy = [ask(slots, f"heavy{number}", gate.work, heavy=True) for number in range(2)]
        await gate.has_begun()
        assert await picture_of(slots, "ordinary", at_once) is PICTURE
        await settle()
        assert gate.count == 1  # and heavy work has one slot
        gate.let_go.set()
        await asyncio.gather(*heavy)


async def test_closing_refuses_what_waits_and_finishes_what_runs() -> None:
    gate, never = Gate(), Gate()
    slots = PixelSlots(1, 8, FOR_EVER_S, Unsent(1 << 30))
    running = ask(slots, "running", gate.work)
    await gate.has_begun()
    waiting = ask(slots, "waiting", never.work)
    await settle()
    closing = asyncio.create_task(slots.close())
    with pytest.raises(Busy):
        await waiting
    gate.let_go.set()
    assert await running is PICTURE
    await closing
    assert never.count == 0
