"""The store on a file system: its contract, and the ways of files."""

import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.store import Shelf, StoreContract
from wado_core.archive.store_files import FileStore, location_of
from wado_core.errors import ContentChanged, DamagedObject, Unavailable
from wado_core.model.instance import Location
from wado_core.ports import Glance, Store


class FolderShelf:
    def __init__(self, folder: bytes) -> None:
        self.folder = folder

    def write(self, name: bytes, data: bytes) -> bytes:
        path = os.path.join(self.folder, name)
        with open(path + b".part", "wb") as file:
            file.write(data)
        os.rename(path + b".part", path)
        return path

    def remove(self, path: bytes) -> None:
        os.remove(path)


@pytest.fixture
def store() -> Store:
    return FileStore()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return FolderShelf(os.fsencode(tmp_path))


class TestContract(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return FileStore()

    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Shelf:
        return FolderShelf(os.fsencode(tmp_path))


@pytest.fixture
def location(shelf: Shelf) -> Location:
    return location_of(shelf.write(b"a", b"0123456789"))


@pytest.mark.parametrize("change", ["written", "cut", "grown", "touched"])
def test_what_is_changed_while_it_is_open_is_told_before_it_is_closed(store: Store, location: Location, change: str) -> None:
    def changed() -> None:
        with open(location.path, "r+b") as file:
            if change == "cut":
                file.truncate(3)
            elif change == "grown":
                file.seek(0, os.SEEK_END)
            if change in ("written", "grown"):
                file.write(b"new")
        if change in ("written", "touched"):  # the clock of the file system may not have gone on since the file was written
            os.utime(location.path, (1, 1))

    with suppress(ContentChanged), store.open(location) as source:  # closing tells it, too
        source.compare()
        changed()
        with pytest.raises(ContentChanged):
            source.compare()


def open_descriptors() -> set[str]:
    return set(os.listdir("/dev/fd"))


@pytest.mark.parametrize("which", ["size", "mtime_ns", "inode"])
def test_each_of_size_time_and_inode_counts(store: Store, location: Location, which: str) -> None:
    before = open_descriptors()
    changed = {
        "size": replace(location, size=location.size + 1),
        "mtime_ns": replace(location, mtime_ns=location.mtime_ns + 1),
        "inode": replace(location, inode=location.inode + 1),
    }[which]
    with pytest.raises(ContentChanged), store.open(changed):
        pytest.fail("opened under another location")
    assert open_descriptors() == before


def test_a_file_cut_short_while_open_is_content_changed_not_a_crash(store: Store, location: Location) -> None:
    before = open_descriptors()

    def read_beyond() -> None:
        with store.open(location) as source:
            os.truncate(location.path, 4)
            assert source.read(0, 4) == b"0123"
            source.read(0, 10)

    with pytest.raises(ContentChanged):
        read_beyond()
    assert open_descriptors() == before


def test_a_file_overwritten_in_place_is_noticed_on_leaving(store: Store, location: Location) -> None:
    def read_both_halves() -> None:
        with store.open(location) as source:
            source.read(0, 5)
            with open(location.path, "r+b") as file:
                file.write(b"abcdefghij")
            os.utime(location.path, ns=(1, 1))
            source.read(5, 5)

    with pytest.raises(ContentChanged):
        read_both_halves()


def test_damage_seen_in_half_new_bytes_is_content_changed(store: Store, location: Location) -> None:
    def find_damage() -> None:
        with store.open(location):
            os.truncate(location.path, 4)
            raise DamagedObject("An element is cut off.")

    with pytest.raises(ContentChanged):
        find_damage()


def test_damage_of_unchanged_bytes_stays_damage(store: Store, location: Location) -> None:
    with pytest.raises(DamagedObject), store.open(location):
        raise DamagedObject("An element is cut off.")


def test_a_file_replaced_or_deleted_while_open_is_read_to_its_end(store: Store, shelf: Shelf, location: Location) -> None:
    with store.open(location) as source:
        shelf.write(b"a", b"other bytes")
        assert source.read(0, 10) == b"0123456789"
    location = location_of(location.path)
    with store.open(location) as source:
        shelf.remove(location.path)
        assert source.read(0, 11) == b"other bytes"


def test_a_long_read_is_put_together(store: Store, location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel gives at most 2 GiB at once, and less over some network file systems."""
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda descriptor, length, offset: pread(descriptor, min(length, 3), offset))
    with store.open(location) as source:
        assert source.read(0, 10) == b"0123456789"
        assert source.read(1, 7) == b"1234567"


def test_not_a_regular_file_is_content_changed_and_never_hangs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is at most 107 bytes
    Path("folder").mkdir()
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for path in (b"fifo", b"folder", b"socket"):
            status = os.stat(path)
            with pytest.raises(ContentChanged), store.open(Location(path, status.st_size, status.st_mtime_ns, status.st_ino)):
                pytest.fail(f"opened {path!r}")
            with pytest.raises(ContentChanged):
                store.look(path)


def test_a_file_where_a_folder_was_is_content_changed(store: Store, location: Location) -> None:
    below = Location(location.path + b"/b", 1, 1, 1)
    with pytest.raises(ContentChanged), store.open(below):
        pytest.fail("opened below a file")
    with pytest.raises(ContentChanged):
        store.look(below.path)


def failing(number: int) -> Callable[..., int]:
    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number), "/secret/DOE^JOHN.dcm")

    return fail


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT, errno.ENOTCONN, errno.EMFILE])
@pytest.mark.parametrize("call", ["open", "fstat", "pread", "stat"])
def test_a_storage_that_fails_is_unavailable(
    store: Store, location: Location, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    before = open_descriptors()

    def use() -> None:
        store.look(location.path)
        with store.open(location) as source:
            source.read(0, 1)

    monkeypatch.setattr(os, call, failing(number))
    with pytest.raises(Unavailable) as refusal:
        use()
    monkeypatch.undo()
    assert open_descriptors() == before
    assert isinstance(refusal.value.__cause__, OSError)
    assert "secret" not in str(refusal.value)
    assert "DOE" not in str(refusal.value)


def test_a_glance_at_a_folder_costs_the_same_whatever_it_holds(tmp_path: Path) -> None:
    assert FileStore().glance(bytes(tmp_path)) == Glance(readable=True, empty=True)
    (tmp_path / "a").touch()
    assert FileStore().glance(bytes(tmp_path)) == Glance(readable=True)
    assert FileStore().glance(bytes(tmp_path / "a")) == Glance(readable=False)
    assert FileStore().glance(bytes(tmp_path / "missing")) == Glance(readable=False)
    assert FileStore().glance(b"/") == Glance(readable=True)


def test_a_glance_sees_where_a_file_system_begins() -> None:
    if not os.path.ismount("/proc"):
        pytest.skip("there is no /proc here")
    assert FileStore().glance(b"/proc").mount
    assert not FileStore().glance(b"/proc/self/attr").mount
