"""Assembly: settings to services. The only place that names concrete adapters."""

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wado_core.settings import Settings

# Adapters and services are imported where they are made: a supervisor that only watches is to stay small.
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wado_core.archive.cache_behind import WrittenBehind
    from wado_core.archive.cache_tidying import Tidying
    from wado_core.model.cache_counts import CacheCounts
    from wado_core.model.study import Totals
    from wado_core.ports import Folder, Index, IndexWriter, InstanceCache, RenderCache, StatusBoard
    from wado_core.services.browsing import Browsing
    from wado_core.services.decoding import Decoding
    from wado_core.services.indexing import Indexing
    from wado_core.services.keeping import Keeping
    from wado_core.services.locating import Locating
    from wado_core.services.prerendering import Prerendering
    from wado_core.services.read_ahead import ReadAhead
    from wado_core.services.rendering import Rendering
    from wado_core.services.retrieval import Retrieval
    from wado_core.services.sheets import Sheets


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of one process, over shared adapters."""

    locating: "Locating"
    rendering: "Rendering"
    retrieval: "Retrieval"
    browsing: "Browsing"
    sheets: "Sheets"
    decoding: "Decoding"
    index: "Index"
    instances: "InstanceCache"
    pictures: "RenderCache"
    shared: "WrittenBehind | None"
    ahead: "ReadAhead"

    def warm_up(self) -> None:
        """Make everything ready that a request should not wait for: kernels, codecs, the child that decodes heavy frames."""
        warm_up()
        self.decoding.start()

    def caches(self) -> "Mapping[str, CacheCounts]":
        """Return what has come of each cache of this process, by its name."""
        shared = {} if self.shared is None else {"pictures_on_disk": self.shared.counts()}
        return {
            "instances": self.instances.counts(),
            "pictures": self.pictures.counts(),
            **shared,
            "decoded_frames": self.decoding.counts(),
            "inflated_data_sets": self.decoding.inflated_counts(),
        }

    def close(self) -> None:
        """Give back what the adapters hold open."""
        if self.shared is not None:
            self.shared.close()
        self.decoding.stop_ahead()
        self.ahead.close()
        self.decoding.close()
        self.index.close()


def notice_sockets() -> tuple[socket.socket, socket.socket]:
    """Return the end of the notices that all workers share, and the end that the indexer has; made by whoever starts both."""
    from wado_core.archive.mailbox import mailbox_sockets

    return mailbox_sockets()


def keeping(settings: Settings, receiving: socket.socket, *, after_crash: bool = False) -> "Keeping":
    """Make the indexer of a server, the only writer of its index, which is made or mended first.

    receiving: the second of ``notice_sockets``.  after_crash: the indexer before this one was ended by a signal, so a file that
    it was reading may have ended it. Raises Unavailable, also when that one goes on writing.
    """
    from wado_core.archive.index_sql import SqlIndex
    from wado_core.archive.mailbox import SocketMailbox
    from wado_core.services.keeping import Keeping

    index = SqlIndex(settings.state, writing=True)
    board = status(settings)
    return Keeping(indexing(settings, index), index, SocketMailbox(receiving), board, settings, after_crash=after_crash)


def indexing(settings: Settings, index: "IndexWriter") -> "Indexing":
    """Make what brings an index up to date."""
    from wado_core.archive.store_files import FileStore
    from wado_core.archive.walk import walk
    from wado_core.services.indexing import Indexing

    return Indexing(index, FileStore(), walk, settings.limits, settings.paths, settings.settling_s)


def index_to_write(settings: Settings) -> "IndexWriter":
    """Open the index as its only writer; raises Unavailable at once when another process is that, such as a running server."""
    from wado_core.archive.index_sql import SqlIndex

    return SqlIndex(settings.state, writing=True, wait_s=0.0)


def index_to_read(settings: Settings) -> "Index":
    """Open the index beside whoever writes it."""
    from wado_core.archive.index_sql import SqlIndex

    return SqlIndex(settings.state)


def status(settings: Settings) -> "StatusBoard":
    """Return where the indexer of these settings says how far it is."""
    from wado_core.archive.status_file import StatusFile

    return StatusFile(settings.state)


def tidying(settings: Settings) -> "Tidying | None":
    """Make what keeps the pictures on disk within their bound, to be run beside the indexer; None where none are kept."""
    from wado_core.archive.cache_disk import DiskCache

    return DiskCache(settings.state, settings.disk_cache_bytes, tidies=True).tidying if settings.disk_cache_bytes else None


def totals(settings: Settings) -> "Totals | None":
    """Count what an index holds without making, mending or changing it; None where there is none, or none that can be read."""
    from wado_core.archive.index_glance import totals

    return totals(settings.state)


def problems(settings: Settings, most: int) -> list[tuple[bytes, str]]:
    """Return path and reason of the first damaged files that an index knows, at most ``most``, as ``totals`` counts."""
    from wado_core.archive.index_glance import problems

    return problems(settings.state, most)


def folders(settings: Settings) -> "Iterator[Folder]":
    """Walk all that is served, as indexing does; nothing is opened."""
    from wado_core.archive.walk import walk

    for path in settings.paths:
        yield from walk(path)


def services(settings: Settings, sending: socket.socket | None = None) -> Services:
    """Make the services of one worker, which read the index and write nothing but pictures that they keep.

    sending: the first of ``notice_sockets``; None where there is no indexer.
    """
    from wado_core.archive.cache_behind import WrittenBehind
    from wado_core.archive.cache_disk import DiskCache
    from wado_core.archive.cache_memory import MemoryCache

    shared = None
    if settings.disk_cache_bytes:
        shared = WrittenBehind(DiskCache(settings.state, settings.disk_cache_bytes, tidies=sending is None))
    return _services(settings, sending, MemoryCache(settings.render_cache_bytes), shared)


def prerendering(settings: Settings) -> "tuple[Prerendering, Services]":
    """Make what fills the cache on disk, and its services, to be closed after that."""
    from wado_core.archive.cache_disk import DiskCache
    from wado_core.services.prerendering import Prerendering

    kept = DiskCache(settings.state, settings.disk_cache_bytes, tidies=False)
    made = _services(settings, None, kept, None)
    return Prerendering(made.locating, made.rendering, kept), made


def _services(settings: Settings, sending: socket.socket | None, pictures: "RenderCache", shared: "WrittenBehind | None") -> Services:
    from wado_core.archive.at_hand import FilesAtHand
    from wado_core.archive.cache_memory import MemoryInstanceCache
    from wado_core.archive.mailbox import NobodyListens, SocketNotices
    from wado_core.archive.store_files import FileStore
    from wado_core.services.browsing import Browsing
    from wado_core.services.decoding import Decoding
    from wado_core.services.locating import Locating
    from wado_core.services.read_ahead import ReadAhead
    from wado_core.services.rendering import Rendering
    from wado_core.services.retrieval import Retrieval
    from wado_core.services.sheets import Sheets

    index, store, limits = index_to_read(settings), FileStore(), settings.limits
    notices = NobodyListens() if sending is None else SocketNotices(sending)
    instances = MemoryInstanceCache(settings.instance_cache_bytes, settings.instance_fresh_s)
    near = FilesAtHand(settings.instance_fresh_s)
    locating = Locating(index, store, instances, near, notices, settings.paths, limits, kept=sending is not None)
    decoding = Decoding(limits.decode_s, limits.decode_bytes, settings.decoded_cache_bytes, settings.inflated_cache_bytes)
    ahead = ReadAhead(locating, store, decoding, limits, settings.read_ahead_frames)
    rendering = Rendering(locating, index, store, near, decoding, pictures, notices, limits, shared, ahead)
    browsing = Browsing(index)
    return Services(
        locating,
        rendering,
        Retrieval(store, decoding, limits),
        browsing,
        Sheets(browsing, locating, rendering, pictures, limits, shared),
        decoding,
        index,
        instances,
        pictures,
        shared,
        ahead,
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

    from wado_core.archive import at_hand, cache_behind, cache_disk, cache_memory, index_sql, mailbox, store_files, walk  # noqa: F401
    from wado_core.codecs.ffmpeg import program_version
    from wado_core.services import browsing, decoding, locating, rendering, retrieval, sheets  # noqa: F401

    program_version()  # part of the ETag of video

    for codec in ("jpeg8_decode", "jpeg2k_decode", "png_encode"):
        getattr(imagecodecs, codec)

    import numpy as np

    from wado_core.jpeg.arguments import encode_picture

    # Also the first calls: tables are made and numba learns the types of the arguments, which takes it some milliseconds.
    for shape in ((8, 8), (8, 8, 3)):
        encode_picture(np.zeros(shape, np.uint8), 90, "4:2:0", None, None)

    from wado_core.rendering.first_pictures import draw_first_pictures

    draw_first_pictures()
