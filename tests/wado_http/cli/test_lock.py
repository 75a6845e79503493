"""The lock on a state folder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from tests.wado_http.cli.server import until
from wado_http.cli.lock import FILE_NAME, Holder, holder, holding

HOLD = """
import sys
from pathlib import Path
from wado_http.cli.lock import holding

with holding(Path(sys.argv[1]), "serve") as lock:
    print(lock.left_behind, flush=True)
    sys.stdin.read()
"""


def test_one_process_holds_it_and_the_others_name_that_one(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with holding(tmp_path, "serve") as lock:
        assert not lock.left_behind
        assert holder(tmp_path) == Holder("serve", os.getpid())
        with (
            pytest.raises(click.ClickException, match=rf"'wado serve' \(process {os.getpid()}\) serves these PATHs already"),
            holding(tmp_path, "serve"),
        ):
            pass
    assert holder(tmp_path) is None
    with holding(tmp_path, "serve", 10 << 30):
        assert holder(tmp_path) == Holder("serve", os.getpid(), 10 << 30)
    with holding(tmp_path, "index") as lock:
        assert not lock.left_behind
        with pytest.raises(click.ClickException, match="is writing the index"), holding(tmp_path, "serve"):
            pass
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_it_goes_with_the_process_however_that_ends(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"False\n"
        assert holder(tmp_path) == Holder("serve", process.pid)
        process.kill()
        process.wait()
        until(lambda: holder(tmp_path) is None)
        with holding(tmp_path, "serve") as lock:
            assert lock.left_behind  # so whoever takes its place waits for its port
        with holding(tmp_path, "serve") as lock:
            assert not lock.left_behind


def test_a_process_that_inherits_it_is_waited_for_when_the_holder_was_killed(tmp_path: Path) -> None:
    with holding(tmp_path, "serve") as lock:
        keeping = os.dup(lock.descriptor)
    (tmp_path / FILE_NAME).write_text("serve 4194305\n")  # beyond any process number
    waiting = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        os.close(keeping)
        assert waiting.communicate(timeout=30)[0] == b"True\n"
    finally:
        waiting.kill()
        waiting.wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell what has become of processes")
def test_a_holder_that_has_ended_and_is_not_waited_for_is_none(tmp_path: Path) -> None:
    """As under a parent that does not look: what it has left behind is waited for as long as if nobody knew it any more."""
    with holding(tmp_path, "serve") as lock:
        keeping = os.dup(lock.descriptor)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "other")], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as ended:
        (tmp_path / FILE_NAME).write_text(f"serve {ended.pid}\n")
        until(lambda: Path(f"/proc/{ended.pid}/stat").read_text().rpartition(") ")[2].startswith("Z"))
        threading.Timer(1.0, os.close, (keeping,)).start()
        with holding(tmp_path, "serve") as lock:
            assert lock.left_behind


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(click.ClickException, match="The state folder cannot be used: Not a directory"), holding(tmp_path / "file", "serve"):
        pass
    assert holder(tmp_path / "file") is None


def test_errors_within_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), holding(tmp_path, "serve"):
        raise FileNotFoundError
    assert holder(tmp_path) is None
