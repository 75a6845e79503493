"""Assembly: settings to services. The only place that names concrete adapters."""

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wado_core.settings import Settings

# Adapters and services are imported where they are made: a supervisor that only watches is to stay small.
if TYPE_CHECKING:
    from wado_core.model.study import Totals
    from wado_core.ports import Index, StatusBoard
    from wado_core.services.browsing import Browsing
    from wado_core.services.decoding import Decoding
    from wado_core.services.indexing import Indexing
    from wado_core.services.keeping import Keeping
    from wado_core.services.rendering import Rendering
    from wado_core.services.retrieval import Retrieval


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of one process, over shared adapters."""

    rendering: "Rendering"
    retrieval: "Retrieval"
    browsing: "Browsing"
    indexing: "Indexing"
    decoding: "Decoding"
    index: "Index"

    def warm_up(self) -> None:
        """Make everything ready that a request should not wait for: kernels, codecs, the child that decodes heavy frames."""
        warm_up()
        self.decoding.start()

    def close(self) -> None:
        """Give back what the adapters hold open."""
        self.decoding.close()
        self.index.close()


def prepare(settings: Settings) -> None:
    """Make the state folder and the index in it, or set a damaged one aside and make it anew. Raises Unavailable."""
    from wado_core.archive.index_sql import SqlIndex

    SqlIndex(settings.state).close()


def notice_sockets() -> tuple[socket.socket, socket.socket]:
    """Return the end of the notices that all workers share, and the end that the indexer has; made by whoever starts both."""
    from wado_core.archive.mailbox import mailbox_sockets

    return mailbox_sockets()


def keeping(settings: Settings, receiving: socket.socket, after_crash: bool = False) -> "Keeping":
    """Make the indexer of a server: the only writer of its index.

    receiving: the second of ``notice_sockets``.  after_crash: the indexer before this one was ended by a signal, so a file that
    it was reading may have ended it. Raises Unavailable.
    """
    del after_crash
    from wado_core.archive.index_sql import SqlIndex
    from wado_core.archive.mailbox import SocketMailbox
    from wado_core.archive.status_file import StatusFile
    from wado_core.archive.store_files import FileStore
    from wado_core.archive.walk import walk
    from wado_core.services.indexing import Indexing
    from wado_core.services.keeping import Keeping

    index, store = SqlIndex(settings.state), FileStore()
    indexing = Indexing(index, store, walk, settings.limits, settings.paths)
    board = StatusFile(settings.state)
    return Keeping(indexing, index, SocketMailbox(receiving), board, settings.paths, rescan_s=60.0, processes=None)


def status(settings: Settings) -> "StatusBoard":
    """Return where the indexer of these settings says how far it is."""
    from wado_core.archive.status_file import StatusFile

    return StatusFile(settings.state)


def totals(settings: Settings) -> "Totals | None":
    """Count what an index holds without making, mending or changing it; None where there is none, or none that can be read."""
    from wado_core.archive.index_glance import totals

    return totals(settings.state)


def problems(settings: Settings, most: int) -> list[tuple[bytes, str]]:
    """Return path and reason of the first damaged files that an index knows, at most ``most``, as ``totals`` counts."""
    from wado_core.archive.index_glance import problems

    return problems(settings.state, most)


def services(settings: Settings, sending: socket.socket | None = None) -> Services:
    """Make the services of one worker; the state folder is made if needed. Raises Unavailable.

    sending: the first of ``notice_sockets``; None where there is no indexer.
    """
    del sending
    from wado_core.archive.cache_memory import MemoryCache, MemoryInstanceCache
    from wado_core.archive.index_sql import SqlIndex
    from wado_core.archive.store_files import FileStore
    from wado_core.archive.walk import walk
    from wado_core.services.browsing import Browsing
    from wado_core.services.decoding import Decoding
    from wado_core.services.indexing import Indexing
    from wado_core.services.rendering import Rendering
    from wado_core.services.retrieval import Retrieval

    index, store, limits = SqlIndex(settings.state), FileStore(), settings.limits
    indexing = Indexing(index, store, walk, limits, settings.paths)
    decoding = Decoding(limits.decode_s, limits.decode_bytes)
    instances = MemoryInstanceCache(settings.instance_cache_entries, settings.instance_fresh_s)
    pictures = MemoryCache(settings.render_cache_bytes)
    return Services(
        Rendering(index, store, indexing, decoding, instances, pictures, limits),
        Retrieval(store, decoding, limits),
        Browsing(index),
        indexing,
        decoding,
        index,
    )


def kernels_can_be_cached() -> bool:
    """Say whether kernels are still to be compiled, and can be kept for those that ``warm_up`` after that."""
    from wado_core.kernels.cache import cache_folder, is_filled

    return cache_folder() is not None and not is_filled()


def warm_up() -> None:
    """Compile or load every kernel, and load the codecs and all that ``services`` needs, so that no request has to."""
    from wado_core.kernels.warmup import warm_up as warm_up_kernels

    warm_up_kernels()  # first: others import kernels too, and one process alone should compile them

    import imagecodecs
    import simplejpeg  # noqa: F401

    from wado_core.archive import cache_memory, index_sql, store_files  # noqa: F401
    from wado_core.services import browsing, decoding, indexing, rendering, retrieval  # noqa: F401

    for codec in ("jpeg8_encode", "jpeg2k_decode", "png_encode"):
        getattr(imagecodecs, codec)
