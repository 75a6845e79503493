"""``wado index --report``, through the script, beside an index that it leaves as it is."""

import os
from pathlib import Path

import pytest

from tests.fixtures import build, uids
from tests.wado_http.cli.running import complaint, wado

LONG_AGO = (1_600_000_000, 1_600_000_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    files = {
        "b.dcm": build("ct"), "a/ct.dcm": build("ct"), "c.dcm": build("mono1"), "d.dcm": build("mono1") + b"\0\0", "one.dcm": build("us10"),
        "half": build("wide")[:600], "old.zip": b"PK\x03\x04" + bytes(60), "._b.dcm": b"x",
    }  # fmt: skip
    for name, data in files.items():
        path = served / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, LONG_AGO)
    (served / "nowhere").symlink_to(tmp_path / "unmounted")
    return served


def test_copies_damaged_files_and_what_cannot_be_looked_at_are_named(folder: Path, tmp_path: Path) -> None:
    done = wado("index", folder, state=tmp_path / "state")
    assert done.returncode == 0, done.stderr
    first = done.stdout.decode().splitlines()[0]
    assert first.startswith("Indexed 7 files in ")
    assert first.endswith("; 1 passed over by name")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "state").rglob("*") if path.is_file()}
    done = wado("index", folder, "--report", state=tmp_path / "state")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("The index holds 3 instances in ")
    assert lines[0].endswith("0 not DICOM, 1 damaged, 1 packed (zip and the like).")
    assert lines[1:5] == [
        f"  copies: {folder}/a/ct.dcm is served", f"          {folder}/b.dcm",
        f"  copies: {folder}/c.dcm is served", f"          {folder}/d.dcm (differs)",
    ]  # fmt: skip
    assert lines[5] == "2 instances with several copies, 1 of them with copies that differ."
    assert lines[6].startswith(f"  damaged: {folder}/half: ")
    assert lines[7:] == [f"  cannot be looked at now: {folder}/nowhere"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not any(uid in done.stdout.decode() for uid in uids("ct"))


def test_a_path_that_is_a_file_says_nothing_of_its_folder(folder: Path, tmp_path: Path) -> None:
    assert wado("index", folder / "b.dcm", state=tmp_path / "state").returncode == 0
    done = wado("index", folder / "b.dcm", "--report", state=tmp_path / "state")
    assert done.returncode == 0
    assert b"cannot be read" not in done.stdout


def test_without_an_index_there_is_nothing_to_report(folder: Path, tmp_path: Path) -> None:
    done = wado("index", folder, "--report", state=tmp_path / "state")
    assert done.returncode == 1
    assert complaint(done) == "There is no index of these PATHs; 'wado index' or 'wado serve' makes one."
    assert not (tmp_path / "state").exists()
