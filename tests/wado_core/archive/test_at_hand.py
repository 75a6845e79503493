"""Files at hand: read without a wait, for a short time, and never with another file's bytes."""

import errno
import os
from pathlib import Path

import pytest

from wado_core.archive import at_hand
from wado_core.archive.at_hand import FilesAtHand
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
def files(clock: Clock) -> FilesAtHand:
    return FilesAtHand(1.0, clock)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def write(path: Path, content: bytes = b"0123456789") -> Location:
    path.write_bytes(content)
    return location_of(os.fsencode(path))


def read(files: FilesAtHand, location: Location, offset: int = 0, length: int = 100) -> bytes | None:
    opened = files.at_hand(location)
    if opened is None:
        return None
    with opened as source:
        return bytes(source.read(offset, length))


def test_what_was_noted_is_at_hand(files: FilesAtHand, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    assert read(files, location) is None
    files.note(location)
    assert read(files, location) == b"0123456789"
    assert read(files, location, 3, 4) == b"3456"
    assert read(files, location, 8, 4) == b"89"
    assert read(files, location, 20, 4) == b""


def test_a_note_counts_for_a_short_time(files: FilesAtHand, clock: Clock, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.note(location)
    clock.now += 1.1
    assert read(files, location) is None
    files.note(location)
    assert read(files, location) is not None


def test_no_file_stays_open(files: FilesAtHand, tmp_path: Path) -> None:
    location, before = write(tmp_path / "a"), descriptors()
    files.note(location)
    read(files, location)
    os.utime(tmp_path / "a", ns=(1, 1))
    with pytest.raises(ContentChanged):
        read(files, location)
    assert descriptors() == before


def test_notes_are_bounded(files: FilesAtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_hand, "_MOST", 3)
    locations = [write(tmp_path / str(number), b"%d" % number) for number in range(5)]
    for location in locations:
        files.note(location)
    assert [read(files, location) for location in locations] == [None, None, b"2", b"3", b"4"]


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_that_cannot_tell_has_nothing_at_hand(
    files: FilesAtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, "")

    location = write(tmp_path / "a")
    monkeypatch.setattr(os, "preadv", refuse)
    files.note(location)
    monkeypatch.undo()
    assert read(files, location) is None


def test_a_file_on_the_disk_can_be_noted(files: FilesAtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> int:
        raise BlockingIOError

    location = write(tmp_path / "a")
    monkeypatch.setattr(os, "preadv", wait)
    files.note(location)
    monkeypatch.undo()
    assert read(files, location) == b"0123456789"


@pytest.mark.parametrize("change", [b"01234567", b"ABCDEFGHIJ"])
def test_a_changed_file_is_noticed(files: FilesAtHand, tmp_path: Path, change: bytes) -> None:
    location = write(tmp_path / "a")
    files.note(location)
    with open(tmp_path / "a", "r+b") as file:  # in place: the inode stays
        file.truncate(len(change))
        file.write(change)
    os.utime(tmp_path / "a", ns=(1, location.mtime_ns + 1_000_000_000))
    with pytest.raises(ContentChanged):
        read(files, location)


def test_a_change_while_it_is_read_is_noticed(files: FilesAtHand, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.note(location)
    opened = files.at_hand(location)
    assert opened is not None
    opened.__enter__().read(0, 5)
    os.utime(tmp_path / "a", ns=(1, 1))
    with pytest.raises(ContentChanged):
        opened.__exit__(None, None, None)


def test_another_file_in_its_place_is_noticed(files: FilesAtHand, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.note(location)
    write(tmp_path / "b", b"another")
    os.replace(tmp_path / "b", tmp_path / "a")
    with pytest.raises(ContentChanged):
        read(files, location)
    assert files.at_hand(location_of(location.path)) is None


def test_a_missing_file_is_not_noted(files: FilesAtHand, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    (tmp_path / "a").unlink()
    files.note(location)
    assert read(files, location) is None


def test_a_file_that_goes_is_noticed(files: FilesAtHand, tmp_path: Path) -> None:
    location = write(tmp_path / "a")
    files.note(location)
    (tmp_path / "a").unlink()
    with pytest.raises(ContentChanged):
        read(files, location)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EOPNOTSUPP, errno.EIO])
def test_reads_that_would_wait_are_left_to_others(files: FilesAtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    location = write(tmp_path / "a")
    files.note(location)

    def refuse(*_: object) -> int:
        raise OSError(number, "")

    monkeypatch.setattr(os, "preadv", refuse)
    with pytest.raises(WouldWait):
        read(files, location)


def test_a_short_read_is_left_to_others(files: FilesAtHand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the pages in memory are read, which may be some of those that were asked for."""
    location = write(tmp_path / "a")
    files.note(location)
    monkeypatch.setattr(os, "preadv", lambda *_: 5)
    with pytest.raises(WouldWait):
        read(files, location)


def test_more_than_can_be_copied_at_once_is_not_given(files: FilesAtHand, tmp_path: Path) -> None:
    """Whatever the index says of a frame's length: a fragment may be padded, or hold what no decoder looks at."""
    location = write(tmp_path / "a", bytes(5 << 20))
    files.note(location)
    assert len(read(files, location, 0, 4 << 20) or b"") == 4 << 20
    with pytest.raises(WouldWait):
        read(files, location, 0, 5 << 20)
    opened = files.at_hand(location)
    assert opened is not None
    with opened as source:
        source.read(0, 3 << 20)
        with pytest.raises(WouldWait):
            source.read(0, 3 << 20)
