"""The child process of `isolated`: reads jobs from its standard input, writes outcomes to its standard output."""

import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import BinaryIO

import msgspec

from wado_core.codecs.isolated import FRAME, Job, Outcome
from wado_core.codecs.registry import decode
from wado_core.errors import DamagedObject, WadoError


def main(parent: int, most_bytes: int, deadline_s: int, priority: int) -> None:
    """Serve jobs until the parent closes the pipe or is gone."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a codec prints must not get among the answers
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    os.nice(priority)
    if sys.platform != "darwin":  # which reserves more address space than any useful limit
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    _load_codecs()
    answers.write(b"+")
    jobs = msgspec.msgpack.Decoder(Job)
    while head := requests.read(FRAME.size):
        lengths = FRAME.unpack(head)
        job = jobs.decode(requests.read(lengths[0]))
        encoded = requests.read(lengths[1])
        signal.alarm(deadline_s)  # ends a decoder that loops and holds the GIL, should the parent no longer be there to do it
        _answer(answers, job, encoded)
        signal.alarm(0)


def _answer(answers: BinaryIO, job: Job, encoded: bytes) -> None:
    cells = memoryview(b"")
    try:
        decoded = decode(encoded, job.pixel, job.transfer_syntax_uid, job.smallest, job.picture)
        outcome = Outcome(decoded.pixel, decoded.cells.shape, decoded.lattice)
        cells = decoded.cells.data.cast("B")
    except WadoError as error:
        outcome = Outcome(refusal=type(error).__name__, message=str(error))
    except MemoryError:
        outcome = Outcome(refusal="LimitExceeded", message="Decoding the frame needs more memory than is allowed.")
    except Exception:  # noqa: BLE001 - whatever a codec raises of a stream, the stream is to blame
        outcome = Outcome(refusal=DamagedObject.__name__, message="The frame cannot be decoded.")
    header = msgspec.msgpack.encode(outcome)
    for data in (FRAME.pack(len(header), cells.nbytes) + header, cells):
        view = memoryview(data)
        while view:
            view = view[answers.write(view) :]


def _load_codecs() -> None:
    import imagecodecs
    import openjpeg.utils  # noqa: F401
    from PIL import Image, Jpeg2KImagePlugin  # noqa: F401

    _ = imagecodecs.jpeg2k_decode, imagecodecs.htj2k_decode, imagecodecs.jpegxl_decode


def _watch(parent: int) -> None:
    """End this process when its parent is gone. (Linux's parent-death signal follows the thread that started us, not the process.)"""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # a parent that was killed reads no answers
        main(*map(int, sys.argv[1:]))
