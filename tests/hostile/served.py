"""A tree that is served: index, services, and the comparison of what they say with what the tree holds."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.hostile.truth import Fate, Tree
from tests.hostile.watched import WatchedStore, bounded
from wado_core.archive.at_hand import FilesAtHand
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import location_of
from wado_core.archive.walk import walk
from wado_core.errors import Busy, WadoError
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.index_status import Progress
from wado_core.model.instance import Located
from wado_core.model.notice import FileChanged, Notice
from wado_core.model.study import Standing
from wado_core.model.uid import InstanceKey
from wado_core.ports import Folder
from wado_core.services.describing import describe_file
from wado_core.services.indexing import Indexing
from wado_core.services.locating import Locating
from wado_core.services.report import Report
from wado_core.settings import Limits

LONGEST_RUN_S = 30.0
"""Far above what any tree here takes on a slow machine, far below what a hang or a loop without end would."""

SETTLING_S = 5.0


class NoMemory:
    """An InstanceCache that keeps nothing: each request looks at index and file."""

    def get(self, _key: InstanceKey, _frame_number: int = 1, /) -> Located | None:
        return None

    def put(self, _located: Located, /) -> None:
        pass

    def drop(self, _key: InstanceKey, /) -> None:
        pass

    def counts(self) -> CacheCounts:
        return CacheCounts()


@dataclass
class Told:
    """Notices that are dealt with at once, as the indexer of a server does a moment later."""

    indexing: Indexing
    index: SqlIndex
    roots: tuple[Path, ...]

    def send(self, notice: Notice) -> None:
        if isinstance(notice, FileChanged):
            with suppress(WadoError):
                if self.indexing.refresh(notice.path):
                    self.indexing.run(self.roots, processes=0)


class Served:
    """The index of some folders, and the services over them."""

    def __init__(self, state: Path, *roots: Path, walk: Callable[[Path], Iterator[Folder]] = walk) -> None:
        limits = Limits()
        self.roots = roots
        self.store = WatchedStore()
        self.index = SqlIndex(state, writing=True)
        self.indexing = Indexing(self.index, self.store, walk, limits, roots, settling_s=SETTLING_S)
        told = Told(self.indexing, self.index, roots)
        self.locating = Locating(self.index, self.store, NoMemory(), FilesAtHand(0.0), told, roots, limits)

    def scan(self) -> Report:
        """Look through the folders once, in this process."""
        self.store.ranges.clear()
        with bounded(LONGEST_RUN_S):
            return self.indexing.run(self.roots, processes=0)

    def counts(self) -> Progress:
        """Look through the folders once; return what was counted."""
        return self.scan().counts

    def locate(self, key: InstanceKey) -> Located:
        """Look an instance up as a request does, once more when it is asked to try again."""
        with bounded(LONGEST_RUN_S):
            try:
                return self.locating.locate(key)
            except Busy:
                return self.locating.locate(key)

    def found(self, key: InstanceKey) -> Located | str | None:
        """Return what the index says of an instance: "gone", or "missing" before all folders have been searched for it."""
        found = self.index.find(key)
        if found is None and (standing := self.index.standing(key)) is not Standing.UNKNOWN:
            return "gone" if standing is Standing.GONE else "missing"
        return found

    def path_of(self, key: InstanceKey) -> bytes | str | None:
        """Return the path under which the index has an instance, "gone", "missing" or None."""
        found = self.found(key)
        return found.location.path if isinstance(found, Located) else found

    def close(self) -> None:
        self.index.close()


def compare(served: Served, tree: Tree) -> None:
    """See that the index says of every object what the tree says: where it is, what it is, whether it is gone."""
    copies = tree.copies
    for key, paths in copies.items():
        found = served.found(key)
        assert isinstance(found, Located), (key, paths, found)
        expected = paths[0]
        if key in tree.by_link:
            assert os.path.realpath(found.location.path) in [os.path.realpath(path) for path in paths]
            expected = found.location.path
        assert found.location == location_of(expected), (key, paths)
        fresh = describe_file(served.store, Limits(), found.location).file
        assert fresh is not None
        assert fresh.described is not None
        assert found.instance == fresh.described.instance
        assert found.instance.key == key
    for key in tree.gone:
        assert served.found(key) == "gone", key
    for key in tree.hidden - tree.gone - copies.keys():
        assert served.found(key) is None, key
    totals = served.index.totals()
    assert totals.instances == len(copies)
    assert totals.series == len({(key.study_uid, key.series_uid) for key in copies})
    assert totals.studies == len({key.study_uid for key in copies})
    damaged = {path for path, _ in served.index.problems()}
    assert tree.of_fate(Fate.DAMAGED) <= damaged <= tree.of_fate(Fate.DAMAGED, Fate.REFUSED)


def without_choices(counts: Progress) -> Progress:
    """Count together what may be either: a file known under another name may be read again or not, and see ``Fate.REFUSED``."""
    return replace(counts, not_dicom=0, damaged=counts.damaged + counts.not_dicom, instances=counts.instances + counts.moved, moved=0,
                   files_read=counts.files_read + counts.moved)  # fmt: skip
