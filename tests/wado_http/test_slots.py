"""Pixel slots: bounded, single flight, nothing computed that nobody waits for (J.12 83)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from wado_core.errors import Busy, DamagedObject
from wado_core.model.frame import EncodedImage
from wado_http.flight import Deliver, Lend, Work
from wado_http.slots import PixelSlots
from wado_http.unsent import Unsent

pytestmark = pytest.mark.anyio

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


class Streaming:
    """Work that delivers a piece and lends when it is told to."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.deliver: Deliver = self.unset
        self.lend: Lend = self.unset

    def unset(self, _: object) -> None:
        raise AssertionError("the work has not begun")

    def work(self, deliver: Deliver, lend: Lend) -> EncodedImage:
        """Begin, hand out what the slots gave, wait, return."""
        self.deliver, self.lend = deliver, lend
        return self.gate.work()


async def test_pieces_arrive_while_the_work_runs_and_before_its_end() -> None:
    streaming = Streaming()
    async with slots_of() as slots:
        waiter = slots.join("a", False, streaming.work, whole=False)
        await streaming.gate.has_begun()
        await asyncio.to_thread(streaming.deliver, b"pict")
        await waiter.begun()
        assert waiter.image() is None
        assert await waiter.more() == b"pict"
        await asyncio.to_thread(streaming.deliver, b"ure")
        streaming.gate.let_go.set()
        rest = b""
        while (data := await waiter.more()) is not None:
            rest += data
        assert rest == b"ure"
        waiter.leave()


async def test_the_slot_is_free_when_the_work_has_ended_though_nothing_was_taken() -> None:
    async with slots_of() as slots:
        waiter = slots.join("a", False, at_once, whole=False)
        await waiter.begun()
        assert await picture_of(slots, "b", at_once) is PICTURE
        waiter.leave()


async def test_too_much_unsent_is_busy_at_once_but_for_those_who_join() -> None:
    gate, unsent = Gate(), Unsent(10)
    async with slots_of(unsent=unsent) as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        unsent.hold(held := bytes(10))
        with pytest.raises(Busy):
            slots.join("new", False, at_once, whole=True)  # though the queue has room
        joining = ask(slots, "running", gate.work)
        await settle()
        gate.let_go.set()
        assert [await running, await joining] == [PICTURE] * 2
        unsent.give_back(held)
        assert await picture_of(slots, "new", at_once) is PICTURE


async def test_what_was_admitted_does_not_begin_when_too_much_is_unsent() -> None:
    gate, never, unsent = Gate(), Gate(), Unsent(10)
    async with slots_of(unsent=unsent) as slots:
        running = ask(slots, "running", gate.work)
        await gate.has_begun()
        waiting = [ask(slots, "waiting", never.work) for _ in range(2)]
        await settle()
        unsent.hold(held := bytes(10))
        gate.let_go.set()
        assert await running is PICTURE
        for task in waiting:
            with pytest.raises(Busy):
                await task
        unsent.give_back(held)
        assert await picture_of(slots, "waiting", at_once) is PICTURE
    assert never.count == 0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread brings about."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError


class Helper:
    """A helper that runs until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.let_go.wait(FOR_EVER_S)


async def lent(streaming: Streaming, helper: Helper) -> bool:
    """Lend from the thread of the work; say whether the helper has begun soon."""
    await asyncio.to_thread(streaming.lend, helper)
    await settle()
    return await asyncio.to_thread(helper.begun.wait, 0.2)


async def test_idle_slots_are_lent_and_no_more() -> None:
    streaming, helpers = Streaming(), [Helper() for _ in range(4)]
    async with slots_of(slots=3) as slots:
        task = ask(slots, "a", streaming.work)
        await streaming.gate.has_begun()
        assert [await lent(streaming, helper) for helper in helpers[:3]] == [True, True, False]
        helpers[0].let_go.set()
        await until(lambda: slots._lent == 1)
        assert await lent(streaming, helpers[3])  # a slot is idle again; what was dropped stays dropped
        assert not helpers[2].begun.is_set()
        for helper in helpers:
            helper.let_go.set()
        streaming.gate.let_go.set()
        assert await task is PICTURE
    assert slots._lent == 0


async def test_nothing_is_lent_while_all_slots_are_taken() -> None:
    streaming, helper = Streaming(), Helper()
    async with slots_of(slots=2) as slots:
        tasks = [ask(slots, "a", streaming.work), ask(slots, "b", streaming.gate.work)]
        await streaming.gate.has_begun()
        await streaming.gate.has_begun()
        waiting = ask(slots, "c", streaming.gate.work)
        assert not await lent(streaming, helper)
        streaming.gate.let_go.set()
        await asyncio.gather(*tasks, waiting)
    assert not helper.begun.is_set()


async def test_heavy_work_may_use_idle_ordinary_slots_but_counts_itself() -> None:
    streaming, helpers = Streaming(), [Helper(), Helper()]
    async with slots_of(slots=2) as slots:
        task = ask(slots, "a", streaming.work, heavy=True)
        await streaming.gate.has_begun()
        assert [await lent(streaming, helper) for helper in helpers] == [True, False]
        helpers[0].let_go.set()
        streaming.gate.let_go.set()
        assert await task is PICTURE


async def test_work_never_waits_for_a_helper() -> None:
    streaming, helper = Streaming(), Helper()
    async with slots_of(slots=2) as slots:
        task = ask(slots, "a", streaming.work)
        await streaming.gate.has_begun()
        assert await lent(streaming, helper)
        assert await picture_of(slots, "b", at_once) is PICTURE  # in the slot that was lent
        helper.let_go.set()
        streaming.gate.let_go.set()
        assert await task is PICTURE


async def test_a_helper_that_fails_is_logged_and_its_slot_lent_again(caplog: pytest.LogCaptureFixture) -> None:
    streaming, helper = Streaming(), Helper()

    def fail() -> None:
        raise ValueError("strip")

    async with slots_of(slots=2) as slots:
        task = ask(slots, "a", streaming.work)
        await streaming.gate.has_begun()
        await asyncio.to_thread(streaming.lend, fail)
        await until(lambda: bool(caplog.records))
        assert await lent(streaming, helper)
        helper.let_go.set()
        streaming.gate.let_go.set()
        assert await task is PICTURE
