"""Decoded frames that are kept, because to decode them again would take longer than all the rest of a picture."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock

from wado_core.codecs.decoded import Decoded
from wado_core.model.cache_counts import CacheCounts

# What an entry costs beside its cells: key, dataclasses, header of the array, node of the dictionary.
ENTRY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Which decoded frame: of which stored bytes, by which number from 1, decoded to which smallest size (rows, columns), None in full."""

    version: str
    frame_number: int
    smallest: tuple[int, int] | None


@dataclass(slots=True)
class _Flight:
    """A frame that one thread decodes while others wait for it; ``frame`` stays None when nothing comes of it."""

    landed: Event = field(default_factory=Event)
    frame: Decoded | None = None


class DecodedFrames:
    """A cache bounded in bytes, the least recently used goes first; safe to use from several threads.

    Its frames are shared: their cells cannot be written. A frame that several threads miss at once is decoded by the first, and the others
    wait for it; should it fail, each of them tries for itself, so that nobody is told of what has happened to another.
    """

    def __init__(self, most_bytes: int) -> None:
        """most_bytes: overhead included; 0 keeps nothing, and lets nobody wait for another."""
        self._most_bytes = most_bytes
        self._frames: OrderedDict[FrameKey, Decoded] = OrderedDict()
        self._flights: dict[FrameKey, _Flight] = {}
        self._lock = Lock()
        self._bytes = self._hits = self._misses = self._evictions = self._refused = 0

    def __contains__(self, key: FrameKey) -> bool:
        return key in self._frames

    def get(self, key: FrameKey, decode: Callable[[], Decoded]) -> Decoded:
        """Return the frame that is kept, or what ``decode`` makes of it, called in this thread; raises what that raises."""
        if not self._most_bytes:
            return decode()
        while True:
            with self._lock:
                kept = self._frames.get(key)
                if kept is not None:
                    self._frames.move_to_end(key)
                    self._hits += 1
                    return kept
                flight = self._flights.get(key)
                if flight is None:
                    flight = self._flights[key] = _Flight()
                    self._misses += 1
                    break
            flight.landed.wait()
            if flight.frame is not None:  # kept or too large for it
                with self._lock:
                    self._hits += 1
                return flight.frame
        try:
            frame = decode()
            frame.cells.flags.writeable = False
            flight.frame = frame
            return frame
        finally:
            with self._lock:
                del self._flights[key]
                if flight.frame is not None:
                    self._put(key, flight.frame)
            flight.landed.set()

    def drop(self, version: str) -> None:
        """Forget the frames of an object, whose file has changed while they were read."""
        with self._lock:
            for key in [key for key in self._frames if key.version == version]:
                self._bytes -= _cost(self._frames.pop(key))

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        with self._lock:
            return CacheCounts(
                self._hits, self._misses, self._evictions, self._refused, len(self._frames), self._bytes, self._most_bytes
            )

    def _put(self, key: FrameKey, frame: Decoded) -> None:
        cost = _cost(frame)
        if cost > self._most_bytes // 4:
            self._refused += 1
            return
        self._frames[key] = frame
        self._bytes += cost
        while self._bytes > self._most_bytes:
            _, dropped = self._frames.popitem(last=False)
            self._bytes -= _cost(dropped)
            self._evictions += 1


def _cost(frame: Decoded) -> int:
    return frame.cells.nbytes + ENTRY_BYTES
