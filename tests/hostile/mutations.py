"""Changes as hospitals make them to archives that are being served; each keeps the truth of the tree."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.hostile.truth import Fate, Tree
from wado_core.model.uid import InstanceKey


@dataclass
class Changes:
    """A tree under change. Every method makes one change, at a place that chance picks; False when there is none to be made.

    deleted: objects whose file was deleted, with its path, for being restored.
    """

    tree: Tree
    rng: Random
    deleted: list[tuple[bytes, InstanceKey]] = field(default_factory=list)

    def objects(self) -> list[bytes]:
        """Return the paths of all files that hold an object, in a fixed order."""
        return sorted(path for path, holds in self.tree.held.items() if isinstance(holds, InstanceKey))

    def _one(self) -> tuple[bytes, InstanceKey] | None:
        paths = self.objects()
        if not paths:
            return None
        path = self.rng.choice(paths)
        return path, self._key(path)

    def _key(self, path: bytes) -> InstanceKey:
        key = self.tree.held[path]
        assert isinstance(key, InstanceKey)
        return key

    def _name(self) -> bytes:
        """Return a path that may exist already; folders are few, so that files meet."""
        folder = b"/".join(self.rng.choice((b"a", b"b", b"\xd3\xb0")) for _ in range(self.rng.randrange(1, 3)))
        return self.tree.path(b"changes/" + folder + b"/%02d" % self.rng.randrange(40))

    def _free_name(self) -> bytes:
        while os.path.lexists(path := self._name()):
            pass
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def _write(self, path: bytes, key: InstanceKey, mtime_ns: int | None = None) -> None:
        self.tree.write(path, self.tree.ct(key), key, mtime_ns=mtime_ns)

    def _move(self, old: bytes, new: bytes) -> None:
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.rename(old, new)
        self.tree.held[new] = self.tree.held.pop(old)

    def add(self) -> bool:
        """A new object comes."""
        self._write(self._free_name(), self.tree.new_key())
        return True

    def copy(self) -> bool:
        """An object is copied to another place, its time being kept as by ``cp -p``."""
        if (one := self._one()) is None:
            return False
        path, key = one
        self._write(self._free_name(), key, os.stat(path).st_mtime_ns)
        return True

    def hard_link(self) -> bool:
        """A file gets a second name."""
        if (one := self._one()) is None:
            return False
        path, key = one
        os.link(path, new := self._free_name())
        self.tree.held[new] = key
        return True

    def replace_in_place(self) -> bool:
        """Another object of the same size is written over a file, and over all its hard links."""
        if (one := self._one()) is None:
            return False
        path, _ = one
        inode, key = os.stat(path).st_ino, self.tree.new_key()
        with open(path, "r+b") as file:
            file.write(self.tree.ct(key))
        self.tree.age(path)
        for other in self.objects():
            if os.stat(other).st_ino == inode:
                self.tree.held[other] = key
        return True

    def replace_by_rename(self) -> bool:
        """Another object is written beside a file and renamed to it."""
        return self._replaced(keep_time=False)

    def replace_with_the_old_time(self) -> bool:
        """Another object of the same size takes the place of a file, and gets its modification time: the inode alone tells."""
        return self._replaced(keep_time=True)

    def _replaced(self, *, keep_time: bool) -> bool:
        if (one := self._one()) is None:
            return False
        path, _ = one
        mtime_ns = os.stat(path).st_mtime_ns if keep_time else None
        self._write(path + b".part", key := self.tree.new_key(), mtime_ns)
        self._move(path + b".part", path)
        assert self.tree.held[path] == key
        return True

    def truncate(self) -> bool:
        """A file loses its end, its header broken off; it may be one of several names."""
        if (one := self._one()) is None:
            return False
        path, _ = one
        inode = os.stat(path).st_ino
        os.truncate(path, self.rng.randrange(133, 900, 2))
        self.tree.age(path)
        for other in self.objects():
            if os.stat(other).st_ino == inode:
                self.tree.held[other] = Fate.DAMAGED
        return True

    def delete(self) -> bool:
        """A file is deleted."""
        if (one := self._one()) is None:
            return False
        os.remove(one[0])
        del self.tree.held[one[0]]
        self.deleted.append(one)
        return True

    def delete_all_copies(self) -> bool:
        """All copies of an object are deleted."""
        if (one := self._one()) is None:
            return False
        for path in self.tree.copies[one[1]]:
            os.remove(path)
            del self.tree.held[path]
            self.deleted.append((path, one[1]))
        return True

    def restore(self) -> bool:
        """A deleted file comes back from a backup, to where it was."""
        if not self.deleted:
            return False
        path, key = self.deleted.pop(self.rng.randrange(len(self.deleted)))
        if os.path.lexists(path):
            return False
        self._write(path, key)
        return True

    def move(self) -> bool:
        """A file is moved, perhaps over another one."""
        if (one := self._one()) is None:
            return False
        path, _ = one
        new = self._name()
        if path == new or os.path.isdir(new) or (os.path.exists(new) and os.path.samefile(path, new)):
            return False
        self._move(path, new)
        return True

    def rename_folder(self) -> bool:
        """A folder gets another name, with all that is in it."""
        folders = sorted({os.path.dirname(path) for path in self.objects()} - {self.tree.root})
        if not folders:
            return False
        old = self.rng.choice(folders)
        new = old + b"'" if self.rng.random() < 0.5 else os.path.join(self.tree.root, b"renamed %d" % self.rng.randrange(1000))
        if os.path.lexists(new):
            return False
        os.rename(old, new)
        for path in list(self.tree.objects_below(old)):
            self.tree.held[new + path[len(old) :]] = self.tree.held.pop(path)
        return True

    def swap(self) -> bool:
        """Two files change places."""
        paths = self.objects()
        if len(paths) < 2:
            return False
        one, other = self.rng.sample(paths, 2)
        os.rename(one, aside := one + b".aside")
        os.rename(other, one)
        os.rename(aside, other)
        self.tree.held[one], self.tree.held[other] = self.tree.held[other], self.tree.held[one]
        return True

    def reuse(self) -> bool:
        """A file is deleted, and a new one of the same size and time, at another place, may get its inode."""
        if (one := self._one()) is None:
            return False
        path, key = one
        mtime_ns = os.stat(path).st_mtime_ns
        os.remove(path)
        del self.tree.held[path]
        self.deleted.append((path, key))
        self._write(self._free_name(), self.tree.new_key(), mtime_ns)
        return True

    def delete_folder(self) -> bool:
        """A folder is deleted with all that is in it."""
        folders = sorted({os.path.dirname(path) for path in self.objects()} - {self.tree.root})
        if not folders:
            return False
        folder = self.rng.choice(folders)
        for path in list(self.tree.objects_below(folder)):
            holds = self.tree.held.pop(path)
            if isinstance(holds, InstanceKey):
                self.deleted.append((path, holds))
        shutil.rmtree(folder)
        return True

    def all(self) -> tuple[Callable[[], bool], ...]:
        """Return every kind of change."""
        return (
            self.add, self.copy, self.hard_link, self.replace_in_place, self.replace_by_rename, self.replace_with_the_old_time,
            self.truncate, self.delete, self.delete_all_copies, self.restore, self.move, self.rename_folder, self.swap, self.reuse,
            self.delete_folder,
        )  # fmt: skip
