"""Planned pictures: what a query and an Accept header ask of an object, with every default resolved; kept for those who ask again."""

from collections import OrderedDict
from dataclasses import dataclass

from wado_core.model.cache_counts import CacheCounts
from wado_core.model.instance import Location
from wado_core.model.render import RenderPlan
from wado_http.responses import SECURITY_HEADERS, Representation

# Of a request: query, Accept header (None: absent), path that the application is mounted at.
Asked = tuple[bytes, str | None, str]

# What an entry costs beside its query: the plan, its numbers and texts, and the headers of the answer; and each overlay and warning.
ENTRY_BYTES, _OVERLAY_BYTES, _TEXT_BYTES = 6144, 640, 80
# Longer queries are planned each time rather than remembered.
LONGEST_QUERY = 1024


@dataclass(frozen=True, slots=True)
class Planned:
    """A picture to be sent.

    location: of the copy that it was planned for; of any other, and of this one when it has changed, it is worth nothing.
    headers: of the answer but for Content-Length and Warning, as ASGI wants them.
    """

    plan: RenderPlan
    location: Location
    representation: Representation
    headers: tuple[tuple[bytes, bytes], ...]


def planned(plan: RenderPlan, location: Location, representation: Representation) -> Planned:
    """Write the headers of a picture that has been planned."""
    headers = {**representation.headers(), "content-type": plan.media_type.value, **SECURITY_HEADERS}
    return Planned(
        plan, location, representation, tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
    )


class PlanCache:
    """Plans by what was asked, bounded in bytes; used on the event loop only."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = self._hits = self._misses = self._evictions = self._refused = 0
        self._planned: OrderedDict[Asked, Planned] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What the cache costs now."""
        return self._bytes

    def get(self, asked: Asked) -> Planned | None:
        """Return what was planned, and note its use; None when nothing is known."""
        planned = self._planned.get(asked)
        if planned is not None:
            self._hits += 1
            self._planned.move_to_end(asked)
        return planned

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        return CacheCounts(self._hits, self._misses, self._evictions, self._refused, len(self._planned), self._bytes, self._most_bytes)

    def put(self, asked: Asked, planned: Planned) -> None:
        """Keep a plan, dropping what was used least lately where there is no room."""
        self._misses += 1
        if len(asked[0]) > LONGEST_QUERY:
            self._refused += 1
            return
        replaced = self._planned.pop(asked, None)
        if replaced is not None:
            self._bytes -= _cost(asked, replaced)
        self._planned[asked] = planned
        self._bytes += _cost(asked, planned)
        while self._bytes > self._most_bytes:
            self._bytes -= _cost(*self._planned.popitem(last=False))
            self._evictions += 1


def _cost(asked: Asked, planned: Planned) -> int:
    """Return what an entry costs; its plan alone may hold what it shares with the object that has left its own cache."""
    query, accept, mounted_at = asked
    plan = planned.plan
    held = _OVERLAY_BYTES * len(plan.overlays) + sum(_TEXT_BYTES + len(text) for text in plan.warnings)
    return ENTRY_BYTES + 2 * len(query) + len(accept or "") + len(mounted_at) + held
