"""Describing many files: outcomes of single files, and processes that end before their work does."""

import gzip
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.wado_core.services.plain_ct import ct_key, plain_ct
from wado_core.archive.store_files import FileStore, location_of
from wado_core.errors import Unavailable
from wado_core.model.instance import Location
from wado_core.ports import Glance, IndexedFile, OpenObject, Store
from wado_core.services import describing
from wado_core.services.describing import describe_file, describe_files, head_of, version_of
from wado_core.settings import Limits


@dataclass(frozen=True)
class HostileStore:
    """A store whose files do what their names say; a double, for no file is known that ends the reader."""

    inner: FileStore = FileStore()  # noqa: RUF009 - it holds nothing

    def look(self, path: bytes) -> Location:
        return self.inner.look(path)

    def glance(self, folder: bytes) -> Glance:
        return self.inner.glance(folder)

    @contextmanager
    def open(self, location: Location) -> Iterator[OpenObject]:
        name = os.path.basename(location.path)
        if name.startswith(b"kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith(b"hang"):
            time.sleep(600)
        if name.startswith(b"eio"):
            raise Unavailable("The storage does not answer.")
        if name.startswith(b"bug"):
            raise ZeroDivisionError("division of DOE^JOHN by zero")
        with self.inner.open(location) as source:
            yield source


def files(folder: Path, count: int, **others: bytes) -> list[Location]:
    """Write ``count`` CT files and ``others``, and return all in the order of their names."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"ct{number:04d}").write_bytes(plain_ct(number=number))
    for name, data in others.items():
        (folder / name).write_bytes(data)
    return [location_of(bytes(path)) for path in sorted(folder.iterdir())]


def described(locations: list[Location], store: Store, processes: int = 2) -> dict[bytes, IndexedFile | None]:
    """Describe the files and return what came of each by its name; each must come exactly once."""
    outcomes = list(describe_files(locations, store, Limits(), processes))
    assert sorted(outcome.location.path for outcome in outcomes) == sorted(location.path for location in locations)
    return {os.path.basename(outcome.location.path): outcome.file for outcome in outcomes}


def test_a_file_is_described_with_its_version(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 1)
    indexed = describe_file(FileStore(), Limits(), location).file
    assert indexed is not None
    assert indexed.location == location
    assert indexed.described is not None
    assert indexed.described.instance.key == ct_key(number=0)
    assert indexed.described.instance.version == version_of(location, ct_key(number=0).object_uid, indexed.head)
    assert indexed.described.listing.instance_number == 0


def test_the_version_is_of_the_bytes_not_of_the_server() -> None:
    location = Location(b"/nfs/a", 1000, 123, 7)
    version = version_of(location, "1.2.3", b"h")
    assert version_of(replace(location, path=b"/mnt/b", inode=8), "1.2.3", b"h") == version
    others = (replace(location, size=1001), replace(location, mtime_ns=124))
    assert len({version, *(version_of(other, "1.2.3", b"h") for other in others)}) == 3
    assert version_of(location, "1.2.4", b"h") != version
    assert version_of(location, "1.2.3", b"i") != version


def test_what_is_not_dicom_has_no_problem(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 0, readme=b"Please read me. " * 100)
    with FileStore().open(location) as source:
        assert describe_file(FileStore(), Limits(), location).file == IndexedFile(location, None, head=head_of(source))


@pytest.mark.parametrize("cut", [140, 200, 600, -1])
def test_a_half_written_file_is_damaged_with_its_reason(tmp_path: Path, cut: int) -> None:
    (location,) = files(tmp_path, 0, half=plain_ct()[:cut])
    indexed = describe_file(FileStore(), Limits(), location).file
    assert indexed is not None
    assert indexed.described is None
    assert indexed.problem is not None
    assert "the object" in indexed.problem.lower()


def test_limits_are_problems(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 1)
    indexed = describe_file(FileStore(), Limits(element_bytes=4), location).file
    assert indexed is not None
    assert indexed.described is None
    assert indexed.problem


def test_what_cannot_be_read_now_is_left_for_later(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 0, eio=plain_ct())
    assert describe_file(HostileStore(), Limits(), location).file is None
    assert describe_file(FileStore(), Limits(), replace(location, mtime_ns=1)).file is None


def test_an_unexpected_error_shows_its_type_only(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 0, bug=plain_ct())
    outcome = describe_file(HostileStore(), Limits(), location)
    assert outcome.file == IndexedFile(location, None, "Unexpected error: ZeroDivisionError.")
    assert "division of DOE^JOHN by zero" in outcome.trace


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_few_or_many_come_to_the_same(tmp_path: Path, processes: int) -> None:
    locations = files(tmp_path, 330, half=plain_ct()[:200], readme=b"text", bug=b"", eio=b"")
    outcomes = described(locations, HostileStore(), processes)
    assert outcomes == described(locations, HostileStore(), 0)
    found = [indexed.described.instance.key for indexed in outcomes.values() if indexed is not None and indexed.described is not None]
    assert sorted(key.object_uid for key in found) == [ct_key(number=number).object_uid for number in range(330)]
    assert outcomes[b"eio"] is None


def test_files_are_taken_only_as_fast_as_they_are_described(tmp_path: Path) -> None:
    (location,) = files(tmp_path, 1)
    taken = 0

    def endless() -> Iterator[Location]:
        nonlocal taken
        while True:
            taken += 1
            yield location

    outcomes = describe_files(endless(), FileStore(), Limits(), 1)
    for _ in range(1000):
        next(outcomes)
    outcomes.close()
    assert taken < 1000 + 10 * describing.BATCH


def test_files_that_end_their_process_are_named_and_the_rest_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    locations = files(tmp_path, 310, kill1=b"", kill2=b"")
    locations.insert(5, locations.pop())  # one near the beginning, one near the end
    with caplog.at_level(logging.ERROR):
        outcomes = described(locations, HostileStore())
    crashed = {name for name, indexed in outcomes.items() if indexed is not None and indexed.problem is not None}
    assert crashed == {b"kill1", b"kill2"}
    assert sum(indexed is not None and indexed.described is not None for indexed in outcomes.values()) == 310


def test_a_file_that_hangs_does_not_hold_up_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describing, "_TASK_S", 3.0)
    monkeypatch.setattr(describing, "_FILE_S", 3.0)
    outcomes = described(files(tmp_path, 310, hang=b""), HostileStore())
    assert outcomes.pop(b"hang") is None
    assert all(indexed is not None and indexed.described is not None for indexed in outcomes.values())


def test_isolated_files_never_end_this_process(tmp_path: Path) -> None:
    locations = files(tmp_path, 2, kill=b"")
    outcomes = {outcome.location.path: outcome.file for outcome in describe_files(locations, HostileStore(), Limits(), 1, isolate=True)}
    assert [indexed is not None and indexed.problem is not None for indexed in outcomes.values()].count(True) == 1
    assert len(outcomes) == 3


PACKED = {
    "zip": b"PK\x03\x04" + bytes(100), "empty_zip": b"PK\x05\x06" + bytes(18),
    "gz": gzip.compress(b"text" * 100), "bz2": b"BZh91AY&SY" + bytes(50),
    "xz": b"\xfd7zXZ\0" + bytes(50), "sevenz": b"7z\xbc\xaf\x27\x1c" + bytes(50), "rar": b"Rar!\x1a\x07" + bytes(50),
    "zst": b"\x28\xb5\x2f\xfd" + bytes(50), "tar": bytes(257) + b"ustar" + bytes(250),
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKED)
def test_archives_are_told_from_other_files(tmp_path: Path, kind: str) -> None:
    (location,) = files(tmp_path, 0, **{kind: PACKED[kind]})
    indexed = describe_file(FileStore(), Limits(), location).file
    assert indexed is not None
    assert (indexed.described, indexed.problem, indexed.packed) == (None, None, True)


def test_an_object_whose_preamble_looks_packed_is_an_object(tmp_path: Path) -> None:
    data = plain_ct()
    (location,) = files(tmp_path, 0, dual=b"PK\x03\x04" + data[4:])
    indexed = describe_file(FileStore(), Limits(), location).file
    assert indexed is not None
    assert indexed.described is not None
    assert not indexed.packed


def test_without_processes_files_are_read_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(describing, "end_with_parent", os.abort)
    outcomes = described(files(tmp_path, 310), FileStore())
    assert all(indexed is not None and indexed.described is not None for indexed in outcomes.values())
    assert "no further processes can be started" in caplog.text


SLEEPER = """
import sys, time
from pathlib import Path
from wado_core.archive.store_files import FileStore, location_of
from wado_core.services.describing import describe_files
from wado_core.settings import Limits

class SleepingStore(FileStore):
    def open(self, location):
        print("reading", flush=True)
        time.sleep(300)

if __name__ == "__main__":
    list(describe_files([location_of(sys.argv[1].encode())] * 400, SleepingStore(), Limits(), 2))
"""


def test_processes_end_with_their_parent_however_it_ends(tmp_path: Path) -> None:
    """They hold the pipe that their parent wrote to, which therefore ends only with the last of them."""
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    (location,) = files(tmp_path / "served", 1)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, script, location.path], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reading\n"
        assert parent.stdout.readline() == b"reading\n"
        killed = time.monotonic()
        parent.kill()
        assert parent.stdout.read() == b""
    assert time.monotonic() - killed < 60
