"""Caches in the memory of one process: least recently used goes first; safe to use from several threads."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

from wado_core.model.cache_counts import CacheCounts
from wado_core.model.frame import EncodedImage
from wado_core.model.instance import Located
from wado_core.model.uid import InstanceKey

# What an entry costs beside the bytes of its picture: digest, dataclass, headers of the objects, node of the dictionary.
ENTRY_BYTES = 512


class MemoryCache:
    """A RenderCache bounded in bytes, overhead included."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = self._hits = self._misses = self._evictions = self._refused = 0
        self._images: OrderedDict[str, EncodedImage] = OrderedDict()
        self._lock = Lock()

    @property
    def size_bytes(self) -> int:
        """What the cache costs now."""
        return self._bytes

    def get(self, digest: str) -> EncodedImage | None:
        """Return the picture and note its use, or None."""
        with self._lock:
            image = self._images.get(digest)
            if image is None:
                self._misses += 1
            else:
                self._hits += 1
                self._images.move_to_end(digest)
            return image

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        with self._lock:
            return CacheCounts(
                self._hits, self._misses, self._evictions, self._refused, len(self._images), self._bytes, self._most_bytes
            )

    def put(self, digest: str, image: EncodedImage) -> None:
        """Keep the picture, unless it alone would take more than a quarter of the room."""
        cost = len(image.data) + ENTRY_BYTES
        if cost > self._most_bytes // 4:
            self._refused += 1
            return
        with self._lock:
            replaced = self._images.pop(digest, None)
            if replaced is not None:
                self._bytes -= len(replaced.data) + ENTRY_BYTES
            self._images[digest] = image
            self._bytes += cost
            while self._bytes > self._most_bytes:
                _, dropped = self._images.popitem(last=False)
                self._bytes -= len(dropped.data) + ENTRY_BYTES
                self._evictions += 1


class MemoryInstanceCache:
    """An InstanceCache bounded in entries, each of which counts for a short time only.

    A picture in memory is answered without opening its file; so whether the file is still what it was must be asked again now and
    then, or an object that was replaced or deleted would be served for as long as it is asked for.
    """

    def __init__(self, most_entries: int, fresh_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._most_entries = most_entries
        self._fresh_s = fresh_s
        self._clock = clock
        self._instances: OrderedDict[InstanceKey, tuple[float, Located]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: InstanceKey) -> Located | None:
        """Return what was kept a short time ago and note its use, or None."""
        with self._lock:
            _, located = self._instances.get(key, (0.0, None))
            if located is None:
                return None
            if self._is_stale(key):
                del self._instances[key]
                return None
            self._instances.move_to_end(key)
            return located

    def put(self, located: Located) -> None:
        """Keep an instance under its key, dropping the one used least lately when there is no room."""
        key = located.instance.key
        with self._lock:
            self._instances[key] = self._clock(), located
            self._instances.move_to_end(key)
            while self._instances and (len(self._instances) > self._most_entries or self._is_stale(next(iter(self._instances)))):
                self._instances.popitem(last=False)

    def _is_stale(self, key: InstanceKey) -> bool:
        return self._clock() - self._instances[key][0] > self._fresh_s

    def drop(self, key: InstanceKey) -> None:
        """Forget an instance, known or not."""
        with self._lock:
            self._instances.pop(key, None)
