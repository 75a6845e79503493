"""Decoding: which frames are kept, and that pictures of kept frames are those of frames that are decoded."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures import file_bytes
from tests.fixtures.code_streams import jpeg_2000
from tests.fixtures.image import image
from tests.wado_core.services.archive import Archive
from wado_core.codecs.registry import TABLE
from wado_core.errors import ContentChanged
from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.grayscale import Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.services.decoding import Decoding, is_costly
from wado_core.settings import Limits

PNG = MediaType.PNG


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path, cache_bytes=32 << 20)
    yield made
    made.close()


def jpeg_2000_ct(edge: int = 512, frames: int = 2, window: tuple[float, float] | None = (40, 400)) -> tuple[InstanceKey, bytes]:
    """Return the UIDs and the bytes of an image whose frames are lossless JPEG 2000."""
    cells = (np.add.outer(np.arange(edge), np.arange(edge)) * 3 + np.arange(frames)[:, None, None] * 50).astype(np.uint16) & 0xFFF
    streams = [jpeg_2000(frame, bits_stored=12) for frame in cells]
    ds = image(
        cells, name="kept", bits_stored=12, rescale=(1, -1024), window=window,
        transfer_syntax=syntaxes.JPEG_2000_LOSSLESS, code_streams=streams,
    )  # fmt: skip
    return InstanceKey(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID), file_bytes(ds)


def plan_of(
    archive: Archive, instance: Instance, center: float | None = None, frame_number: int = 1, rows: int | None = None
) -> RenderPlan:
    window = None if center is None else Window(center, 400.0)
    return archive.rendering.plan(instance, RenderRequest(frame_number, window, rows=rows, media_type=PNG))


def test_windows_of_one_frame_cost_one_decoding(archive: Archive) -> None:
    key, data = jpeg_2000_ct()
    archive.put("kept", data)
    instance = archive.instance(key)
    first = plan_of(archive, instance)
    assert archive.rendering.heavy(first)
    archive.rendering.image(first)
    decoded = archive.decoding.counts()
    assert (decoded.misses, decoded.hits, decoded.entries) == (1, 0, 1)
    pictures = []
    for center in range(20):
        plan = plan_of(archive, instance, float(center))
        assert not archive.rendering.heavy(plan)  # it does not wait behind mammograms
        pictures.append(archive.rendering.image(plan))
    assert archive.decoding.counts().misses == 1
    assert archive.decoding.counts().hits == 20

    other = Archive(archive.root.parent / "other")
    try:
        other.put("kept", data)
        for center in (0, 7, 19):
            alone = other.rendering.image(plan_of(other, other.instance(key), float(center)))
            assert alone == pictures[center]
        assert other.decoding.counts().misses == 0
    finally:
        other.close()


def test_other_frames_and_other_sizes_are_decoded_for_themselves(archive: Archive) -> None:
    key, data = jpeg_2000_ct()
    archive.put("kept", data)
    instance = archive.instance(key)
    for frame_number, rows in ((1, None), (2, None), (1, 64), (2, 64)):
        plan = plan_of(archive, instance, 40.0, frame_number, rows)
        assert archive.rendering.heavy(plan)
        archive.rendering.image(plan)
        assert not archive.rendering.heavy(plan)
    assert archive.decoding.counts().entries == 4


def test_the_range_of_values_and_the_picture_share_one_decoding(archive: Archive) -> None:
    """H2.15."""
    key, data = jpeg_2000_ct(window=None)
    archive.put("kept", data)
    archive.rendering.image(plan_of(archive, archive.instance(key)))
    assert archive.decoding.counts().misses == 1


def test_a_replaced_file_is_decoded_anew(archive: Archive) -> None:
    key, data = jpeg_2000_ct()
    path = archive.put("kept", data)
    before = plan_of(archive, archive.instance(key), 40.0)
    first = archive.rendering.image(before)
    changed = jpeg_2000_ct(edge=511)[1]
    path.write_bytes(changed)
    with pytest.raises(ContentChanged):
        archive.rendering.image(plan_of(archive, archive.instance(key), 41.0))
    after = archive.rendering.image(plan_of(archive, archive.locating.relocate(key).instance, 40.0))
    assert after != first


def test_what_was_read_while_its_file_changed_is_not_kept(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    key, data = jpeg_2000_ct()
    path = archive.put("kept", data)
    plan = plan_of(archive, archive.instance(key))
    decode = archive.decoding.decode

    def changing(*arguments: object) -> object:
        decoded = decode(*arguments)  # type: ignore[arg-type]
        path.write_bytes(data[:-2] + b"\0\0")
        return decoded

    monkeypatch.setattr(archive.decoding, "decode", changing)
    with pytest.raises(ContentChanged):
        archive.rendering.image(plan)
    assert archive.decoding.counts().entries == 0


def test_a_file_that_is_not_what_it_was_is_noticed_though_its_frame_is_kept(archive: Archive) -> None:
    key, data = jpeg_2000_ct()
    path = archive.put("kept", data)
    archive.rendering.image(plan_of(archive, archive.instance(key)))
    path.unlink()
    with pytest.raises(ContentChanged):
        archive.rendering.image(plan_of(archive, archive.instance(key), 41.0))


def test_what_is_costly_follows_from_syntax_and_size() -> None:
    small, ct = (ImagePixel(edge, edge, 1, "MONOCHROME2", 16, 12, 11) for edge in (64, 512))
    large = ImagePixel(4096, 3328, 1, "MONOCHROME2", 16, 12, 11)
    assert is_costly(syntaxes.JPEG_2000_LOSSLESS, ct)
    assert not is_costly(syntaxes.JPEG_2000_LOSSLESS, small)
    assert not is_costly(syntaxes.EXPLICIT_VR_LITTLE_ENDIAN, large)
    assert is_costly(syntaxes.JPEG_BASELINE, large)
    assert not is_costly(syntaxes.JPEG_BASELINE, ct)
    assert all(row.sample_ns > 0 for row in TABLE)


def test_nothing_is_kept_where_it_is_switched_off(archive: Archive) -> None:
    key, data = jpeg_2000_ct()
    archive.put("kept", data)
    decoding = Decoding(Limits().decode_s, Limits().decode_bytes, 0)
    plan = plan_of(archive, archive.instance(key))
    assert not decoding.holds(plan)
    assert decoding.counts().most_bytes == 0
