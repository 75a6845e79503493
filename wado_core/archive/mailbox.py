"""Notices between processes: datagrams over a pair of sockets that the indexer and all workers inherit."""

import queue
import socket
import threading
from contextlib import suppress

import msgspec

from wado_core.model.notice import FileChanged, IndexDamaged, Notice, RangeFound

# The kernel keeps some ten datagrams only, so a thread takes them as they come; beyond so many here the rest is lost.
_MOST_WAITING = 20_000
_LONGEST = 64 * 1024

_KINDS: dict[str, type[Notice]] = {kind.__name__: kind for kind in (FileChanged, RangeFound, IndexDamaged)}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw])


def mailbox_sockets() -> tuple[socket.socket, socket.socket]:
    """Return the sending end, for all workers, and the receiving end, for the indexer; inheritable by neither as they are."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


class SocketNotices:
    """Sends notices; one that finds no room is lost."""

    def __init__(self, sending: socket.socket) -> None:
        sending.setblocking(False)
        self._socket = sending

    def send(self, notice: Notice) -> None:
        """Hand a notice over without waiting."""
        with suppress(OSError):
            self._socket.send(_encoder.encode((type(notice).__name__, notice)))


class NobodyListens:
    """Notices of a server without an indexer."""

    def send(self, notice: Notice) -> None:
        """Drop a notice: the next run of ``wado index`` finds out by itself."""


class SocketMailbox:
    """Receives notices; those that say the same as one that waits are dropped."""

    def __init__(self, receiving: socket.socket) -> None:
        receiving.setblocking(True)
        self._socket = receiving
        # None wakes; a simple queue, because a signal handler may put while the same thread gets.
        self._waiting: queue.SimpleQueue[Notice | None] = queue.SimpleQueue()
        threading.Thread(target=self._take, name="mailbox", daemon=True).start()

    def receive(self, timeout_s: float) -> tuple[Notice, ...]:
        """Return what has come, each notice once."""
        found: dict[Notice, None] = {}
        with suppress(queue.Empty):
            first = self._waiting.get(timeout=timeout_s) if timeout_s > 0 else self._waiting.get_nowait()
            while True:
                if first is not None:
                    found[first] = None
                first = self._waiting.get_nowait()
        return tuple(found)

    def wake(self) -> None:
        """Let ``receive`` return."""
        self._waiting.put(None)

    def _take(self) -> None:
        while True:
            try:
                data = self._socket.recv(_LONGEST)
            except OSError:
                return  # closed
            if self._waiting.qsize() < _MOST_WAITING and (notice := _read(data)) is not None:
                self._waiting.put(notice)


def _read(data: bytes) -> Notice | None:
    try:
        name, content = _decoder.decode(data)
        return msgspec.msgpack.decode(content, type=_KINDS[name])
    except (msgspec.MsgspecError, KeyError):
        return None
