"""The disk of the state folder is full: that is said, what is indexed is served, and indexing goes on by itself when there is room."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.disk_full import fill, small_disk
from tests.load.serving import Watched, watched
from tests.wado_core.services.plain_ct import ct_key, plain_ct
from tests.wado_http.cli.running import complaint, wado
from tests.wado_http.cli.server import until
from wado_core.model.uid import InstanceKey

FULL = "The disk of the state folder is full."
LONG_AGO = 1_600_000_000
# The first transaction of a look fits on the disk, the second does not.
OBJECTS = 1200
ROOM_FOR_SOME = 1200 << 10
# Indexing is tried again every ten seconds; the tests allow for a machine that does other things, too.
AGAIN_S = 25.0


def key_of(number: int) -> InstanceKey:
    return ct_key(1, 1 + number // 100, number)


def put(root: Path, number: int) -> Path:
    path = root / f"{number:05d}"
    path.write_bytes(plain_ct(1, 1 + number // 100, number))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8 << 20) as folder:
        yield folder


def see_trouble(run: Watched, root: Path, disk: Path) -> None:
    """See that it is said everywhere, and in the log once, however often indexing is tried again."""
    until(lambda: run.trouble() == (FULL, FULL, FULL))
    status = wado("index", root, "--state", disk, "--status")
    assert status.returncode == 0
    assert f"Indexing does not get on: {FULL}" in status.stdout.decode().splitlines()
    time.sleep(0.7)
    run.server.process.send_signal(signal.SIGHUP)
    until(lambda: run.server.indexing()["seconds_since"] < 0.7)
    time.sleep(0.5)
    assert run.trouble() == (FULL, FULL, FULL)
    (line,) = run.lines(having="keeping")
    assert line.endswith(f"indexing stopped: {FULL} It is tried again every 10 seconds.")


def see_the_end(run: Watched, workers: set[int]) -> None:
    """See that trouble is over, that this is said, and that nobody has died of it."""
    until(lambda: run.server.indexing()["complete"] and run.trouble() == ("", "", ""), AGAIN_S)
    assert [line.partition("keeping: ")[2] for line in run.lines(having="keeping")[1:]] == ["indexing goes on"]
    assert run.workers() == workers
    assert run.end() == 0
    assert run.lines(having="supervisor") == []
    assert run.lines(having="Traceback") == []


def test_full_before_the_first_look_ends(root: Path, disk: Path, tmp_path: Path) -> None:
    for number in range(OBJECTS):
        put(root, number)
    filling = fill(disk, leave_bytes=ROOM_FOR_SOME)
    with watched(root, disk, tmp_path / "log", "--workers", "2") as run:
        workers = run.workers()
        see_trouble(run, root, disk)
        indexing = run.server.indexing()
        assert not indexing["complete"]
        statuses = [run.status(key_of(number)) for number in range(0, OBJECTS, 100)]
        assert set(statuses) == {200, 503}
        assert run.status(key_of(OBJECTS)) == 503  # whether it is there, nobody knows
        filling.unlink()
        see_the_end(run, workers)


def test_full_later_while_files_are_added_and_deleted(root: Path, disk: Path, tmp_path: Path) -> None:
    deleted, kept, added = (range(first, first + 20) for first in (0, 20, 100))
    for number in (*deleted, *kept):
        put(root, number)
    with watched(root, disk, tmp_path / "log", "--workers", "2", "--rescan", "2") as run:
        run.server.wait_until_indexed()
        workers = run.workers()
        filling = fill(disk)
        for number in deleted:
            (root / f"{number:05d}").unlink()
        for number in range(added[0], added[0] + 600):
            put(root, number)
        see_trouble(run, root, disk)
        time.sleep(1.1)  # what is in memory counts for a second
        for _ in range(3):
            assert {run.status(key_of(number)) for number in kept} == {200}
            assert {run.status(key_of(number)) for number in deleted} <= {503, 410}
            assert {run.status(key_of(number)) for number in added} <= {404, 200}
        filling.unlink()
        until(lambda: not run.server.indexing()["trouble"], AGAIN_S)
        until(lambda: {run.status(key_of(number)) for number in deleted} == {410})
        assert {run.status(key_of(number)) for number in (*kept, *added)} == {200}
        assert b"620 instances" in run.server.get("")[1]
        see_the_end(run, workers)


def test_full_at_the_first_start(root: Path, disk: Path, tmp_path: Path) -> None:
    """No half index is left behind that breaks the next start."""
    put(root, 0)
    for leave_bytes in (0, 100 << 10):  # nothing can be written, a part of the tables can
        filling = fill(disk, leave_bytes=leave_bytes)
        done = wado("serve", root, "--port", "0", "--state", disk)
        assert done.returncode == 1
        assert complaint(done) == f"The server could not start: {FULL}"
        filling.unlink()
    with watched(root, disk, tmp_path / "log") as run:
        run.server.wait_until_indexed()
        assert run.status(key_of(0)) == 200
        assert run.end() == 0
    assert run.lines() == []


def test_full_at_a_later_start(root: Path, disk: Path, tmp_path: Path) -> None:
    """It may not be able to serve then; the index is as it was."""
    path = put(root, 0)
    put(root, 1)
    assert wado("index", root, "--state", disk).returncode == 0
    path.unlink()
    assert wado("index", root, "--state", disk).returncode == 0
    filling = fill(disk)
    done = wado("serve", root, "--port", "0", "--state", disk)
    assert done.returncode == 1
    assert complaint(done) == f"The server could not start: {FULL}"
    filling.unlink()
    with watched(root, disk, tmp_path / "log") as run:
        assert run.status(key_of(1)) == 200
        assert run.status(key_of(0)) == 410
        assert run.end() == 0
    assert run.lines() == []
