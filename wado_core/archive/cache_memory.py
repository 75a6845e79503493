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
            return CacheCounts(self._hits, self._misses, self._evictions, self._refused, len(self._images), self._bytes, self._most_bytes)

    def put(self, digest: str, image: EncodedImage) -> None:
        """Keep the picture, unless it alone would take more than a quarter of the room."""
        cost = len(image.data) + ENTRY_BYTES
        if cost > self._most_bytes // 4:
            self._refused += 1
            return
        dropped: list[EncodedImage] = []  # freed without the lock
        with self._lock:
            replaced = self._images.pop(digest, None)
            if replaced is not None:
                self._drop(replaced, dropped)
            self._images[digest] = image
            self._bytes += cost
            while self._bytes > self._most_bytes:
                self._drop(self._images.popitem(last=False)[1], dropped)
                self._evictions += 1

    def _drop(self, image: EncodedImage, dropped: list[EncodedImage]) -> None:
        self._bytes -= len(image.data) + ENTRY_BYTES
        dropped.append(image)


# What a description costs beside its columns, and each of its transformations, overlays and texts (tracemalloc, rounded up).
_INSTANCE_BYTES, _TRANSFORM_BYTES, _OVERLAY_BYTES, _TEXT_BYTES = 4096, 512, 640, 80


def instance_bytes(located: Located) -> int:
    """Return what keeping an instance costs, about."""
    instance = located.instance
    texts = sum(_TEXT_BYTES + len(text) for text in (*instance.warnings, *instance.overlay_problems))
    columns = sum(
        len(chunk.offsets) + len(chunk.lengths) + len(chunk.first_fragments) + len(chunk.transform_of_frame)
        + _TRANSFORM_BYTES * len(chunk.transforms)
        for chunk in instance.chunks
    )  # fmt: skip
    return _INSTANCE_BYTES + len(located.location.path) + _OVERLAY_BYTES * len(instance.overlays) + texts + columns


class MemoryInstanceCache:
    """An InstanceCache bounded in bytes, each of whose entries counts for a short time only.

    A picture in memory is answered without opening its file; so whether the file is still what it was must be asked again now and
    then, or an object that was replaced or deleted would be served for as long as it is asked for.
    """

    def __init__(self, most_bytes: int, fresh_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._most_bytes = most_bytes
        self._bytes = self._hits = self._misses = self._evictions = 0
        self._fresh_s = fresh_s
        self._clock = clock
        # An instance of many frames has an entry for each of its chunks that is loaded: who scrolls through a thousand frames comes
        # back to chunks that were read before.
        self._entries: OrderedDict[tuple[InstanceKey, int], tuple[float, Located]] = OrderedDict()
        self._chunks: dict[InstanceKey, set[int]] = {}
        self._lock = Lock()

    def get(self, key: InstanceKey, frame_number: int = 1) -> Located | None:
        """Return what was kept a short time ago, with the columns of a frame, and note its use; or None."""
        with self._lock:
            located = self._fresh(key, frame_number)
            if located is not None:
                self._hits += 1
            return located

    def _fresh(self, key: InstanceKey, frame_number: int) -> Located | None:
        chunks = self._chunks.get(key)
        if not chunks:
            return None
        chunk = next(iter(chunks))
        kept_at, located = self._entries[key, chunk]
        if not located.instance.has_columns_of(frame_number):
            chunk = located.instance.chunk_number(frame_number)
            if chunk not in chunks:
                return None
            kept_at, located = self._entries[key, chunk]
        if self._clock() - kept_at > self._fresh_s:
            self._forget(key, chunk, [])
            return None
        self._entries.move_to_end((key, chunk))
        return located

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        with self._lock:
            return CacheCounts(self._hits, self._misses, self._evictions, 0, len(self._entries), self._bytes, self._most_bytes)

    def put(self, located: Located) -> None:
        """Keep an instance under its key, dropping what was used least lately when there is no room."""
        key = located.instance.key
        first = located.instance.chunks[:1]
        chunk = located.instance.chunk_number(first[0].first) if first else 0
        dropped: list[Located] = []  # freed without the lock
        with self._lock:
            self._misses += 1
            if any(self._entries[key, other][1].location != located.location for other in self._chunks.get(key, ())):
                self._drop(key, dropped)
            if (key, chunk) in self._entries:
                self._forget(key, chunk, dropped)
            self._entries[key, chunk] = self._clock(), located
            self._bytes += instance_bytes(located)
            self._chunks.setdefault(key, set()).add(chunk)
            while self._entries and self._oldest_is_stale():
                self._forget(*next(iter(self._entries)), dropped)
            while self._bytes > self._most_bytes:
                self._forget(*next(iter(self._entries)), dropped)
                self._evictions += 1

    def _oldest_is_stale(self) -> bool:
        kept_at, _ = next(iter(self._entries.values()))
        return self._clock() - kept_at > self._fresh_s

    def drop(self, key: InstanceKey) -> None:
        """Forget an instance, known or not."""
        dropped: list[Located] = []
        with self._lock:
            self._drop(key, dropped)

    def _drop(self, key: InstanceKey, dropped: list[Located]) -> None:
        for chunk in tuple(self._chunks.get(key, ())):
            self._forget(key, chunk, dropped)

    def _forget(self, key: InstanceKey, chunk: int, dropped: list[Located]) -> None:
        _, located = self._entries.pop((key, chunk))
        self._bytes -= instance_bytes(located)
        dropped.append(located)
        chunks = self._chunks[key]
        chunks.discard(chunk)
        if not chunks:
            del self._chunks[key]
