"""The small disk is one: full when it is filled, and no other disk with it."""

import errno
from pathlib import Path

import pytest

from tests.hostile.disk_full import fill, small_disk


def test_a_small_disk_is_full_when_it_is_filled_and_has_room_again_afterwards(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as folder:
        filling = fill(folder)
        assert filling.stat().st_size >= (1 << 20) - 16384
        with pytest.raises(OSError, match="No space") as raised:
            (folder / "more").write_bytes(bytes(4096))
        assert raised.value.errno == errno.ENOSPC
        (tmp_path / "elsewhere").write_bytes(bytes(4 << 20))
        filling.unlink()
        (folder / "more").write_bytes(bytes(4096))
    assert list((tmp_path / "disk").iterdir()) == []


def test_some_room_can_be_left(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as folder:
        fill(folder, leave_bytes=64 << 10)
        (folder / "fits").write_bytes(bytes(60 << 10))
        with pytest.raises(OSError, match="No space"):
            (folder / "does not").write_bytes(bytes(60 << 10))
