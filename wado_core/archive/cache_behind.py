"""Putting into a slow cache behind the requests: nobody who has made a picture waits for the disk."""

import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace

from wado_core.model.cache_counts import CacheCounts
from wado_core.model.frame import EncodedImage
from wado_core.ports import RenderCache

# Pictures that may wait to be put; further ones are not kept.
MOST_WAITING_BYTES = 32 << 20
# How long the pictures that wait may take when the process ends.
END_S = 2.0


class WrittenBehind:
    """A RenderCache over another one, whose ``put`` is done by a thread of its own in the order of the calls."""

    def __init__(self, cache: RenderCache, most_bytes: int = MOST_WAITING_BYTES) -> None:
        self._cache = cache
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[str, EncodedImage]] = deque()
        self._waiting_bytes = self._dropped = 0
        self._changed = threading.Condition()
        self._idle = True
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="pictures-to-disk", daemon=True)
        self._thread.start()

    def get(self, digest: str) -> EncodedImage | None:
        """Return the picture, or None, also while it waits to be put."""
        return self._cache.get(digest)

    def put(self, digest: str, image: EncodedImage) -> None:
        """Have the picture put soon, unless too much waits for that."""
        with self._changed:
            if self._ended or self._waiting_bytes + len(image.data) > self._most_bytes:
                self._dropped += 1
                return
            self._waiting.append((digest, image))
            self._waiting_bytes += len(image.data)
            self._changed.notify_all()

    def counts(self) -> CacheCounts:
        """Return what has come of the cache; what was dropped before it counts as refused."""
        counts = self._cache.counts()
        return replace(counts, refused=counts.refused + self._dropped)

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing waits to be put; return whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._idle and not self._waiting, timeout_s)

    def close(self) -> None:
        """Put what waits, as far as that is quick, and no more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(END_S)
        with self._changed:
            self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle = not self._waiting
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                self._idle = False
                digest, image = self._waiting.popleft()
                self._waiting_bytes -= len(image.data)
            with suppress(Exception):  # no picture is worth the thread; what is not kept is made again
                self._cache.put(digest, image)
