"""The short way answers as the whole way does, and leaves to it whatever it cannot answer at once."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest

from tests.wado_http.doubles import CT, US10, Archive, archive_of, query, serving
from tests.wado_http.gates import PICTURE, Gate, ask, at_once, settle, slots_of
from wado_core.errors import Busy, DamagedObject
from wado_core.model.frame import EncodedImage
from wado_core.settings import Settings
from wado_http.flight import Waiter
from wado_http.short_way import ShortWay, ShortWayFirst
from wado_http.slots import LIGHT_FOR_ONE, LightWork, NotAtOnce, PixelSlots
from wado_http.state import new_state


def light() -> Archive:
    return archive_of(CT, US10, light_too=True)


@pytest.mark.parametrize("more", ["", "&rows=10", "&contentType=image/png", "&windowCenter=40&windowWidth=400", "&foo=%20"])
@pytest.mark.parametrize("headers", [{}, {"accept": "*/*"}, {"accept": "image/jpeg;q=0.5, image/png"}, {"if-none-match": '"other"'}])
def test_both_ways_answer_the_same(more: str, headers: dict[str, str]) -> None:
    short, whole = light(), archive_of(CT)
    with serving(short) as first, serving(whole) as second:
        one, other = first.get(query(CT, more), headers), second.get(query(CT, more), headers)
    assert (short.calls, whole.calls) == (["image at once"], ["image"])
    assert one.status_code == other.status_code == 200
    assert one.content == other.content
    assert dict(one.headers) == dict(other.headers)


def test_conditions_are_answered_before_anything_is_made() -> None:
    archive, whole = light(), archive_of(CT)
    with serving(archive) as client, serving(whole) as other:
        etag = client.get(query(CT)).headers["etag"]
        archive.calls.clear()
        for headers in ({"if-none-match": etag}, {"if-none-match": "*"}, {"if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT"}):
            short, long = client.get(query(CT), headers), other.get(query(CT), headers)
            assert (short.status_code, short.content) == (long.status_code, long.content) == (304, b"")
            assert dict(short.headers) == dict(long.headers)
    assert archive.calls == []


def test_what_cannot_be_made_at_once_goes_the_whole_way() -> None:
    archive = archive_of(CT, light_too=True, waits=True)
    with serving(archive) as client:
        assert client.get(query(CT)).status_code == 200
    assert archive.calls == ["image at once", "image"]


@pytest.mark.parametrize(
    ("more", "headers", "status"),
    [
        ("&rows=0", {}, 400), ("&rows=1&rows=2", {}, 400), ("", {"accept": "text/html"}, 406), ("&frameNumber=0", {}, 400),
        ("", {"host": "evil.example"}, 421), ("&anonymize=yes&contentType=application/dicom", {}, 501), ("&presentationUID=1", {}, 400),
        ("&windowCenter=" + "1" * 2000, {}, 400),
    ],
)  # fmt: skip
def test_refusals_are_those_of_the_whole_way(more: str, headers: dict[str, str], status: int) -> None:
    with serving(light(), settings=Settings(host="127.0.0.1")) as short, serving(settings=Settings(host="127.0.0.1")) as whole:
        one, other = short.get(query(CT, more), headers), whole.get(query(CT, more), headers)
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert one.status_code == status


def test_errors_of_the_making_are_answered_by_the_whole_way() -> None:
    def fail(_plan: object) -> bytes:
        raise DamagedObject("Frame 1")

    archive = archive_of(CT, light_too=True, make=fail)
    with serving(archive) as client:
        assert client.get(query(CT)).status_code == 500
    assert archive.calls == ["image at once", "image"]


@pytest.mark.parametrize("host", ["images.example:8080", "bad host"])
def test_warnings_are_those_of_the_whole_way(host: str) -> None:
    warnings = ("(0028,3006) is broken", "so is «that»\r\nx: y")
    archive, whole = archive_of(CT, light_too=True, warnings=warnings), archive_of(CT, warnings=warnings)
    open_to_all = Settings(host="192.0.2.7")
    with serving(archive, settings=open_to_all) as client, serving(whole, settings=open_to_all) as other:
        for _ in range(2):
            one, second = client.get(query(CT), {"host": host}), other.get(query(CT), {"host": host})
            assert sorted(one.headers.multi_items()) == sorted(second.headers.multi_items())
            assert len(one.headers.get_list("warning")) == 2
        etag = one.headers["etag"]
        assert client.get(query(CT), {"host": host, "if-none-match": etag}).headers.get_list("warning") == []
    assert archive.calls == ["image at once"]


def test_plans_hold_only_for_the_object_that_they_were_made_for() -> None:
    archive = light()
    with serving(archive) as client:
        first = client.get(query(CT)).headers["etag"]
        assert client.get(query(CT)).headers["etag"] == first
        assert len(archive.requests) == 1  # planned once
        archive.relocate(CT.key)
        assert client.get(query(CT)).headers["etag"] != first


WINDOWS = ["&windowCenter=40&windowWidth=400", "&windowCenter=-7.25&windowWidth=1", "&windowCenter=007&windowWidth=300.0"]


@pytest.mark.parametrize("more", ["", "&rows=10", "&region=0,0,0.5,0.5&contentType=image/png", "&overlays=true&charset=UTF-8"])
def test_a_request_that_differs_in_its_numbers_is_answered_as_if_it_were_the_first(more: str) -> None:
    """Planned from the one before it, and from nothing: the same picture, the same headers."""
    archive = light()
    with serving(archive) as client:
        for window in WINDOWS:
            for asked in (query(CT, more + window), query(CT, window + more), query(US10, f"{more}&frameNumber=3")):
                answer = client.get(asked)
                with serving(archive_of(CT, US10)) as other:
                    first = other.get(asked)
                assert answer.status_code == first.status_code == 200
                assert (answer.content, dict(answer.headers)) == (first.content, dict(first.headers))
        for number in ("1", "2", "10"):
            answer = client.get(query(US10, f"&frameNumber={number}"))
            assert answer.content == f"image/jpeg of {US10.key.object_uid} frame {number}".encode()
            assert f"frameNumber={number}&" not in answer.headers["content-location"].replace(f"frameNumber={number}", "", 1)


@pytest.mark.parametrize(
    "wrong",
    ["&windowCenter=40&windowWidth=0", "&windowCenter=40&windowWidth=0.5", "&windowCenter=4&windowCenter=5&windowWidth=6",
     "&windowCenter=4&windowWidth=5&windowWidth=6", "&windowCenter=&windowWidth=4", "&windowCenter=4", "&windowCenter=4&windowWidth=x",
     "&=windowCenter&=windowWidth&windowWidth=4", "&frameNumber=11&windowCenter=4", "&windowCenter=1e3&windowWidth=4.5.6"],
)  # fmt: skip
def test_what_is_wrong_with_the_numbers_is_found_also_in_a_request_like_another(wrong: str) -> None:
    with serving(light()) as client:
        assert client.get(query(CT, "&windowCenter=4&windowWidth=5")).status_code == 200
        answer = client.get(query(CT, wrong))
        with serving(archive_of(CT)) as other:
            first = other.get(query(CT, wrong))
        assert (answer.status_code, answer.content) == (first.status_code, first.content)
        assert answer.status_code == 400


# Numbers as clients write them; some are taken out of a query, some are not.
SPELLINGS = ("40", "-7.25", "007", "40.33333333333333", "4e2", "%2B40", "+40", "1234567890", "%2040", "40 ", "4%30", ".5", "5.", "1")
# Three parameters, and the same quoted.
NAMES = (("windowCenter", "window%43enter"), ("windowWidth", "%77indowWidth"), ("frameNumber", "frameNumbe%72"))


def spelled(random: Random) -> str:
    """Write a request for one of two objects, with other requests in between that share a shape with it or seem to."""
    parts = [
        f"{name if random.random() < 0.95 else quoted}={random.choice(SPELLINGS)}"
        for name, quoted in NAMES
        for _ in range(random.choices((0, 1, 2), (2, 7, 1))[0])
    ]
    more = ("rows=9", "foo=1", "=windowCenter=", "x=%25s", "overlays=true", "region=0,0,1,0.5", "imageQuality=50", "charset=*")
    parts += random.sample(more, random.choices((0, 1, 2), (6, 2, 1))[0])
    if random.random() < 0.3:
        random.shuffle(parts)
    whole = query(random.choice((CT, US10)))
    if random.random() < 0.1 and parts:
        path, _, rest = whole.partition("?")
        return f"{path}?{parts[0]}&{rest}" + "".join(f"&{part}" for part in parts[1:])
    return whole + "".join(f"&{part}" for part in parts)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_asked_before_the_answer_is_that_of_the_whole_way(seed: int) -> None:
    """Status, body and headers; also of requests whose numbers are written in ways of their own."""
    random = Random(seed)
    with serving(light()) as client, serving(archive_of(CT, US10, in_memory_too=False)) as other:
        for _ in range(1500):
            asked = spelled(random)
            one, second = client.get(asked), other.get(asked)
            assert one.status_code == second.status_code, asked
            assert one.content == second.content, asked
            assert sorted(one.headers.multi_items()) == sorted(second.headers.multi_items()), asked


def test_numbers_that_are_not_taken_out_are_not_lost() -> None:
    with serving(light()) as client, serving(archive_of(CT, US10, in_memory_too=False)) as other:
        for width in ("80", "2000"):
            asked = query(CT, f"&windowCenter=40.33333333333333&windowWidth={width}")
            assert client.get(asked).headers["etag"] == other.get(asked).headers["etag"]
        for center in ("5", "6"):
            assert client.get(query(US10, f"&frameNumber=%2B3&windowCenter={center}&windowWidth=9")).content.endswith(b"frame 3")


def test_frame_numbers_of_a_request_like_another() -> None:
    with serving(light()) as client:
        assert client.get(query(US10, "&frameNumber=2")).status_code == 200
        for wrong in ("0", "11", "1.5", "-1", "999999999"):
            assert client.get(query(US10, f"&frameNumber={wrong}")).status_code == 400
        # Of what is not multi-frame it has no meaning (A4.71), but a form.
        assert client.get(query(CT, "&frameNumber=2")).status_code == 200
        answer = client.get(query(CT, "&frameNumber=77"))
        assert answer.status_code == 200
        assert "frameNumber" not in answer.headers["content-location"]
        assert client.get(query(CT, "&frameNumber=7.5")).status_code == 400


def test_what_stands_for_others_is_no_answer_to_a_query_that_looks_like_it() -> None:
    """Empty names are allowed, and unknown parameters ignored (A1.9)."""
    with serving(light()) as client:
        windowed = client.get(query(CT, "&windowCenter=4&windowWidth=5")).headers["etag"]
        assert client.get(query(CT, "&=windowCenter=&=windowWidth=")).headers["etag"] == client.get(query(CT)).headers["etag"] != windowed


def test_a_request_like_one_of_an_object_that_has_changed_is_planned_anew() -> None:
    archive = light()
    with serving(archive) as client:
        first = client.get(query(CT, "&windowCenter=4&windowWidth=5")).headers["etag"]
        archive.relocate(CT.key)
        archive.instances[CT.key] = replace(archive.instances[CT.key], number_of_frames=1)
        second = client.get(query(CT, "&windowCenter=4&windowWidth=6")).headers["etag"]
        with serving(Archive({CT.key: archive.instances[CT.key]})) as other:
            assert other.get(query(CT, "&windowCenter=4&windowWidth=6")).headers["etag"] == second != first


@pytest.mark.parametrize(
    ("mounted_at", "path", "status"), [("/hospital", "/hospital/wado", 200), ("/hospital", "/wado", 200), ("/wado", "/wado/wado", 200),
                                       ("/wado", "/wado", 404), ("/hospital", "/hospital/wad", 404)],
)  # fmt: skip
def test_where_the_application_is_mounted(mounted_at: str, path: str, status: int) -> None:
    """Some servers leave that path before the one that was asked for, as ASGI 3 has it, and some take it off."""
    archive, whole = light(), archive_of(CT)
    for held in (archive, whole):
        with serving(held) as client:
            cast("Any", client.http)._transport.root_path = mounted_at
            answer = client.get(query(CT).replace("/wado", path))
            assert answer.status_code == status
            if status == 200:
                assert answer.headers["content-location"].startswith(f"{mounted_at}/wado?")
    assert archive.calls == (["image at once"] if status == 200 else [])


@pytest.mark.anyio
async def test_nobody_hears_of_a_client_that_has_left() -> None:
    """Outside the middleware that would deal with it, a traceback in the log for every reader who scrolls on."""
    held = cast("Any", light())
    state = new_state(Settings(), held, held, held, held, held)
    asked = query(CT).partition("?")[2].encode()
    scope = {"type": "http", "method": "GET", "path": "/wado", "query_string": asked, "headers": []}

    async def gone(_message: object) -> None:
        raise OSError

    short_way = ShortWay(None, lambda: state)
    await ShortWayFirst(cast("Any", pytest.fail), short_way)(scope, cast("Any", pytest.fail), gone)
    assert held.calls == ["image at once"]
    assert state.unsent.size_bytes == 0
    await state.slots.close()


def queued(slots: PixelSlots, digest: str, work: LightWork) -> Waiter:
    """Join, in a turn that is taken."""
    waiter = slots.join_at_once(digest, work)
    assert isinstance(waiter, Waiter)
    return waiter


def take_turn(slots: PixelSlots) -> None:
    """Be the first in this turn."""
    assert slots.join_at_once("first", lambda: PICTURE) is PICTURE


@pytest.mark.anyio
class TestTurns:
    """One piece of work in a turn of the loop."""

    async def test_the_first_is_done_now(self) -> None:
        async with slots_of() as slots:
            assert slots.join_at_once("a", lambda: PICTURE) is PICTURE

    async def test_the_others_one_a_turn_in_their_order(self) -> None:
        done: list[str] = []

        def work(name: str) -> EncodedImage:
            done.append(name)
            return PICTURE

        async with slots_of() as slots:
            assert slots.join_at_once("a", lambda: work("a")) is PICTURE
            waiters = [queued(slots, name, lambda name=name: work(name)) for name in "bc"]  # type: ignore[misc]
            assert done == ["a"]
            turns = []
            while len(done) < 3:
                await asyncio.sleep(0)
                turns.append(len(done))
            assert turns == sorted(set(turns)) or turns == [1, 2, 3]
            assert done == ["a", "b", "c"]
            for waiter in waiters:
                await waiter.begun()
                assert waiter.image() is PICTURE
                waiter.leave()

    async def test_equal_requests_share_one_making(self) -> None:
        count = 0

        def work() -> EncodedImage:
            nonlocal count
            count += 1
            return PICTURE

        async with slots_of() as slots:
            take_turn(slots)
            waiters = [queued(slots, "a", work) for _ in range(5)]
            waiters[0].leave()  # the leader's leaving does not cancel the followers
            for waiter in waiters[1:]:
                await waiter.begun()
                assert waiter.image() is PICTURE
                waiter.leave()
        assert count == 1

    async def test_what_a_slot_is_at_is_waited_for_by_the_whole_way(self) -> None:
        gate = Gate()
        async with slots_of() as slots:
            waiting = ask(slots, "a", gate.work)
            await gate.has_begun()
            with pytest.raises(NotAtOnce):
                slots.join_at_once("a", lambda: PICTURE)
            gate.let_go.set()
            assert await waiting is PICTURE

    async def test_who_comes_the_whole_way_takes_what_waits_for_its_turn_into_a_slot(self) -> None:
        """What cannot be made at once is no answer to who has come the whole way."""
        async with slots_of() as slots:
            take_turn(slots)
            light_too = queued(slots, "a", lambda: None)
            whole = slots.join("a", False, at_once, whole=True)
            for waiter in (light_too, whole):
                await waiter.begun()
                assert waiter.image() is PICTURE
                waiter.leave()

    async def test_what_waits_in_a_slot_s_queue_can_still_be_dropped(self) -> None:
        gate = Gate()
        async with slots_of() as slots:
            busy = ask(slots, "busy", gate.work)
            await gate.has_begun()
            take_turn(slots)
            waiting = queued(slots, "a", lambda: PICTURE)
            whole = slots.join("a", False, cast("Any", pytest.fail), whole=True)
            waiting.leave()
            whole.leave()
            gate.let_go.set()
            await busy
            await settle()

    async def test_work_that_nobody_waits_for_is_dropped(self) -> None:
        async with slots_of() as slots:
            take_turn(slots)
            queued(slots, "a", pytest.fail).leave()
            await settle()

    async def test_errors_reach_those_who_wait(self) -> None:
        def work() -> EncodedImage:
            raise DamagedObject("Frame 1")

        async with slots_of() as slots:
            take_turn(slots)
            waiter = queued(slots, "a", work)
            await waiter.begun()
            with pytest.raises(DamagedObject):
                waiter.image()
            waiter.leave()

    async def test_what_cannot_be_done_at_once_is_told(self) -> None:
        async with slots_of() as slots:
            with pytest.raises(NotAtOnce):
                slots.join_at_once("a", lambda: None)
            waiter = queued(slots, "b", lambda: None)
            await waiter.begun()
            with pytest.raises(NotAtOnce):
                waiter.image()
            waiter.leave()

    async def test_the_queue_is_bounded(self) -> None:
        async with slots_of(queue_length=2) as slots:
            take_turn(slots)
            waiters = [queued(slots, str(number), lambda: PICTURE) for number in range(2 * LIGHT_FOR_ONE)]
            with pytest.raises(Busy):
                slots.join_at_once("more", lambda: PICTURE)
            for waiter in waiters:
                waiter.leave()

    async def test_who_waits_at_the_end_is_refused(self) -> None:
        async with slots_of() as slots:
            take_turn(slots)
            waiter = queued(slots, "b", lambda: PICTURE)
        await waiter.begun()
        with pytest.raises(Busy):
            waiter.image()
        waiter.leave()

    async def test_nothing_begins_after_the_end(self) -> None:
        async with slots_of() as slots:
            take_turn(slots)
            queued(slots, "b", lambda: PICTURE).leave()
        with pytest.raises(Busy):
            slots.join_at_once("b", pytest.fail)
        with pytest.raises(Busy):
            slots.join("c", False, cast("Any", pytest.fail), whole=True)

    async def test_without_a_queue_what_can_begin_now_does(self) -> None:
        """As ordinary work does with a queue of no length."""
        async with slots_of(queue_length=0) as slots:
            take_turn(slots)
            with pytest.raises(Busy):
                slots.join_at_once("b", pytest.fail)
            await settle()
            take_turn(slots)

    async def test_who_is_no_coroutine_hears_of_the_end(self) -> None:
        heard: list[str] = []
        async with slots_of() as slots:
            take_turn(slots)
            waiters = [queued(slots, "a", lambda: PICTURE) for _ in range(3)]
            for number, waiter in enumerate(waiters):

                def hear(number: int = number, waiter: Waiter = waiter) -> None:
                    assert waiter.image() is PICTURE
                    waiter.leave()
                    heard.append(str(number))

                waiter.when_landed(hear)
            await settle()
            assert heard == ["0", "1", "2"]

    async def test_who_is_no_coroutine_hears_of_a_refusal(self) -> None:
        heard: list[bool] = []
        async with slots_of(queue_wait_s=0) as slots:
            take_turn(slots)
            waiter = queued(slots, "a", lambda: PICTURE)

            def hear() -> None:
                with pytest.raises(Busy):
                    waiter.image()
                heard.append(True)

            waiter.when_landed(hear)
            waiter._refuse()
            await settle()
            assert heard == [True]
