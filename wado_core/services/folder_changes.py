"""Folder changes: what differs between the folders and the index, and of which folders nothing can be said."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from wado_core.errors import ContentChanged, Unavailable
from wado_core.model.instance import Location
from wado_core.ports import Folder, IndexWriter, Store, Walk
from wado_core.services.presence import is_settling, is_within, lies_below, unmounted_above
from wado_core.services.tally import Tally

# Files forgotten in one transaction.
_TOGETHER = 512
# Folders with files too young to be read, which are looked into again soon; of more, the next look through all folders takes care.
MOST_SETTLING_FOLDERS = 10_000


@dataclass(slots=True)
class FolderChanges:
    """One comparison of folders with the index.

    mounts: folders known as mount points.  settling: folders with files that are too young to be read.
    out_of_reach: folders that could not be read, or are without their file system.  complete: every root could be walked.
    """

    index: IndexWriter
    store: Store
    walk: Walk
    tally: Tally
    mounts: frozenset[bytes]
    settling_s: float
    settling: dict[bytes, None] = field(default_factory=dict)
    out_of_reach: set[bytes] = field(default_factory=set)
    complete: bool = True
    # Folders that miss files they had; which ones is asked again when it is time to forget them, so that memory stays flat.
    _thinned: list[bytes] = field(default_factory=list)

    def candidates(self, root: Path) -> Iterator[Location]:
        """Walk one root; yield each file that is new or has changed, and note the folders that miss some."""
        top = os.fsencode(root)
        entered: set[bytes] = set()
        mounted = [path for path in _above(top) if self._is_mounted(path)]
        unmounted = unmounted_above(top, self.mounts, self.store)
        self.complete = self.complete and not unmounted
        barred = set(unmounted)  # of what lies at or below these, nothing can be said
        found_again: set[bytes] = set()  # folders without their file system that hold files which it held
        for folder in self.walk(root):
            entered.add(folder.path)
            barred.update(folder.unreadable)
            if folder.mount:
                mounted.append(folder.path)
            elif folder.path in self.mounts and folder.path not in unmounted:
                unmounted.append(folder.path)
            if (not folder.complete and not _is_file_root(folder, top)) or folder.path in unmounted:
                barred.add(folder.path)
                self.tally.unreadable(folder.path)
                self.tally.count("folders_unreadable")
                self.complete = self.complete and (folder.path != top or self._is_new(folder))
            above = [path for path in unmounted if is_within(folder.path, path)]
            if not above:
                yield from self._changed(folder, barred)
            elif self._holds_what_it_held(folder):
                found_again.update(above)
            # What else lies where a file system should be is passed over: indexed, it would count as what was held the next time.
        self.index.remember_mounts(mounted, sorted(found_again))
        self.mounts |= frozenset(mounted)  # for a second look
        self.out_of_reach.update(barred)
        if top in entered and not lies_below(top, barred):
            self._thinned += (path for path in self.index.known_folders(top) if path not in entered and not lies_below(path, barred))

    def candidates_in(self, path: bytes, roots: frozenset[bytes]) -> Iterator[Location]:
        """Look into one folder, and into none below it; nothing is forgotten.  roots: what is served, without any: everything."""
        folder = next(iter(self.walk(Path(os.fsdecode(path)))), None)
        if folder is not None and folder.path == path:
            if roots and not lies_below(path, roots):  # the folder of a root that is a file: its neighbours are nobody's business
                folder = replace(folder, files=tuple(location for location in folder.files if location.path in roots), litter=0)
            yield from self._changed(folder, {path})

    def _is_mounted(self, path: bytes) -> bool:
        return self.store.glance(path).mount

    def _is_new(self, folder: Folder) -> bool:
        """Whether an empty root has never held anything."""
        return folder.empty and not any(self.index.known_folders(folder.path))

    def _holds_what_it_held(self, folder: Folder) -> bool:
        """Whether a folder below a mount point without its file system holds a file that it held, as when all is moved to another disk."""
        known = self.index.known_files(folder.path)
        return any(location.path in known and known[location.path].size == location.size for location in folder.files)

    def _changed(self, folder: Folder, barred: set[bytes]) -> Iterator[Location]:
        known = self.index.known_files(folder.path)
        self.tally.count("litter", number=folder.litter)
        settling = False
        for location in folder.files:
            self.tally.count("files_seen")
            if known.pop(location.path, None) == location:
                self.tally.count("unchanged")
            elif is_settling(location, self.settling_s):
                settling = True
                self.tally.count("settling")
            else:
                yield location
        if settling and len(self.settling) < MOST_SETTLING_FOLDERS:
            self.settling.setdefault(folder.path)
        if known.keys() - set(folder.unreadable) and not lies_below(folder.path, barred):
            self._thinned.append(folder.path)

    def forget(self) -> None:
        """Forget the files that have vanished, unless they are back or nobody can say."""
        thinned, self._thinned = self._thinned, []
        for folder in thinned:
            if gone := unmounted_above(folder, self.mounts, self.store):  # since the walk was there
                self.out_of_reach.update(gone)
                continue
            found = next(iter(self.walk(Path(os.fsdecode(folder)))), None)
            present = {location.path for location in found.files} if found is not None else set()
            self._forget_missing(sorted(self.index.known_files(folder).keys() - present))

    def _forget_missing(self, paths: Sequence[bytes]) -> None:
        rest = iter(paths)
        while together := list(islice(rest, _TOGETHER)):
            missing = [path for path in together if self._is_missing(path)]
            self.index.forget(missing)
            self.tally.count("forgotten", number=len(missing))

    def _is_missing(self, path: bytes) -> bool:
        try:
            self.store.look(path)
        except ContentChanged:
            return True
        except Unavailable:
            return False
        return False


def _above(path: bytes) -> Iterator[bytes]:
    """Yield the folders above a path, the nearest first."""
    while (above := os.path.dirname(path)) != path:
        yield above
        path = above


def _is_file_root(folder: Folder, root: bytes) -> bool:
    return len(folder.files) == 1 and folder.files[0].path == root
