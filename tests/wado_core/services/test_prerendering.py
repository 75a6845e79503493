"""Prerendering: every instance once, and pictures under the digests that requests look up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures import build, uids
from tests.wado_core.services.archive import Archive
from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.archive.cache_disk import DiskCache
from wado_core.model.render import RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.services import prerendering
from wado_core.services.prerendering import Prerendered, Prerendering, Wanted, instances_of, requests
from wado_core.services.rendering import Rendering
from wado_core.settings import Limits


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def prerenderer(archive: Archive, kept: DiskCache) -> Prerendering:
    rendering = Rendering(archive.locating, archive.index, archive.store, archive.near, archive.decoding, kept, archive.told, Limits())
    return Prerendering(archive.locating, rendering, kept)


def test_every_instance_comes_once_however_long_the_pages_are(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [ct_key(study, series, number) for study in (1, 2, 3) for series in (1, 2, 3) for number in (1, 2, 3, 4, 5)]
    for study, series, number in ((s, r, n) for s in (1, 2, 3) for r in (1, 2, 3) for n in (1, 2, 3, 4, 5)):
        (archive.root / f"{study}-{series}-{number}").write_bytes(plain_ct(study, series, number))
    archive.indexing.run([archive.root], processes=0)
    for page in (1, 2, 3, 5, 500):
        monkeypatch.setattr(prerendering, "_PAGE", page)
        found = [instance.key for instance in instances_of(archive.index)]
        assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_what_is_kept_are_the_pictures_of_requests(archive: Archive, tmp_path: Path) -> None:
    archive.put("us10", build("us10"))
    key = InstanceKey(*uids("us10"))
    kept = DiskCache(tmp_path, 16 << 20, tidies=False)
    wanted = Wanted(edges=(32,), all_frames=True)
    done = prerenderer(archive, kept).prerender(key, wanted)
    assert (done.instances, done.made, done.present, done.full) == (1, 20, 0, False)
    assert not done.failed
    instance = archive.instance(key)
    for request in (RenderRequest(3), RenderRequest(10, rows=32, columns=32)):
        plan = archive.rendering.plan(instance, request)
        assert kept.get(plan.digest) == archive.rendering.image(plan)
    again = prerenderer(archive, kept).prerender(key, wanted)
    assert (again.made, again.present) == (0, 20)


def test_the_middle_frame_unless_all_are_wanted(archive: Archive) -> None:
    archive.put("us10", build("us10"))
    archive.put("ct", build("ct"))
    multi_frame, single = (archive.instance(InstanceKey(*uids(name))) for name in ("us10", "ct"))
    assert list(requests(multi_frame, Wanted(edges=(64,)))) == [RenderRequest(5), RenderRequest(5, rows=64, columns=64)]
    assert list(requests(single, Wanted(full=False, edges=(64,)))) == [RenderRequest(rows=64, columns=64)]
    assert [request.frame_number for request in requests(multi_frame, Wanted(all_frames=True))] == list(range(1, 11))


def test_refusals_are_counted_and_end_nothing(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.put("us10", build("us10"))
    key = InstanceKey(*uids("us10"))
    kept = DiskCache(tmp_path, 16 << 20, tidies=False)
    maker = prerenderer(archive, kept)
    gone = maker.prerender(InstanceKey("1.2", "1.3", "1.4"), Wanted())
    assert dict(gone.failed) == {"No object is stored here under these UIDs.": 1}

    def unexpected(*_: object) -> None:
        raise RuntimeError("DOE^JOHN")

    monkeypatch.setattr(Rendering, "image", unexpected)
    done = maker.prerender(key, Wanted(edges=(32,)))
    assert dict(done.failed) == {"Unexpected error: RuntimeError.": 2}
    total = Prerendered()
    for one in (gone, done):
        total.add(one)
    assert (total.instances, sum(total.failed.values())) == (2, 3)


def test_nothing_is_driven_out(archive: Archive, tmp_path: Path) -> None:
    archive.put("us10", build("us10"))
    kept = DiskCache(tmp_path, 40 << 10, tidies=False)  # ten blocks, of which one more than seven eighths may be taken
    done = prerenderer(archive, kept).prerender(InstanceKey(*uids("us10")), Wanted(all_frames=True))
    assert done.full
    assert 0 < done.made < 10
    assert kept.counts().evictions == kept.counts().refused == 0
    assert not kept.tidying.is_needed()
