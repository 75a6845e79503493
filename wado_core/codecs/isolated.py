"""Decoding in a child process: for decoders that hold the GIL, or may crash or never end on a hostile stream (docs/adr/0010).

One job a child at a time, over its standard streams. The child is killed at its deadline and when it grows too large, ends
with its parent, runs at low priority so that light requests go first, and is replaced when it is gone.
"""

import os
import select
import subprocess
import sys
import threading
import time
from math import ceil
from struct import Struct

import msgspec
import numpy as np

from wado_core.codecs.decoded import Decoded, cell_type
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, Unavailable
from wado_core.interrupts import interrupts_withheld
from wado_core.model.geometry import EVERY_PIXEL, Lattice
from wado_core.model.image_pixel import ImagePixel

# How long the child may take until it is ready.
START_S = 30.0
# Niceness of a child that decodes for requests: light ones go first.
PRIORITY = 15
# Lengths of the header and of the bytes behind it.
FRAME = Struct("<LQ")


class Job(msgspec.Struct, frozen=True):
    """What the child is to decode; the encoded frame follows."""

    pixel: ImagePixel
    transfer_syntax_uid: str
    smallest: tuple[int, int] | None
    picture: int


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: a description of the cells that follow, or the kind and text of a refusal."""

    pixel: ImagePixel | None = None
    shape: tuple[int, ...] = ()
    lattice: Lattice = EVERY_PIXEL
    refusal: str = ""
    message: str = ""


_NOT_STARTED = "The decoder of this transfer syntax cannot be started now."
_REFUSALS = {error.__name__: error for error in (DamagedObject, NotSupported, LimitExceeded)}
_encoder = msgspec.msgpack.Encoder()
_outcomes = msgspec.msgpack.Decoder(Outcome)


class _ChildEnded(Exception):
    """The child is gone in the middle of a job."""


class IsolatedDecoder:
    """Decodes frames in a child process that is started on first use; safe to use from several threads, one job at a time."""

    def __init__(self, deadline_s: float, most_bytes: int, priority: int = PRIORITY) -> None:
        """Make the decoder.

        deadline_s: how long one frame may take, the start of the child not counted.
        most_bytes: address space of the child (not enforced on macOS).
        priority: its niceness, up to 19; requests of this process go before it in any case.
        """
        self._priority = priority
        self._aborted = False
        self._deadline_s = deadline_s
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child, so that the first frame need not wait for it."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def abort(self) -> None:
        """End the child whatever it is at, and start none any more: the job fails with Unavailable."""
        self._aborted = True
        child = self._child
        if child is not None:
            child.kill()

    def decode(
        self, encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None = None, picture: int = 1
    ) -> Decoded:
        """Decode one frame as ``registry.decode`` does.

        Raises what it raises, LimitExceeded at the deadline, DamagedObject when the frame ends the child, Unavailable when no
        child can be started.
        """
        header = _encoder.encode(Job(pixel, transfer_syntax_uid, smallest, picture))
        with self._lock:
            try:
                outcome, cells = self._exchanged(header, encoded)
            except _ChildEnded:
                try:  # the child may have been killed for something else: the frame is to blame when it ends a second one
                    outcome, cells = self._exchanged(header, encoded)
                except _ChildEnded as error:
                    raise DamagedObject(
                        "A frame of (7FE0,0010) Pixel Data cannot be decoded: it ended the process that tried (PS3.5 8.2)."
                    ) from error
        if outcome.pixel is None:
            raise _REFUSALS.get(outcome.refusal, DamagedObject)(outcome.message)
        return Decoded(np.frombuffer(cells, cell_type(outcome.pixel)).reshape(outcome.shape), outcome.pixel, outcome.lattice)

    def _exchanged(self, header: bytes, encoded: bytes) -> tuple[Outcome, bytearray]:
        child = self._running()
        try:
            return self._exchange(child, FRAME.pack(len(header), len(encoded)) + header, encoded)
        except BaseException:
            self._end()
            raise

    def _running(self) -> subprocess.Popen[bytes]:
        self._check_wanted()
        child = self._child
        if child is None or child.poll() is not None:
            self._end()
            child = self._child = self._started()
            self._check_wanted()  # again: while it was started there was no child to be killed
        return child

    def _check_wanted(self) -> None:
        if self._aborted:
            self._end()
            raise Unavailable(_NOT_STARTED)

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "wado_core.codecs.isolated_child"]
        command += [str(number) for number in (os.getpid(), self._most_bytes, ceil(self._deadline_s) + 1, self._priority)]
        try:
            with interrupts_withheld():
                child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603 - our own module
        except OSError as error:
            raise Unavailable(_NOT_STARTED) from error
        assert child.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            self._read(child.stdout.fileno(), 1, time.monotonic() + START_S)
        except (EOFError, LimitExceeded, OSError) as error:
            _end(child)
            raise Unavailable(_NOT_STARTED) from error
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _end(child)

    def _exchange(self, child: subprocess.Popen[bytes], head: bytes, encoded: bytes) -> tuple[Outcome, bytearray]:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - pipes were asked for
        deadline = time.monotonic() + self._deadline_s
        try:
            for data in (head, encoded):
                self._write(child.stdin.fileno(), data, deadline)
            lengths = FRAME.unpack(self._read(child.stdout.fileno(), FRAME.size, deadline))
            outcome = _outcomes.decode(self._read(child.stdout.fileno(), lengths[0], deadline))
            return outcome, self._read(child.stdout.fileno(), lengths[1], deadline)
        except (BrokenPipeError, EOFError) as error:
            raise _ChildEnded from error

    def _write(self, pipe: int, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        os.set_blocking(pipe, False)
        while view:
            self._wait(pipe, select.POLLOUT, deadline)
            view = view[os.write(pipe, view) :]

    def _read(self, pipe: int, length: int, deadline: float) -> bytearray:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            self._wait(pipe, select.POLLIN, deadline)
            count = os.readv(pipe, [view])
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def _wait(self, pipe: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        remaining_ms = (deadline - time.monotonic()) * 1000
        if remaining_ms <= 0 or not poll.poll(remaining_ms):
            raise LimitExceeded(f"Decoding a frame of (7FE0,0010) Pixel Data takes longer than {self._deadline_s:g} s (PS3.5 8.2).")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
