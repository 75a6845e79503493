"""The walk through folders, and all that may lie there."""

import errno
import os
import socket
from pathlib import Path

import pytest

from wado_core.archive.store_files import location_of
from wado_core.archive.walk import walk
from wado_core.ports import Folder


def make(root: Path, *names: str | bytes) -> None:
    for name in names:
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(path)


def short(root: Path, folders: list[Folder]) -> dict[bytes, list[bytes]]:
    """Return the names of the files by the folder's path below ``root``."""
    top = len(os.fsencode(root))
    return {folder.path[top:]: [os.path.basename(file.path) for file in folder.files] for folder in folders}


def test_every_regular_file_once_in_a_fixed_order(tmp_path: Path) -> None:
    make(tmp_path, "z", "a", "b/2", "b/1", "b/c/x", "b-/y", "é/ü", b"\xff\xfe/\xce\xd2")
    (tmp_path / "empty").mkdir()
    folders = list(walk(tmp_path))
    assert short(tmp_path, folders) == {
        b"": [b"a", b"z"], b"/b": [b"1", b"2"], b"/b-": [b"y"], b"/b/c": [b"x"], b"/empty": [], "/é".encode(): ["ü".encode()],
        b"/\xff\xfe": [b"\xce\xd2"],
    }  # fmt: skip
    assert folders[0].path == bytes(tmp_path)
    assert all(folder.complete for folder in folders)
    assert folders == list(walk(tmp_path))


def test_locations_are_those_the_store_sees(tmp_path: Path) -> None:
    make(tmp_path, "a", "b/c")
    for folder in walk(tmp_path):
        for location in folder.files:
            assert location == location_of(location.path)


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "d/a")
    monkeypatch.chdir(tmp_path)
    (folder,) = walk(Path("d/../d"))
    assert folder.files[0].path == bytes(tmp_path / "d" / "a")


def test_fifos_sockets_and_devices_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "null").symlink_to("/dev/null")
    monkeypatch.chdir(tmp_path)  # the path of a socket is at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        (folder,) = walk(tmp_path)
    assert [location.path for location in folder.files] == [bytes(tmp_path / "a")]
    assert folder.complete
    assert folder.unreadable == ()


def test_links_are_followed_but_no_folder_is_entered_twice(tmp_path: Path) -> None:
    make(tmp_path, "root/d/e/a", "outside/b")
    (tmp_path / "root/d/e/up").symlink_to(tmp_path / "root")
    (tmp_path / "root/d/self").symlink_to(".")
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    (tmp_path / "root/twice").symlink_to(tmp_path / "outside")
    (tmp_path / "root/file").symlink_to(tmp_path / "outside/b")
    assert short(tmp_path / "root", list(walk(tmp_path / "root"))) == {b"": [b"file"], b"/d": [], b"/d/e": [b"a"], b"/link": [b"b"]}


def test_links_to_nothing_and_to_themselves_are_unreadable_not_gone(tmp_path: Path) -> None:
    make(tmp_path, "a")
    (tmp_path / "nowhere").symlink_to(tmp_path / "unmounted" / "file")
    (tmp_path / "loop").symlink_to("loop")
    (folder,) = walk(tmp_path)
    assert folder.complete
    assert folder.unreadable == (bytes(tmp_path / "loop"), bytes(tmp_path / "nowhere"))


def test_a_root_that_is_a_file_vouches_for_nothing_beside_it(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    assert list(walk(tmp_path / "a")) == [Folder(bytes(tmp_path), (location_of(bytes(tmp_path / "a")),), complete=False)]


@pytest.mark.parametrize("kind", ["missing", "empty", "fifo"])
def test_a_root_that_holds_nothing_is_not_complete(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "root"
    if kind == "empty":
        root.mkdir()
    if kind == "fifo":
        os.mkfifo(root)
    assert list(walk(root)) == [Folder(bytes(root), (), complete=False, empty=kind == "empty")]


def test_unreadable_folders_are_reported_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A double stands for missing rights: the superuser, as whom tests may run, has them all."""
    make(tmp_path, "a/1", "b/2", "c/3")
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/b"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    folders = list(walk(tmp_path))
    assert short(tmp_path, folders) == {b"": [], b"/a": [b"1"], b"/b": [], b"/c": [b"3"]}
    assert [folder.complete for folder in folders] == [True, True, False, True]
    assert list(walk(tmp_path / "b")) == [Folder(bytes(tmp_path / "b"), (), complete=False)]


def test_a_root_that_cannot_be_looked_at_is_not_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a")

    def fail(_path: bytes) -> os.stat_result:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "stat", fail)
    folders = list(walk(tmp_path))
    monkeypatch.undo()
    assert folders == [Folder(bytes(tmp_path), (), complete=False)]


def test_a_listing_that_breaks_off_is_not_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a", "b")
    scandir = os.scandir

    class BreaksOff:
        def __init__(self, path: bytes) -> None:
            self.entries = scandir(path)

        def __enter__(self) -> "BreaksOff":
            return self

        def __exit__(self, *_raised: object) -> None:
            self.entries.close()

        def __iter__(self) -> "BreaksOff":
            return self

        def __next__(self) -> os.DirEntry[bytes]:
            entry = next(self.entries)
            if entry.name == b"b":
                raise OSError(errno.EIO, "Input/output error")
            return entry

    monkeypatch.setattr(os, "scandir", BreaksOff)
    (folder,) = walk(tmp_path)
    assert not folder.complete
    assert {location.path for location in folder.files} <= {bytes(tmp_path / "a")}


LITTER = (
    "._a", ".DS_Store", "Thumbs.db", "THUMBS.DB", "desktop.ini", "@eaDir/x", ".snapshot/hourly.0/a", "lost+found/b", "$RECYCLE.BIN/c",
    "System Volume Information/d", "#recycle/e", ".Trash-1000/f", "__MACOSX/g",
)  # fmt: skip


def test_litter_is_counted_and_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a", "b/c", "thumbs.db.dcm", "lost", *LITTER)
    (folder, below) = walk(tmp_path)
    assert [os.path.basename(location.path) for location in folder.files] == [b"a", b"lost", b"thumbs.db.dcm"]
    assert below.path == bytes(tmp_path / "b")
    assert folder.litter == len(LITTER)


def test_a_file_with_the_name_of_a_litter_folder_is_a_file(tmp_path: Path) -> None:
    make(tmp_path, "lost+found", "recycler")
    (folder,) = walk(tmp_path)
    assert (len(folder.files), folder.litter) == (2, 0)


def test_a_root_with_litter_only_is_not_empty(tmp_path: Path) -> None:
    make(tmp_path, "lost+found/x")
    (folder,) = walk(tmp_path)
    assert (folder.complete, folder.empty, folder.litter) == (True, False, 1)


def test_a_mount_point_is_where_the_device_changes(tmp_path: Path) -> None:
    """/proc is a file system of its own wherever there is one."""
    make(tmp_path, "a/b")
    assert [folder.mount for folder in walk(tmp_path / "a")] == [False]
    (tmp_path / "a" / "proc").symlink_to("/proc/self/attr")
    if not os.path.isdir("/proc/self/attr"):
        pytest.skip("there is no /proc here")
    assert {folder.path: folder.mount for folder in walk(tmp_path / "a")}[bytes(tmp_path / "a" / "proc")]
