"""A served folder with the real index, store and caches, and a store that tells what happens to it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from wado_core.archive.at_hand import FilesAtHand
from wado_core.archive.cache_memory import MemoryCache, MemoryInstanceCache
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.errors import WadoError
from wado_core.model.instance import Instance, Located, Location
from wado_core.model.notice import FileChanged, Notice, RangeFound
from wado_core.model.uid import InstanceKey
from wado_core.ports import Glance, OpenObject
from wado_core.services.browsing import Browsing
from wado_core.services.decoding import Decoding
from wado_core.services.indexing import Indexing
from wado_core.services.locating import Locating
from wado_core.services.rendering import Rendering
from wado_core.services.retrieval import Retrieval
from wado_core.services.sheets import Sheets
from wado_core.settings import Limits


@dataclass
class CountingStore:
    """The store of files, which counts the objects that are opened and those that are open."""

    inner: FileStore = field(default_factory=FileStore)
    opened: int = 0
    open_now: int = 0

    def look(self, path: bytes) -> Location:
        return self.inner.look(path)

    def glance(self, folder: bytes) -> Glance:
        return self.inner.glance(folder)

    @contextmanager
    def open(self, location: Location) -> Iterator[OpenObject]:
        with self.inner.open(location) as source:
            self.opened += 1
            self.open_now += 1
            try:
                yield source
            finally:
                self.open_now -= 1


@dataclass
class Told:
    """Notices that are dealt with at once, as the indexer of a server does a moment later."""

    indexing: Indexing
    index: SqlIndex
    root: Path
    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice) -> None:
        self.notices.append(notice)
        if isinstance(notice, RangeFound):
            self.index.remember_value_ranges([notice])
        elif isinstance(notice, FileChanged):
            with suppress(WadoError):
                if self.indexing.refresh(notice.path):
                    self.indexing.run([self.root], processes=0)


class Archive:
    """Objects in a folder, indexed, and the services over them."""

    def __init__(self, folder: Path, limits: Limits | None = None, cache_bytes: int = 0) -> None:
        """cache_bytes: of decoded frames."""
        self.root = folder / "served"
        self.root.mkdir(parents=True)
        limits = limits or Limits()
        self.index = SqlIndex(folder / "state", writing=True)
        self.store = CountingStore()
        self.decoding = Decoding(limits.decode_s, limits.decode_bytes, cache_bytes, inflated_bytes=16 << 20)
        self.indexing = Indexing(self.index, self.store, walk, limits, (self.root,))
        self.instances = MemoryInstanceCache(1 << 20, 3600.0)
        self.pictures = MemoryCache(16 << 20)
        self.near = FilesAtHand(3600.0)
        self.told = Told(self.indexing, self.index, self.root)
        self.locating = Locating(self.index, self.store, self.instances, self.near, self.told, (self.root,), limits)
        self._limits = limits
        self.rendering = self.new_rendering()
        self.retrieval = Retrieval(self.store, self.decoding, limits)
        self.browsing = Browsing(self.index)
        self.sheets = Sheets(self.browsing, self.locating, self.rendering, self.pictures, limits)

    def new_rendering(self) -> Rendering:
        """Make the service over what there is, knowing no ranges."""
        return Rendering(self.locating, self.index, self.store, self.near, self.decoding, self.pictures, self.told, self._limits)

    def put(self, name: str, data: bytes) -> Path:
        """Write an object and index the folder."""
        path = self.root / f"{name}.dcm"
        path.write_bytes(data)
        self.indexing.run([self.root], processes=0)
        return path

    def located(self, key: InstanceKey) -> Located:
        return self.locating.locate(key)

    def instance(self, key: InstanceKey) -> Instance:
        return self.located(key).instance

    def close(self) -> None:
        self.decoding.close()
        self.index.close()
