"""What every Index keeps to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from tests.contract.objects import described, everything, indexed, key, location
from wado_core.errors import Gone
from wado_core.model.byte_range import ByteRange
from wado_core.model.grayscale import ValueRange
from wado_core.model.instance import Described, Listing, Located
from wado_core.model.study import InstanceSummary, Totals
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.ports import Index, IndexedFile


class IndexContract:
    """Subclass and define the fixture ``index``: an empty index, closed afterwards; ``reopen`` closes it and opens it again."""

    @pytest.fixture
    def index(self) -> Index:
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[Index], Index]:
        raise NotImplementedError

    def test_what_was_never_seen_is_none(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described())])
        assert index.find(key(number=2)) is None
        assert index.find(InstanceKey("1.2.9", key().series_uid, key().object_uid)) is None
        assert index.find(InstanceKey(key().study_uid, "1.2.9", key().object_uid)) is None

    def test_every_field_comes_back(self, index: Index) -> None:
        instance = everything()
        index.put([IndexedFile(location(b"/d/a"), Described(instance))])
        found = index.find(instance.key)
        assert found == Located(instance, location(b"/d/a"))
        # The digest of a plan is made of reprs: an integer that comes back for a float, or a tuple for a ByteRange, would change it.
        assert repr(found.instance) == repr(instance)
        assert found.instance.palette is not None
        assert type(found.instance.palette.red.data) is ByteRange

    def test_survives_reopening(self, index: Index, reopen: Callable[[Index], Index]) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.forget([b"/d/b"])
        index = reopen(index)
        assert index.find(key(1)) == Located(described(key(1)).instance, location(b"/d/a"))
        with pytest.raises(Gone):
            index.find(key(2))

    def test_same_object_uid_in_two_studies_is_two_instances(self, index: Index) -> None:
        one, other = InstanceKey("1.2.1", "1.2.1.1", "1.2.3"), InstanceKey("1.2.2", "1.2.2.1", "1.2.3")
        index.put([indexed(b"/d/a", described(one)), indexed(b"/d/b", described(other, version="v2"))])
        assert index.find(one) == Located(described(one).instance, location(b"/d/a"))
        assert index.find(other) == Located(described(other, version="v2").instance, location(b"/d/b"))
        index.forget([b"/d/a"])
        with pytest.raises(Gone):
            index.find(one)
        assert index.find(other) is not None

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_the_copy_with_the_smallest_path_is_chosen_whatever_came_first(self, index: Index, order: tuple[int, ...]) -> None:
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

    def test_copies_keep_their_own_description(self, index: Index) -> None:
        # The same UIDs, stored once compressed: the offsets of one copy must never be used on the bytes of the other.
        compressed = replace(described().instance, version="v2", data_set_offset=999)
        index.put([indexed(b"/d/b", Described(compressed)), indexed(b"/d/a", described())])
        assert index.find(key()) == Located(described().instance, location(b"/d/a"))
        index.forget([b"/d/a"])
        assert index.find(key()) == Located(compressed, location(b"/d/b"))

    def test_gone_only_with_the_last_copy(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described()), indexed(b"/e/a", described())])
        index.forget([b"/d/a"])
        assert index.find(key()) == Located(described().instance, location(b"/e/a"))
        index.forget([b"/e/a"])
        with pytest.raises(Gone) as refusal:
            index.find(key())
        assert "/e" not in str(refusal.value)

    def test_gone_and_back(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described())])
        index.forget([b"/d/a"])
        index.put([indexed(b"/e/b", described())])
        assert index.find(key()) == Located(described().instance, location(b"/e/b"))
        index.forget([b"/e/b"])
        with pytest.raises(Gone):
            index.find(key())

    @pytest.mark.parametrize("now", [indexed(b"/d/a", described(key(number=2))), indexed(b"/d/a"), indexed(b"/d/a", None, "Broken.")])
    def test_a_replaced_last_copy_is_gone(self, index: Index, now: IndexedFile) -> None:
        index.put([indexed(b"/d/a", described())])
        index.put([now])
        with pytest.raises(Gone):
            index.find(key())

    def test_two_files_that_change_places_lose_nothing(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/b", described(key(2)))])
        index.put([indexed(b"/d/a", described(key(2))), indexed(b"/d/b", described(key(1)))])
        assert index.find(key(1)) == Located(described(key(1)).instance, location(b"/d/b"))
        assert index.find(key(2)) == Located(described(key(2)).instance, location(b"/d/a"))

    def test_the_same_file_put_again_changes_nothing_but_itself(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described())])
        before = index.totals()
        changed = IndexedFile(location(b"/d/a", size=2000), described(version="v2"))
        index.put([changed])
        assert index.find(key()) == Located(described(version="v2").instance, changed.location)
        assert index.totals() == before

    def test_the_last_of_a_path_in_one_batch_holds(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described(key(1))), indexed(b"/d/a", described(key(2)))])
        assert index.find(key(2)) is not None
        assert index.totals().files == 1

    def test_forgetting_the_unknown_is_nothing(self, index: Index) -> None:
        index.forget([b"/never/seen"])
        index.forget([])
        index.put([])
        assert index.totals() == Totals(0, 0, 0, 0, 0, 0)

    def test_more_files_than_fit_one_statement(self, index: Index) -> None:
        many = 1700
        index.put(indexed(b"/d/%05d" % number, described(key(number=number))) for number in range(many))
        assert index.totals() == Totals(1, 1, many, many, 0, 0)
        index.forget(b"/d/%05d" % number for number in range(1, many))
        assert index.totals() == Totals(1, 1, 1, 1, 0, 0)
        with pytest.raises(Gone):
            index.find(key(number=many - 1))

    def test_known_files_are_those_directly_in_the_folder(self, index: Index) -> None:
        index.put([indexed(b"/d/a"), indexed(b"/d/b", described()), indexed(b"/d/e/c"), indexed(b"/dd/d"), indexed(b"/r")])
        assert index.known_files(b"/d") == {b"/d/a": location(b"/d/a"), b"/d/b": location(b"/d/b")}
        assert index.known_files(b"/") == {b"/r": location(b"/r")}
        assert index.known_files(b"/none") == {}

    def test_known_folders_are_at_or_below_the_root(self, index: Index) -> None:
        index.put(indexed(path) for path in (b"/d/a", b"/d/e/f/b", b"/d-/c", b"/d0/c", b"/r", b"/d/\xff/x"))
        assert sorted(index.known_folders(b"/d")) == [b"/d", b"/d/e/f", b"/d/\xff"]
        assert list(index.known_folders(b"/d/e")) == [b"/d/e/f"]
        assert sorted(index.known_folders(b"/")) == [b"/", b"/d", b"/d-", b"/d/e/f", b"/d/\xff", b"/d0"]
        index.forget([b"/d/e/f/b"])
        assert list(index.known_folders(b"/d/e")) == []

    def test_paths_that_are_no_utf_8(self, index: Index) -> None:
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
    def test_whatever_numbers_a_file_system_gives(self, index: Index, inode: int, mtime_ns: int) -> None:
        odd = location(b"/d/a", size=2**42, mtime_ns=mtime_ns, inode=inode)
        index.put([IndexedFile(odd, described())])
        assert index.find(key()) == Located(described().instance, odd)
        assert index.known_files(b"/d") == {b"/d/a": odd}

    def test_problems_and_totals(self, index: Index) -> None:
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

    def test_studies_newest_first_then_by_uid(self, index: Index) -> None:
        dates = {1: "20200101", 2: "20240101", 3: "", 4: "20240101"}
        index.put(indexed(b"/d/%d" % study, described(key(study), study_date=date)) for study, date in dates.items())
        assert [study.study_uid for study in index.studies(0, 10, 50)] == ["1.2.2", "1.2.4", "1.2.1", "1.2.3"]
        assert [study.study_uid for study in index.studies(1, 2, 50)] == ["1.2.4", "1.2.1"]
        assert index.studies(4, 10, 50) == ()

    def test_a_study_shows_its_listing_and_series_in_order_of_their_numbers(self, index: Index) -> None:
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

    def test_the_middle_instance_stands_for_its_series(self, index: Index) -> None:
        numbers = {1: 30, 2: 10, 3: 20, 4: 50, 5: 40}
        index.put(
            indexed(b"/d/%d" % uid, described(key(number=uid), frames=uid, instance_number=number)) for uid, number in numbers.items()
        )
        ((series,),) = (study.series for study in index.studies(0, 1, 50))
        assert series.representative == key(number=1)
        assert series.representative_frames == 1
        assert series.representative_has_picture
        assert series.instances == 5

    def test_a_series_is_shown_by_an_instance_with_a_picture(self, index: Index) -> None:
        shown, hidden = described(key(number=1), instance_number=1), described(key(number=2), instance_number=2)
        index.put([indexed(b"/d/1", shown), indexed(b"/d/2", replace(hidden, has_picture=False))])
        ((series,),) = (study.series for study in index.studies(0, 1, 50))
        assert (series.representative, series.representative_has_picture) == (key(number=1), True)

    def test_series_of_a_study_are_paged(self, index: Index) -> None:
        index.put(indexed(b"/d/%d" % number, described(key(1, number), series_number=number)) for number in range(5))
        ((study,),) = (index.studies(0, 1, 2),)
        assert ([series.number for series in study.series], study.series_total) == ([0, 1], 5)
        found = index.study("1.2.1", 3, 10)
        assert found is not None
        assert ([series.number for series in found.series], found.series_total) == ([3, 4], 5)
        assert index.study("1.2.99", 0, 10) is None

    def test_instances_by_number_then_uid(self, index: Index) -> None:
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
            InstanceSummary(key(number=2), 1, 9, has_picture=True),
            InstanceSummary(key(number=3), 1, 1, has_picture=True),
            InstanceSummary(key(number=1), 2, 1, has_picture=True),
        )
        assert [summary.key for summary in index.instances(series, 1, 2)] == [key(number=2), key(number=3)]
        assert index.instances(SeriesKey("1.2.1", "9"), 0, 10) == ()

    def test_what_is_gone_leaves_every_listing(self, index: Index) -> None:
        index.put([indexed(b"/d/1", described(key(1, 1))), indexed(b"/d/2", described(key(1, 2))), indexed(b"/d/3", described(key(2)))])
        index.forget([b"/d/2", b"/d/3"])
        (study,) = index.studies(0, 10, 50)
        assert [series.series_uid for series in study.series] == ["1.2.1.1"]
        assert index.instances(SeriesKey("1.2.1", "1.2.1.2"), 0, 10) == ()
        assert index.totals() == Totals(1, 1, 1, 1, 0, 0)

    def test_numbers_beyond_64_bits_and_lone_surrogates_do_not_stop_a_batch(self, index: Index) -> None:
        odd = described(key(1), series_number=10**30, instance_number=-(10**30), patient_name="a\udc80b")
        index.put([indexed(b"/d/a", odd), indexed(b"/d/b", described(key(2)))])
        assert index.totals().instances == 2
        assert "a?b" in {study.listing.patient_name for study in index.studies(0, 10, 50)}

    def test_value_ranges(self, index: Index) -> None:
        values, empty = ValueRange(-1024.0, 3071.5), ValueRange(0.0, 0.0, empty=True)
        index.put([indexed(b"/d/a", described(frames=2))])
        assert index.value_range(key(), "v1", 1) is None
        index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
        index.remember_value_range(key(), "v1", 1, values)
        index.remember_value_range(key(), "v1", 2, empty)
        assert index.value_range(key(), "v1", 1) == values
        assert index.value_range(key(), "v1", 2) == empty
        assert index.value_range(key(), "v2", 1) is None
        assert index.value_range(key(2), "v1", 1) is None

    def test_value_range_of_an_unknown_instance_is_dropped(self, index: Index) -> None:
        index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
        assert index.value_range(key(), "v1", 1) is None

    def test_value_ranges_end_with_the_bytes_they_were_made_of(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described())])
        index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
        index.put([indexed(b"/d/a", described())])
        assert index.value_range(key(), "v1", 1) is None
        index.remember_value_range(key(), "v1", 1, ValueRange(1.0, 2.0))
        index.forget([b"/d/a"])
        index.put([indexed(b"/d/a", described(key(2), version="v1"))])
        assert index.value_range(key(2), "v1", 1) is None

    def test_a_failed_batch_leaves_nothing_behind(self, index: Index) -> None:
        index.put([indexed(b"/d/a", described(key(1)))])
        broken = replace(described(key(3)).instance, chunks=(object(),))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            index.put([indexed(b"/d/a", described(key(2))), indexed(b"/d/b", Described(broken))])
        assert index.find(key(1)) is not None
        assert index.find(key(2)) is None
        index.put([indexed(b"/d/c", described(key(2)))])
        assert index.find(key(2)) is not None

    def test_readers_beside_the_writer_see_whole_batches(self, index: Index) -> None:
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
