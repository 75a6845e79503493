"""uvicorn's HTTP/1.1 protocol with bounds on what a client may send before it has asked for anything (A8.4, A1.13)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Request line and headers together; a query of 16 KiB and a large cookie fit.
HEADER_BYTES = 64 * 1024
# From the connection to the end of the first request's headers; uvicorn bounds the time between requests.
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
        self._in_headers = False
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

    def on_headers_complete(self) -> None:
        """Give the request free."""
        self._in_headers = False
        self._disarm()
        super().on_headers_complete()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
