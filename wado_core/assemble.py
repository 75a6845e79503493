"""Assembly: settings to services. The only place that names concrete adapters."""

import socket
from dataclasses import dataclass

from wado_core.archive.cache_memory import MemoryCache, MemoryInstanceCache
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.mailbox import NobodyListens, SocketMailbox, SocketNotices, mailbox_sockets
from wado_core.archive.status_file import StatusFile
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.ports import Index, IndexWriter, StatusBoard
from wado_core.services.browsing import Browsing
from wado_core.services.decoding import Decoding
from wado_core.services.indexing import Indexing
from wado_core.services.keeping import Keeping
from wado_core.services.locating import Locating
from wado_core.services.rendering import Rendering
from wado_core.services.retrieval import Retrieval
from wado_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of one process, over shared adapters."""

    locating: Locating
    rendering: Rendering
    retrieval: Retrieval
    browsing: Browsing
    decoding: Decoding
    index: Index

    def warm_up(self) -> None:
        """Make everything ready that a request should not wait for: kernels, codecs, the child that decodes heavy frames."""
        warm_up()
        self.decoding.start()

    def close(self) -> None:
        """Give back what the adapters hold open."""
        self.decoding.close()
        self.index.close()


def prepare(settings: Settings) -> None:
    """Make the state folder and the index in it, or set a damaged one aside and make it anew.

    Raises Unavailable, also when another process goes on writing it.
    """
    SqlIndex(settings.state, writing=True).close()


def notice_sockets() -> tuple[socket.socket, socket.socket]:
    """Return the end of the notices that all workers share, and the end that the indexer has; made by whoever starts both."""
    return mailbox_sockets()


def keeping(settings: Settings, receiving: socket.socket, *, after_crash: bool = False) -> Keeping:
    """Make the indexer of a server: the only writer of its index.

    receiving: the second of ``notice_sockets``.  after_crash: the indexer before this one ended unexpectedly. Raises Unavailable.
    """
    index = SqlIndex(settings.state, writing=True)
    return Keeping(
        indexing(settings, index), index, SocketMailbox(receiving), status(settings), settings, after_crash=after_crash
    )  # fmt: skip


def indexing(settings: Settings, index: IndexWriter) -> Indexing:
    """Make what brings an index up to date."""
    return Indexing(index, FileStore(), walk, settings.limits, settings.paths, settings.settling_s)


def index_to_write(settings: Settings) -> IndexWriter:
    """Open the index as its only writer; raises Unavailable at once when another process is that, such as a running server."""
    return SqlIndex(settings.state, writing=True, wait_s=0.0)


def index_to_read(settings: Settings) -> Index:
    """Open the index beside whoever writes it."""
    return SqlIndex(settings.state)


def status(settings: Settings) -> StatusBoard:
    """Return where the indexer of these settings says how far it is."""
    return StatusFile(settings.state)


def services(settings: Settings, sending: socket.socket | None = None) -> Services:
    """Make the services of one worker, which read the index and write nothing.

    sending: the first of ``notice_sockets``; None where there is no indexer.
    """
    index, store, limits = index_to_read(settings), FileStore(), settings.limits
    notices = NobodyListens() if sending is None else SocketNotices(sending)
    instances = MemoryInstanceCache(settings.instance_cache_entries, settings.instance_fresh_s)
    locating = Locating(index, store, walk, instances, notices, settings.paths, limits, kept=sending is not None)
    decoding = Decoding(limits.decode_s, limits.decode_bytes)
    pictures = MemoryCache(settings.render_cache_bytes)
    return Services(
        locating,
        Rendering(locating, index, store, decoding, pictures, notices, limits),
        Retrieval(store, decoding, limits),
        Browsing(index),
        decoding,
        index,
    )


def warm_up() -> None:
    """Compile or load every kernel, and load the codecs, so that no request has to."""
    import imagecodecs
    import simplejpeg  # noqa: F401

    from wado_core.kernels.warmup import warm_up as warm_up_kernels

    warm_up_kernels()
    for codec in ("jpeg8_encode", "jpeg2k_decode", "png_encode"):
        getattr(imagecodecs, codec)
