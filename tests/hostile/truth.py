"""What a tree holds, as the one who wrote it knows: the oracle that an index is compared with."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.model.index_status import Progress
from wado_core.model.uid import InstanceKey

# Of the files that are written, one second apart: long ago, so that none of them seems to be still being written.
_FIRST_MTIME_NS = 1_500_000_000_123_456_789


class Fate(Enum):
    """What is to become of a regular file that holds no object to be served."""

    NOT_DICOM = auto()
    PACKED = auto()
    DAMAGED = auto()
    REFUSED = auto()
    """Damaged or not DICOM: from the outside either is right."""
    SETTLING = auto()
    UNREACHABLE = auto()
    """At or below a path that the system refuses: neither seen nor counted as a file."""


@dataclass
class Tree:
    """A folder, and all that was put into it.

    held: every regular file outside of litter by its path, with the object it holds or what is to become of it.
    never_opened: FIFOs, sockets, devices and litter; nothing at or below these paths may be opened.
    litter: names to be passed over, a folder as one.
    hidden: objects of which only copies exist that must not be found, as in litter, archives or files that are cut off.
    by_link: objects reached through a link to a folder, so that several paths lead to the one copy.
    unreadable_folders: those that are there but cannot be listed.
    """

    root: bytes
    held: dict[bytes, InstanceKey | Fate] = field(default_factory=dict)
    never_opened: set[bytes] = field(default_factory=set)
    litter: int = 0
    hidden: set[InstanceKey] = field(default_factory=set)
    by_link: set[InstanceKey] = field(default_factory=set)
    unreadable_folders: int = 0
    gone: set[InstanceKey] = field(default_factory=set)
    _served: set[InstanceKey] = field(default_factory=set)
    _indexed: dict[bytes, tuple[tuple[int, int, int], InstanceKey | Fate]] = field(default_factory=dict)
    _siblings: dict[InstanceKey, tuple[InstanceKey, str, str]] = field(default_factory=dict)
    _objects: int = 0
    _mtime_ns: int = _FIRST_MTIME_NS

    def path(self, name: str | bytes) -> bytes:
        """Return the absolute path of a name below the root."""
        return os.path.join(self.root, os.fsencode(name))

    def new_key(self) -> InstanceKey:
        """Return the UIDs of a CT image that is nowhere else in this tree."""
        self._objects += 1
        return ct_key(*self._place_of(self._objects))

    @staticmethod
    def _place_of(number: int) -> tuple[int, int, int]:
        return 1 + number % 3, 1 + number % 2, number

    def ct(self, key: InstanceKey) -> bytes:
        """Return the image of a key that ``new_key`` or ``sibling`` gave; all have the same size."""
        if key in self._siblings:
            original, uid, other = self._siblings[key]
            return self.ct(original).replace(uid.encode(), other.encode())
        return plain_ct(*self._place_of(int(key.object_uid[-7:])))

    def sibling(self, key: InstanceKey, *, study_uid: str = "", series_uid: str = "") -> InstanceKey:
        """Return the UIDs of another image with the same SOP Instance UID, under another study or series."""
        made = InstanceKey(study_uid or key.study_uid, series_uid or key.series_uid, key.object_uid)
        self._siblings[made] = (key, key.study_uid, study_uid) if study_uid else (key, key.series_uid, series_uid)
        return made

    def next_mtime_ns(self) -> int:
        """Return a time long ago that no other file of this tree has."""
        self._mtime_ns += 1_000_000_000
        return self._mtime_ns

    def write(self, name: str | bytes, data: bytes, holds: InstanceKey | Fate | None, *, mtime_ns: int | None = None) -> bytes:
        """Write a file, old enough to have settled unless said otherwise; return its path.

        holds: None for a file of which the walk must not even take notice.
        """
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        self.age(path, mtime_ns)
        if holds is not None:
            self.held[path] = holds
        return path

    def age(self, path: bytes, mtime_ns: int | None = None) -> None:
        """Set the modification time of a file, to a new one long ago unless given."""
        time_ns = self.next_mtime_ns() if mtime_ns is None else mtime_ns
        os.utime(path, ns=(time_ns, time_ns))

    def put(self, name: str | bytes) -> InstanceKey:
        """Write a CT image of its own; return its UIDs."""
        key = self.new_key()
        self.write(name, self.ct(key), key)
        return key

    @property
    def copies(self) -> dict[InstanceKey, list[bytes]]:
        """The paths of each instance, the one to be served first."""
        found: dict[InstanceKey, list[bytes]] = {}
        for path in sorted(self.held):
            holds = self.held[path]
            if isinstance(holds, InstanceKey):
                found.setdefault(holds, []).append(path)
        return found

    def of_fate(self, *fates: Fate) -> set[bytes]:
        """Return the paths of the files with one of these fates."""
        return {path for path, holds in self.held.items() if holds in fates}

    def may_be_opened(self, path: bytes) -> bool:
        """Say whether a path is neither one of those that must not be opened nor below one."""
        return not any(path == barred or path.startswith(barred + b"/") for barred in self.never_opened)

    def first_counts(self) -> Progress:
        """Return what a first run must report; files that may be either damaged or not DICOM count as damaged."""
        seen = [path for path in self.held if path not in self.of_fate(Fate.UNREACHABLE)]
        settling = len(self.of_fate(Fate.SETTLING))
        return Progress(
            files_seen=len(seen),
            settling=settling,
            files_read=len(seen) - settling,
            instances=sum(isinstance(holds, InstanceKey) for holds in self.held.values()),
            not_dicom=len(self.of_fate(Fate.NOT_DICOM)),
            packed=len(self.of_fate(Fate.PACKED)),
            damaged=len(self.of_fate(Fate.DAMAGED, Fate.REFUSED)),
            folders_unreadable=self.unreadable_folders,
            litter=self.litter,
        )

    def scanned(self) -> None:
        """Take note that the tree has just been indexed: what was served before and has no copy now is gone."""
        served = set(self.copies)
        self.gone = (self.gone | self._served) - served
        self._served = served
        self._indexed = {path: (_identity(path), holds) for path, holds in self.held.items() if holds is not Fate.UNREACHABLE}

    def make_changes_visible(self) -> None:
        """Give a new time to each file that has other content than when it was indexed under the same path, size, time and inode.

        No comparison of these three can see such a change; a file system that uses an inode again can bring it about by chance.
        """
        for path, (identity, held) in self._indexed.items():
            if path in self.held and self.held[path] != held and _identity(path) == identity:
                self.age(path)

    def objects_below(self, folder: bytes) -> Iterator[bytes]:
        """Yield the paths of all files at or below a folder."""
        for path in self.held:
            if path.startswith(folder + b"/"):
                yield path


def _identity(path: bytes) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def empty_tree(root: Path) -> Tree:
    """Make the folder of a tree, with a file in it that keeps it from looking like one that is not mounted."""
    root.mkdir(parents=True)
    tree = Tree(os.fsencode(root))
    tree.write("an archive", b"This folder holds images.", Fate.NOT_DICOM)
    return tree
