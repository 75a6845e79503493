"""Indexing of real folders, run after run, through the real walk, store and index."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from tests.wado_core.services.plain_ct import ct_key, plain_ct, write_folder
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore, location_of
from wado_core.archive.walk import walk
from wado_core.errors import DamagedObject, Unavailable
from wado_core.model.index_status import Progress
from wado_core.model.instance import Location
from wado_core.model.study import Standing, Totals
from wado_core.model.uid import InstanceKey
from wado_core.ports import Folder, Glance, IndexedFile, OpenObject
from wado_core.services.indexing import Indexing
from wado_core.services.report import Report
from wado_core.settings import Limits


@dataclass
class WatchedStore:
    """A store that notes what is opened, and fails for the paths it is told."""

    opened: list[bytes] = field(default_factory=list)
    failing: set[bytes] = field(default_factory=set)
    # What counts as mounted; None: what really is.
    mounts: set[bytes] | None = None
    inner: FileStore = field(default_factory=FileStore)

    def _check(self, path: bytes) -> None:
        if any(path == failing or path.startswith(failing + b"/") for failing in self.failing):
            raise Unavailable("The storage of this object does not answer now.")

    def look(self, path: bytes) -> Location:
        self._check(path)
        return self.inner.look(path)

    def glance(self, folder: bytes) -> Glance:
        if any(folder == failing or folder.startswith(failing + b"/") for failing in self.failing):
            return Glance(readable=False)
        found = self.inner.glance(folder)
        return found if self.mounts is None else replace(found, mount=folder in self.mounts)

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        self.opened.append(location.path)
        self._check(location.path)
        return self.inner.open(location)


class Archive:
    """A folder that is served, its index, and what a test wants to know of them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "served"
        self.root.mkdir()
        self.store = WatchedStore()
        self.index = SqlIndex(folder / "state", writing=True)
        self.unreadable_folders: set[bytes] = set()
        self.indexing = Indexing(self.index, self.store, self.walk, Limits())

    def walk(self, root: Path) -> Iterator[Folder]:
        """Walk, with missing rights of some folders; the superuser, as whom tests may run, has them all."""
        for folder in walk(root):
            if folder.path in self.unreadable_folders:
                yield Folder(folder.path, (), complete=False)
            elif not any(folder.path.startswith(path + b"/") for path in self.unreadable_folders):
                yield folder

    def write(self, name: str | bytes, data: bytes) -> bytes:
        path = os.path.join(bytes(self.root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(self, *roots: Path) -> Progress:
        self.store.opened.clear()
        return self.indexing.run(roots or [self.root], processes=0).counts

    def state_of(self, key: InstanceKey) -> bytes | str | None:
        """Return the path below the root that an instance is found under, "gone", or None."""
        found = self.index.find(key)
        if found is None:
            return {Standing.UNKNOWN: None, Standing.KNOWN: "missed", Standing.GONE: "gone"}[self.index.standing(key)]
        return os.path.relpath(found.location.path, bytes(self.root))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.index.close()


ONE, TWO = ct_key(number=1), ct_key(number=2)


def test_objects_are_found_and_everything_else_is_counted(archive: Archive) -> None:
    archive.write("a/1.dcm", plain_ct(number=1))
    archive.write(b"\xff\xce/2", plain_ct(number=2))
    archive.write("readme.txt", b"Please read me.")
    archive.write("empty", b"")
    half = archive.write("half.dcm", plain_ct(number=3)[:700])
    os.mkfifo(archive.root / "fifo")
    (archive.root / "a" / "loop").symlink_to(archive.root)
    report = archive.indexing.run([archive.root], processes=0)
    assert report.counts == Progress(files_seen=5, files_read=5, instances=2, not_dicom=2, damaged=1)
    assert report.totals == Totals(studies=1, series=1, instances=2, files=5, not_dicom=2, damaged=1)
    assert [path for path, _ in report.problems] == [half]
    assert list(archive.index.problems()) == list(report.problems)
    assert archive.state_of(ONE) == b"a/1.dcm"
    assert archive.state_of(TWO) == b"\xff\xce/2"
    assert archive.state_of(ct_key(number=3)) is None


def test_what_has_not_changed_is_not_opened_again(archive: Archive) -> None:
    for number in range(5):
        archive.write(f"{number}.dcm", plain_ct(number=number))
    archive.write("readme.txt", b"text")
    archive.write("half", plain_ct()[:700])
    archive.run()
    assert len(archive.store.opened) == 7
    assert archive.run() == Progress(files_seen=7, unchanged=7)
    assert archive.store.opened == []


def test_changed_files_are_read_again(archive: Archive) -> None:
    archive.write("a", plain_ct(number=1))
    archive.write("b", plain_ct(number=2))
    grown = archive.write("c", plain_ct(number=3)[:700])
    archive.run()
    before = archive.index.find(ONE)
    assert before is not None

    path = archive.write("a", plain_ct(number=1))
    os.utime(path, ns=(1, before.location.mtime_ns + 1))
    archive.write("c", plain_ct(number=3))
    assert archive.run() == Progress(files_seen=3, unchanged=1, files_read=2, instances=2)
    assert archive.store.opened == [path, grown]
    after = archive.index.find(ONE)
    assert after is not None
    assert after.instance.version != before.instance.version
    assert list(archive.index.problems()) == []


def test_a_file_replaced_by_one_of_equal_size_and_time_is_told_by_its_inode(archive: Archive) -> None:
    path = archive.write("a", plain_ct(number=1))
    archive.run()
    other = archive.write("b", plain_ct(number=2))
    os.utime(other, ns=(1, os.stat(path).st_mtime_ns))
    os.replace(other, path)
    assert archive.run() == Progress(files_seen=1, files_read=1, instances=1)
    assert archive.state_of(ONE) == "gone"
    assert archive.state_of(TWO) == b"a"


def test_deleted_files_are_gone_and_may_come_back(archive: Archive) -> None:
    path = archive.write("a/1", plain_ct(number=1))
    archive.write("a/2", plain_ct(number=2))
    archive.run()
    os.remove(path)
    assert archive.run() == Progress(files_seen=1, unchanged=1, forgotten=1)
    assert archive.state_of(ONE) == "gone"
    assert archive.state_of(TWO) == b"a/2"
    archive.write("b/1", plain_ct(number=1))
    archive.run()
    assert archive.state_of(ONE) == b"b/1"


def test_deleted_folders_are_gone_with_all_below(archive: Archive) -> None:
    archive.write("a/b/c/1", plain_ct(number=1))
    archive.write("z", plain_ct(number=2))
    archive.run()
    shutil.rmtree(archive.root / "a")
    assert archive.run() == Progress(files_seen=1, unchanged=1, forgotten=1)
    assert archive.state_of(ONE) == "gone"


def test_a_moved_file_is_never_gone_in_between(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way it moves in the order of the walk."""
    archive.write("a/1", plain_ct(number=1))
    archive.write("z/2", plain_ct(number=2))
    archive.write("m", b"text")
    archive.run()
    seen: list[bytes | str | None] = []
    put, forget = SqlIndex.put, SqlIndex.forget

    def watched_put(index: SqlIndex, files: list[IndexedFile]) -> None:
        put(index, files)
        seen.extend([archive.state_of(ONE), archive.state_of(TWO)])

    def watched_forget(index: SqlIndex, paths: list[bytes]) -> None:
        forget(index, paths)
        seen.extend([archive.state_of(ONE), archive.state_of(TWO)])

    monkeypatch.setattr(SqlIndex, "put", watched_put)
    monkeypatch.setattr(SqlIndex, "forget", watched_forget)
    (archive.root / "a" / "1").rename(archive.root / "z" / "1")
    (archive.root / "z" / "2").rename(archive.root / "a" / "2")
    archive.run()
    assert "gone" not in seen
    assert None not in seen
    assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"z/1", b"a/2")
    assert archive.index.totals() == Totals(1, 1, 2, 3, 1, 0)


def test_duplicates_stay_until_the_last_is_gone(archive: Archive) -> None:
    paths = [archive.write(name, plain_ct(number=1)) for name in ("c", "a/x", "b")]
    assert archive.run() == Progress(files_seen=3, files_read=3, instances=3)
    assert archive.index.totals().instances == 1
    for path in sorted(paths):
        assert archive.state_of(ONE) == os.path.relpath(path, bytes(archive.root))
        archive.write("keeps the root from being empty", b"")
        os.remove(path)
        archive.run()
    assert archive.state_of(ONE) == "gone"


def test_the_same_object_uid_under_two_studies(archive: Archive) -> None:
    data = plain_ct(study=1, number=1)
    archive.write("a", data)
    archive.write("b", data.replace(ONE.study_uid.encode(), b"1.2.826.0.1.19999999"))
    archive.run()
    assert archive.state_of(ONE) == b"a"
    assert archive.state_of(replace(ONE, study_uid="1.2.826.0.1.19999999")) == b"b"


@pytest.mark.parametrize("how", ["missing", "empty", "a file"])
def test_a_root_that_went_away_marks_nothing_gone(archive: Archive, how: str) -> None:
    archive.write("1", plain_ct(number=1))
    archive.write("a/b/2", plain_ct(number=2))
    archive.run()
    archive.root.rename(archive.root.parent / "unmounted")
    if how == "empty":
        archive.root.mkdir()
    elif how == "a file":
        archive.root.touch()
    assert archive.run().forgotten == 0
    assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"1", b"a/b/2")


def test_unreadable_folders_mark_nothing_gone_at_or_below(archive: Archive) -> None:
    archive.write("a/1", plain_ct(number=1))
    archive.write("a/b/2", plain_ct(number=2))
    archive.write("c/3", plain_ct(number=3))
    archive.write("c/d/4", plain_ct(number=4))
    archive.run()
    archive.unreadable_folders.add(bytes(archive.root / "a"))
    shutil.rmtree(archive.root / "c" / "d")
    assert archive.run() == Progress(files_seen=1, unchanged=1, forgotten=1, folders_unreadable=1)
    assert [archive.state_of(ct_key(number=number)) for number in (1, 2, 3, 4)] == [b"a/1", b"a/b/2", b"c/3", "gone"]


def test_links_into_an_unmounted_file_system_mark_nothing_gone(archive: Archive, tmp_path: Path) -> None:
    archive.write("z", b"")
    (tmp_path / "nas" / "deep").mkdir(parents=True)
    (tmp_path / "nas" / "deep" / "1").write_bytes(plain_ct(number=1))
    (tmp_path / "nas" / "2").write_bytes(plain_ct(number=2))
    (archive.root / "folder").symlink_to(tmp_path / "nas" / "deep")
    (archive.root / "file").symlink_to(tmp_path / "nas" / "2")
    archive.run()
    assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"folder/1", b"file")
    (tmp_path / "nas").rename(tmp_path / "unmounted")
    assert archive.run().forgotten == 0
    assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"folder/1", b"file")


def test_what_cannot_be_read_now_is_tried_again(archive: Archive) -> None:
    known = archive.write("a", plain_ct(number=1))
    archive.run()
    new = archive.write("b", plain_ct(number=2))
    os.utime(known, ns=(1, 1))
    archive.store.failing = {known, new}
    assert archive.run() == Progress(files_seen=2, unreadable=2)
    assert archive.state_of(ONE) == b"a"
    archive.store.failing = set()
    assert archive.run() == Progress(files_seen=2, files_read=2, instances=2)


def test_a_file_that_is_back_before_it_is_forgotten_stays(archive: Archive) -> None:
    path = archive.write("1", plain_ct(number=1))
    archive.write("z", b"")
    archive.run()
    os.remove(path)

    def walk_then_restore(root: Path) -> Iterator[Folder]:
        yield from list(walk(root))
        archive.write("1", plain_ct(number=1))

    Indexing(archive.index, archive.store, walk_then_restore, Limits()).run([archive.root], processes=0)
    assert archive.state_of(ONE) == b"1"


def test_roots_within_roots_and_twice_are_walked_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.write("a/1", plain_ct(number=1))
    archive.write("ab/2", plain_ct(number=2))
    monkeypatch.chdir(archive.root)
    assert archive.run(archive.root, archive.root / "a", Path("ab"), archive.root) == Progress(files_seen=2, files_read=2, instances=2)
    assert archive.run(archive.root / "a", archive.root / "ab") == Progress(files_seen=2, unchanged=2)


def test_a_root_that_is_a_file(archive: Archive) -> None:
    path = archive.write("a/1", plain_ct(number=1))
    archive.write("a/2", plain_ct(number=2))
    archive.run()
    assert archive.run(Path(os.fsdecode(path))) == Progress(files_seen=1, unchanged=1)
    assert archive.state_of(TWO) == b"a/2"


def test_one_root_says_nothing_of_another(archive: Archive, tmp_path: Path) -> None:
    archive.write("1", plain_ct(number=1))
    other = tmp_path / "served too"
    other.mkdir()
    (other / "2").write_bytes(plain_ct(number=2))
    archive.run()
    archive.run(other)
    assert archive.state_of(ONE) == b"1"
    assert archive.state_of(TWO) == b"../served too/2"


def test_descriptions_of_an_earlier_version_are_read_again(archive: Archive, tmp_path: Path) -> None:
    archive.write("1", plain_ct(number=1))
    archive.run()
    archive.index.close()
    with closing(SqlIndex(tmp_path / "state", writing=True, format_of_descriptions=1)) as newer:
        indexing = Indexing(newer, archive.store, walk, Limits())
        assert indexing.run([archive.root], processes=0).counts == Progress(files_seen=1, files_read=1, instances=1)
        assert newer.find(ONE) is not None
        assert indexing.run([archive.root], processes=0).counts == Progress(files_seen=1, unchanged=1)


def test_progress_is_told_and_ends_with_the_report(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.services.tally.PROGRESS_EVERY_S", 0.0)
    for number in range(20):
        archive.write(f"{number}", plain_ct(number=number))
    told: list[Progress] = []
    report = archive.indexing.run([archive.root], told.append, processes=0)
    assert told[-1] == report.counts
    assert len(told) > 20
    for earlier, later in pairwise(told):
        assert earlier.files_seen <= later.files_seen
        assert earlier.files_read <= later.files_read
    assert report.duration_s > 0
    assert report.files_read_per_s == pytest.approx(20 / report.duration_s)
    assert report.files_seen_per_s == pytest.approx(20 / report.duration_s)


def test_results_are_written_in_bounded_transactions(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wado_core.services.indexing.TRANSACTION", 10)
    sizes: list[int] = []
    put = SqlIndex.put

    def watched(index: SqlIndex, files: list[IndexedFile]) -> None:
        sizes.append(len(files))
        put(index, files)

    monkeypatch.setattr(SqlIndex, "put", watched)
    for number in range(35):
        archive.write(f"{number}", plain_ct(number=number))
    archive.run()
    assert sum(sizes) == 35
    assert max(sizes) <= 10


def test_processes_come_to_the_same(tmp_path: Path) -> None:
    root = tmp_path / "served"
    write_folder(root, studies=2, series=2, instances=90)
    reports: list[Report] = []
    for processes in (0, 2):
        with closing(SqlIndex(tmp_path / f"state{processes}", writing=True)) as index:
            reports.append(Indexing(index, FileStore(), walk, Limits()).run([root], processes=processes))
            found = index.find(ct_key(2, 2, 90))
            assert found is not None
            assert found.instance.image_pixel is not None
            assert found.instance.image_pixel.rows == 512
            assert found.location == location_of(bytes(root / "study2" / "series2" / "000090.dcm"))
    assert reports[0].counts == reports[1].counts == Progress(files_seen=360, files_read=360, instances=360)
    assert reports[0].totals == reports[1].totals == Totals(2, 4, 360, 360, 0, 0)


def test_real_files_of_pydicom(archive: Archive) -> None:
    """Files of its wheel: whole, without preamble, with 10 enhanced frames, and one that is cut off on purpose."""
    for name in ("CT_small.dcm", "MR_small.dcm", "MR_truncated.dcm", "rtplan.dcm", "no_meta.dcm"):
        source = get_testdata_file(name, download=False)
        assert source is not None
        shutil.copyfile(str(source), archive.root / name)
    report = archive.indexing.run([archive.root], processes=0)
    assert [os.path.basename(path) for path, _ in report.problems] == [b"MR_truncated.dcm"]
    assert report.counts.files_seen == 5
    assert report.counts.damaged == 1
    ct = InstanceKey(
        "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322",
        "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322",
        "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",
    )
    assert archive.state_of(ct) == b"CT_small.dcm"


def test_what_moves_behind_the_back_of_the_walk_is_looked_for_once_more(archive: Archive) -> None:
    """From a folder that was not yet walked into one that was: a single look sees it nowhere."""
    path = archive.write("z/1", plain_ct(number=1))
    archive.write("a/2", plain_ct(number=2))
    archive.run()
    seen: list[bytes | str | None] = []

    def walk_and_move(root: Path) -> Iterator[Folder]:
        for folder in walk(root):
            yield folder
            if folder.path.endswith(b"/a") and os.path.exists(path):
                os.rename(path, archive.root / "a" / "1")
        seen.append(archive.state_of(ONE))

    report = Indexing(archive.index, archive.store, walk_and_move, Limits()).run([archive.root], processes=0)
    assert archive.state_of(ONE) == b"a/1"
    assert "gone" not in seen
    assert report.counts == Progress(files_seen=1, unchanged=1, forgotten=1, files_read=1, instances=1)


class TestMoved:
    """Known by inode, size, mtime and first bytes; never read a second time."""

    def test_renamed_files_and_folders(self, archive: Archive) -> None:
        for number in range(5):
            archive.write(f"a/b/{number}", plain_ct(number=number))
        archive.write("a/readme", b"text")
        archive.write("a/half", plain_ct()[:700])
        archive.run()
        before = {number: archive.index.find(ct_key(number=number)) for number in range(5)}
        (archive.root / "a").rename(archive.root / "c")
        (archive.root / "c" / "b" / "0").rename(archive.root / "zero")
        counts = archive.run()
        assert counts == Progress(files_seen=7, moved=7, forgotten=7)
        assert archive.state_of(ct_key(number=0)) == b"zero"
        for number in range(1, 5):
            found, known = archive.index.find(ct_key(number=number)), before[number]
            assert found is not None
            assert known is not None
            assert found.instance == known.instance
            assert archive.state_of(ct_key(number=number)) == b"c/b/%d" % number
        assert [path for path, _ in archive.index.problems()] == [bytes(archive.root / "c" / "half")]
        assert archive.index.totals() == Totals(1, 1, 5, 7, 1, 1)

    def test_only_the_beginning_of_a_moved_file_is_read(self, archive: Archive) -> None:
        archive.write("a", plain_ct(number=1))
        archive.run()
        (archive.root / "a").rename(archive.root / "b")
        archive.run()
        assert archive.store.opened == [bytes(archive.root / "b")]  # to compare its first bytes

    def test_a_hard_link_is_another_copy(self, archive: Archive) -> None:
        archive.write("a", plain_ct(number=1))
        archive.run()
        os.link(archive.root / "a", archive.root / "b")
        assert archive.run() == Progress(files_seen=2, unchanged=1, moved=1)
        assert archive.index.copies(ONE) == (bytes(archive.root / "a"), bytes(archive.root / "b"))

    def test_an_inode_used_again_is_not_taken_for_the_old_file(self, archive: Archive) -> None:
        """Size, mtime and inode of the deleted file, as after unpacking a series with whole seconds into another folder."""
        path = archive.write("a/1", plain_ct(number=1))
        archive.write("z", plain_ct(number=9))
        os.utime(path, (1_600_000_000, 1_600_000_000))
        archive.run()
        (archive.root / "b").mkdir()
        os.rename(path, archive.root / "b" / "2")
        archive.write("b/2", plain_ct(number=2))  # written in place: the same inode
        os.utime(archive.root / "b" / "2", (1_600_000_000, 1_600_000_000))
        assert archive.run() == Progress(files_seen=2, unchanged=1, files_read=1, instances=1, forgotten=1)
        assert (archive.state_of(ONE), archive.state_of(TWO)) == ("gone", b"b/2")

    def test_two_files_that_change_places(self, archive: Archive) -> None:
        one, two = archive.write("1", plain_ct(number=1)), archive.write("2", plain_ct(number=2) + b"\0\0")
        archive.run()
        os.rename(one, one + b".away")
        os.rename(two, one)
        os.rename(one + b".away", two)
        archive.run()
        assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"2", b"1")
        assert archive.index.totals().files == 2

    def test_a_chain_of_moves(self, archive: Archive) -> None:
        """As log files are rotated: each takes the place of the next."""
        paths = [archive.write(str(number), plain_ct(number=number) + bytes(2 * number)) for number in range(1, 5)]
        archive.run()
        for path, target in zip(reversed(paths), reversed([*paths[1:], archive.root.__fspath__().encode() + b"/5"]), strict=True):
            os.rename(path, target)
        archive.run()
        for number in range(1, 5):
            assert archive.state_of(ct_key(number=number)) == b"%d" % (number + 1)
        assert archive.index.totals() == Totals(1, 1, 4, 4, 0, 0)


class TestMounts:
    """A double says what is mounted; tests/hostile mounts for real, where that is allowed."""

    @pytest.fixture
    def mounted(self, archive: Archive) -> set[bytes]:
        mounts = {bytes(archive.root / "disk")}

        def mounting(root: Path) -> Iterator[Folder]:
            for folder in walk(root):
                yield replace(folder, mount=folder.path in mounts)

        archive.store.mounts = mounts
        archive.indexing = Indexing(archive.index, archive.store, mounting, Limits())
        return mounts

    def test_an_unmounted_folder_marks_nothing_gone(self, archive: Archive, mounted: set[bytes]) -> None:
        archive.write("disk/deep/1", plain_ct(number=1))
        archive.write("2", plain_ct(number=2))
        archive.run()
        (archive.root / "disk" / "deep").rename(archive.root.parent / "away")
        mounted.clear()
        assert archive.run() == Progress(files_seen=1, unchanged=1, folders_unreadable=1)
        assert archive.state_of(ONE) == b"disk/deep/1"
        (archive.root.parent / "away").rename(archive.root / "disk" / "deep")
        mounted.add(bytes(archive.root / "disk"))
        assert archive.run() == Progress(files_seen=2, unchanged=2)
        shutil.rmtree(archive.root / "disk" / "deep")
        assert archive.run().forgotten == 1
        assert archive.state_of(ONE) == "gone"

    @pytest.mark.parametrize("known", [True, False])
    def test_what_is_unmounted_during_a_look_is_not_gone(self, archive: Archive, mounted: set[bytes], known: bool) -> None:
        """Between a look at a folder that misses a file, and the forgetting of it.  known: the mount point, from an earlier look."""
        path = archive.write("disk/deep/1", plain_ct(number=1))
        archive.write("disk/deep/2", plain_ct(number=2))
        archive.write("z/3", plain_ct(number=3))
        archive.run()
        if not known:
            archive.index.remember_mounts([], [bytes(archive.root / "disk")])
        os.unlink(path)

        def walk_and_unmount(root: Path) -> Iterator[Folder]:
            for folder in walk(root):
                yield replace(folder, mount=folder.path in mounted)
                if folder.path.endswith(b"/z") and mounted:
                    mounted.clear()
                    (archive.root / "disk" / "deep").rename(archive.root.parent / "away")

        Indexing(archive.index, archive.store, walk_and_unmount, Limits()).run([archive.root], processes=0)
        assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"disk/deep/1", b"disk/deep/2")
        assert archive.run().folders_unreadable
        assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"disk/deep/1", b"disk/deep/2")
        (archive.root.parent / "away").rename(archive.root / "disk" / "deep")
        mounted.add(bytes(archive.root / "disk"))
        archive.run()
        assert (archive.state_of(ONE), archive.state_of(TWO)) == ("gone", b"disk/deep/2")

    def test_a_mount_above_the_root_counts_too(self, archive: Archive) -> None:
        """What is served lies deep in a disk; without the disk there is a folder of the same name, with something in it."""
        archive.write("images/1", plain_ct(number=1))
        archive.write("images/2", plain_ct(number=2))
        root = archive.root / "images"
        archive.store.mounts = {bytes(archive.root)}
        archive.run(root)
        assert archive.index.mounts() == (bytes(archive.root),)
        root.rename(archive.root / "on the disk")
        root.mkdir()
        archive.write("images/leftover", b"text")
        archive.store.mounts.clear()
        for _ in range(2):
            archive.run(root)
            assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"images/1", b"images/2")
        with pytest.raises(Unavailable, match="folders of the object"):
            archive.indexing.refresh(bytes(root / "1"))
        shutil.rmtree(root)
        (archive.root / "on the disk").rename(root)
        archive.store.mounts.add(bytes(archive.root))
        os.unlink(root / "1")
        archive.run(root)
        assert (archive.state_of(ONE), archive.state_of(TWO)) == ("gone", b"images/2")

    def test_an_archive_that_moved_to_a_plain_folder_is_kept_again(self, archive: Archive, mounted: set[bytes]) -> None:
        archive.write("disk/deep/1", plain_ct(number=1))
        path = archive.write("disk/deep/2", plain_ct(number=2))
        archive.run()
        mounted.clear()
        assert archive.run().folders_unreadable == 1
        assert archive.index.mounts() == ()
        os.unlink(path)
        assert archive.run().forgotten == 1
        assert (archive.state_of(ONE), archive.state_of(TWO)) == (b"disk/deep/1", "gone")


class TestSettling:
    def test_young_files_wait_and_their_folders_are_named(self, archive: Archive) -> None:
        patient = Indexing(archive.index, archive.store, walk, Limits(), settling_s=60.0)
        old = archive.write("old/1", plain_ct(number=1))
        os.utime(old, (1_600_000_000, 1_600_000_000))
        young = archive.write("young/2", plain_ct(number=2))
        report = patient.run([archive.root], processes=0)
        assert report.counts == Progress(files_seen=2, settling=1, files_read=1, instances=1)
        assert report.settling == (bytes(archive.root / "young"),)
        assert archive.state_of(TWO) is None
        os.utime(young, (1_600_000_000, 1_600_000_000))
        again = patient.look_into(report.settling)
        assert again.counts == Progress(files_seen=1, files_read=1, instances=1)
        assert again.settling == ()
        assert archive.state_of(TWO) == b"young/2"

    def test_a_clock_that_is_ahead_does_not_keep_a_file_for_ever(self, archive: Archive) -> None:
        patient = Indexing(archive.index, archive.store, walk, Limits(), settling_s=60.0)
        path = archive.write("a", plain_ct(number=1))
        for ahead_s, settling in ((30, 1), (3600, 0)):
            os.utime(path, (time.time() + ahead_s, time.time() + ahead_s))
            assert patient.run([archive.root], processes=0).counts.settling == settling

    def test_looking_into_a_folder_forgets_nothing_and_goes_no_deeper(self, archive: Archive) -> None:
        path = archive.write("a/1", plain_ct(number=1))
        archive.run()
        os.unlink(path)
        archive.write("a/2", plain_ct(number=2))
        archive.write("a/b/3", plain_ct(number=3))
        archive.indexing.look_into([bytes(archive.root / "a"), bytes(archive.root / "never")])
        assert archive.state_of(ONE) == b"a/1"
        assert archive.state_of(TWO) == b"a/2"
        assert archive.state_of(ct_key(number=3)) is None

    def test_looking_into_the_folder_of_a_root_that_is_a_file_takes_this_file_only(self, archive: Archive) -> None:
        """What lies beside it was not asked to be served."""
        path = archive.write("1", plain_ct(number=1))
        archive.write("2", plain_ct(number=2))
        indexing = Indexing(archive.index, archive.store, walk, Limits(), [Path(os.fsdecode(path))], settling_s=60.0)
        report = indexing.run([Path(os.fsdecode(path))], processes=0)
        assert report.settling == (bytes(archive.root),)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        os.utime(archive.root / "2", (1_600_000_000, 1_600_000_000))
        assert indexing.look_into(report.settling).counts == Progress(files_seen=1, files_read=1, instances=1)
        assert archive.state_of(ONE) == b"1"
        assert archive.state_of(TWO) is None


class TestComplete:
    def test_once_all_roots_were_walked(self, archive: Archive, tmp_path: Path) -> None:
        archive.write("1", plain_ct(number=1))
        away = tmp_path / "away"
        assert not archive.indexing.run([archive.root, away], processes=0).complete
        assert not archive.index.complete()
        away.mkdir()
        assert archive.indexing.run([archive.root, away], processes=0).complete  # it has never held anything
        assert archive.index.complete()

    def test_not_by_a_root_that_lost_everything(self, archive: Archive) -> None:
        path = archive.write("1", plain_ct(number=1))
        archive.run()
        os.unlink(path)
        assert not archive.indexing.run([archive.root], processes=0).complete

    @pytest.mark.parametrize("why", ["settling", "unreadable"])
    def test_files_that_could_not_be_read_have_one_look_more(self, archive: Archive, why: str) -> None:
        path = archive.write("1", plain_ct(number=1))
        indexing = Indexing(archive.index, archive.store, walk, Limits(), settling_s=60.0 if why == "settling" else 0.0)
        if why == "unreadable":
            archive.store.failing = {path}
        assert indexing.run([archive.root], processes=0).complete
        assert not archive.index.complete()
        assert indexing.run([archive.root], processes=0).complete
        assert archive.index.complete()

    def test_not_by_a_run_that_was_ended(self, archive: Archive) -> None:
        archive.write("1", plain_ct(number=1))

        def end(_progress: Progress) -> None:
            raise InterruptedError

        with pytest.raises(InterruptedError):
            archive.indexing.run([archive.root], end, processes=0)
        assert not archive.index.complete()


class TestRefresh:
    def test_takes_over_what_has_changed(self, archive: Archive) -> None:
        path = archive.write("a", plain_ct(number=1))
        archive.run()
        old = location_of(path)
        archive.write("a", plain_ct(number=2) + b"\0\0")
        assert archive.indexing.refresh(old.path)
        found = archive.index.find(TWO)
        assert found is not None
        assert found.location == location_of(path) != old
        assert archive.state_of(ONE) == "missed"
        archive.run()
        assert archive.state_of(ONE) == "gone"
        assert not archive.indexing.refresh(path)

    @pytest.mark.parametrize("also", ["b", "elsewhere/b"])
    def test_forgets_what_was_deleted(self, archive: Archive, also: str) -> None:
        """The file alone, and the file with its folder: the rest of the root is there."""
        location = location_of(archive.write("deep/er/a", plain_ct(number=1)))
        archive.write(also, plain_ct(number=2))
        archive.run()
        if also == "b":
            os.remove(location.path)
        else:
            shutil.rmtree(archive.root / "deep")
        assert archive.indexing.refresh(location.path)
        assert archive.state_of(ONE) == "missed"
        archive.run()
        assert archive.state_of(ONE) == "gone"

    def test_what_has_moved_is_found_by_the_next_look(self, archive: Archive) -> None:
        path = archive.write("z/a", plain_ct(number=1))
        archive.run()
        (archive.root / "a").mkdir()
        os.rename(path, archive.root / "a" / "a")
        assert archive.indexing.refresh(path)
        assert archive.state_of(ONE) == "missed"
        archive.run()
        assert archive.state_of(ONE) == b"a/a"

    @pytest.mark.parametrize("how", ["missing", "empty"])
    def test_does_not_forget_with_the_whole_root(self, archive: Archive, how: str) -> None:
        location = location_of(archive.write("deep/a", plain_ct(number=1)))
        archive.run()
        archive.root.rename(archive.root.parent / "unmounted")
        if how == "empty":
            archive.root.mkdir()
        with pytest.raises(Unavailable):
            archive.indexing.refresh(location.path)
        assert archive.state_of(ONE) == b"deep/a"

    @pytest.mark.parametrize("sibling", [True, False])
    def test_without_known_roots_the_folder_must_vouch(self, archive: Archive, sibling: bool) -> None:
        location = location_of(archive.write("deep/a", plain_ct(number=1)))
        archive.run()
        if sibling:
            archive.write("deep/b", b"")
        os.remove(location.path)
        indexing = Indexing(archive.index, archive.store, walk, Limits())
        if sibling:
            assert indexing.refresh(location.path)
            assert archive.state_of(ONE) == "missed"
        else:
            with pytest.raises(Unavailable):
                indexing.refresh(location.path)
            assert archive.state_of(ONE) == b"deep/a"

    def test_knows_roots_from_the_beginning(self, archive: Archive) -> None:
        location = location_of(archive.write("deep/a", plain_ct(number=1)))
        archive.write("b", b"")
        archive.run()
        shutil.rmtree(archive.root / "deep")
        Indexing(archive.index, archive.store, walk, Limits(), [archive.root]).refresh(location.path)
        assert archive.state_of(ONE) == "missed"

    def test_a_storage_that_fails_changes_nothing(self, archive: Archive) -> None:
        location = location_of(archive.write("a", plain_ct(number=1)))
        archive.run()
        archive.store.failing = {bytes(archive.root)}
        with pytest.raises(Unavailable):
            archive.indexing.refresh(location.path)
        assert archive.state_of(ONE) == b"a"

    def test_a_file_that_is_being_written_is_not_gone(self, archive: Archive) -> None:
        path = archive.write("a", plain_ct(number=1))
        archive.run()
        patient = Indexing(archive.index, archive.store, walk, Limits(), [archive.root], settling_s=5.0)
        archive.write("a", plain_ct(number=1)[:700])
        with pytest.raises(Unavailable, match="being written"):
            patient.refresh(path)
        assert archive.state_of(ONE) == b"a"
        os.utime(path, (1_600_000_000, 1_600_000_000))
        with pytest.raises(DamagedObject):
            patient.refresh(path)
        assert archive.state_of(ONE) == "missed"
        archive.write("a", plain_ct(number=1))
        archive.indexing.refresh(path)
        assert archive.state_of(ONE) == b"a"
