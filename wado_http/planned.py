"""Planned pictures: what a query and an Accept header ask of an object, with every default resolved; kept for those who ask again."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from wado_core.model.cache_counts import CacheCounts
from wado_core.model.instance import Location
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_http.responses import SECURITY_HEADERS, Representation

# Of a request: query, Accept header (None: absent), path that the application is mounted at.
Asked = tuple[bytes, str | None, str]

# What an entry costs beside its query: the plan, its numbers and texts, and what is said of it; and each overlay and warning.
ENTRY_BYTES, _OVERLAY_BYTES, _TEXT_BYTES = 6144, 640, 80
# Longer queries are planned each time rather than remembered.
LONGEST_QUERY = 1024

# What readers change while they look at one object, and how it is written where nothing needs to be quoted.
NUMBERS = ("frameNumber", "windowCenter", "windowWidth")
_NUMBERS = re.compile(rf"(?<=&)({'|'.join(NUMBERS)})=(-?[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)(?![^&])")


class Shape(NamedTuple):
    """A request without the numbers of frame and window, which others may share with it.

    query: None stands where a number was taken out.
    """

    query: tuple[str | None, ...]
    accept: str | None
    mounted_at: str


def numbered(asked: Asked) -> tuple[Shape, dict[str, str]]:
    """Take the numbers of frame and window out of a request; return the shape and them, by name and as they are written."""
    parts: list[str | None] = list(_NUMBERS.split(asked[0].decode("latin-1")))
    numbers = {str(name): str(number) for name, number in zip(parts[1::3], parts[2::3], strict=True)}
    parts[2::3] = [None] * (len(parts) // 3)
    return Shape(tuple(parts), *asked[1:]), numbers


@dataclass(frozen=True, slots=True)
class Planned:
    """A picture to be sent.

    stored: the copy that it was planned for; of any other, and of this one when it has changed, it is worth nothing.
    request: that was planned.
    form: of Content-Location, with ``%(name)s`` for the numbers that can be taken out of a request.
    """

    plan: RenderPlan
    stored: Location
    request: RenderRequest
    representation: Representation
    form: str

    @property
    def media_type(self) -> bytes:
        """What the picture is sent as."""
        return _MEDIA_TYPES[self.plan.media_type]

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of 304; with Content-Type, Content-Length and Warning they are those of 200."""
        headers = {**self.representation.headers(), **SECURITY_HEADERS}
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    def head(self) -> bytes:
        """Return what ``headers`` does as HTTP/1.1 writes it."""
        said = self.representation
        return f"etag: {said.etag}\r\ncontent-location: {said.location}\r\n".encode("latin-1") + _head(said.modified, said.max_age_s)


_MEDIA_TYPES = {kind: kind.value.encode() for kind in MediaType}


@lru_cache(maxsize=1024)
def _head(modified: int | None, max_age_s: int | None) -> bytes:
    """Write what many answers have in common."""
    headers = {**Representation("", modified, "", max_age_s).headers(), **SECURITY_HEADERS}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name not in ("etag", "content-location")]
    return "".join(lines).encode("latin-1")


def form_of(location: str) -> str:
    """Return a Content-Location with ``%(name)s`` for its numbers."""
    return _NUMBERS.sub(r"\1=%(\1)s", location.replace("%", "%%"))


class PlanCache:
    """Plans by what was asked, bounded in bytes; used on the event loop only.

    Of the requests of one shape, which differ in nothing but the numbers of frame and window, the last that was planned whole stands for
    all: the others are planned from it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = self._hits = self._misses = self._evictions = self._refused = 0
        self._planned: OrderedDict[Asked | Shape, Planned] = OrderedDict()

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

    def like(self, shape: Shape) -> Planned | None:
        """Return what was planned for a request of that shape; None when nothing is known."""
        planned = self._planned.get(shape)
        if planned is not None:
            self._planned.move_to_end(shape)
        return planned

    def counts(self) -> CacheCounts:
        """Return what has come of it."""
        return CacheCounts(self._hits, self._misses, self._evictions, self._refused, len(self._planned), self._bytes, self._most_bytes)

    def put(self, asked: Asked, planned: Planned) -> None:
        """Keep a plan, dropping what was used least lately where there is no room."""
        self._misses += 1
        if len(asked[0]) > LONGEST_QUERY:
            self._refused += 1
        else:
            self._keep(asked, planned)

    def put_like(self, shape: Shape, planned: Planned) -> None:
        """Let a plan stand for the requests of a shape."""
        if sum(len(part or "") for part in shape.query) <= LONGEST_QUERY:
            self._keep(shape, planned)

    def _keep(self, key: Asked | Shape, planned: Planned) -> None:
        replaced = self._planned.pop(key, None)
        if replaced is not None:
            self._bytes -= _cost(key, replaced)
        self._planned[key] = planned
        self._bytes += _cost(key, planned)
        while self._bytes > self._most_bytes:
            self._bytes -= _cost(*self._planned.popitem(last=False))
            self._evictions += 1


def _cost(key: Asked | Shape, planned: Planned) -> int:
    """Return what an entry costs; its plan alone may hold what it shares with the object that has left its own cache."""
    query, accept, mounted_at = key
    plan = planned.plan
    held = _OVERLAY_BYTES * len(plan.overlays) + sum(_TEXT_BYTES + len(text) for text in plan.warnings)
    asked = 2 * len(query) if isinstance(query, bytes) else sum(_TEXT_BYTES + len(part or "") for part in query)
    return ENTRY_BYTES + asked + len(accept or "") + len(mounted_at) + held
