"""File systems that are not mounted, servers that do not answer, rights that are missing: nothing is gone, trying again helps."""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hostile.mounts import bind, kept, mounted, unmount
from tests.hostile.refusals import bound_by_rights, refuse
from tests.hostile.served import Served, compare
from tests.hostile.truth import Tree, empty_tree
from wado_core.errors import Gone, Unavailable
from wado_core.model.uid import InstanceKey


@dataclass
class Place:
    """A tree with an object in the root and three in a folder ``nas``, and its index."""

    tree: Tree
    served: Served
    here: InstanceKey
    there: list[InstanceKey] = field(default_factory=list)

    @property
    def nas(self) -> Path:
        return Path(os.fsdecode(self.tree.path("nas")))

    def fill(self) -> None:
        for name in ("nas/1", "nas/series/2", "nas/series/deep/3"):
            self.there.append(self.tree.put(name))

    def scan(self) -> None:
        self.served.scan()
        self.tree.scanned()
        compare(self.served, self.tree)

    def assert_nothing_is_gone(self, *, unavailable: bool = True) -> None:
        """See that neither a look at the folders nor a request says that what cannot be reached has been deleted."""
        assert self.served.counts().forgotten == 0
        for key in self.there:
            if unavailable:
                with pytest.raises(Unavailable):
                    self.served.locate(key)
            assert self.served.path_of(key) == self.tree.copies[key][0]
        assert self.served.counts().forgotten == 0
        assert [self.served.path_of(key) for key in self.there] == [self.tree.copies[key][0] for key in self.there]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    tree = empty_tree(tmp_path / "served")
    made = Place(tree, Served(tmp_path / "state", tmp_path / "served"), tree.put("a/1"))
    made.nas.mkdir()
    yield made
    made.served.close()


@pytest.mark.parametrize(
    "bare",
    [
        "empty",
        "with a file",
        pytest.param("with a folder", marks=pytest.mark.xfail(reason="a folder of a known name passes for what was mounted", strict=False)),
    ],
)
def test_a_mount_point_below_the_root_that_is_not_mounted_now(place: Place, tmp_path: Path, bare: str) -> None:
    """What lies under the mounted file system, on the bare folder, does not stand for it."""
    if bare == "with a file":
        (place.nas / "NOT MOUNTED").touch()
    elif bare == "with a folder":
        (place.nas / "series").mkdir()
    with mounted(place.nas), kept(place.nas, tmp_path / "elsewhere") as elsewhere:
        place.fill()
        place.scan()
        unmount(place.nas)
        place.assert_nothing_is_gone()
        assert place.served.path_of(place.here) == place.tree.copies[place.here][0]
        bind(elsewhere, place.nas)
        place.scan()


def test_a_mount_point_is_remembered_by_a_new_process(place: Place, tmp_path: Path) -> None:
    with mounted(place.nas):
        place.fill()
        place.scan()
    served, place.served = place.served, Served(tmp_path / "another state", tmp_path / "served")
    place.served.close()
    served.close()
    place.served = Served(tmp_path / "state", tmp_path / "served")
    place.assert_nothing_is_gone()


def test_files_deleted_from_a_mounted_file_system_are_gone(place: Place) -> None:
    with mounted(place.nas):
        place.fill()
        place.scan()
        shutil.rmtree(place.nas / "series")
        place.tree.held = {path: holds for path, holds in place.tree.held.items() if b"/series/" not in path}
        place.scan()
        assert len(place.tree.gone) == 2


def test_an_archive_that_now_lies_where_a_file_system_was_mounted(place: Place, tmp_path: Path) -> None:
    """Moved to the disk of the root for good: from then on, what is deleted there is gone."""
    with mounted(place.nas):
        place.fill()
        place.scan()
        shutil.copytree(place.nas, tmp_path / "kept")
    shutil.copytree(tmp_path / "kept", place.nas, dirs_exist_ok=True)
    place.served.scan()
    place.scan()
    path = place.tree.path("nas/series/2")
    os.remove(path)
    del place.tree.held[path]
    place.scan()
    assert place.tree.gone == {place.there[1]}


def test_another_file_system_in_the_place_of_the_first(place: Place) -> None:
    """The share of last year instead of this year's: what is there now is what counts."""
    with mounted(place.nas):
        place.fill()
        place.scan()
        unmount(place.nas)
        with mounted(place.nas):
            place.tree.held = {path: holds for path, holds in place.tree.held.items() if b"/nas/" not in path}
            place.tree.put("nas/last year/1")
            place.scan()


@pytest.mark.parametrize("how", ["missing", "empty", "unmounted", "a file", "a link to nothing"])
def test_a_root_that_is_not_there(tmp_path: Path, how: str) -> None:
    root = tmp_path / "served"
    tree = empty_tree(root)
    place = Place(tree, Served(tmp_path / "state", root), tree.new_key())
    if how == "unmounted":
        with mounted(root):
            place.tree.held.clear()
            place.fill()
            place.scan()
        os.remove(root / "an archive")
    else:
        place.fill()
        place.scan()
        root.rename(tmp_path / "not here")
        if how == "empty":
            root.mkdir()
        elif how == "a file":
            root.write_bytes(b"")
        elif how == "a link to nothing":
            root.symlink_to(tmp_path / "nas is off")
    place.assert_nothing_is_gone()
    place.served.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN])
@pytest.mark.parametrize("what", ["root", "folder", "file"])
def test_a_file_server_that_does_not_answer(place: Place, monkeypatch: pytest.MonkeyPatch, what: str, number: int) -> None:
    place.fill()
    place.scan()
    path = {"root": place.tree.root, "folder": place.tree.path("nas"), "file": place.tree.path("nas/1")}[what]
    refuse(monkeypatch, path, number)
    below = [key for key in place.there if what != "file" or place.tree.copies[key] == [path]]
    place.there = below
    place.assert_nothing_is_gone()
    if what != "root":
        assert place.served.locate(place.here).location.path == place.tree.copies[place.here][0]
    monkeypatch.undo()
    place.scan()
    for key in below:
        place.served.locate(key)


@pytest.mark.parametrize("what", ["nas", "nas/series", "nas/1", "."])
def test_missing_rights(place: Place, what: str) -> None:
    place.fill()
    place.scan()
    path = place.tree.path(what)
    files = [key for key in place.there if place.tree.copies[key] == [path]]
    before = os.stat(path).st_mode
    os.chmod(path, 0)
    with bound_by_rights():
        counts = place.served.counts()
        assert counts.forgotten == 0
        assert counts.folders_unreadable == (0 if files else 1)
        for key in files:  # it can be looked at, but not opened
            with pytest.raises(Unavailable), place.served.store.open(place.served.locate(key).location):
                pass
    os.chmod(path, before)
    place.scan()


def test_a_folder_that_can_be_listed_but_not_entered(place: Place) -> None:
    """Names without what is behind them: rights of reading without those of searching."""
    place.fill()
    place.scan()
    before = place.nas.stat().st_mode
    place.nas.chmod(0o444)
    with bound_by_rights():
        place.assert_nothing_is_gone()
    place.nas.chmod(before)
    place.scan()


def test_a_copy_elsewhere_answers_while_the_first_cannot_be_reached(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, or the other copy: both are right, and neither 410 nor 404."""
    place.fill()
    key = place.there[0]
    other = place.tree.write("zz", place.tree.ct(key), key)
    place.scan()
    refuse(monkeypatch, place.tree.path("nas"), errno.EIO)
    try:
        assert place.served.locate(key).location.path == other
    except Gone:
        pytest.fail("the object is there, twice")
    except Unavailable:
        pass
    assert place.served.counts().forgotten == 0
