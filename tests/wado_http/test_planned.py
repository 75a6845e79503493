"""Planned pictures: remembered by what was asked, bounded in bytes."""

from dataclasses import replace

import pytest

from tests.wado_http.doubles import CT, archive_of
from wado_core.model.instance import Location
from wado_core.model.overlay import StoredOverlay
from wado_core.model.render import RenderRequest
from wado_http.planned import ENTRY_BYTES, LONGEST_QUERY, PlanCache, Planned, form_of, numbered
from wado_http.responses import Representation

LOCATION = Location(b"/d/1", 1, 2, 3)


def made(etag: str = '"a"') -> Planned:
    request = RenderRequest()
    plan = archive_of(CT).plan(CT, request)
    return Planned(plan, LOCATION, request, Representation(etag, 1_700_000_000, "/wado?x", 3600), "/wado?x")


def test_headers_are_those_of_the_representation() -> None:
    headers = dict(made().headers())
    assert headers[b"etag"] == b'"a"'
    assert headers[b"last-modified"] == b"Tue, 14 Nov 2023 22:13:20 GMT"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert made().media_type == b"image/jpeg"


def test_written_they_are_the_same() -> None:
    lines = made().head().split(b"\r\n")
    assert lines.pop() == b""
    assert sorted(line.split(b": ", 1) for line in lines) == sorted(list(header) for header in made().headers())


def test_what_was_asked_tells_plans_apart() -> None:
    cache, one = PlanCache(1 << 20), made()
    cache.put((b"q", "image/*", ""), one)
    assert cache.get((b"q", "image/*", "")) is one
    for other in ((b"q", None, ""), (b"q", "image/png", ""), (b"p", "image/*", ""), (b"q", "image/*", "/pacs")):
        assert cache.get(other) is None
    assert (cache.counts().hits, cache.counts().misses) == (1, 1)


def test_the_cache_is_bounded_and_drops_what_was_used_least_lately() -> None:
    cache, one = PlanCache(3 * (ENTRY_BYTES + 2)), made()
    for query in (b"a", b"b", b"c"):
        cache.put((query, None, ""), one)
    assert cache.get((b"a", None, "")) is one
    cache.put((b"d", None, ""), one)
    cache.put((b"d", None, ""), replace(one))
    assert [cache.get((query, None, "")) is not None for query in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert cache.size_bytes == 3 * (ENTRY_BYTES + 2)
    assert cache.counts().evictions == 1


def test_long_queries_are_not_remembered() -> None:
    cache = PlanCache(1 << 20)
    cache.put((b"q" * (LONGEST_QUERY + 1), None, ""), made())
    assert cache.size_bytes == 0
    assert cache.counts().refused == 1


def test_without_room_nothing_is_kept() -> None:
    cache = PlanCache(0)
    cache.put((b"q", None, ""), made())
    assert cache.get((b"q", None, "")) is None


def test_what_a_plan_holds_of_its_object_counts() -> None:
    overlays = tuple(StoredOverlay(0x6000 + 2 * number, 512, 512) for number in range(16))
    one = made()
    large = replace(one, plan=replace(one.plan, overlays=overlays, warnings=("x" * 5000,)))
    cache = PlanCache(1 << 20)
    cache.put((b"q", None, ""), large)
    assert cache.size_bytes > ENTRY_BYTES + 16 * 500 + 5000
    cache.put((b"q", None, ""), one)
    assert cache.size_bytes == ENTRY_BYTES + 2
    cache = PlanCache(ENTRY_BYTES + 2)
    cache.put((b"q", None, ""), one)
    cache.put((b"p", None, ""), large)
    assert (cache.size_bytes, cache.counts().entries) == (0, 0)


def test_numbers_are_taken_out_of_a_request_and_put_into_a_location() -> None:
    query = b"a=%25&windowWidth=5.5&frameNumber=07&x=1&windowCenter=-3"
    shape, numbers = numbered((query, None, "/m"))
    assert numbers == {"windowWidth": "5.5", "frameNumber": "07", "windowCenter": "-3"}
    assert shape == numbered((query.replace(b"5.5", b"6"), None, "/m"))[0]
    assert shape != numbered((query, "*/*", "/m"))[0]
    assert shape != numbered((query.replace(b"x=1", b"x=2"), None, "/m"))[0]
    location = "/m/wado?a=%25&windowCenter=-3&windowWidth=5.5&frameNumber=07"
    assert form_of(location) % numbers == location
    assert form_of(location) % {**numbers, "frameNumber": "8"} == location.replace("=07", "=8")


@pytest.mark.parametrize("query", [b"", b"windowCenter=4", b"a&windowCenter=4e2", b"a&windowCenter=+4", b"a&xwindowCenter=4", b"a&rows=4"])
def test_other_numbers_stay(query: bytes) -> None:
    assert numbered((query, None, ""))[1] == {}


def test_what_stands_for_others_counts_too() -> None:
    cache, one = PlanCache(10 * ENTRY_BYTES), made()
    shapes = [numbered((b"a=%d&windowCenter=4&windowWidth=5" % number, None, ""))[0] for number in range(20)]
    for shape in shapes:
        cache.put_like(shape, one)
        assert cache.size_bytes <= 10 * ENTRY_BYTES
    assert cache.like(shapes[0]) is None
    assert cache.like(shapes[-1]) is one
    cache.put_like(numbered((b"x" * (LONGEST_QUERY + 1) + b"&frameNumber=1", None, ""))[0], one)
    assert cache.counts().entries < 10
