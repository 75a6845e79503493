"""The indexer's status in its file: read as it was written, whole or not at all."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from wado_core.archive.status_file import FILE_NAME, StatusFile
from wado_core.model.index_status import IndexStatus, Phase, Progress

STATUS = IndexStatus(
    Phase.INDEXING, complete=True, counts=Progress(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), started_s=1.5, updated_s=2.5, finished_s=3.5,
    duration_s=4.5, trouble="The disk of the state folder is full.",
)  # fmt: skip


def test_a_status_comes_back_and_the_last_one_holds(tmp_path: Path) -> None:
    board = StatusFile(tmp_path)
    assert board.read() is None
    board.write(STATUS)
    assert StatusFile(tmp_path).read() == STATUS
    board.write(IndexStatus(Phase.WAITING))
    assert board.read() == IndexStatus(Phase.WAITING)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("data", [b"", b"\x05\0\0\0", bytes(4096), b"\xff" * 4096])
def test_what_is_no_status_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(data)
    assert StatusFile(tmp_path).read() is None
    StatusFile(tmp_path).write(STATUS)
    assert StatusFile(tmp_path).read() == STATUS


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    StatusFile(tmp_path / "missing").write(STATUS)
    assert StatusFile(tmp_path / "missing").read() is None


def test_readers_never_see_half_a_status(tmp_path: Path) -> None:
    board, done = StatusFile(tmp_path), threading.Event()
    board.write(STATUS)

    def write() -> None:
        for number in range(2000):
            board.write(replace(STATUS, counts=Progress(files_seen=number), trouble="x" * (number % 2000)))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set():
        assert StatusFile(tmp_path).read() is not None
        reads += 1
    writer.join()
    assert reads > 10


def test_the_file_takes_its_room_at_once_so_that_a_full_disk_does_not_matter(tmp_path: Path) -> None:
    board = StatusFile(tmp_path)
    board.write(IndexStatus(Phase.STARTING))
    before = os.stat(tmp_path / FILE_NAME)
    board.write(STATUS)
    after = os.stat(tmp_path / FILE_NAME)
    assert (before.st_size, before.st_blocks, before.st_ino) == (after.st_size, after.st_blocks, after.st_ino)
