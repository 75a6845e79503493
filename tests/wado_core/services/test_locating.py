"""From UIDs to a copy that can be read, whatever became of the files since they were indexed; the index itself stays as it is."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.archive.at_hand import FilesAtHand
from wado_core.archive.cache_memory import MemoryInstanceCache
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.errors import Busy, ContentChanged, DamagedObject, Gone, NotFound, Unavailable
from wado_core.model.instance import Location
from wado_core.model.notice import FileChanged, Notice
from wado_core.ports import Folder, Glance, OpenObject
from wado_core.services.describing import describe_file
from wado_core.services.indexing import Indexing
from wado_core.services.locating import Locating
from wado_core.settings import Limits

ONE, TWO = ct_key(number=1), ct_key(number=2)

NOTHING_NEAR = FilesAtHand(0.0)


@dataclass
class Served:
    """A folder, its index, and Locating that tells nobody of what it notices; as a Store, it fails for the paths it is told."""

    root: Path
    index: SqlIndex
    sent: list[Notice] = field(default_factory=list)
    away: set[bytes] = field(default_factory=set)
    unmounted: bool = False

    def __post_init__(self) -> None:
        self.locating = Locating(self.index, self, MemoryInstanceCache(1 << 20, 0.0), NOTHING_NEAR, self, (self.root,), Limits())

    def send(self, notice: Notice) -> None:
        self.sent.append(notice)

    def look(self, path: bytes) -> Location:
        if path in self.away:
            raise Unavailable("The storage of this object does not answer now.")
        return FileStore().look(path)

    def glance(self, folder: bytes) -> Glance:
        found = FileStore().glance(folder)
        return replace(found, mount=not self.unmounted) if folder == bytes(self.root / "disk") else found

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        return FileStore().open(location)

    def walk(self, root: Path) -> Iterator[Folder]:
        """Walk; ``disk`` below the root is a mount point, and may be unmounted."""
        disk = bytes(self.root / "disk")
        for folder in walk(root):
            yield replace(folder, mount=not self.unmounted) if folder.path == disk else folder

    def write(self, name: str, data: bytes, age_s: float = 100.0) -> bytes:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        other = path.with_suffix(".new")
        other.write_bytes(data)
        os.utime(other, (time.time() - age_s, time.time() - age_s))
        os.replace(other, path)
        return bytes(path)

    def run(self) -> None:
        Indexing(self.index, FileStore(), self.walk, Limits(), [self.root]).run([self.root], processes=0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "served").mkdir()
    index = SqlIndex(tmp_path / "state", writing=True)
    yield Served(tmp_path / "served", index)
    index.close()


def test_what_is_as_it_was_indexed_is_found_without_reading_it(served: Served) -> None:
    path = served.write("a", plain_ct(number=1))
    served.run()
    located = served.locating.locate(ONE)
    assert (located.instance.key, located.location) == (ONE, FileStore().look(path))
    assert served.sent == []


def test_a_replaced_file_is_described_anew_at_once_and_told_of(served: Served) -> None:
    path = served.write("a", plain_ct(number=1))
    served.run()
    old = served.locating.locate(ONE)
    served.write("a", plain_ct(number=1, edge=16))
    new = served.locating.locate(ONE)
    fresh = describe_file(FileStore(), Limits(), FileStore().look(path)).file
    assert fresh is not None
    assert fresh.described is not None
    assert new.instance == fresh.described.instance
    assert new.instance.version != old.instance.version
    assert served.sent == [FileChanged(path)]
    assert served.index.find(ONE) == old  # who reads does not write


def test_a_file_that_has_become_another_object_is_no_copy_any_more(served: Served) -> None:
    served.write("a", plain_ct(number=1))
    served.write("b", plain_ct(number=2))
    served.run()
    served.write("a", plain_ct(number=3))
    with pytest.raises(Busy, match="looked for"):
        served.locating.locate(ONE)
    served.run()
    with pytest.raises(Gone):
        served.locating.locate(ONE)
    assert served.locating.locate(TWO).instance.key == TWO


def test_the_next_copy_serves_while_the_first_is_deleted_replaced_or_away(served: Served) -> None:
    first, second = served.write("a", plain_ct(number=1)), served.write("b", plain_ct(number=1))
    served.run()
    assert served.locating.locate(ONE).location.path == first
    served.away.add(first)
    assert served.locating.locate(ONE).location.path == second
    served.away.clear()
    served.write("a", plain_ct(number=2))
    assert served.locating.locate(ONE).location.path == second
    os.unlink(first)
    assert served.locating.locate(ONE).location.path == second
    assert FileChanged(first) in served.sent
    os.unlink(second)
    served.write("c", plain_ct(number=5))  # an empty root vouches for nothing
    with pytest.raises(Busy, match="looked for"):
        served.locating.locate(ONE)


def test_a_moved_object_is_never_gone(served: Served) -> None:
    path = served.write("a", plain_ct(number=1))
    served.write("b", plain_ct(number=2))
    served.run()
    os.rename(path, served.root / "c")
    with pytest.raises(Busy, match="looked for") as refusal:
        served.locating.locate(ONE)
    assert refusal.value.retry_after_s > 0
    assert served.sent == [FileChanged(path)]
    served.run()
    assert served.locating.locate(ONE).location.path == bytes(served.root / "c")


def test_without_an_indexer_nobody_looks_for_what_is_missing(served: Served) -> None:
    path = served.write("a", plain_ct(number=1))
    served.write("b", plain_ct(number=2))
    served.run()
    locating = Locating(served.index, served, MemoryInstanceCache(1 << 20, 0.0), NOTHING_NEAR, served, (served.root,), Limits(), kept=False)
    os.unlink(path)
    with pytest.raises(Gone):
        locating.locate(ONE)


def test_one_copy_away_and_the_other_deleted_is_unavailable(served: Served) -> None:
    first, second = served.write("a", plain_ct(number=1)), served.write("b", plain_ct(number=1))
    served.run()
    os.unlink(first)
    served.away.add(second)
    with pytest.raises(Unavailable):
        served.locating.locate(ONE)


def test_an_object_that_comes_back_is_served_before_the_index_knows(served: Served) -> None:
    path = served.write("a", plain_ct(number=1))
    served.write("b", plain_ct(number=2))
    served.run()
    os.unlink(path)
    served.run()
    with pytest.raises(Gone):
        served.locating.locate(ONE)
    served.write("a", plain_ct(number=1))
    assert served.locating.locate(ONE).location == FileStore().look(path)
    assert FileChanged(path) in served.sent


def test_a_file_that_cannot_be_read_any_more(served: Served) -> None:
    served.write("a", plain_ct(number=1))
    served.run()
    served.write("a", plain_ct(number=1)[:700], age_s=1.0)
    with pytest.raises(Unavailable, match="being written"):
        served.locating.locate(ONE)
    served.write("a", plain_ct(number=1)[:700])
    with pytest.raises(DamagedObject):
        served.locating.locate(ONE)
    served.write("a", b"")
    with pytest.raises(DamagedObject):
        served.locating.locate(ONE)


@pytest.mark.parametrize("emptied", ["root", "mount"])
def test_what_is_missing_with_its_disk_is_unavailable_and_not_gone(served: Served, emptied: str) -> None:
    path = served.write("disk/a", plain_ct(number=1))
    served.write("b", plain_ct(number=2))
    served.run()
    assert served.index.mounts() == (bytes(served.root / "disk"),)
    os.unlink(path)
    with pytest.raises(Busy, match="looked for"):
        served.locating.locate(ONE)
    if emptied == "mount":
        served.unmounted = True
    else:
        served.root.rename(served.root.with_name("elsewhere"))
    for _ in range(2):
        with pytest.raises(Unavailable, match="folders of the object"):
            served.locating.locate(ONE)
        served.run()
    assert served.index.find(ONE) is not None


def test_unknown_objects_may_be_found_until_all_folders_were_walked(served: Served) -> None:
    served.write("a", plain_ct(number=1))
    with pytest.raises(Busy) as refusal:
        served.locating.locate(ONE)
    assert refusal.value.retry_after_s > 0
    served.run()
    assert served.locating.locate(ONE).instance.key == ONE
    with pytest.raises(NotFound):
        served.locating.locate(TWO)


def test_a_description_of_an_earlier_format_is_made_anew(served: Served, tmp_path: Path) -> None:
    path = served.write("a", plain_ct(number=1))
    served.run()
    served.index.close()
    newer = SqlIndex(tmp_path / "state", format_of_descriptions=1)
    with pytest.raises(ContentChanged):
        newer.find(ONE)
    again = Served(served.root, newer)
    assert again.locating.locate(ONE).location.path == path
    assert again.sent == [FileChanged(path)]
    newer.close()


def test_a_file_that_changes_while_it_is_looked_up_is_unavailable(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.write("a", plain_ct(number=1))
    served.run()
    served.write("a", plain_ct(number=1, edge=16))
    monkeypatch.setattr(served, "open", lambda location: FileStore().open(replace(location, mtime_ns=1)))
    with pytest.raises(Unavailable):
        served.locating.locate(ONE)


def test_what_was_looked_up_a_moment_ago_needs_no_index(served: Served) -> None:
    served.write("a", plain_ct(number=1))
    served.run()
    locating = Locating(served.index, served, MemoryInstanceCache(1 << 20, 60.0), NOTHING_NEAR, served, (served.root,), Limits())
    assert locating.in_memory(ONE) is None
    located = locating.locate(ONE)
    assert locating.in_memory(ONE) is located
    served.write("a", plain_ct(number=1, edge=16))
    assert locating.locate(ONE) is located
    assert locating.relocate(ONE) != located
    assert locating.in_memory(ONE) != located


def test_a_file_that_goes_on_being_written_is_not_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size and mtime may be those of its end, while its bytes are not yet."""
    path = served.write("a", plain_ct(number=1))
    served.run()

    def write_on(_seconds: float) -> None:
        with open(path, "r+b") as file:
            file.write(bytes(128))

    served.write("a", plain_ct(number=1, edge=16), age_s=0.0)
    with monkeypatch.context() as patch:
        patch.setattr("wado_core.services.locating.time.sleep", write_on)
        with pytest.raises(Unavailable, match="being written"):
            served.locating.locate(ONE)
    time.sleep(0.2)
    with monkeypatch.context() as patch:  # it has not been written to for a while
        patch.setattr("wado_core.services.locating.time.sleep", write_on)
        assert served.locating.locate(ONE).instance.key == ONE


def test_a_file_that_was_written_just_now_is_read_a_moment_later(served: Served) -> None:
    served.write("a", plain_ct(number=1))
    served.run()
    path = served.write("a", plain_ct(number=1, edge=16), age_s=0.0)
    located = served.locating.locate(ONE)
    assert located.location == FileStore().look(path)
    assert time.time_ns() - located.location.mtime_ns > 0.1e9
