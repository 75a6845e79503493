"""Changes to a tree between two looks at it: after each look, the index says what the tree holds, and what has gone."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.hostile.mutations import Changes
from tests.hostile.served import Served, compare
from tests.hostile.tree import Word, plant
from tests.hostile.truth import Tree, empty_tree
from wado_core.archive.index_file import FILE_NAME
from wado_core.archive.store_files import location_of
from wado_core.archive.walk import walk
from wado_core.errors import DamagedObject, Gone
from wado_core.model.instance import Located
from wado_core.model.uid import InstanceKey
from wado_core.ports import Folder

STEPS, SEEDS = 30, 12


class Changing:
    """A tree, what is changed in it, and its index."""

    def __init__(self, folder: Path, tree: Tree, seed: int = 0) -> None:
        self.tree = tree
        self.changes = Changes(tree, Random(seed))
        self.served = Served(folder / "state", Path(os.fsdecode(tree.root)))

    def scan(self) -> None:
        """Look at the tree, and compare."""
        self.tree.make_changes_visible()
        self.served.scan()
        self.tree.scanned()
        compare(self.served, self.tree)


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Changing]:
    """A folder of ten CT images that have been indexed."""
    tree = empty_tree(tmp_path / "served")
    for number in range(10):
        tree.put(f"series{number % 2}/{number}")
    made = Changing(tmp_path, tree)
    made.scan()
    yield made
    made.served.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_changes_in_any_order(tmp_path: Path, seed: int) -> None:
    """Up to three changes between two looks, of which one may undo or overtake another."""
    tree = plant(tmp_path / "served", (Word.DUPLICATES, Word.SAME_UIDS, Word.HARD_LINKS) if seed % 3 == 0 else (), seed)
    changing = Changing(tmp_path, tree, seed)
    rng = changing.changes.rng
    for _ in range(5):
        changing.changes.add()
    changing.scan()
    for _ in range(STEPS):
        for _ in range(rng.randrange(1, 4)):
            rng.choice(changing.changes.all())()
        changing.scan()
    assert len(tree.gone) > 3
    changing.served.close()


@pytest.mark.parametrize("change", [change.__name__ for change in Changes(Tree(b""), Random(0)).all()])
def test_one_kind_of_change_again_and_again(changing: Changing, change: str) -> None:
    changing.changes.delete()
    made = 0
    for _ in range(8):
        made += getattr(changing.changes, change)()
        changing.scan()
    assert made >= (1 if change == "restore" else 2)


@pytest.mark.parametrize("change", ["replace_in_place", "replace_by_rename", "replace_with_the_old_time", "swap", "truncate"])
def test_between_two_looks_the_answer_comes_from_the_new_content(changing: Changing, change: str) -> None:
    """A request finds the object that lies under its path now, or says that there is none; never another one."""
    tree, before = changing.tree, dict(changing.tree.held)
    assert getattr(changing.changes, change)()
    changed = {path: (before[path], holds) for path, holds in tree.held.items() if before[path] != holds}
    assert changed
    for path, (old, new) in changed.items():
        assert isinstance(old, InstanceKey)
        if change == "swap":
            assert _answer(changing, old) == tree.copies[old][0]
            continue
        assert _answer(changing, old) in (("gone",) if change != "truncate" else ("damaged", "gone")), path
        if isinstance(new, InstanceKey):
            assert _answer(changing, new) == path


def _answer(changing: Changing, key: InstanceKey) -> bytes | str:
    try:
        located = changing.served.locate(key)
    except Gone:
        return "gone"
    except DamagedObject:
        return "damaged"
    assert located.instance.key == key
    return located.location.path


@pytest.mark.parametrize("how", ["file", "folder", "several levels", "case", "all files into one folder"])
def test_moved_files_are_known_without_being_read_again(changing: Changing, how: str) -> None:
    tree = changing.tree
    old = tree.path("series0")
    moves: dict[str, Callable[[], None]] = {
        "file": lambda: _rename(tree, tree.path("series0/0"), tree.path("elsewhere/renamed.dcm")),
        "folder": lambda: _rename(tree, old, tree.path("zz")),
        "several levels": lambda: _rename(tree, old, tree.path("a/b/c/d")),
        "case": lambda: _rename(tree, old, tree.path("SERIES0")),
        "all files into one folder": lambda: _gather(tree),
    }
    before = dict(tree.held)
    moves[how]()
    moved = len([path for path in tree.held if path not in before])
    changing.tree.make_changes_visible()
    counts = changing.served.counts()
    tree.scanned()
    compare(changing.served, tree)
    assert moved > 0
    assert (counts.moved, counts.files_read) == (moved, 0)


def _rename(tree: Tree, old: bytes, new: bytes) -> None:
    os.makedirs(os.path.dirname(new), exist_ok=True)
    below = [old] if old in tree.held else list(tree.objects_below(old))
    os.rename(old, new)
    for path in below:
        tree.held[new + path[len(old) :]] = tree.held.pop(path)


def _gather(tree: Tree) -> None:
    for number, path in enumerate(sorted(tree.held)):
        if isinstance(tree.held[path], InstanceKey):
            _rename(tree, path, tree.path(f"gathered/{number}"))


@pytest.mark.parametrize("how", ["move", "rename_folder"])
def test_what_is_moved_between_two_looks_is_found_when_it_is_asked_for(changing: Changing, how: str) -> None:
    tree, before = changing.tree, dict(changing.tree.held)
    while not getattr(changing.changes, how)():
        pass
    for path in before.keys() - tree.held.keys():
        key = before[path]
        assert isinstance(key, InstanceKey)
        assert _answer(changing, key) == tree.copies[key][0]
    tree.scanned()
    compare(changing.served, tree)


def test_what_can_never_be_read_does_not_keep_what_was_deleted(tmp_path: Path) -> None:
    """Nearly every archive has a link to nothing somewhere, or a name that is too long."""
    tree = plant(tmp_path / "served", (Word.BROKEN_LINKS, Word.LOOPS, Word.SPECIAL))
    key = tree.put("1")
    changing = Changing(tmp_path, tree)
    changing.scan()
    os.remove(tree.path("1"))
    del tree.held[tree.path("1")]
    changing.scan()
    assert changing.tree.gone == {key}
    assert _answer(changing, key) == "gone"
    changing.served.close()


@pytest.mark.parametrize("seed", range(4))
def test_changes_while_the_folders_are_being_walked(tmp_path: Path, seed: int) -> None:
    """What nobody touches is there all the time, and the next look finds everything else."""
    tree = empty_tree(tmp_path / "served")
    changes = Changes(tree, Random(seed))
    kinds = (changes.add, changes.delete, changes.move, changes.rename_folder, changes.swap, changes.replace_by_rename, changes.restore)

    def restless(root: Path) -> Iterator[Folder]:
        for folder in walk(root):
            if meanwhile and changes.rng.random() < 0.7:
                changes.rng.choice(kinds)()
            yield folder

    meanwhile = False
    served = Served(tmp_path / "state", tmp_path / "served", walk=restless)
    for _ in range(30):
        changes.add()
    for _ in range(6):
        meanwhile = False
        served.scan()
        tree.scanned()
        compare(served, tree)
        before = {path: (holds, location_of(path)) for path, holds in tree.held.items()}
        meanwhile = True
        served.scan()
        for path, (holds, location) in before.items():
            if isinstance(holds, InstanceKey) and tree.held.get(path) == holds and location_of(path) == location:
                assert isinstance(served.found(holds), Located), path
    served.close()


def test_a_new_file_is_not_taken_for_a_deleted_one(changing: Changing) -> None:
    """Inodes are used again at once, images of a scanner have equal sizes, and those from one archive file equal times."""
    tree = changing.tree
    reused = 0
    for number in range(10):
        old = changing.changes.objects()[0]
        status = os.stat(old)
        os.remove(old)
        del tree.held[old]
        key = tree.new_key()
        new = tree.write(f"restored/{number}", tree.ct(key), key, mtime_ns=status.st_mtime_ns)
        reused += os.stat(new).st_ino == status.st_ino
        changing.scan()
    if not reused:
        pytest.skip("this file system does not use inodes again at once")


def test_a_file_written_over_and_moved_is_not_taken_for_what_it_was(changing: Changing) -> None:
    """Inode, size and time are those of the file that was known; only its content tells."""
    tree = changing.tree
    old = changing.changes.objects()[0]
    key, status = tree.new_key(), os.stat(old)
    with open(old, "r+b") as file:
        file.write(tree.ct(key))
    os.utime(old, ns=(status.st_mtime_ns, status.st_mtime_ns))
    os.rename(old, new := tree.path("series1/new name"))
    del tree.held[old]
    tree.held[new] = key
    changing.scan()


def test_a_copy_takes_over_at_once_when_the_served_one_has_gone(changing: Changing) -> None:
    """Before any further look at the folders: an instance is gone only when its last copy is."""
    tree, key = changing.tree, changing.tree.new_key()
    paths = [tree.write(name, tree.ct(key), key) for name in ("series0/copy", "series1/copy", "zz")]
    changing.scan()
    for path in paths[:-1]:
        assert _answer(changing, key) == path
        os.remove(path)
    assert _answer(changing, key) == paths[-1]
    os.remove(paths[-1])
    with pytest.raises(Gone):
        changing.served.locate(key)


def test_nothing_is_read_while_the_index_is_being_written(tmp_path: Path) -> None:
    """No transaction across file I/O: whenever a file is opened or a folder has been listed, another process could write."""
    tree = plant(tmp_path / "served", (Word.OBJECTS, Word.DUPLICATES))

    def check() -> None:
        with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")  # fails at once while anybody else is in a transaction that writes
            connection.execute("ROLLBACK")
        checked.append(True)

    def watched(root: Path) -> Iterator[Folder]:
        for folder in walk(root):
            check()
            yield folder

    checked: list[bool] = []
    served = Served(tmp_path / "state", tmp_path / "served", walk=watched)
    served.store.before_opening = check
    for _ in range(3):
        served.scan()
        path = min(tree.copies.values())[0]
        os.remove(path)
        del tree.held[path]
    assert len(checked) > len(tree.held)
    served.close()
