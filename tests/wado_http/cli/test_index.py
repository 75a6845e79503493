"""``wado index``: through the script; and the lines of its summary, of which there are more than one folder can show."""

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.fixtures import build
from tests.wado_http.cli.running import CT, wado
from tests.wado_http.cli.server import LONG_AGO, put
from wado_core.model.index_status import Progress
from wado_core.model.study import Totals
from wado_core.services.report import Report
from wado_http.cli.index import damaged, summary
from wado_http.cli.main import run
from wado_http.cli.progress import FileCount, indexing_line, lines, shown_progress


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images in two folders, one text file, one damaged file with a name in GBK."""
    served = tmp_path / "served"
    (served / "deeper").mkdir(parents=True)
    (served / "ct.dcm").write_bytes(build("ct"))
    (served / "deeper" / "us.dcm").write_bytes(build("us10"))
    (served / "notes.txt").write_text("nothing to see\n" * 20)
    (served / os.fsdecode(b"\xcd\xb7\xb2\xbf.dcm")).write_bytes(CT.read_bytes()[:1500])
    for path in served.rglob("*.*"):
        os.utime(path, (LONG_AGO, LONG_AGO))  # or they would be left to settle
    return served


def test_files_are_counted_and_damaged_ones_named(folder: Path, tmp_path: Path) -> None:
    done = wado("index", folder, state=tmp_path / "state")
    assert (done.returncode, done.stderr) == (0, b"")
    first, second, third = done.stdout.decode().splitlines()
    assert first.startswith("Indexed 4 files in ")
    assert first.endswith(" s: 4 read, 0 unchanged, 0 gone")
    assert second == "  2 instances in 2 series of 1 study; 1 not DICOM, 1 damaged"
    assert third.startswith(f"  damaged: {folder}/")
    assert third.partition(".dcm: ")[2]


def _index(capsys: pytest.CaptureFixture[str], *arguments: Path | str) -> list[str]:
    assert run(["index", *map(str, arguments)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out.splitlines()


def test_second_run_reads_only_what_has_changed_and_still_names_the_damaged(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _index(capsys, folder, "--state", tmp_path / "state")
    (folder / "ct.dcm").unlink()
    put(folder, "mono1")
    first, second, third = _index(capsys, folder, "--state", tmp_path / "state")
    assert first.endswith(" s: 1 read, 3 unchanged, 1 gone")
    assert second == "  2 instances in 2 series of 1 study; 1 not DICOM, 1 damaged"
    assert third.startswith("  damaged: ")


def test_index_is_private_and_apart_for_each_set_of_paths(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "chosen"
    _index(capsys, folder, "--state", state)
    assert _index(capsys, folder / "deeper", "--state", state)[0].endswith(" s: 1 read, 0 unchanged, 0 gone")
    assert _index(capsys, folder / "deeper", folder, "--state", state)[0].endswith(" s: 0 read, 4 unchanged, 0 gone")
    held = list(state.iterdir())
    assert len(held) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in held} == {0o700}


@pytest.mark.parametrize("command", ["index", "serve"])
def test_what_cannot_be_served_is_one_line(command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, str(folder), str(folder / "gone"), "--state", str(tmp_path / "state")]) == 1
    assert capsys.readouterr().err == f"wado: {folder / 'gone'}: No such file or directory\n"
    assert run([command, str(folder), "--state", str(folder / "state")]) == 1
    assert capsys.readouterr().err.endswith("choose another with --state.\n")
    assert not (folder / "state").exists()
    assert not (tmp_path / "state").exists()


def _report(counts: Progress, totals: Totals) -> Report:
    return Report(counts, totals, (), 2.0)


def test_summary_counts_in_thousands_and_mentions_what_was_not_read() -> None:
    totals = Totals(studies=1, series=12, instances=1234567, files=0, not_dicom=1000, damaged=2)
    first, second, third = summary(_report(Progress(files_seen=2000, files_read=1, unreadable=1, folders_unreadable=3), totals))
    assert first == "Indexed 2,000 files in 2.0 s: 1 read, 0 unchanged, 0 gone"
    assert second == "  1,234,567 instances in 12 series of 1 study; 1,000 not DICOM, 2 damaged"
    assert third == "  could not be read now: 1 file, 3 folders; the next run tries again"


def test_damaged_files_beyond_the_most_are_counted() -> None:
    problems = [(f"/a/{number}\n".encode(), "It is\x1b[2J truncated.") for number in range(5)]
    named = [f"  damaged: /a/{number}\\n: It is\\x1b[2J truncated." for number in range(5)]
    assert list(damaged(problems, 5, None)) == named
    assert list(damaged(problems, 5, 5)) == named
    assert list(damaged(problems, 5, 2)) == [*named[:2], "  and 3 more; 'wado index' with the same PATHs names all"]


def test_lines_of_progress_keep_their_distance(capsys: pytest.CaptureFixture[str]) -> None:
    show = lines(3600, indexing_line)
    show(Progress(files_seen=1))
    assert capsys.readouterr().err == ""
    show = lines(0, indexing_line)
    show(Progress(files_seen=1200, instances=1))
    assert capsys.readouterr().err == "Indexing: 1,200 files so far, 1 instance\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_shows_a_bar_and_is_left_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with shown_progress([folder]) as show:
        show(Progress(files_seen=3, instances=2))
        show(Progress(files_seen=1000, instances=999))  # more than were counted: the bar must not claim an end
    drawn = terminal.getvalue()
    assert "Indexing" in drawn
    assert "1,000 files, 999 instances" in drawn
    assert "\x1b[?25h" in drawn  # the cursor is back


def test_files_are_counted_ahead(folder: Path) -> None:
    with FileCount([folder, folder / "ct.dcm", folder / "gone"]) as count:
        count.wait(30)
        assert count.total == 5
