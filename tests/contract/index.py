"""What every Index keeps to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from tests.contract.objects import described, everything, indexed, key, location, many_frames
from wado_core.model.byte_range import ByteRange
from wado_core.model.grayscale import ValueRange, Window
from wado_core.model.instance import Described, Listing, Located
from wado_core.model.notice import RangeFound
from wado_core.model.study import Duplicate, InstanceSummary, Standing, Totals
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.ports import IndexedFile, IndexWriter, KnownFile


def bury(index: IndexWriter) -> None:
    """End a look through all folders."""
    index.seek_orphans()
    index.bury()


def assert_gone(index: IndexWriter, key: InstanceKey, path: bytes | None = None) -> None:
    """The object has no copy; once it was looked for, it is gone, and all that is known is where the last one was."""
    assert index.find(key) is None
    assert index.standing(key) is not Standing.UNKNOWN
    bury(index)
    assert index.standing(key) is Standing.GONE
    assert index.find(key) is None
    (last,) = index.copies(key)
    assert path is None or last == path


class IndexContract:
    """Subclass and define the fixture ``index``: an empty index, closed afterwards; ``reopen`` closes it and opens it again."""

    @pytest.fixture
    def index(self) -> IndexWriter:
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[IndexWriter], IndexWriter]:
        raise NotImplementedError

    def test_what_was_never_seen_is_none(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        assert index.find(key(number=2)) is None
        assert index.find(InstanceKey("1.2.9", key().series_uid, key().object_uid)) is None
        assert index.find(InstanceKey(key().study_uid, "1.2.9", key().object_uid)) is None

    def test_every_field_comes_back(self, index: IndexWriter) -> None:
        instance = everything()
        index.put([IndexedFile(location(b"/d/a"), Described(instance))])
        found = index.find(instance.key)
        assert found == Located(instance, location(b"/d/a"))
        # The digest of a plan is made of reprs: an integer that comes back for a float, or a tuple for a ByteRange, would change it.
        assert repr(found.instance) == repr(instance)
        assert found.instance.palette is not None
        assert type(found.instance.palette.red.data) is ByteRange

    def test_survives_reopening(self, index: IndexWriter, reopen: Callable[[IndexWriter], IndexWriter]) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/b"])
        index = reopen(index)
        assert index.find(key(1)) == Located(described(key(1)).instance, location(b"/d/a"))
        assert_gone(index, key(2), b"/d/b")

    def test_same_object_uid_in_two_studies_is_two_instances(self, index: IndexWriter) -> None:
        one, other = InstanceKey("1.2.1", "1.2.1.1", "1.2.3"), InstanceKey("1.2.2", "1.2.2.1", "1.2.3")
        index.put([indexed(b"/d/a", described(one)), indexed(b"/d/b", described(other, version="v2"))])
        assert index.find(one) == Located(described(one).instance, location(b"/d/a"))
        assert index.find(other) == Located(described(other, version="v2").instance, location(b"/d/b"))
        index.forget([b"/d/a"])
        assert_gone(index, one)
        assert index.find(other) is not None

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_the_copy_with_the_smallest_path_is_chosen_whatever_came_first(self, index: IndexWriter, order: tuple[int, ...]) -> None:
        # "/d/a/x" lies deeper than "/d/z" but is smaller; "/d/a-" is smaller than "/d/a/" although its folder is greater than "/d".
        paths = (b"/d/a-/x", b"/d/a/x", b"/d/z")
        for number in order:
            index.put([indexed(paths[number], described())])
        chosen = []
        for path in paths:
            found = index.find(key())
            assert found is not None
            chosen.append(found.location.path)
            index.forget([path])
        assert chosen == sorted(paths)

    def test_copies_keep_their_own_description(self, index: IndexWriter) -> None:
        # The same UIDs, stored once compressed: the offsets of one copy must never be used on the bytes of the other.
        compressed = replace(described().instance, version="v2", data_set_offset=999)
        index.put([indexed(b"/d/b", Described(compressed)), indexed(b"/d/a", described())])
        assert index.find(key()) == Located(described().instance, location(b"/d/a"))
        index.forget([b"/d/a"])
        assert index.find(key()) == Located(compressed, location(b"/d/b"))

    def test_gone_only_with_the_last_copy(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described()), indexed(b"/e/a", described())])
        index.forget([b"/d/a"])
        assert index.find(key()) == Located(described().instance, location(b"/e/a"))
        index.forget([b"/e/a"])
        assert_gone(index, key())

    def test_gone_and_back(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        index.forget([b"/d/a"])
        index.put([indexed(b"/e/b", described())])
        assert index.find(key()) == Located(described().instance, location(b"/e/b"))
        index.forget([b"/e/b"])
        assert_gone(index, key())

    @pytest.mark.parametrize("now", [indexed(b"/d/a", described(key(number=2))), indexed(b"/d/a"), indexed(b"/d/a", None, "Broken.")])
    def test_a_replaced_last_copy_is_gone(self, index: IndexWriter, now: IndexedFile) -> None:
        index.put([indexed(b"/d/a", described())])
        index.put([now])
        assert_gone(index, key())

    def test_a_moved_object_is_never_gone(self, index: IndexWriter) -> None:
        """Forgotten or replaced where it was, and found elsewhere later in the same look."""
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/a"])
        index.put([indexed(b"/d/b", described(key(3)))])
        for of, place in ((key(1), b"/d/a"), (key(2), b"/d/b")):
            assert (index.find(of), index.standing(of), index.copies(of)) == (None, Standing.KNOWN, (place,))
        assert index.has_orphans()
        index.bury()  # a look that had begun before they were missed
        assert index.standing(key(1)) is Standing.KNOWN
        assert index.seek_orphans()
        index.put([indexed(b"/e/a", described(key(1))), indexed(b"/e/b", described(key(2)))])
        index.bury()
        for of in (key(1), key(2)):
            assert index.find(of) is not None
        assert not index.has_orphans()
        assert not index.seek_orphans()
        assert index.standing(key(9)) is Standing.UNKNOWN

    def test_what_is_missed_during_a_look_is_gone_after_the_next(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/a"])
        assert index.seek_orphans()
        index.forget([b"/d/b"])
        index.bury()
        assert (index.standing(key(1)), index.standing(key(2))) == (Standing.GONE, Standing.KNOWN)
        assert index.seek_orphans()
        index.bury()
        assert index.standing(key(2)) is Standing.GONE

    def test_what_was_found_and_is_missed_anew_during_a_look_is_gone_after_the_next(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        index.forget([b"/d/a"])
        assert index.seek_orphans()
        index.put([indexed(b"/e/b", described())])
        index.forget([b"/e/b"])  # moved, it may be, to where the look has been
        index.bury()
        assert (index.standing(key()), index.copies(key())) == (Standing.KNOWN, (b"/e/b",))
        assert index.seek_orphans()
        index.bury()
        assert index.standing(key()) is Standing.GONE

    def test_what_is_spared_stays_an_orphan(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/m/b", described(key(2)))])
        index.forget([b"/d/a", b"/m/b"])
        index.seek_orphans()
        index.bury(lambda path: path.startswith(b"/m/"))
        assert (index.standing(key(1)), index.standing(key(2))) == (Standing.GONE, Standing.KNOWN)
        assert index.has_orphans()
        assert_gone(index, key(2), b"/m/b")

    def test_two_files_that_change_places_lose_nothing(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.put([indexed(b"/d/a", described(key(2))), indexed(b"/d/b", described(key(1)))])
        assert index.find(key(1)) == Located(described(key(1)).instance, location(b"/d/b"))
        assert index.find(key(2)) == Located(described(key(2)).instance, location(b"/d/a"))

    def test_the_same_file_put_again_changes_nothing_but_itself(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        before = index.totals()
        changed = IndexedFile(location(b"/d/a", size=2000), described(version="v2"))
        index.put([changed])
        assert index.find(key()) == Located(described(version="v2").instance, changed.location)
        assert index.totals() == before

    def test_the_last_of_a_path_in_one_batch_holds(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/a", described(key(2)))])
        assert index.find(key(2)) is not None
        assert index.totals().files == 1

    def test_forgetting_the_unknown_is_nothing(self, index: IndexWriter) -> None:
        index.forget([b"/never/seen"])
        index.forget([])
        index.put([])
        assert index.totals() == Totals(0, 0, 0, 0, 0, 0)

    def test_more_files_than_fit_one_statement(self, index: IndexWriter) -> None:
        many = 1700
        index.put(indexed(b"/d/%05d" % number, described(key(number=number))) for number in range(many))
        assert index.totals() == Totals(1, 1, many, many, 0, 0)
        index.forget(b"/d/%05d" % number for number in range(1, many))
        bury(index)
        assert index.totals() == Totals(1, 1, 1, 1, 0, 0)
        assert_gone(index, key(number=many - 1))

    @pytest.mark.parametrize("frames_of_a_chunk", [256, 300])
    def test_a_look_up_brings_the_columns_of_its_frame_only(self, index: IndexWriter, frames_of_a_chunk: int) -> None:
        whole = many_frames(700, frames_of_a_chunk=frames_of_a_chunk)
        index.put([IndexedFile(location(b"/d/a"), Described(whole)), indexed(b"/d/other", described(key(2)))])
        for frame in (1, 256, 257, 300, 301, 512, 513, 600, 601, 700):
            for found in (index.find(key(), frame), index.find_copy(b"/d/a", frame)):
                assert found is not None
                assert len(found.instance.chunks) == 1
                assert found.instance.transform(frame) == whole.transform(frame)
                assert found.instance.fragments(frame) == whole.fragments(frame) == (ByteRange(1000 * frame, 200),)
                assert replace(found.instance, chunks=()) == replace(whole, chunks=())
        beyond = index.find(key(), 701)
        assert beyond is not None
        assert beyond.instance.number_of_frames == 700

    def test_columns_go_with_their_file(self, index: IndexWriter) -> None:
        index.put([IndexedFile(location(b"/d/a"), Described(many_frames(700)))])
        index.adopt([(location(b"/e/a"), b"/d/a")])
        index.put([IndexedFile(location(b"/d/a"), Described(many_frames(600, key(2))))])
        moved, other = index.find(key(), 650), index.find(key(2), 600)
        assert moved is not None
        assert moved.location.path == b"/e/a"
        assert moved.instance.transform(650).window == Window(650.0, 400.0)
        assert other is not None
        assert other.instance.transform(600).window == Window(600.0, 400.0)
        index.forget([b"/e/a"])
        index.put([IndexedFile(location(b"/e/a"), Described(many_frames(300)))])
        again = index.find(key(), 300)
        assert again is not None
        assert again.instance.number_of_chunks == 2

    def test_copies_are_named_smallest_path_first(self, index: IndexWriter) -> None:
        for path in (b"/d/z", b"/d/a/x", b"/d/a-/x"):
            index.put([indexed(path, described())])
        assert index.copies(key()) == (b"/d/a-/x", b"/d/a/x", b"/d/z")
        assert index.copies(key(2)) == ()

    def test_one_copy_is_found_by_its_path(self, index: IndexWriter) -> None:
        other = replace(described().instance, version="v2")
        index.put([indexed(b"/d/a", described()), indexed(b"/d/b", Described(other)), indexed(b"/d/c"), indexed(b"/d/d", None, "Broken.")])
        assert index.find_copy(b"/d/b") == Located(other, location(b"/d/b"))
        for path in (b"/d/c", b"/d/d", b"/d/e"):
            assert index.find_copy(path) is None

    def test_duplicates_are_reported_with_the_copy_that_is_served_first(self, index: IndexWriter) -> None:
        index.put(
            [
                indexed(b"/d/b", described(key(1))), indexed(b"/d/a", described(key(1))), indexed(b"/d/c", described(key(2))),
                IndexedFile(location(b"/e/2"), described(key(3)), head=b"one"),
                IndexedFile(location(b"/e/1"), described(key(3)), head=b"two"),
            ]
        )  # fmt: skip
        assert list(index.duplicates()) == [
            Duplicate(key(1), (b"/d/a", b"/d/b"), differ=False),
            Duplicate(key(3), (b"/e/1", b"/e/2"), differ=True),
        ]
        index.forget([b"/d/b", b"/e/2"])
        assert list(index.duplicates()) == []

    def test_the_same_files_under_whatever_path(self, index: IndexWriter) -> None:
        known = location(b"/d/a", inode=12)
        index.put([IndexedFile(known, described(), head=b"head"), IndexedFile(location(b"/d/b", inode=13), None)])
        moved = location(b"/e/new", inode=12)
        assert index.same_files([moved, location(b"/e/b", inode=99)]) == [KnownFile(known, b"head")]
        for other in (replace(moved, size=1), replace(moved, mtime_ns=1), replace(moved, inode=14)):
            assert list(index.same_files([other])) == []
        assert list(index.same_files([])) == []

    def test_an_adopted_file_is_known_by_both_paths(self, index: IndexWriter) -> None:
        index.put([IndexedFile(location(b"/d/a"), described(frames=2), head=b"head"), indexed(b"/d/n"), indexed(b"/d/p", None, "Broken.")])
        index.adopt([(location(b"/e/a"), b"/d/a"), (location(b"/e/n"), b"/d/n"), (location(b"/e/p"), b"/d/p")])
        assert index.copies(key()) == (b"/d/a", b"/e/a")
        assert index.find_copy(b"/e/a") == Located(described(frames=2).instance, location(b"/e/a"))
        assert list(index.problems()) == [(b"/d/p", "Broken."), (b"/e/p", "Broken.")]
        index.forget([b"/d/a", b"/d/n", b"/d/p"])
        assert index.find(key()) == Located(described(frames=2).instance, location(b"/e/a"))
        assert index.totals() == Totals(1, 1, 1, 3, 1, 1)
        assert index.same_files([location(b"/f/a")])[0].head in {b"head", b""}

    def test_what_an_adopted_path_held_before_is_gone(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.adopt([(location(b"/d/b"), b"/d/a")])
        assert_gone(index, key(2), b"/d/b")
        assert index.copies(key(1)) == (b"/d/a", b"/d/b")

    def test_adopting_from_what_is_not_known_is_nothing(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        index.adopt([(location(b"/e/x"), b"/e/never"), (location(b"/d/a"), b"/d/a")])
        assert index.totals().files == 1
        assert index.find(key()) is not None

    def test_mounts_are_remembered_until_they_are_plain(self, index: IndexWriter) -> None:
        assert index.mounts() == ()
        index.remember_mounts([b"/m/2", b"/m/\xff"], [])
        index.remember_mounts([b"/m/2"], [b"/never"])
        assert index.mounts() == (b"/m/2", b"/m/\xff")
        index.remember_mounts([], [b"/m/2"])
        assert index.mounts() == (b"/m/\xff",)

    def test_completeness_outlives_closing(self, index: IndexWriter, reopen: Callable[[IndexWriter], IndexWriter]) -> None:
        assert not index.complete()
        index.mark_complete()
        index.mark_complete()
        assert reopen(index).complete()

    def test_packed_files_are_counted_apart(self, index: IndexWriter) -> None:
        index.put([IndexedFile(location(b"/d/a.zip"), None, packed=True), indexed(b"/d/b")])
        assert index.totals() == Totals(0, 0, 0, 2, 1, 0, 1)

    def test_known_files_are_those_directly_in_the_folder(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a"), indexed(b"/d/b", described()), indexed(b"/d/e/c"), indexed(b"/dd/d"), indexed(b"/r")])
        assert index.known_files(b"/d") == {b"/d/a": location(b"/d/a"), b"/d/b": location(b"/d/b")}
        assert index.known_files(b"/") == {b"/r": location(b"/r")}
        assert index.known_files(b"/none") == {}

    def test_known_folders_are_at_or_below_the_root(self, index: IndexWriter) -> None:
        index.put(indexed(path) for path in (b"/d/a", b"/d/e/f/b", b"/d-/c", b"/d0/c", b"/r", b"/d/\xff/x"))
        assert sorted(index.known_folders(b"/d")) == [b"/d", b"/d/e/f", b"/d/\xff"]
        assert list(index.known_folders(b"/d/e")) == [b"/d/e/f"]
        assert sorted(index.known_folders(b"/")) == [b"/", b"/d", b"/d-", b"/d/e/f", b"/d/\xff", b"/d0"]
        index.forget([b"/d/e/f/b"])
        assert list(index.known_folders(b"/d/e")) == []

    def test_paths_that_are_no_utf_8(self, index: IndexWriter) -> None:
        path = b"/d/\xff\xfe \xce\xd2%'\";\n/\x80"
        index.put([indexed(path, described())])
        found = index.find(key())
        assert found is not None
        assert found.location.path == path
        assert list(index.known_files(b"/d/\xff\xfe \xce\xd2%'\";\n")) == [path]
        index.forget([path])
        assert index.totals().files == 0

    @pytest.mark.parametrize("inode", [0, 2**63 - 1, 2**63, 2**64 - 1])
    @pytest.mark.parametrize("mtime_ns", [-2_082_844_800 * 10**9, 0, 2**63 - 1, 9_500_000_000 * 10**9])
    def test_whatever_numbers_a_file_system_gives(self, index: IndexWriter, inode: int, mtime_ns: int) -> None:
        odd = location(b"/d/a", size=2**42, mtime_ns=mtime_ns, inode=inode)
        index.put([IndexedFile(odd, described())])
        assert index.find(key()) == Located(described().instance, odd)
        assert index.known_files(b"/d") == {b"/d/a": odd}

    def test_problems_and_totals(self, index: IndexWriter) -> None:
        index.put(
            [
                indexed(b"/d/a", described(key(1))), indexed(b"/d/a2", described(key(1))), indexed(b"/d/b", described(key(1, 2))),
                indexed(b"/d/c", described(key(2))), indexed(b"/d/readme"), indexed(b"/d/z", None, "Too short."),
                indexed(b"/a/z", None, "No UID."),
            ]
        )  # fmt: skip
        assert list(index.problems()) == [(b"/a/z", "No UID."), (b"/d/z", "Too short.")]
        assert index.totals() == Totals(studies=2, series=3, instances=3, files=7, not_dicom=1, damaged=2)
        index.put([indexed(b"/d/z", described(key(2, 1, 2)))])
        assert list(index.problems()) == [(b"/a/z", "No UID.")]

    def test_studies_newest_first_then_by_uid(self, index: IndexWriter) -> None:
        dates = {1: "20200101", 2: "20240101", 3: "", 4: "20240101"}
        index.put(indexed(b"/d/%d" % study, described(key(study), study_date=date)) for study, date in dates.items())
        assert [study.study_uid for study in index.studies(0, 10, 50)] == ["1.2.2", "1.2.4", "1.2.1", "1.2.3"]
        assert [study.study_uid for study in index.studies(1, 2, 50)] == ["1.2.4", "1.2.1"]
        assert index.studies(4, 10, 50) == ()

    def test_a_study_shows_its_listing_and_series_in_order_of_their_numbers(self, index: IndexWriter) -> None:
        of_study: dict[str, Any] = {
            "patient_name": "山田^太郎", "patient_id": "P-1", "study_date": "20240101", "study_description": "<b>", "accession_number": "A",
        }  # fmt: skip
        index.put(
            [
                indexed(b"/d/a", described(key(1, 1), modality="CT", series_number=10, series_description="late", **of_study)),
                indexed(b"/d/b", described(key(1, 2), modality="SR", series_number=2, series_description="early", **of_study)),
            ]
        )
        (study,) = index.studies(0, 10, 50)
        assert study.listing == Listing(**of_study)
        shown = [(series.series_uid, series.modality, series.number, series.description, series.instances) for series in study.series]
        assert shown == [("1.2.1.2", "SR", 2, "early", 1), ("1.2.1.1", "CT", 10, "late", 1)]

    def test_the_middle_instance_stands_for_its_series(self, index: IndexWriter) -> None:
        numbers = {1: 30, 2: 10, 3: 20, 4: 50, 5: 40}
        index.put(
            indexed(b"/d/%d" % uid, described(key(number=uid), frames=uid, instance_number=number)) for uid, number in numbers.items()
        )
        ((series,),) = (study.series for study in index.studies(0, 1, 50))
        assert series.representative == InstanceSummary(key(number=1), 30, 1, True, 1)
        assert series.instances == 5
        assert index.representative("1.2.1", "1.2.1.1") == series.representative

    def test_a_series_is_shown_by_an_instance_with_a_picture(self, index: IndexWriter) -> None:
        """The middle of those that have one, whatever lies in the middle of all; of a series without any, the middle of all."""
        of = [described(key(number=number), instance_number=number) for number in range(1, 8)]
        index.put(indexed(b"/d/%d" % number, replace(one, has_picture=number in {1, 2, 7})) for number, one in enumerate(of, start=1))
        ((series,),) = (study.series for study in index.studies(0, 1, 50))
        assert (series.representative.key, series.representative.has_picture) == (key(number=2), True)
        index.put(indexed(b"/d/%d" % number, replace(one, has_picture=False)) for number, one in enumerate(of, start=1))
        ((series,),) = (study.series for study in index.studies(0, 1, 50))
        assert (series.representative.key, series.representative.has_picture) == (key(number=4), False)

    def test_the_series_with_most_frames_stands_for_its_study(self, index: IndexWriter) -> None:
        """Not the localizer with its three pictures, nor the report that comes first; of equals the first in order."""
        report = replace(described(key(1, 1, 1), frames=99, series_number=1), has_picture=False)
        localizer = [described(key(1, 2, number), series_number=2) for number in (1, 2, 3)]
        enhanced, late = described(key(1, 3, 1), frames=5, series_number=9), described(key(1, 4, 1), frames=5, series_number=10)
        index.put(indexed(b"/d/%d" % number, one) for number, one in enumerate([late, report, *localizer, enhanced]))
        assert index.representative("1.2.1") == InstanceSummary(key(1, 3, 1), None, 5, True, 3)
        index.put([indexed(b"/e", described(key(2), modality="SR"))])
        assert index.representative("1.2.3") is None
        assert index.representative("1.2.1", "9") is None

    def test_studies_and_series_know_of_what_is_gone_in_them(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/1", described(key(1, 1))), indexed(b"/d/2", described(key(1, 2)))])
        assert not index.has_gone("1.2.1")
        index.forget([b"/d/2"])
        assert not index.has_gone("1.2.1")
        bury(index)
        assert index.has_gone("1.2.1")
        assert (index.has_gone("1.2.1", "1.2.1.1"), index.has_gone("1.2.1", "1.2.1.2")) == (False, True)
        assert index.representative("1.2.1", "1.2.1.2") is None
        assert not index.has_gone("1.2.2")

    def test_series_of_a_study_are_paged(self, index: IndexWriter) -> None:
        index.put(indexed(b"/d/%d" % number, described(key(1, number), series_number=number)) for number in range(5))
        ((study,),) = (index.studies(0, 1, 2),)
        assert ([series.number for series in study.series], study.series_total) == ([0, 1], 5)
        found = index.study("1.2.1", 3, 10)
        assert found is not None
        assert ([series.number for series in found.series], found.series_total) == ([3, 4], 5)
        assert index.study("1.2.99", 0, 10) is None

    def test_instances_by_number_then_uid(self, index: IndexWriter) -> None:
        image = described(key(number=5))
        text = replace(image, has_picture=False)
        index.put(
            [
                indexed(b"/d/1", described(key(number=1), instance_number=2)),
                indexed(b"/d/3", described(key(number=3), instance_number=1)),
                indexed(b"/d/2", described(key(number=2), instance_number=1, frames=9)),
                indexed(b"/d/5", text),
                indexed(b"/d/other", described(key(2))),
            ]
        )
        series = SeriesKey("1.2.1", "1.2.1.1")
        assert index.instances(series, 0, 10) == (
            InstanceSummary(key(number=5), None, 1, has_picture=False),
            InstanceSummary(key(number=2), 1, 9, has_picture=True, shown_frame=5),
            InstanceSummary(key(number=3), 1, 1, has_picture=True),
            InstanceSummary(key(number=1), 2, 1, has_picture=True),
        )
        assert [summary.key for summary in index.instances(series, 1, 2)] == [key(number=2), key(number=3)]
        assert index.instances(SeriesKey("1.2.1", "9"), 0, 10) == ()

    def test_what_is_gone_leaves_every_listing(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/1", described(key(1, 1))), indexed(b"/d/2", described(key(1, 2))), indexed(b"/d/3", described(key(2)))])
        index.forget([b"/d/2", b"/d/3"])
        assert index.totals().instances == 3
        bury(index)
        (study,) = index.studies(0, 10, 50)
        assert [series.series_uid for series in study.series] == ["1.2.1.1"]
        assert index.instances(SeriesKey("1.2.1", "1.2.1.2"), 0, 10) == ()
        assert index.totals() == Totals(1, 1, 1, 1, 0, 0)

    def test_numbers_beyond_64_bits_and_lone_surrogates_do_not_stop_a_batch(self, index: IndexWriter) -> None:
        odd = described(key(1), series_number=10**30, instance_number=-(10**30), patient_name="a\udc80b")
        index.put([indexed(b"/d/a", odd), indexed(b"/d/b", described(key(2)))])
        assert index.totals().instances == 2
        assert "a?b" in {study.listing.patient_name for study in index.studies(0, 10, 50)}

    def test_value_ranges(self, index: IndexWriter) -> None:
        values, empty = ValueRange(-1024.0, 3071.5), ValueRange(0.0, 0.0, empty=True)
        index.put([indexed(b"/d/a", described(frames=2))])
        assert index.value_range(key(), "v1", 1) is None
        index.remember_value_ranges([RangeFound(key(), "v1", 1, ValueRange(1.0, 2.0))])
        index.remember_value_ranges([RangeFound(key(), "v1", 1, values)])
        index.remember_value_ranges([RangeFound(key(), "v1", 2, empty)])
        assert index.value_range(key(), "v1", 1) == values
        assert index.value_range(key(), "v1", 2) == empty
        assert index.value_range(key(), "v2", 1) is None
        assert index.value_range(key(2), "v1", 1) is None

    def test_value_range_of_an_unknown_instance_is_dropped(self, index: IndexWriter) -> None:
        index.remember_value_ranges([RangeFound(key(), "v1", 1, ValueRange(1.0, 2.0))])
        assert index.value_range(key(), "v1", 1) is None

    def test_value_ranges_end_with_the_bytes_they_were_made_of(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described())])
        index.remember_value_ranges([RangeFound(key(), "v1", 1, ValueRange(1.0, 2.0))])
        index.put([indexed(b"/d/a", described())])
        assert index.value_range(key(), "v1", 1) is None
        index.remember_value_ranges([RangeFound(key(), "v1", 1, ValueRange(1.0, 2.0))])
        index.forget([b"/d/a"])
        index.put([indexed(b"/d/a", described(key(2), version="v1"))])
        assert index.value_range(key(2), "v1", 1) is None

    def test_a_failed_batch_leaves_nothing_behind(self, index: IndexWriter) -> None:
        index.put([indexed(b"/d/a", described(key(1)))])
        broken = replace(described(key(3)).instance, chunks=(object(),))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            index.put([indexed(b"/d/a", described(key(2))), indexed(b"/d/b", Described(broken))])
        assert index.find(key(1)) is not None
        assert index.find(key(2)) is None
        index.put([indexed(b"/d/c", described(key(2)))])
        assert index.find(key(2)) is not None

    def test_readers_beside_the_writer_see_whole_batches(self, index: IndexWriter) -> None:
        """Each batch holds one instance of each of ten studies: totals that are no multiple of ten would be half a batch."""
        batches, done = 30, Event()

        def write() -> None:
            try:
                for number in range(batches):
                    index.put(indexed(b"/%d/%d" % (study, number), described(key(study, 1, number))) for study in range(10))
            finally:
                done.set()

        def read() -> int:
            reads = 0
            while not done.is_set():
                assert index.totals().instances % 10 == 0
                assert len({study.series[0].instances for study in index.studies(0, 20, 50)}) <= 1
                index.find(key(3, 1, 0))
                reads += 1
            return reads

        with ThreadPoolExecutor(4) as threads:
            writing = threads.submit(write)
            reading = [threads.submit(read) for _ in range(3)]
            writing.result()
            assert min(future.result() for future in reading) > 0
        assert index.totals() == Totals(10, 10, 10 * batches, 10 * batches, 0, 0)
