"""Answers: pictures, objects streamed in bounded memory, 304, and the headers they share (A.5)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from wado_core.model.frame import EncodedImage
from wado_http.conditional import http_date
from wado_http.flight import Waiter
from wado_http.mounting import mount_path
from wado_http.negotiation import DICOM

# A5.6; the last two stand here before they matter, so that no cache mixes up answers of different versions.
VARY = "Accept, Accept-Charset, Accept-Encoding, Authorization"

# On every answer: browsers guess no types, and tell others nothing of where they were.
SECURITY_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}

# An extension of ASGI: a function that waits until nothing that was sent is left in the server's buffers.
ALL_SENT = "wado.all_sent"

# Of a picture that is handed to the server at once.
PART_BYTES = 128 << 10

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]+")


@dataclass(frozen=True, slots=True)
class Representation:
    """What is said about an object or picture whether it is sent or not: the headers common to 200 and 304.

    etag: quoted; None for what may be another the next time.  modified: seconds since 1970; None for what is made of several objects.
    location: path and query that name exactly this representation (A5.5).  max_age_s: None for what must not be kept.
    warnings: texts for Warning headers (A5.7).
    """

    etag: str | None
    modified: int | None
    location: str
    max_age_s: int | None
    warnings: tuple[str, ...] = ()

    def headers(self) -> dict[str, str]:
        """Return the headers of the representation, but for Warning, which may occur more than once."""
        return {
            **({} if self.etag is None else {"etag": self.etag}),
            **({} if self.modified is None else {"last-modified": http_date(self.modified)}),
            "content-location": self.location,
            "cache-control": "no-store" if self.max_age_s is None else f"private, max-age={self.max_age_s}",
            "vary": VARY,
        }


def not_modified(representation: Representation) -> Response:
    """Answer 304: the client has it (RFC 9110 15.4.5)."""
    return Response(status_code=304, headers=representation.headers())


def picture(request: Request, waiter: Waiter, media_type: str, representation: Representation) -> Response:
    """Answer a picture that is finished, or has begun; the waiter leaves when all has been taken, or nobody is left to take it.

    Raises the error that the picture has ended with.
    """
    image = waiter.image()
    headers, length = _of_length(representation, image), None if image is None else len(image.data)
    return _warned(request, PictureResponse(waiter, length, headers, media_type), representation)


def picture_headers(request: Request, image: EncodedImage | None, media_type: str, representation: Representation) -> Response:
    """Answer HEAD for a picture; while it has not been made its length is not known (A1.10)."""
    response = Response(headers=_of_length(representation, image), media_type=media_type)
    if image is None:
        del response.headers["content-length"]
    return _warned(request, response, representation)


def dicom_object(
    object_uid: str, length: int, chunks: Iterator[bytes], limiter: CapacityLimiter, representation: Representation
) -> Response:
    """Answer a Part 10 file, chunk by chunk (A5.1)."""
    return ClosingResponse(chunks, limiter, _file_headers(object_uid, length, representation), DICOM)


def dicom_headers(object_uid: str, length: int, representation: Representation) -> Response:
    """Answer HEAD for a Part 10 file."""
    return Response(headers=_file_headers(object_uid, length, representation), media_type=DICOM)


def _of_length(representation: Representation, image: EncodedImage | None) -> dict[str, str]:
    """A5.4."""
    headers = representation.headers()
    return headers if image is None else headers | {"content-length": str(len(image.data))}


def _file_headers(object_uid: str, length: int, representation: Representation) -> dict[str, str]:
    """A5.2, A5.4."""
    return representation.headers() | {
        "content-length": str(length),
        "content-disposition": f'attachment; filename="{object_uid}.dcm"',
    }


def service_of(scope: Scope, host: str) -> str:
    """Return our base URI as the client knows it, or its path when the Host header, "" if absent, cannot be repeated (A5.7)."""
    path = f"{mount_path(scope)}/wado"
    return f"{scope['scheme']}://{host}{path}" if _HOST.fullmatch(host) else path


def warning_headers(texts: Sequence[str], scope: Scope, host: str) -> list[tuple[bytes, bytes]]:
    """Return the Warning headers of an answer with a picture, as ASGI wants them (A5.7).

    host: the header, "" when absent.
    """
    if not texts:
        return []
    printable = (text.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " ") for text in texts)
    service = service_of(scope, host)
    return [(b"warning", f"299 {service}: {text}".encode("latin-1")) for text in printable]


def _warned(request: Request, response: Response, representation: Representation) -> Response:
    response.raw_headers += warning_headers(representation.warnings, request.scope, request.headers.get("host", ""))
    return response


class PictureResponse(Response):
    """Send the bytes of a picture as they are finished, and keep the waiter until the last of them has left this process.

    With a length it is sent as such; without one in chunks, as a picture whose end is not known yet (HTTP/1.1).
    """

    def __init__(self, waiter: Waiter, length: int | None, headers: Mapping[str, str], media_type: str) -> None:
        self._waiter = waiter
        self._length = length
        super().__init__(headers=headers, media_type=media_type)
        if length is None:
            del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - who has left is seen by sending
        """Send the response (ASGI)."""
        await send_picture(scope, send, self.raw_headers, self._waiter, self._length)


async def send_picture(scope: Scope, send: Send, headers: Sequence[tuple[bytes, bytes]], waiter: Waiter, length: int | None) -> None:
    """Send a picture (ASGI), and let the waiter leave when all has been taken, or nobody is left to take it.

    headers: with Content-Length where ``length`` is known.  Raises ClientDisconnect.
    """
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_body(send, waiter, length)
        await _all_sent(scope)
    except OSError:  # how some servers tell of a client that has left
        raise ClientDisconnect from None
    finally:
        waiter.leave()


async def _send_body(send: Send, waiter: Waiter, length: int | None) -> None:
    """Send all there is. After an error, which is in the log, the answer stays incomplete: servers then close the connection."""
    sent, complete = 0, False
    while True:
        try:
            data = await waiter.more()
        except Exception:  # noqa: BLE001 - whatever the making of the picture has ended with
            return
        if data is None:
            break
        for part in _parts(data):
            sent += len(part)
            complete = sent == length
            await send({"type": "http.response.body", "body": part, "more_body": not complete})
            if not complete:
                await asyncio.sleep(0)  # others have their turn
        if complete:
            break
    if not complete:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _parts(data: bytes | memoryview) -> Iterator[bytes | memoryview]:
    """Cut what would keep the event loop too long: the system copies it, and for chunked coding the server does too."""
    if len(data) <= PART_BYTES:
        return iter((data,))
    view = memoryview(data)
    return (view[start : start + PART_BYTES] for start in range(0, len(view), PART_BYTES))


async def _all_sent(scope: Scope) -> None:
    """Wait until the server holds nothing of the answer any more, where it can tell (``wado serve`` can)."""
    waits = scope.get("extensions", {}).get(ALL_SENT)
    if waits is not None:
        await waits["wait"]()


class ClosingResponse(StreamingResponse):
    """Send chunks made in threads, and close their source whatever happens to the client.

    Starlette leaves a generator to the garbage collector when the client goes away; an open file must not wait for that.
    """

    def __init__(self, chunks: Iterator[bytes], limiter: CapacityLimiter, headers: Mapping[str, str], media_type: str) -> None:
        self._chunks = chunks
        self._limiter = limiter
        super().__init__(self._threaded(), headers=headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response (ASGI)."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(close, self._chunks)

    async def _threaded(self) -> AsyncIterator[bytes]:
        while (chunk := await to_thread.run_sync(next, self._chunks, None, limiter=self._limiter)) is not None:
            yield chunk


def close(chunks: Iterator[bytes]) -> None:
    """Close what chunks are read from."""
    closing = getattr(chunks, "close", None)
    if closing is not None:
        closing()
