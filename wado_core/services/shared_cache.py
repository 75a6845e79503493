"""A cache whose values are made once for all threads that miss them at the same time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

from wado_core.model.cache_counts import CacheCounts

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Flight(Generic[Value]):
    """A value that one thread makes while others wait for it; ``made`` stays empty when nothing comes of it."""

    landed: Event = field(default_factory=Event)
    made: list[Value] = field(default_factory=list)


class SharedCache(Generic[Key, Value]):
    """Bounded in bytes, the least recently used goes first; safe to use from several threads.

    A value that several threads miss at once is made by the first, in its own thread, and the others wait for it; should it fail, each
    of them tries for itself, so that nobody is told of what has happened to another.
    """

    def __init__(self, most_bytes: int, cost: Callable[[Value], int], largest_bytes: int) -> None:
        """Make the cache.

        most_bytes: of all values together; 0 keeps nothing, and lets nobody wait for another.
        cost: of a value, in bytes, overhead included.  largest_bytes: a value that costs more is handed out and not kept.
        """
        self._most_bytes = most_bytes
        self._cost = cost
        self._largest_bytes = largest_bytes
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._flights: dict[Key, _Flight[Value]] = {}
        self._lock = Lock()
        self._bytes = self._hits = self._misses = self._evictions = self._refused = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value that is kept, or what ``make`` makes, called in this thread; raises what that raises."""
        if not self._most_bytes:
            return make()
        while True:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    self._hits += 1
                    return self._values[key]
                flight = self._flights.get(key)
                if flight is None:
                    flight = self._flights[key] = _Flight()
                    self._misses += 1
                    break
            flight.landed.wait()
            if flight.made:  # kept or too large for it
                with self._lock:
                    self._hits += 1
                return flight.made[0]
        try:
            value = make()
            flight.made.append(value)
            return value
        finally:
            dropped: list[Value] = []
            with self._lock:
                del self._flights[key]
                if flight.made:
                    self._put(key, flight.made[0], dropped)
            flight.landed.set()

    def kept(self, key: Key) -> Value | None:
        """Return the value that is kept, and note its use, or None, also while somebody makes it: nobody is waited for."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
                self._hits += 1
            return value

    def offer(self, key: Key, value: Value) -> None:
        """Keep a value that was made for nobody yet, unless one is kept."""
        dropped: list[Value] = []
        with self._lock:
            if key not in self._values:
                self._put(key, value, dropped)

    def drop(self, wanted: Callable[[Key], bool]) -> None:
        """Forget what stands under the keys that are wanted."""
        dropped: list[Value] = []
        with self._lock:
            for key in [key for key in self._values if wanted(key)]:
                self._drop(self._values.pop(key), dropped)

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        with self._lock:
            return CacheCounts(self._hits, self._misses, self._evictions, self._refused, len(self._values), self._bytes, self._most_bytes)

    def _put(self, key: Key, value: Value, dropped: list[Value]) -> None:
        """Keep a value; those that go for it are put into ``dropped``, to be freed when nobody waits for the lock: 200 MB take 15 ms."""
        cost = self._cost(value)
        if cost > self._largest_bytes:
            self._refused += 1
            return
        if key in self._values:  # offered while it was made
            self._drop(self._values.pop(key), dropped)
        self._values[key] = value
        self._bytes += cost
        while self._bytes > self._most_bytes:
            self._drop(self._values.popitem(last=False)[1], dropped)
            self._evictions += 1

    def _drop(self, value: Value, dropped: list[Value]) -> None:
        self._bytes -= self._cost(value)
        dropped.append(value)
