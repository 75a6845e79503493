"""State: what one worker's routes share, and how they leave the event loop."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from wado_core.errors import Busy
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.instance import Instance
from wado_core.ports import StatusBoard
from wado_core.settings import Settings
from wado_http.planned import PlanCache
from wado_http.slots import PixelSlots
from wado_http.unsent import Unsent

if TYPE_CHECKING:
    from wado_core.services.browsing import Browsing
    from wado_core.services.locating import Locating
    from wado_core.services.rendering import Rendering
    from wado_core.services.retrieval import Retrieval
    from wado_core.services.sheets import Sheets

T = TypeVar("T")

# Tells what has come of each cache, by its name; may read files.
Caches = Callable[[], Mapping[str, CacheCounts]]

# Look-ups and openings that may wait for storage at once. Apart from the threads that hand out objects, so that slow
# readers of large objects never keep a look-up waiting.
LOOKUP_THREADS = 16
STREAM_THREADS = 16
# Objects whose frames are decoded while they are handed out.
DECODING_THREADS = 2
# Work that ends sooner is not worth a watch over its client: most does.
PATIENCE_S = 0.02


@dataclass(frozen=True, slots=True)
class State:
    """Services and places to run them; one for each worker."""

    settings: Settings
    locating: "Locating"
    rendering: "Rendering"
    retrieval: "Retrieval"
    browsing: "Browsing"
    sheets: "Sheets"
    # Where the indexer says how far it is; None where none belongs to this server.
    indexer: StatusBoard | None
    plans: PlanCache
    caches: Caches
    slots: PixelSlots
    unsent: Unsent
    lookups: CapacityLimiter
    streams: CapacityLimiter
    decoding_streams: CapacityLimiter

    def limiter_for(self, instance: Instance) -> CapacityLimiter:
        """Return the threads that hand an object out; Busy when its frames must be decoded and too many wait for that."""
        if not instance.transfer_syntax.encapsulated or instance.transfer_syntax.video:
            return self.streams
        if self.decoding_streams.statistics().tasks_waiting >= self.settings.queue_length:
            raise Busy
        return self.decoding_streams

    async def look_up(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run something that reads index or storage, and no pixels, outside the event loop."""
        return await to_thread.run_sync(function, *arguments, limiter=self.lookups)


def new_state(
    settings: Settings,
    locating: "Locating",
    rendering: "Rendering",
    retrieval: "Retrieval",
    browsing: "Browsing",
    sheets: "Sheets",
    indexer: StatusBoard | None = None,
    caches: Caches = dict,
) -> State:
    """Make the state of a worker around its services; to be called on the event loop."""
    unsent = Unsent(settings.unsent_bytes)
    slots = PixelSlots(max(1, usable_cores() // settings.workers), settings.queue_length, settings.queue_wait_s, unsent)
    plans = PlanCache(settings.plan_cache_bytes)
    return State(
        settings, locating, rendering, retrieval, browsing, sheets, indexer, plans, caches, slots, unsent,
        lookups=CapacityLimiter(LOOKUP_THREADS), streams=CapacityLimiter(STREAM_THREADS),
        decoding_streams=CapacityLimiter(DECODING_THREADS),
    )  # fmt: skip


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def state_of(request: Request) -> State:
    """Return the state of the worker that serves ``request``; raises Busy before it is ready and while it closes."""
    state: State | None = getattr(request.app.state, "wado", None)
    if state is None:
        raise Busy("The server is starting or stopping.")
    return state


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` until it is done or the client has left; then it is cancelled and ClientDisconnect raised.

    Servers do not cancel requests themselves, and work that nobody waits for should leave its queue.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=PATIENCE_S)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.done():
        return task.result()
    departure = asyncio.ensure_future(_departure(receive))
    try:
        await asyncio.wait({task, departure}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for pending in (task, departure):
            pending.cancel()
        await asyncio.gather(task, departure, return_exceptions=True)


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
