"""Whether a missing file was deleted: what the folders above it can vouch for."""

import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.objects import location
from wado_core.model.instance import Location
from wado_core.ports import Glance, OpenObject
from wado_core.services.presence import is_deleted, is_settling, is_within, lies_below, outermost, unmounted_above


@dataclass
class Seen:
    """A Store of which only folders are looked at."""

    folders: dict[bytes, Glance] = field(default_factory=dict)

    def glance(self, folder: bytes) -> Glance:
        return self.folders.get(folder, Glance(readable=False))

    def look(self, path: bytes) -> Location:
        raise NotImplementedError(path)

    def open(self, location: Location) -> AbstractContextManager[OpenObject]:
        raise NotImplementedError(location)


WHOLE, EMPTY, MOUNTED = Glance(readable=True), Glance(readable=True, empty=True), Glance(readable=True, mount=True)


@pytest.mark.parametrize(
    ("folders", "roots", "mounts", "deleted"),
    [
        ({b"/d": WHOLE}, ["/d"], [], True),
        ({b"/d": EMPTY}, ["/d"], [], False),
        ({}, ["/d"], [], False),
        ({b"/d": WHOLE, b"/d/m": MOUNTED}, ["/d"], [b"/d/m"], True),
        ({b"/d": WHOLE, b"/d/m": WHOLE}, ["/d"], [b"/d/m"], False),
        ({b"/d": WHOLE, b"/": WHOLE}, ["/d"], [b"/"], False),
        ({b"/d": WHOLE}, ["/d"], [b"/d/mm", b"/e"], True),
        ({b"/d/m": WHOLE}, [], [], True),
        ({b"/d": WHOLE}, ["/d/m/file"], [], False),
        ({b"/d/m": WHOLE}, ["/d/m/file"], [], True),
    ],
)
def test_deleted_only_where_the_folders_above_are_as_they_were(
    folders: dict[bytes, Glance], roots: list[str], mounts: Collection[bytes], deleted: bool
) -> None:
    assert is_deleted(b"/d/m/file", [Path(root) for root in roots], mounts, Seen(folders)) is deleted


def test_only_mounts_above_a_path_count() -> None:
    store = Seen({b"/m/1": WHOLE, b"/m/2": MOUNTED})
    assert unmounted_above(b"/m/1/x", [b"/m/1", b"/m/2"], store) == [b"/m/1"]
    assert unmounted_above(b"/m/2/x", [b"/m/1", b"/m/2"], store) == []


@pytest.mark.parametrize(
    ("path", "folder", "within"),
    [(b"/a", b"/a", True), (b"/a/b", b"/a", True), (b"/ab", b"/a", False), (b"/a", b"/a/b", False), (b"/a", b"/", True)],
)
def test_within(path: bytes, folder: bytes, within: bool) -> None:
    assert is_within(path, folder) is within
    assert lies_below(path, {folder}) is within


def test_outermost_roots() -> None:
    assert outermost([Path("/a/b"), Path("/a"), Path("/ab"), Path("/a"), Path("/c/../a/d")]) == (Path("/a"), Path("/ab"))


@pytest.mark.parametrize(("age_s", "settling"), [(0, True), (4, True), (6, False), (-4, True), (-60, False), (10**9, False)])
def test_settling(age_s: int, settling: bool) -> None:
    assert is_settling(location(b"/a", mtime_ns=time.time_ns() - age_s * 10**9), 5.0) is settling
    assert not is_settling(location(b"/a", mtime_ns=time.time_ns() - age_s * 10**9), 0.0)
