"""Contact sheets over a real archive: what they show equals the oracle, what they cannot show is said, and nothing is done in vain."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest

from tests import reference
from tests.fixtures import build, file_bytes, image, uids
from tests.wado_core.services.archive import Archive
from wado_core.errors import Gone, InvalidRequest, NotAcceptable, NotFound, Unavailable, Unwanted
from wado_core.model.frame import EncodedImage
from wado_core.model.instance import Location
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.model.sheet import SheetPlan, SheetRequest, ThumbnailRequest
from wado_core.model.uid import InstanceKey
from wado_core.ports import OpenObject
from wado_core.services import sheet_making
from wado_core.services.sheets import Sheets
from wado_core.settings import Limits

STUDY, SERIES = "1.2.840.1", "1.2.840.1.1"
Pixels = npt.NDArray[np.int16]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def data(number: int, series: str = SERIES, **attributes: object) -> bytes:
    """An object of the study whose pixels, and shape, are its own."""
    cells = ((np.arange(48 * 64).reshape(48, 64) * (number + 3)) % 4096).astype(np.uint16)
    named = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": series, "SOPInstanceUID": f"{series}.{number}", "InstanceNumber": number}
    photometric = str(attributes.pop("PhotometricInterpretation", "MONOCHROME2"))
    return file_bytes(image(cells, bits_stored=12, attributes=named | attributes | {"PhotometricInterpretation": photometric}))


def of_series(offset: int = 0, limit: int = 100, edge: int = 32) -> SheetRequest:
    return SheetRequest(ThumbnailRequest(STUDY, SERIES, edge=edge), offset, limit)


def of(name: str, levels: int = 3, edge: int = 128) -> ThumbnailRequest:
    """Name the study of a fixture, its series too, its object too."""
    study_uid, series_uid, object_uid = uids(name)
    return ThumbnailRequest(study_uid, series_uid if levels > 1 else None, object_uid if levels > 2 else None, edge)


def key(number: int, series: str = SERIES) -> InstanceKey:
    return InstanceKey(STUDY, series, f"{series}.{number}")


def made_by(sheets: Sheets, plan: SheetPlan) -> EncodedImage:
    made = sheets.making(plan).go_on()
    assert made is not None
    return made


def pixels_of(made: EncodedImage) -> Pixels:
    assert made.media_type == "image/jpeg"
    return np.asarray(imagecodecs.jpeg8_decode(made.data)).astype(np.int16)


def cut(plan: SheetPlan, made: EncodedImage, number: int) -> Pixels:
    x, y, width, height = plan.cells[number].rectangle(plan.edge)
    return pixels_of(made)[y : y + height, x : x + width]


def reasons(plan: SheetPlan, made: EncodedImage) -> dict[int, str]:
    assert len(plan.cells) >= len(made.marks)
    return {mark.number: mark.reason for mark in made.marks}


class TestSheet:
    def test_every_tile_shows_what_the_oracle_draws(self, archive: Archive) -> None:
        for number in range(1, 13):
            archive.put(f"{number}", data(number))
        plan = archive.sheets.plan(of_series())
        made = made_by(archive.sheets, plan)
        assert pixels_of(made).shape == (plan.rows, plan.columns) == (64, 320)
        for place, cell in enumerate(plan.cells):
            assert cell.tile.key == key(place + 1)
            expected = reference.render(data(place + 1), 1, rows=32, columns=32)
            assert np.abs(cut(plan, made, place) - expected).mean() < 4  # JPEG of quality 90, of what is nearly noise

    def test_parts_of_a_list(self, archive: Archive) -> None:
        for number in range(1, 6):
            archive.put(f"{number}", data(number))
        plan = archive.sheets.plan(of_series(1, 3))
        assert [cell.tile.key for cell in plan.cells] == [key(2), key(3), key(4)]
        assert plan.listed.has_next
        assert not archive.sheets.plan(of_series(2, 3)).listed.has_next
        with pytest.raises(NotFound, match="at this offset"):
            archive.sheets.plan(of_series(5))

    def test_of_a_study_one_tile_for_each_series(self, archive: Archive) -> None:
        archive.put("localizer", data(1, SERIES, SeriesNumber=1))
        for number in (1, 2, 3):
            archive.put(f"{number}", data(number, f"{SERIES}.2", SeriesNumber=2))
        plan = archive.sheets.plan(SheetRequest(ThumbnailRequest(STUDY), 0, 10))
        assert [cell.tile.key for cell in plan.cells] == [key(1), key(2, f"{SERIES}.2")]
        assert not plan.listed.has_next

    def test_of_an_object_one_tile_for_each_frame(self, archive: Archive) -> None:
        archive.put("us10", build("us10"))
        plan = archive.sheets.plan(SheetRequest(of("us10", edge=64), 2, 4))
        assert [cell.tile.frame_number for cell in plan.cells] == [3, 4, 5, 6]
        assert plan.listed.has_next
        made = made_by(archive.sheets, plan)
        for place in range(4):
            expected = reference.render(build("us10"), place + 3, rows=64, columns=64)
            assert np.abs(cut(plan, made, place) - expected).mean() < 4

    def test_a_gray_sheet_has_one_component_and_a_coloured_one_three(self, archive: Archive) -> None:
        archive.put("1", data(1))
        assert pixels_of(made_by(archive.sheets, archive.sheets.plan(of_series()))).ndim == 2
        color = np.zeros((20, 20, 3), np.uint8)
        color[:] = (250, 10, 10)
        named = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": f"{SERIES}.2", "InstanceNumber": 2}
        archive.put("2", file_bytes(image(color, photometric="RGB", attributes=named)))
        plan = archive.sheets.plan(of_series())
        made = made_by(archive.sheets, plan)
        assert pixels_of(made).ndim == 3
        assert np.abs(cut(plan, made, 1) - np.array([250, 10, 10])).max() < 12
        assert np.ptp(cut(plan, made, 0), axis=2).max() <= 6

    def test_the_picture_of_a_tile_is_that_of_the_same_request_to_wado(self, archive: Archive) -> None:
        archive.put("1", data(1))
        (cell,) = archive.sheets.plan(of_series()).cells
        assert isinstance(cell.picture, RenderPlan)
        asked = RenderRequest(rows=32, columns=32)
        assert cell.picture.digest == archive.rendering.plan(archive.instance(key(1)), asked).digest

    def test_what_names_a_sheet_is_made_with_its_plan(self, archive: Archive) -> None:
        """Of 256 thumbnails it takes milliseconds, which event loops do not have."""
        archive.put("a", data(1))
        assert archive.sheets.plan(of_series())._digest


class TestWhatCannotBeShown:
    def test_it_is_marked_and_named_and_the_others_are_shown(self, archive: Archive) -> None:
        archive.put("1", data(1))
        archive.put("2", data(2, PhotometricInterpretation="CMYK"))
        archive.put("3", data(3))
        plan = archive.sheets.plan(of_series())
        made = made_by(archive.sheets, plan)
        assert list(reasons(plan, made)) == [1]
        assert "(0028,0004) Photometric Interpretation" in reasons(plan, made)[1]
        assert not made.passing
        assert np.abs(cut(plan, made, 2) - reference.render(data(3), 1, rows=32, columns=32)).mean() < 4
        assert archive.sheets.cached(plan) is made

    def test_what_nobody_expected_of_one_object_does_not_take_the_others_with_it(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive.put("1", data(1))
        archive.put("2", data(2))
        plan = archive.sheets.plan(of_series())
        whole = archive.rendering.pixels

        def pixels(asked: RenderPlan) -> npt.NDArray[np.uint8]:
            if asked.key == key(2):
                raise ZeroDivisionError("DOE^JOHN")
            return whole(asked)

        monkeypatch.setattr(archive.rendering, "pixels", pixels)
        made = made_by(archive.sheets, plan)
        assert list(reasons(plan, made)) == [1]
        assert "DOE" not in reasons(plan, made)[1]
        assert made.passing  # nobody knows what it was
        assert archive.sheets.cached(plan) is None

    def test_a_file_that_changes_meanwhile_is_left_out_once(self, archive: Archive) -> None:
        archive.put("1", data(1))
        path = archive.put("2", data(2))
        plan = archive.sheets.plan(of_series())
        path.write_bytes(data(2, RescaleSlope=2, RescaleIntercept=7))
        os.utime(path, (1_600_000_000, 1_600_000_000))
        made = made_by(archive.sheets, plan)
        assert list(reasons(plan, made)) == [1]
        assert made.passing
        again = archive.sheets.plan(of_series())
        assert again.digest != plan.digest
        assert not made_by(archive.sheets, again).marks

    def test_a_storage_that_is_away_is_unavailable_not_a_sheet_of_marks(self, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        archive.put("1", data(1))
        archive.put("2", data(2))

        def away(*_: object) -> object:
            raise Unavailable("The storage does not answer now.")

        monkeypatch.setattr(archive.store, "look", away)
        with pytest.raises(Unavailable, match="storage"):
            archive.sheets.plan(of_series())

    def test_one_file_that_is_away_leaves_the_others(self, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        archive.put("1", data(1))
        archive.put("2", data(2))
        plan, there = archive.sheets.plan(of_series()), archive.store.open

        def away(location: Location) -> AbstractContextManager[OpenObject]:
            if location.path.endswith(b"2.dcm"):
                raise Unavailable("The storage does not answer now.")
            return there(location)

        monkeypatch.setattr(archive.store, "open", away)
        made = made_by(archive.sheets, plan)
        assert list(reasons(plan, made)) == [1]
        assert made.passing

    def test_time_is_bounded(self, tmp_path: Path) -> None:
        hasty = Archive(tmp_path / "hasty", replace(Limits(), sheet_s=1e-9))
        try:
            hasty.put("1", data(1))
            plan = hasty.sheets.plan(of_series())
            made = made_by(hasty.sheets, plan)
            assert "no time left" in reasons(plan, made)[0]
            assert made.passing
            assert hasty.sheets.cached(plan) is None
        finally:
            hasty.close()

    def test_nothing_is_drawn_for_nobody(self, archive: Archive) -> None:
        for number in range(1, 5):
            archive.put(f"{number}", data(number))
        plan = archive.sheets.plan(of_series())
        before, asked = archive.store.opened, iter((True, True, False))
        with pytest.raises(Unwanted):
            archive.sheets.making(plan).go_on(lambda: next(asked))
        assert archive.store.opened == before + 2

    def test_a_sheet_gives_way_and_goes_on_where_it_was(self, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(1, 6):
            archive.put(f"{number}", data(number))
        plan = archive.sheets.plan(of_series())
        at_once = made_by(archive.sheets, plan)
        monkeypatch.setattr(sheet_making, "SLICE_S", 0.0)
        others, before = iter((False, False, True, False, True, False, False, False)), archive.store.opened
        making = archive.sheets.making(plan)
        made = [making.go_on(others_wait=lambda: next(others)) for _ in range(3)]
        assert made == [None, None, at_once]
        assert archive.store.opened == before + 5  # no tile is drawn twice

    def test_a_sheet_gives_way_only_when_it_has_had_its_turn(self, archive: Archive) -> None:
        archive.put("1", data(1))
        plan = archive.sheets.plan(of_series())
        assert archive.sheets.making(plan).go_on(others_wait=lambda: True) is not None


class TestLists:
    def test_a_list_that_has_changed_is_not_shown_beside_the_old_one(self, archive: Archive) -> None:
        archive.put("2", data(2))
        name = archive.sheets.plan(of_series()).listed.name
        assert archive.sheets.plan(of_series(), name).listed.name == name
        archive.put("1", data(1))
        with pytest.raises(NotFound, match="load the list again"):
            archive.sheets.plan(of_series(), name)

    def test_there_is_no_such_thing(self, archive: Archive) -> None:
        path = archive.put("1", data(1))
        for asked in (ThumbnailRequest("9.9"), ThumbnailRequest(STUDY, "9.9"), ThumbnailRequest(STUDY, SERIES, "9.9")):
            with pytest.raises(NotFound):
                archive.sheets.plan(SheetRequest(asked, 0, 10))
            with pytest.raises(NotFound):
                archive.sheets.thumbnail(asked)
        archive.put("another", build("ct"))
        path.unlink()
        archive.indexing.run([archive.root], processes=0)
        archive.index.seek_orphans()
        archive.index.bury()
        for asked in (ThumbnailRequest(STUDY), ThumbnailRequest(STUDY, SERIES)):
            with pytest.raises(Gone):
                archive.sheets.thumbnail(asked)
            with pytest.raises(Gone):
                archive.sheets.plan(SheetRequest(asked, 0, 10))

    def test_a_sheet_that_would_be_too_large_is_refused(self, archive: Archive) -> None:
        archive.put("1", data(1))
        with pytest.raises(InvalidRequest, match="larger than"):
            archive.sheets.plan(of_series(0, 4096, 256))

    def test_long_sheets_and_heavy_tiles_stand_in_nobody_s_way(self, archive: Archive) -> None:
        for number in range(1, 19):
            archive.put(f"{number}", data(number))
        archive.put("j2k", build("j2k"))
        assert not archive.sheets.heavy(archive.sheets.plan(of_series(0, 16)))
        assert archive.sheets.heavy(archive.sheets.plan(of_series(0, 17)))
        assert archive.sheets.heavy(archive.sheets.plan(SheetRequest(of("j2k"), 0, 1)))


class TestThumbnail:
    def test_the_middle_instance_of_the_series_with_most_frames(self, archive: Archive) -> None:
        archive.put("localizer", data(1, SERIES, SeriesNumber=1))
        for number in (5, 6, 7):
            archive.put(f"{number}", data(number, f"{SERIES}.2", SeriesNumber=2))
        located, plan = archive.sheets.thumbnail(ThumbnailRequest(STUDY, edge=64))
        assert located.instance.key == plan.key == key(6, f"{SERIES}.2")
        assert max(plan.rows, plan.columns) == 64
        assert archive.sheets.thumbnail(ThumbnailRequest(STUDY, SERIES))[1].key == key(1)

    def test_the_middle_frame(self, archive: Archive) -> None:
        archive.put("us10", build("us10"))
        for levels in (1, 2, 3):
            assert archive.sheets.thumbnail(of("us10", levels))[1].frame_number == 5

    def test_what_is_no_image_has_none(self, archive: Archive) -> None:
        archive.put("sr", build("sr"))
        for levels in (1, 2, 3):
            with pytest.raises(NotAcceptable):
                archive.sheets.thumbnail(of("sr", levels))

    def test_anew_after_a_change(self, archive: Archive) -> None:
        path = archive.put("1", data(1))
        _, before = archive.sheets.thumbnail(ThumbnailRequest(STUDY, SERIES, f"{SERIES}.1"))
        path.write_bytes(data(1, RescaleSlope=2, RescaleIntercept=7))
        os.utime(path, (1_600_000_000, 1_600_000_000))
        _, after = archive.sheets.thumbnail(ThumbnailRequest(STUDY, SERIES, f"{SERIES}.1"), anew=True)
        assert after.digest != before.digest
