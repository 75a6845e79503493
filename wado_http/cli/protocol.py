"""uvicorn's HTTP/1.1 protocol with bounds on what a client may send before it has asked for anything (A8.4, A1.13)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Request line and headers together; a query of 16 KiB and a large cookie fit.
HEADER_BYTES = 64 * 1024
# From the connection, or the end of the last request, to the end of the next one's headers.
HEADERS_S = 30.0

_TEXT = b"The request line and headers are longer than 64 KiB."
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose headers grow too large (431) or do not end in time."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._header_bytes = 0
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the time for the first request."""
        super().connection_made(transport)
        self._alarm = self.loop.call_later(HEADERS_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to headers that have not ended yet."""
        self._header_bytes += len(data)
        if self._header_bytes > HEADER_BYTES:
            self._disarm()
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Give the request free; pipelined ones are counted anew."""
        self._disarm()
        self._header_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Bodies are no headers: nothing reads them, and uvicorn pauses the connection when they are not."""
        self._header_bytes = 0
        super().on_body(body)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
