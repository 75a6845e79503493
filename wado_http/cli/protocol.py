"""uvicorn's HTTP/1.1 protocol with bounds on clients: what they send before they have asked, and whether they take what they are sent.

(A8.4, A1.13)
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from wado_http.cli.at_once import AtOnceProtocol
from wado_http.responses import ALL_SENT

# Request line and headers together; a query of 16 KiB and a large cookie fit.
HEADER_BYTES = 64 * 1024
# From the connection to the end of the first request's headers; uvicorn bounds the time between requests.
HEADERS_S = 30.0

# Requests that may wait behind the one that is being answered while we go on reading: whether a client has left is seen by reading
# alone. uvicorn stops at the first.
_AHEAD = 8

# Looks at a connection within the time that it may stand still.
_LOOKS = 4

_TEXT = b"The request line and headers are longer than 64 KiB."
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)
)


class BoundedProtocol(AtOnceProtocol):
    """Closes connections whose headers grow too large (431) or do not end in time, and those whose client takes nothing.

    Clients that ask again before they are answered are noticed when they leave, as others are.
    """

    def __init__(self, *arguments: Any, stall_s: float, lost: Callable[[], None] | None = None, **keywords: Any) -> None:
        """Make the protocol of a connection.

        stall_s: how long nothing of what is to be sent may leave.  lost: called when the connection has ended.
        """
        super().__init__(*arguments, **keywords)
        self._lost = lost
        self._in_headers = False
        self._header_bytes = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._stall_s = stall_s
        self._unsent = 0
        self._moved_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._cycles: deque[RequestResponseCycle] = deque()

    def connection_made(self, transport: Any) -> None:
        """Start the time for the first request, and the watch over what is sent."""
        super().connection_made(transport)
        self._alarm = self.loop.call_later(HEADERS_S, transport.close)
        self._watch = self.loop.call_later(self._stall_s / _LOOKS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the times, and tell every request that waits for its answer: uvicorn tells the last one that was read alone."""
        self._disarm()
        if self._watch is not None:
            self._watch.cancel()
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles.clear()
        super().connection_lost(exc)
        if self._lost is not None:
            self._lost()

    def resume_writing(self) -> None:
        """Note that the client has taken what was sent."""
        self._unsent = 0
        super().resume_writing()

    def _look(self) -> None:
        """Drop the connection when its client has taken nothing for so long; one that takes little stays."""
        unsent, now = self._left(), self.loop.time()
        if unsent == 0 or unsent != self._unsent:
            self._unsent, self._moved_at = unsent, now
        elif now - self._moved_at >= self._stall_s:
            self.transport.abort()
            return
        self._watch = self.loop.call_later(self._stall_s / _LOOKS, self._look)

    def _left(self) -> int:
        """Return how many bytes are left in our buffer, with those in the system's that the client has not acknowledged.

        0 when our buffer is empty. The system takes bytes in lumps of a third of its buffer, which is minutes for slow clients.
        """
        left: int = self.transport.get_write_buffer_size()
        if left:
            with suppress(OSError):  # macOS does not tell
                left += struct.unpack("i", ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(4)))[0]
        return left

    def data_received(self, data: bytes) -> None:
        """Refuse headers that have not ended after many bytes; what came with their end is not counted."""
        super().data_received(data)
        if not self._in_headers:
            return
        if self._header_bytes > HEADER_BYTES and not self.transport.is_closing():
            self._disarm()
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        self._header_bytes += len(data)

    def on_message_begin(self) -> None:
        """Count the headers of each request anew."""
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_begin()
        self.scope["extensions"] = {ALL_SENT: {"wait": self.all_sent}}

    def on_headers_complete(self) -> None:
        """Give the request free."""
        self._in_headers = False
        self._disarm()
        super().on_headers_complete()
        while self._cycles and self._cycles[0].response_complete:  # in the order of the requests
            self._cycles.popleft()
        self._cycles.append(self.cycle)
        if len(self.pipeline) <= _AHEAD and not self.transport.is_closing():
            self.flow.resume_reading()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
