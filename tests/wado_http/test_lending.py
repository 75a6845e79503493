"""What work does besides its picture: it delivers pieces and lends idle slots; and what is unsent bounds what begins."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from tests.wado_http.gates import FOR_EVER_S, PICTURE, Gate, ask, at_once, picture_of, settle, slots_of
from wado_core.errors import Busy
from wado_core.jpeg.strips import in_order
from wado_core.model.frame import EncodedImage
from wado_core.ports import Deliver, Lend
from wado_http.unsent import Unsent

pytestmark = pytest.mark.anyio


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
    """A helper that runs until it is let go, or sent away after its job."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.sent_away = False

    def __call__(self, may_go_on: Callable[[], bool]) -> None:
        self.begun.set()
        end = time.monotonic() + FOR_EVER_S
        while not self.let_go.wait(0.005):  # a job
            assert time.monotonic() < end
            if not may_go_on():
                self.sent_away = True
                return


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
        await until(lambda: len(slots._lent) == 1)
        assert await lent(streaming, helpers[3])  # a slot is idle again; what was dropped stays dropped
        assert not helpers[2].begun.is_set()
        for helper in helpers:
            helper.let_go.set()
        streaming.gate.let_go.set()
        assert await task is PICTURE
    assert slots._lent == []


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


async def test_helpers_make_room_for_requests_one_for_each() -> None:
    streaming, helpers, later = Streaming(), [Helper() for _ in range(3)], Helper()
    gates = [Gate() for _ in range(4)]
    async with slots_of(slots=4) as slots:
        task = ask(slots, "a", streaming.work)
        await streaming.gate.has_begun()
        assert [await lent(streaming, helper) for helper in helpers] == [True] * 3
        requests = []
        for number, gate in enumerate(gates[:3]):
            requests.append(ask(slots, f"b{number}", gate.work))
            await gate.has_begun()
            await until(lambda: len(slots._lent) == 3 - len(requests))
        assert all(helper.sent_away for helper in helpers)
        requests.append(ask(slots, "c", gates[3].work))  # waits
        assert not await lent(streaming, later)
        gates[0].let_go.set()
        await gates[3].has_begun()
        gates[1].let_go.set()
        await until(lambda: slots._lendable == 1)
        later = Helper()
        assert await lent(streaming, later)  # idle again
        await asyncio.sleep(0.05)
        assert not later.sent_away
        for event in (*(gate.let_go for gate in gates), later.let_go, streaming.gate.let_go):
            event.set()
        await asyncio.gather(task, *requests)


async def test_heavy_work_sends_a_helper_away_too() -> None:
    streaming, helper, gate = Streaming(), Helper(), Gate()
    async with slots_of(slots=2) as slots:
        task = ask(slots, "a", streaming.work)
        await streaming.gate.has_begun()
        assert await lent(streaming, helper)
        heavy = ask(slots, "b", gate.work, heavy=True)
        await gate.has_begun()
        await until(lambda: slots._lent == [])
        assert helper.sent_away
        gate.let_go.set()
        streaming.gate.let_go.set()
        await asyncio.gather(task, heavy)


async def test_a_picture_in_strips_leaves_the_slots_to_others_and_takes_them_again() -> None:
    """Together with ``in_order``."""
    lock, at_work, seen, enough = threading.Lock(), 0, list[int](), threading.Event()

    def code(_job: int) -> bytes:
        nonlocal at_work
        with lock:
            at_work += 1
            seen.append(at_work)
        if not enough.is_set():
            time.sleep(0.005)
        with lock:
            at_work -= 1
        return b"x"

    def work(_deliver: Deliver, lend: Lend) -> EncodedImage:
        return EncodedImage(b"".join(in_order(code, range(4000), lend)), "image/jpeg")

    gates = [Gate() for _ in range(3)]
    async with slots_of(slots=4) as slots:
        task = ask(slots, "a", work)
        await until(lambda: 4 in seen)
        requests = [ask(slots, f"b{number}", gate.work) for number, gate in enumerate(gates)]
        for gate in gates:
            await gate.has_begun()
        await until(lambda: slots._lent == [])
        seen.clear()
        await until(lambda: len(seen) > 10)
        assert set(seen) == {1}
        for gate in gates:
            gate.let_go.set()
        await asyncio.gather(*requests)
        await until(lambda: 4 in seen)
        enough.set()
        assert len((await task).data) == 4000


async def test_a_helper_that_fails_is_logged_and_its_slot_lent_again(caplog: pytest.LogCaptureFixture) -> None:
    streaming, helper = Streaming(), Helper()

    def fail(_may_go_on: Callable[[], bool]) -> None:
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
