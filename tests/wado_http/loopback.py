"""A real uvicorn over doubles of the services, and clients that speak HTTP on bare sockets, so as to see every byte."""

import queue
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from tests.wado_http.doubles import Archive, Catalogue
from wado_core.archive.cache_memory import MemoryCache
from wado_core.model.frame import EncodedImage
from wado_core.model.render import RenderPlan
from wado_core.ports import Deliver, Lend
from wado_core.services.sheets import Sheets
from wado_core.settings import Settings
from wado_http.app import application
from wado_http.cli.protocol import BoundedProtocol
from wado_http.state import State, new_state

FOR_EVER_S = 30.0
ONE_SLOT = 1_000  # so many workers that each has one
ONE_PATIENT_SLOT = Settings(workers=ONE_SLOT, queue_wait_s=FOR_EVER_S)


@dataclass
class Maker(Archive):
    """An archive whose pictures are made piece by piece, as a test says.

    steps: pieces that are finished, errors that happen; None ends a picture.
    begun, made: released when a picture is begun, and when it is kept.
    """

    steps: "queue.SimpleQueue[bytes | Exception | None]" = field(default_factory=queue.SimpleQueue)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    made: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def image(self, plan: RenderPlan, deliver: Deliver | None = None, _lend: Lend | None = None) -> EncodedImage:
        self.calls.append("image")
        self.begun.release()
        pieces: list[bytes] = []
        while (step := self.steps.get(timeout=FOR_EVER_S)) is not None:
            if isinstance(step, Exception):
                raise step
            assert deliver is not None
            deliver(step)
            pieces.append(step)
        image = self.kept[plan.digest] = EncodedImage(b"".join(pieces), plan.media_type)
        self.made.release()
        return image

    def finish(self, *pieces: bytes) -> None:
        """Let a picture be made of these pieces, to its end."""
        for step in (*pieces, None):
            self.steps.put(step)

    def has_begun(self) -> None:
        assert self.begun.acquire(timeout=FOR_EVER_S)

    def is_made(self) -> None:
        assert self.made.acquire(timeout=FOR_EVER_S)


class Client:
    """One connection; its system takes little that is not read."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(FOR_EVER_S)
        self._socket.connect(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")

    def ask(self, path: str, version: str = "1.1", method: str = "GET") -> "Client":
        """Send a request."""
        self._socket.sendall(f"{method} {path} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
        return self

    def head(self) -> tuple[int, dict[str, str]]:
        """Read status and headers; the date, which differs from second to second, is left out."""
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self._file.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            headers[name] = value
        headers.pop("date", None)
        return status, headers

    def chunk(self) -> bytes | None:
        """Read one chunk; b"" is the last, None a connection that ended before it."""
        line = self._file.readline()
        if not line:
            return None
        data = self._file.read(int(line, 16))
        return data if self._file.read(2) == b"\r\n" else None

    def chunks(self) -> tuple[bytes, bool]:
        """Read the chunks that are left; say whether the last one came."""
        data = b""
        while chunk := self.chunk():
            data += chunk
        return data, chunk is not None

    def read(self, length: int = -1) -> bytes:
        """Read so many bytes, or up to the end of the connection."""
        return self._file.read(length)

    def rest(self) -> int:
        """Read up to the end of the connection; return how many bytes came."""
        return sum(map(len, iter(lambda: self._file.read(1 << 16), b"")))

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read an answer with a length, or all of its chunks."""
        status, headers = self.head()
        if "content-length" in headers:
            return status, headers, self.read(int(headers["content-length"]))
        data, whole = self.chunks()
        assert whole
        return status, headers, data

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@dataclass
class Loopback:
    """A running server."""

    port: int
    state: State
    server: uvicorn.Server

    @contextmanager
    def client(self) -> Iterator[Client]:
        made = Client(self.port)
        try:
            yield made
        finally:
            made.close()

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Ask on a connection of its own."""
        with self.client() as client:
            return client.ask(path).answer()

    @property
    def unsent(self) -> int:
        return self.state.unsent.size_bytes

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


@contextmanager
def served(archive: Archive, settings: Settings, *, at_once: bool = True) -> Iterator[Loopback]:
    """Serve with the loop and the protocol that ``wado serve`` uses; when the block ends nothing may be left unsent.

    at_once: the protocol asks for the short way itself.
    """
    states: queue.SimpleQueue[State] = queue.SimpleQueue()

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        held, catalogue = cast("Any", archive), cast("Any", Catalogue())
        state = app.state.wado = new_state(
            settings, held, held, held, catalogue, Sheets(catalogue, held, held, MemoryCache(1 << 20), settings.limits)
        )
        states.put(state)
        yield
        await state.slots.close()

    app = application(settings, life)
    http = cast("Any", partial(BoundedProtocol, stall_s=settings.stall_s, at_once=app.state.short_way.answer if at_once else None))
    config = uvicorn.Config(
        app, loop="uvloop", http=http, ws="none", lifespan="on", log_config=None, access_log=False,
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            state = states.get(timeout=FOR_EVER_S)
            yield Loopback(listener.getsockname()[1], state, server)
        finally:
            server.should_exit = True
            thread.join(FOR_EVER_S)
    assert not thread.is_alive()
    assert state.unsent.size_bytes == 0
