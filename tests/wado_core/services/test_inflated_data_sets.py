"""Deflated objects are inflated once for all requests of a process, within a bound (PS3.5 A.5)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

import wado_core
from tests.fixtures.identity import STUDY, file_bytes, object_uid, series_uid, study_uid
from tests.fixtures.image import image
from tests.wado_core.services.archive import Archive
from wado_core.dicom import source as sources
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.grayscale import Window
from wado_core.model.render import MediaType, RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.services import inflated_data_sets
from wado_core.services.inflated_data_sets import ENTRY_BYTES, InflatedDataSets

FRAMES = np.random.default_rng(5).integers(0, 256, (6, 32, 40)).astype(np.uint8)
KEY = InstanceKey(study_uid(STUDY), series_uid("deflated"), object_uid("deflated"))


def deflated(syntax: str = DeflatedExplicitVRLittleEndian) -> bytes:
    return file_bytes(image(FRAMES, name="deflated", transfer_syntax=syntax, window=(128, 256)))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


@pytest.fixture
def inflations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often something is inflated for a request."""
    seen: list[int] = []

    def counted(*arguments: Any) -> Any:
        seen.append(1)
        return sources.inflated(*arguments)

    monkeypatch.setattr(inflated_data_sets, "inflated", counted)
    return seen


def picture(archive: Archive, number: int) -> Any:
    request = RenderRequest(number, Window(128, 256), media_type=MediaType.PNG)
    plan = archive.rendering.plan(archive.instance(KEY), request)
    return np.asarray(imagecodecs.png_decode(archive.rendering.image(plan).data))


def test_every_frame_and_the_object_itself_are_inflated_once(archive: Archive, inflations: list[int]) -> None:
    archive.put("deflated", deflated())
    for number in range(1, 7):
        np.testing.assert_array_equal(picture(archive, number), FRAMES[number - 1])
    whole = b"".join(archive.retrieval.stream(archive.located(KEY)).chunks)
    assert FRAMES.tobytes() in whole
    assert len(inflations) == 1
    counts = archive.decoding.inflated_counts()
    assert (counts.hits, counts.misses, counts.entries) == (6, 1, 1)
    assert FRAMES.nbytes < counts.size_bytes < FRAMES.nbytes + 4096


def test_requests_at_the_same_time_share_it(archive: Archive, inflations: list[int]) -> None:
    archive.put("deflated", deflated())
    with ThreadPoolExecutor(6) as threads:
        pictures = list(threads.map(lambda number: picture(archive, number), range(1, 7)))
    np.testing.assert_array_equal(np.stack(pictures), FRAMES)
    assert len(inflations) == 1


def test_a_replaced_file_is_inflated_anew(archive: Archive, inflations: list[int]) -> None:
    archive.put("deflated", deflated())
    picture(archive, 1)
    changed = FRAMES[::-1]
    archive.put("deflated", file_bytes(image(changed, name="deflated", transfer_syntax=DeflatedExplicitVRLittleEndian)))
    archive.instances.drop(KEY)
    np.testing.assert_array_equal(picture(archive, 1), changed[0])
    assert len(inflations) == 2


def test_objects_that_are_not_deflated_are_not_kept(archive: Archive, inflations: list[int]) -> None:
    archive.put("native", deflated(ExplicitVRLittleEndian))
    picture(archive, 1)
    assert not inflations
    assert archive.decoding.inflated_counts().misses == 0


def test_the_bound_holds(archive: Archive) -> None:
    archive.put("deflated", deflated())
    located = archive.located(KEY)
    with archive.store.open(located.location) as source:
        size = sources.inflated(source, located.instance.data_set_offset, 1 << 20).size
        for room, kept in ((size + ENTRY_BYTES, 1), (size + ENTRY_BYTES - 1, 0)):
            data_sets = InflatedDataSets(room)
            for version in ("a", "b", "c"):
                other = replace(located, instance=replace(located.instance, version=version))
                data_sets.of(other)(source, located.instance.data_set_offset, 1 << 20)
            assert data_sets.counts().entries == kept
            assert data_sets.counts().size_bytes <= room


def test_a_limit_of_the_inflation_holds_and_nothing_is_kept(archive: Archive) -> None:
    archive.put("deflated", deflated())
    located = archive.located(KEY)
    data_sets = InflatedDataSets(1 << 20)
    with archive.store.open(located.location) as source:
        for _ in range(2):
            with pytest.raises(LimitExceeded):
                data_sets.of(located)(source, located.instance.data_set_offset, 1000)
        with pytest.raises(DamagedObject):
            data_sets.of(located)(source, located.instance.data_set_offset + 1, 1 << 20)
    assert data_sets.counts().entries == 0


def test_without_a_server_nothing_is_kept(inflations: list[int]) -> None:
    data = deflated()
    for number in (1, 6):
        shown = np.asarray(imagecodecs.png_decode(wado_core.render(data, frame_number=number, media_type="image/png", window=(128, 256))))
        np.testing.assert_array_equal(shown, FRAMES[number - 1])
    assert not inflations
