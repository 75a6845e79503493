"""Planned pictures: remembered by what was asked, bounded in bytes."""

from dataclasses import replace

from tests.wado_http.doubles import CT, archive_of
from wado_core.model.instance import Location
from wado_core.model.overlay import StoredOverlay
from wado_core.model.render import RenderRequest
from wado_http.planned import ENTRY_BYTES, LONGEST_QUERY, PlanCache, Planned, planned
from wado_http.responses import Representation

LOCATION = Location(b"/d/1", 1, 2, 3)


def made(etag: str = '"a"') -> Planned:
    plan = archive_of(CT).plan(CT, RenderRequest())
    return planned(plan, LOCATION, Representation(etag, 1_700_000_000, "/wado?x", 3600))


def test_headers_are_those_of_the_representation() -> None:
    headers = dict(made().headers)
    assert headers[b"etag"] == b'"a"'
    assert headers[b"last-modified"] == b"Tue, 14 Nov 2023 22:13:20 GMT"
    assert headers[b"content-type"] == b"image/jpeg"
    assert headers[b"x-content-type-options"] == b"nosniff"


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
