"""Moved files: known by inode, size, mtime and their first bytes, and not read a second time."""

from collections.abc import Iterable, Iterator
from itertools import islice

from wado_core.errors import ContentChanged, Unavailable
from wado_core.model.instance import Location
from wado_core.ports import IndexWriter, KnownFile, Store
from wado_core.services.describing import head_of
from wado_core.services.tally import Tally

# Files that are looked up together.
_TOGETHER = 256


def not_moved(candidates: Iterable[Location], index: IndexWriter, store: Store, tally: Tally) -> Iterator[Location]:
    """Yield the files that must be read; those that are known by another path are remembered without being read again."""
    rest = iter(candidates)
    while together := list(islice(rest, _TOGETHER)):
        known = {_identity(one.location): one for one in index.same_files(together)}
        moved: list[tuple[Location, bytes]] = []
        for location in together:
            same = known.get(_identity(location))
            if same is not None and same.location.path != location.path and _begins_alike(location, same, store):
                moved.append((location, same.location.path))
            else:
                yield location
        if moved:
            index.adopt(moved)
            tally.count("moved", number=len(moved))


def _identity(location: Location) -> tuple[int, int, int]:
    return location.inode, location.size, location.mtime_ns


def _begins_alike(location: Location, known: KnownFile, store: Store) -> bool:
    """Whether the first bytes are those of the known file: inode numbers are used again, and are the same on several disks."""
    try:
        with store.open(location) as source:
            return head_of(source) == known.head
    except (ContentChanged, Unavailable):
        return False
