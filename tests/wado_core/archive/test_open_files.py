"""Open files: read without a wait, given up in time, never another file's bytes."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wado_core.archive.open_files import OpenFiles
from wado_core.archive.store_files import location_of
from wado_core.errors import ContentChanged
from wado_core.model.instance import Location
from wado_core.ports import WouldWait

pytestmark = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux reads without waiting")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(clock: Clock) -> Iterator[OpenFiles]:
    made = OpenFiles(3, 1.0, clock)
    yield made
    made.close()


def write(path: Path, content: bytes = b"0123456789") -> Location:
    path.write_bytes(content)
    return location_of(os.fsencode(path))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def read(files: OpenFiles, location: Location, offset: int = 0, length: int = 100) -> bytes | None:
    opened = files.at_hand(location)
    if opened is None:
        return None
    with opened as source:
        return bytes(source.read(offset, length))


def test_what_was_kept_is_at_hand(files: OpenFiles, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    assert read(files, location) is None
    files.keep(location)
    assert read(files, location) == b"0123456789"
    assert read(files, location, 3, 4) == b"3456"
    assert read(files, location, 8, 4) == b"89"
    assert read(files, location, 20, 4) == b""


def test_a_file_is_given_up_when_its_time_is_over(files: OpenFiles, clock: Clock, tmp_path: Path) -> None:
    location, before = write(tmp_path / "a"), descriptors()
    files.keep(location)
    assert descriptors() == before + 1
    clock.now += 1.1
    assert read(files, location) is None
    files.close_idle()
    assert descriptors() == before


def test_no_more_files_are_open_than_allowed(files: OpenFiles, tmp_path: Path) -> None:
    before = descriptors()
    locations = [write(tmp_path / str(number), b"%d" % number) for number in range(5)]
    for location in locations:
        files.keep(location)
    assert descriptors() == before + 3
    assert [read(files, location) for location in locations] == [None, None, b"2", b"3", b"4"]
    files.close()
    assert descriptors() == before


def test_none_are_kept_when_none_are_allowed(tmp_path: Path) -> None:
    files, location = OpenFiles(0, 1.0), write(tmp_path / "a")
    files.keep(location)
    assert read(files, location) is None


def test_a_file_that_is_read_is_not_closed(files: OpenFiles, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.keep(location)
    opened = files.at_hand(location)
    assert opened is not None
    files.close()
    others = [write(tmp_path / str(number), b"another!!!") for number in range(5)]
    handles = [os.open(other.path, os.O_RDONLY) for other in others]  # would take its number if it were closed
    with opened as source:
        assert bytes(source.read(0, 10)) == b"0123456789"
    for handle in handles:
        os.close(handle)


@pytest.mark.parametrize("change", [b"01234567", b"ABCDEFGHIJ"])
def test_a_changed_file_is_noticed(files: OpenFiles, tmp_path: Path, change: bytes) -> None:
    location = write(tmp_path / "a")
    files.keep(location)
    with open(tmp_path / "a", "r+b") as file:  # in place: the inode stays
        file.truncate(len(change))
        file.write(change)
    os.utime(tmp_path / "a", ns=(1, location.mtime_ns + 1_000_000_000))
    with pytest.raises(ContentChanged):
        read(files, location)


def test_a_change_while_it_is_read_is_noticed(files: OpenFiles, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.keep(location)
    opened = files.at_hand(location)
    assert opened is not None
    opened.__enter__().read(0, 5)
    os.utime(tmp_path / "a", ns=(1, 1))
    with pytest.raises(ContentChanged):
        opened.__exit__(None, None, None)


def test_what_is_there_now_is_not_what_was_described(files: OpenFiles, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    write(tmp_path / "b", b"another")
    os.replace(tmp_path / "b", tmp_path / "a")
    files.keep(location)
    assert read(files, location) is None


def test_a_missing_file_is_not_kept(files: OpenFiles, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    (tmp_path / "a").unlink()
    files.keep(location)
    assert read(files, location) is None


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EOPNOTSUPP, errno.EIO])
def test_reads_that_would_wait_are_left_to_others(
    files: OpenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    location = write(tmp_path / "a")
    files.keep(location)

    def refuse(*_: object) -> int:
        raise OSError(number, "")

    monkeypatch.setattr(os, "preadv", refuse)
    with pytest.raises(WouldWait):
        read(files, location)


def test_a_short_read_is_left_to_others(files: OpenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the pages in memory are read, which may be some of those that were asked for."""
    location = write(tmp_path / "a")
    files.keep(location)
    monkeypatch.setattr(os, "preadv", lambda *_: 5)
    with pytest.raises(WouldWait):
        read(files, location)
