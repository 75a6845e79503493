"""From UIDs to pictures: what is kept in memory, what happens when files change, and nothing read that need not be."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from tests import reference
from tests.fixtures import build, file_bytes, image, uids
from tests.fixtures.identity import object_uid, series_uid, study_uid
from tests.wado_core.services.archive import Archive
from wado_core.archive.cache_disk import DiskCache
from wado_core.archive.cache_memory import MemoryCache
from wado_core.dicom.frame_rows import FrameRows
from wado_core.dicom.frames import FrameReader
from wado_core.errors import Busy, ContentChanged, DamagedObject, Gone, InvalidRequest, LimitExceeded, NotFound, NotSupported
from wado_core.model.frame import EncodedImage
from wado_core.model.geometry import Region
from wado_core.model.grayscale import ValueRange, Window
from wado_core.model.notice import RangeFound
from wado_core.model.render import MediaType, RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.ports import Helper
from wado_core.services.known_ranges import range_version
from wado_core.services.rendering import Rendering
from wado_core.settings import Limits


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def key(name: str) -> InstanceKey:
    return InstanceKey(*uids(name))


LARGE = InstanceKey(study_uid(), series_uid("large"), object_uid("large"))


def large() -> bytes:
    """Return an object of which pictures are streamed, in some jobs, of bytes that differ from strip to strip."""
    cells = np.add.outer(np.arange(1403) * 3, np.arange(1001)) % 4096
    return file_bytes(image(cells.astype(np.uint16), name="large", bits_stored=12, window=(2048, 4096)))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def write_into(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-2000, os.SEEK_END)
        file.write(b"\xff\x0f" * 1000)
    os.utime(path, (1, 1))  # as the clock of the file system may not have gone on since the file was written


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(10))


CHANGES = {"cut": cut, "written into": write_into, "grown": grow, "touched": lambda path: os.utime(path, (1, 1))}


def replace_file(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(b"something else")
    other.replace(path)


def shown(made: EncodedImage) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    assert made.media_type == "image/png"
    return np.asarray(imagecodecs.png_decode(made.data))


PNG = RenderRequest(media_type=MediaType.PNG)


class TestLocate:
    def test_an_unknown_object_is_not_found_once_all_folders_have_been_walked(self, archive: Archive) -> None:
        archive.put("ramp", build("ramp"))
        with pytest.raises(NotFound):
            archive.locating.locate(key("ct"))

    def test_an_unknown_object_may_still_be_found_before_that(self, archive: Archive) -> None:
        with pytest.raises(Busy, match="still being indexed"):
            archive.locating.locate(key("ct"))

    def test_an_object_is_looked_up_once(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        assert archive.locating.in_memory(key("ct")) is None
        located = archive.locating.locate(key("ct"))
        assert archive.locating.in_memory(key("ct")) is located
        assert archive.locating.locate(key("ct")) is located

    def test_all_three_uids_count(self, archive: Archive) -> None:
        """A4.6."""
        archive.put("ct", build("ct"))
        study, series, instance = uids("ct")
        for wrong in ((uids("deid")[0], series, instance), (study, uids("ramp")[1], instance), (study, series, uids("ramp")[2])):
            with pytest.raises(NotFound):
                archive.locating.locate(InstanceKey(*wrong))

    def test_a_deleted_object_is_gone(self, archive: Archive) -> None:
        archive.put("ramp", build("ramp"))
        archive.put("ct", build("ct")).unlink()
        archive.indexing.run([archive.root], processes=0)
        with pytest.raises(Gone):
            archive.locating.locate(key("ct"))


class TestImage:
    def test_a_picture_is_that_of_the_oracle_and_is_kept(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        plan = archive.rendering.plan(archive.instance(key("ct")), PNG)
        assert archive.rendering.cached(plan) is None
        made = archive.rendering.image(plan)
        np.testing.assert_array_equal(shown(made), reference.render(build("ct")))
        assert archive.rendering.cached(plan) == made

    def test_a_plan_reads_nothing(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        instance, before = archive.instance(key("ct")), archive.store.opened
        archive.rendering.plan(instance, RenderRequest(window=Window(1, 2), region=Region(0, 0, 0.5, 0.5), rows=10))
        assert archive.store.opened == before

    def test_a_picture_opens_its_object_once_and_closes_it(self, archive: Archive) -> None:
        archive.put("ramp", build("ramp"))
        plan = archive.rendering.plan(archive.instance(key("ramp")), PNG)
        before = archive.store.opened
        archive.rendering.image(plan)
        assert (archive.store.opened, archive.store.open_now) == (before + 1, 0)

    def test_the_range_of_a_frame_is_found_once(self, archive: Archive) -> None:
        """H2.15: found with the first picture, remembered in the index, and the same bytes either way."""
        archive.put("ramp", build("ramp"))
        instance = archive.instance(key("ramp"))
        plan = archive.rendering.plan(instance, PNG)
        assert archive.index.value_range(key("ramp"), range_version(plan), 1) is None
        first = archive.rendering.image(plan)
        assert archive.index.value_range(key("ramp"), range_version(plan), 1) == ValueRange(0.0, 4095.0)
        assert archive.rendering.image(plan) == first
        part = archive.rendering.plan(instance, RenderRequest(region=Region(0, 0, 0.5, 0.5), media_type=MediaType.PNG))
        np.testing.assert_array_equal(shown(archive.rendering.image(part)), shown(first)[:32, :32])

    def test_each_frame_has_its_own_range(self, archive: Archive) -> None:
        cells = np.stack([np.arange(16).reshape(4, 4), np.arange(100, 116).reshape(4, 4)]).astype(np.uint16)
        ds = image(cells, name="ranges")
        archive.put("ranges", file_bytes(ds))
        of = InstanceKey(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
        instance = archive.instance(of)
        for number, low in ((2, 100.0), (1, 0.0)):
            plan = archive.rendering.plan(instance, RenderRequest(frame_number=number))
            archive.rendering.image(plan)
            assert archive.index.value_range(of, range_version(plan), number) == ValueRange(low, low + 15)

    def test_a_stored_window_needs_no_range(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        instance = archive.instance(key("ct"))
        plan = archive.rendering.plan(instance, PNG)
        archive.rendering.image(plan)
        assert archive.index.value_range(key("ct"), range_version(plan), 1) is None

    def test_a_range_that_another_decoder_has_found_is_found_anew(self, archive: Archive) -> None:
        """Pictures of one ETag are the same whoever looked first; libraries are part of it, and may find other values."""
        archive.put("ramp", build("ramp"))
        plan = archive.rendering.plan(archive.instance(key("ramp")), PNG)
        earlier = range_version(replace(plan, codecs="an earlier library"))
        archive.index.remember_value_ranges([RangeFound(key("ramp"), earlier, 1, ValueRange(0.0, 100.0))])
        np.testing.assert_array_equal(shown(archive.rendering.image(plan)), reference.render(build("ramp")))
        assert archive.index.value_range(key("ramp"), range_version(plan), 1) == ValueRange(0.0, 4095.0)

    @pytest.mark.parametrize("name", ["j2k", "j2k_rgb"])
    def test_heavy_frames_are_decoded_elsewhere_to_the_same_picture(self, archive: Archive, name: str) -> None:
        archive.put(name, build(name))
        plan = archive.rendering.plan(archive.instance(key(name)), PNG)
        assert archive.rendering.heavy(plan)
        np.testing.assert_array_equal(shown(archive.rendering.image(plan)), reference.render(build(name)))

    @pytest.mark.parametrize("name", ["ct", "rle", "jpg"])
    def test_light_frames_are_not(self, archive: Archive, name: str) -> None:
        archive.put(name, build(name))
        assert not archive.rendering.heavy(archive.rendering.plan(archive.instance(key(name)), PNG))

    def test_large_pictures_are_delivered_in_pieces_after_the_object_was_closed(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        plan = archive.rendering.plan(archive.instance(key("ct")), RenderRequest(rows=1400, quality=100))
        assert plan.streamed
        pieces: list[bytes] = []

        def deliver(piece: bytes) -> None:
            assert archive.store.open_now == 0
            pieces.append(piece)

        made = archive.rendering.image(plan, deliver)
        assert len(pieces) > 2
        assert pieces[-1] == b""
        assert b"".join(pieces) == made.data
        assert archive.rendering.image(plan) == made

    def test_pictures_of_frames_that_are_read_in_strips_are_delivered_while_they_are_read(self, archive: Archive) -> None:
        archive.put("large", large())
        plan = archive.rendering.plan(archive.instance(LARGE), RenderRequest())
        open_at_each: list[int] = []
        made = archive.rendering.image(plan, lambda _piece: open_at_each.append(archive.store.open_now))
        assert len(open_at_each) > 2
        assert set(open_at_each) == {1}
        assert archive.store.open_now == 0
        assert archive.rendering.cached(plan) == made

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    @pytest.mark.parametrize("helped", [False, True])
    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_a_file_that_changes_between_strips_breaks_the_picture_off(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], helped: bool, after: int
    ) -> None:
        """What has been delivered by then is the beginning of the picture as it was, and nothing is kept."""
        path = archive.put("large", large())
        plan = archive.rendering.plan(archive.instance(LARGE), RenderRequest())
        whole, pieces, threads = archive.rendering.image(plan).data, list[bytes](), list[threading.Thread]()
        archive.pictures = MemoryCache(1 << 20)
        rendering = archive.new_rendering()
        read = FrameRows.read

        def changing(rows: FrameRows, first: int, end: int) -> bytes:
            data = read(rows, first, end)
            if first == after == 0:
                change(path)
            return data

        def deliver(piece: bytes) -> None:
            pieces.append(piece)
            if len(pieces) == after:
                change(path)

        def lend(helper: Helper) -> None:
            threads.append(threading.Thread(target=helper, args=(lambda: True,)))
            threads[-1].start()

        monkeypatch.setattr(FrameRows, "read", changing)
        with pytest.raises(ContentChanged):
            rendering.image(plan, deliver, lend if helped else None)
        for thread in threads:
            thread.join()
        assert len(pieces) == after
        assert whole.startswith(b"".join(pieces))
        assert rendering.cached(plan) is None
        assert archive.store.open_now == 0

    @pytest.mark.parametrize("away", [os.unlink, replace_file], ids=["deleted", "replaced"])
    def test_a_file_that_goes_or_is_replaced_between_strips_is_read_to_its_end(
        self, archive: Archive, away: Callable[[Path], None]
    ) -> None:
        """The open file is what it was, whatever has its name now."""
        path = archive.put("large", large())
        plan, pieces = archive.rendering.plan(archive.instance(LARGE), RenderRequest()), list[bytes]()
        whole = archive.rendering.image(plan).data
        archive.pictures = MemoryCache(1 << 20)

        def deliver(piece: bytes) -> None:
            if not pieces:
                away(path)
            pieces.append(piece)

        assert archive.new_rendering().image(plan, deliver).data == whole == b"".join(pieces)

    def test_other_pictures_are_not_delivered_in_pieces(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        instance, pieces = archive.instance(key("ct")), list[bytes]()
        for request in (RenderRequest(), RenderRequest(rows=1400, media_type=MediaType.PNG)):
            archive.rendering.image(archive.rendering.plan(instance, request), pieces.append)
        assert pieces == []

    def test_a_file_that_changes_while_it_is_read_is_found_out_before_the_first_piece(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = archive.put("ct", build("ct"))
        plan = archive.rendering.plan(archive.instance(key("ct")), RenderRequest(rows=1400))
        read, pieces = FrameReader.frame, list[bytes]()

        def changing(reader: FrameReader, frame_number: int) -> bytes:
            frame = read(reader, frame_number)
            os.utime(path, (1, 1))
            return frame

        monkeypatch.setattr(FrameReader, "frame", changing)
        with pytest.raises(ContentChanged):
            archive.rendering.image(plan, pieces.append)
        assert pieces == []
        assert archive.rendering.cached(plan) is None

    def test_a_delivery_that_fails_keeps_nothing(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        plan = archive.rendering.plan(archive.instance(key("ct")), RenderRequest(rows=1400))

        def deliver(_piece: bytes) -> None:
            raise RuntimeError("the loop has ended")

        with pytest.raises(RuntimeError):
            archive.rendering.image(plan, deliver)
        assert archive.rendering.cached(plan) is None

    def test_plans_of_different_requests_are_kept_apart(self, archive: Archive) -> None:
        archive.put("ct", build("ct"))
        instance = archive.instance(key("ct"))
        plans = [archive.rendering.plan(instance, RenderRequest(rows=rows)) for rows in (10, 20, None)]
        made = [archive.rendering.image(plan) for plan in plans]
        assert [archive.rendering.cached(plan) for plan in plans] == made
        assert len({one.data for one in made}) == 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "request_", "error"),
        [
            ("ct", RenderRequest(frame_number=2), InvalidRequest), ("ct", RenderRequest(rows=10**6), InvalidRequest),
            ("sr", RenderRequest(), NotSupported), ("j2k_part2", RenderRequest(), NotSupported),
        ],
    )  # fmt: skip
    def test_plans(self, archive: Archive, name: str, request_: RenderRequest, error: type[Exception]) -> None:
        archive.put(name, build(name))
        with pytest.raises(error):
            archive.rendering.plan(archive.instance(key(name)), request_)

    def test_limits(self, tmp_path: Path) -> None:
        archive = Archive(tmp_path, Limits(frame_pixels=100))
        archive.put("ct", build("ct"))
        with pytest.raises(LimitExceeded):
            archive.rendering.plan(archive.instance(key("ct")), PNG)
        archive.close()

    def test_damage_within_a_frame_is_not_kept(self, archive: Archive) -> None:
        data = bytearray(build("rle"))
        at = data.rindex(b"\x02\0\0\0\x40\0\0\0")  # the RLE header: two segments, the first at 64
        data[at] = 3
        archive.put("rle", bytes(data))
        plan = archive.rendering.plan(archive.instance(key("rle")), PNG)
        with pytest.raises(DamagedObject):
            archive.rendering.image(plan)
        assert archive.rendering.cached(plan) is None
        assert archive.store.open_now == 0


class TestFilesThatChange:
    """Never old offsets on new bytes (architecture)."""

    @pytest.fixture
    def path(self, archive: Archive) -> Path:
        return archive.put("ct", build("ct"))

    @staticmethod
    def replace(path: Path, data: bytes) -> None:
        other = path.with_suffix(".new")
        other.write_bytes(data)
        os.replace(other, path)

    def other_ct(self) -> bytes:
        """The same object with other pixels, and a longer header: every offset is another."""
        ds = reference.pipeline.read(build("ct"))
        ds.ImageComments = "x" * 1000
        ds.WindowCenter = 100
        ds.PixelData = bytes(reversed(ds.PixelData))
        return file_bytes(ds)

    def test_a_changed_file_is_noticed_and_read_anew(self, archive: Archive, path: Path) -> None:
        plan = archive.rendering.plan(archive.instance(key("ct")), PNG)
        self.replace(path, self.other_ct())
        with pytest.raises(ContentChanged):
            archive.rendering.image(plan)
        assert archive.rendering.cached(plan) is None
        anew = archive.rendering.plan(archive.locating.relocate(key("ct")).instance, PNG)
        assert anew.digest != plan.digest
        np.testing.assert_array_equal(shown(archive.rendering.image(anew)), reference.render(self.other_ct()))

    def test_an_old_plan_is_never_made_from_a_new_file(self, archive: Archive, path: Path) -> None:
        """The instance in memory is a new one already; the plan belongs to the old."""
        plan = archive.rendering.plan(archive.instance(key("ct")), PNG)
        self.replace(path, self.other_ct())
        archive.locating.relocate(key("ct"))
        with pytest.raises(ContentChanged):
            archive.rendering.image(plan)

    def test_a_file_that_was_deleted_is_gone_after_a_refresh(self, archive: Archive, path: Path) -> None:
        archive.put("ramp", build("ramp"))  # an empty folder might be one that is not mounted
        plan = archive.rendering.plan(archive.instance(key("ct")), PNG)
        path.unlink()
        with pytest.raises(ContentChanged):
            archive.rendering.image(plan)
        with pytest.raises(Gone):
            archive.locating.relocate(key("ct"))

    def test_a_file_that_is_another_object_now(self, archive: Archive, path: Path) -> None:
        archive.locating.locate(key("ct"))
        self.replace(path, build("ramp"))
        with pytest.raises(Gone):
            archive.locating.relocate(key("ct"))
        assert archive.locating.locate(key("ramp")).instance.key == key("ramp")

    def test_refreshing_what_was_never_there(self, archive: Archive, path: Path) -> None:
        assert path.exists()
        with pytest.raises(NotFound):
            archive.locating.relocate(key("sr"))

    def test_refreshing_an_unchanged_file_changes_nothing(self, archive: Archive, path: Path) -> None:
        assert path.exists()
        before = archive.locating.locate(key("ct"))
        assert archive.locating.relocate(key("ct")) == before


def test_pictures_are_put_into_both_caches_and_recalled_from_the_second(archive: Archive, tmp_path: Path) -> None:
    archive.put("ct", build("ct"))
    shared = DiskCache(tmp_path / "shared", 16 << 20, tidies=True)
    (tmp_path / "shared").mkdir()
    pictures = [MemoryCache(16 << 20), MemoryCache(16 << 20)]
    limits = Limits()
    first, second = (
        Rendering(archive.locating, archive.index, archive.store, archive.near, archive.decoding, memory, archive.told, limits, shared)
        for memory in pictures
    )
    plan = first.plan(archive.instance(key("ct")), PNG)
    assert first.shares
    assert first.recalled(plan) is None
    made = first.image(plan)
    opened = archive.store.opened
    assert second.cached(plan) is None
    assert second.recalled(plan) == made
    assert second.cached(plan) == made
    assert archive.store.opened == opened
    assert not archive.rendering.shares
    assert archive.rendering.recalled(plan) is None
