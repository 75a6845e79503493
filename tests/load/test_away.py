"""File systems, roots and folders that are away for a while under a running server: 503 meanwhile, and never 404 or 410."""

import os
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.mounts import bind, kept, mounted, unmount
from tests.load.serving import Watched, watched
from tests.wado_core.services.plain_ct import ct_key, plain_ct
from tests.wado_http.cli.server import until
from wado_core.model.uid import InstanceKey

LONG_AGO = 1_600_000_000
AWAY_S = 1.0
# What is in the memory of a worker counts for a second.
FRESH_S = 1.2


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder with three objects in it, and three in a folder below, ``nas``."""

    root: Path
    here: tuple[InstanceKey, ...]
    there: tuple[InstanceKey, ...]

    def fill(self) -> None:
        (self.root / "nas" / "series").mkdir(parents=True, exist_ok=True)
        places = (".", ".", ".", "nas", "nas/series", "nas/series")
        for number, place in enumerate(places):
            path = self.root / place / f"{number}.dcm"
            path.write_bytes(plain_ct(1, 1, number))
            os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    (tmp_path / "served" / "nas").mkdir(parents=True)
    keys = [ct_key(1, 1, number) for number in range(6)]
    return Archive(tmp_path / "served", tuple(keys[:3]), tuple(keys[3:]))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; afterwards the log beside it must tell of no crash."""
    yield tmp_path / "state"
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert "supervisor" not in (tmp_path / "log").read_text()


def statuses(run: Watched, keys: Sequence[InstanceKey]) -> set[int]:
    return {run.status(key) for key in keys}


def see_away(run: Watched, away: Sequence[InstanceKey], here: Sequence[InstanceKey] = ()) -> None:
    """See that objects are 503 for as long as they are away, whoever looks; others are served."""
    time.sleep(FRESH_S)
    looks = 0
    end = time.monotonic() + AWAY_S
    while time.monotonic() < end:
        if looks % 10 == 0:
            run.server.process.send_signal(signal.SIGHUP)
        looks += 1
        assert statuses(run, away) == {503}
        assert statuses(run, here) <= {200}
    assert looks > 10


def test_a_mount_below_the_root(archive: Archive, state: Path, tmp_path: Path) -> None:
    nas = archive.root / "nas"
    with mounted(nas), kept(nas, tmp_path / "elsewhere") as elsewhere:
        archive.fill()
        with watched(archive.root, state, tmp_path / "log", "--workers", "2") as run:
            run.server.wait_until_indexed()
            assert statuses(run, archive.here + archive.there) == {200}
            for _ in range(2):
                unmount(nas)
                see_away(run, archive.there, archive.here)
                bind(elsewhere, nas)
                until(lambda: statuses(run, archive.there) == {200}, 5.0)
            (nas / "3.dcm").unlink()
            until(lambda: run.status(archive.there[0]) == 410, 10.0)  # deleted, now that it is mounted
            assert statuses(run, archive.there[1:]) == {200}
            assert run.end() == 0


@pytest.mark.parametrize("instead", ["nothing", "an empty folder", "a file"])
def test_the_root_renamed_away_and_back(archive: Archive, state: Path, tmp_path: Path, instead: str) -> None:
    archive.fill()
    everything = archive.here + archive.there
    with watched(archive.root, state, tmp_path / "log") as run:
        run.server.wait_until_indexed()
        archive.root.rename(tmp_path / "away")
        if instead == "an empty folder":
            archive.root.mkdir()
        elif instead == "a file":
            archive.root.touch()
        see_away(run, everything)
        if instead == "an empty folder":
            archive.root.rmdir()
        elif instead == "a file":
            archive.root.unlink()
        (tmp_path / "away").rename(archive.root)
        until(lambda: statuses(run, everything) == {200}, 5.0)
        assert run.end() == 0


def test_a_folder_whose_rights_are_missing(archive: Archive, state: Path, tmp_path: Path) -> None:
    archive.fill()
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if bound and shutil.which(bound[0]) is None:
        pytest.skip("there is no program that binds the superuser by rights")
    folder = archive.root / "nas"
    with watched(archive.root, state, tmp_path / "log", bound=bound) as run:
        run.server.wait_until_indexed()
        for rights in (0, 0o444):
            folder.chmod(rights)
            see_away(run, archive.there, archive.here)
            folder.chmod(0o755)
            until(lambda: statuses(run, archive.there) == {200}, 5.0)
        assert run.end() == 0
