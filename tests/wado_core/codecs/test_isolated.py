"""Frames decoded in a child process: the same cells, and nothing that a frame does to the child reaches anybody else."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import pack

import imagecodecs
import numpy as np
import pytest

from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs import isolated
from wado_core.codecs.isolated import IsolatedDecoder
from wado_core.codecs.registry import decode
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, Unavailable
from wado_core.model.transfer_syntax import JPEG_2000_LOSSLESS, RLE_LOSSLESS

GIB = 1 << 30
ROWS = COLUMNS = 256


def frame(seed: int = 0, rows: int = ROWS, columns: int = COLUMNS) -> bytes:
    samples = np.random.default_rng(seed).integers(0, 4096, (rows, columns)).astype(np.uint16)
    return bytes(imagecodecs.jpeg2k_encode(samples, level=0, codecformat="J2K", bitspersample=12))


@pytest.fixture
def decoder() -> Iterator[IsolatedDecoder]:
    made = IsolatedDecoder(30, 4 * GIB)
    yield made
    made.close()


def child_of(decoder: IsolatedDecoder) -> int:
    decoder.start()
    assert decoder._child is not None
    return decoder._child.pid


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("smallest", [None, (32, 32)])
def test_gives_what_decoding_here_gives(decoder: IsolatedDecoder, smallest: tuple[int, int] | None) -> None:
    encoded, described = frame(), pixel(ROWS, COLUMNS, 1, 12)
    here = decode(encoded, described, JPEG_2000_LOSSLESS, smallest)
    there = decoder.decode(encoded, described, JPEG_2000_LOSSLESS, smallest)
    np.testing.assert_array_equal(there.cells, here.cells)
    assert (there.pixel, there.cells.dtype) == (here.pixel, here.cells.dtype)
    assert there.cells.shape == ((ROWS, COLUMNS) if smallest is None else (64, 64))


def test_refusals_come_back_as_they_are(decoder: IsolatedDecoder) -> None:
    with pytest.raises(DamagedObject, match="no JPEG 2000 stream"):
        decoder.decode(b"nothing", pixel(4, 4, 1, 8), JPEG_2000_LOSSLESS)
    with pytest.raises(NotSupported, match=r"1\.2\.3\.4"):
        decoder.decode(b"nothing", pixel(4, 4, 1, 8), "1.2.3.4")
    with pytest.raises(DamagedObject, match="RLE header"):
        decoder.decode(b"nothing", pixel(4, 4, 1, 8), RLE_LOSSLESS)


def test_one_child_serves_one_frame_after_the_other(decoder: IsolatedDecoder) -> None:
    first = child_of(decoder)
    for seed in range(5):
        decoder.decode(frame(seed, 32, 32), pixel(32, 32, 1, 12), JPEG_2000_LOSSLESS)
    assert child_of(decoder) == first


def test_a_child_that_was_killed_is_replaced(decoder: IsolatedDecoder) -> None:
    first = child_of(decoder)
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    assert decoder.decode(frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS).cells.shape == (ROWS, COLUMNS)
    assert child_of(decoder) != first


def test_a_frame_survives_a_child_that_was_killed_under_it(decoder: IsolatedDecoder) -> None:
    """A stopped child stands for a decoder at work; something else kills it, such as a system out of memory."""
    first = child_of(decoder)
    os.kill(first, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(decoder.decode, frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS)
        time.sleep(0.2)
        os.kill(first, signal.SIGKILL)
        assert waiting.result(30).cells.shape == (ROWS, COLUMNS)


def test_a_frame_that_ends_two_children_is_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A child that is ready, and ends with the first byte of a job."""
    crashing = tmp_path / "crashing"
    crashing.write_text("#!/bin/sh\nprintf +\nhead -c 1 >/dev/null\n")
    crashing.chmod(0o700)
    decoder = IsolatedDecoder(30, 4 * GIB)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(crashing))
        with pytest.raises(DamagedObject, match="ended the process"):
            decoder.decode(frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS)
    assert decoder.decode(frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS).cells.shape == (ROWS, COLUMNS)
    decoder.close()


def test_a_child_is_killed_at_its_deadline() -> None:
    decoder = IsolatedDecoder(0.3, 4 * GIB)
    first = child_of(decoder)
    os.kill(first, signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(LimitExceeded, match=r"0\.3 s"):
        decoder.decode(frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS)
    assert time.monotonic() - begun < 10
    assert not is_running(first)
    decoder.close()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not bound the address space of a process")
def test_a_child_that_needs_too_much_memory_refuses() -> None:
    """A frame of 64 × 64 that calls itself, and its tile, 30,000 × 30,000."""
    decoder = IsolatedDecoder(30, 2 * GIB)
    size = pack(">LL", 30_000, 30_000)
    stream = frame(0, 64, 64)
    with pytest.raises((LimitExceeded, DamagedObject)):
        decoder.decode(stream[:8] + size + stream[16:24] + size + stream[32:], pixel(30_000, 30_000, 1, 12), JPEG_2000_LOSSLESS)
    assert decoder.decode(frame(), pixel(ROWS, COLUMNS, 1, 12), JPEG_2000_LOSSLESS).cells.shape == (ROWS, COLUMNS)
    decoder.close()


def test_a_child_that_cannot_be_started_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decoder = IsolatedDecoder(30, 4 * GIB)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(Unavailable):
        decoder.start()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unavailable):
        decoder.start()


def test_a_child_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(silent))
    monkeypatch.setattr(isolated, "START_S", 0.3)
    with pytest.raises(Unavailable):
        IsolatedDecoder(30, 4 * GIB).start()


def test_threads_take_turns(decoder: IsolatedDecoder) -> None:
    frames = [frame(seed, 64, 64) for seed in range(4)]
    expected = [decode(one, pixel(64, 64, 1, 12), JPEG_2000_LOSSLESS).cells for one in frames]

    def work(number: int) -> bool:
        cells = decoder.decode(frames[number % 4], pixel(64, 64, 1, 12), JPEG_2000_LOSSLESS).cells
        return np.array_equal(cells, expected[number % 4])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(64)))


def test_closing_ends_the_child_and_gives_its_pipes_back() -> None:
    decoder = IsolatedDecoder(30, 4 * GIB)
    before = len(os.listdir("/dev/fd"))
    process = child_of(decoder)
    decoder.close()
    gc.collect()
    assert not is_running(process)
    assert len(os.listdir("/dev/fd")) == before
    decoder.close()


def test_the_child_ends_with_its_parent() -> None:
    code = (
        "import os; from wado_core.codecs.isolated import IsolatedDecoder; decoder = IsolatedDecoder(30, 1 << 32); decoder.start(); "
        "print(decoder._child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert parent.returncode == -signal.SIGKILL
    process = int(parent.stdout)
    until = time.monotonic() + 10
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(process)


def test_a_child_that_starts_while_the_work_is_given_up_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parent is closing, and would wait for the frame until the deadline."""
    decoder = IsolatedDecoder(30, 4 * GIB)
    started, children = decoder._started, []

    def given_up_meanwhile() -> "subprocess.Popen[bytes]":
        decoder.abort()
        children.append(started())
        return children[-1]

    monkeypatch.setattr(decoder, "_started", given_up_meanwhile)
    with pytest.raises(Unavailable):
        decoder.decode(frame(), pixel(ROWS, COLUMNS), JPEG_2000_LOSSLESS)
    assert [child.returncode for child in children] == [-signal.SIGKILL]
    decoder.close()
