"""``wado serve`` through the installed script: from folders to answers, and every way to end."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.fixtures import build, uids
from tests.wado_http.cli.running import CT, SCRIPT, complaint, environment, wado
from wado_core import api
from wado_http.cli.main import run
from wado_http.cli.server import LOGGING, refusals_filter

DEADLINE_S = 120.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One CT, one text file, one damaged file, in a folder whose name is not UTF-8."""
    served = tmp_path / "served-\udcb2\udcbf"
    served.mkdir()
    (served / "ct.dcm").write_bytes(build("ct"))
    (served / "notes.txt").write_text("nothing to see\n" * 20)
    (served / "damaged.dcm").write_bytes(CT.read_bytes()[:1500])
    return served


class Server:
    """A running ``wado serve``: its address, and everything it has written."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output: list[str] = []
        self.url = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith("Serving "):
                self.url = line.split()[-1]
                break

    def get(self, path: str) -> tuple[int, bytes]:
        """Answer of a GET: status and body."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:  # noqa: S310 - the address is ours
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C: the terminal signals every process of the group. Return exit status and all of standard error."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self._end()

    def terminate(self) -> tuple[int, str]:
        """Ask the server alone to end, as service managers do. Return exit status and all of standard error."""
        self.process.terminate()
        return self._end()

    def _end(self) -> tuple[int, str]:
        output, errors = self.process.communicate(timeout=DEADLINE_S)  # its end, too, of all that it has started
        self.output += output.splitlines()
        return self.process.returncode, errors


@contextmanager
def _serving(*arguments: str | Path, state: Path) -> Iterator[Server]:
    process = subprocess.Popen(
        [str(SCRIPT), "serve", "--port", "0", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(state),
        start_new_session=True,
    )
    watchdog = threading.Timer(DEADLINE_S, _kill, [process])
    watchdog.start()
    try:
        server = Server(process)
        assert server.url, process.communicate()
        yield server
    finally:
        watchdog.cancel()
        _kill(process)
        process.communicate()


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # workers as well: they hold the pipes open


def _picture_of(name: str) -> str:
    study, series, instance = uids(name)
    return "wado?" + urlencode({"requestType": "WADO", "studyUID": study, "seriesUID": series, "objectUID": instance})


@pytest.mark.parametrize("workers", ["1", "2"])
def test_folder_becomes_pictures_until_interrupted(workers: str, folder: Path, tmp_path: Path) -> None:
    with _serving(folder, "--workers", workers, state=tmp_path / "state") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.get(_picture_of("ct")) == (200, api.render(build("ct")))
        assert server.get("")[0] == 200
        assert server.get("health/live")[0] == 200
        assert server.get(_picture_of("us10"))[0] == 404
        status, errors = server.interrupt()
    assert status == 130
    assert errors.strip() == ""  # above all no line of any request: queries hold UIDs
    kernels, indexed, held, damaged, serving = server.output
    assert kernels.startswith("Preparing the kernels")
    assert kernels.endswith(" s")
    assert indexed.startswith("Indexed 3 files in ")
    assert held == "  1 instance in 1 series of 1 study; 1 not DICOM, 1 damaged"
    assert damaged.startswith("  damaged: ")
    assert "/damaged.dcm: " in damaged
    assert serving == f"Serving 1 instance at {server.url}"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_termination_ends_quietly(workers: str, folder: Path, tmp_path: Path) -> None:
    with _serving(folder, "--workers", workers, state=tmp_path / "state") as server:
        assert server.get("health/live")[0] == 200
        status, errors = server.terminate()
    assert status in {0, -signal.SIGTERM}
    assert errors.strip() == ""


def test_leaving_loopback_is_warned_of(folder: Path, tmp_path: Path) -> None:
    with _serving(folder, "--host", "0.0.0.0", state=tmp_path / "state") as server:  # noqa: S104 - this is what is warned of
        assert server.get("health/live")[0] == 200
        status, errors = server.interrupt()
    assert status == 130
    (warning,) = errors.strip().splitlines()
    assert warning.startswith("wado: warning: listening on 0.0.0.0")
    assert "no authentication" in warning


def test_port_in_use_is_one_line_before_anything_is_indexed(folder: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = wado("serve", folder, "--port", str(port), state=tmp_path / "state")
    assert done.returncode == 1
    assert complaint(done) == f"Port {port} of 127.0.0.1 cannot be listened on: Address already in use. Choose another with --port."


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port", "http"], ["--workers", "0"]], ids=" ".join)
def test_numbers_out_of_range_are_wrong_usage(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", str(folder), *arguments]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "Try 'wado serve --help'."


def test_log_keeps_requests_and_patients_out() -> None:
    assert LOGGING["root"]["level"] == "WARNING"
    for name in ("uvicorn.access", "pydicom"):
        assert LOGGING["loggers"][name] == {"level": "CRITICAL", "handlers": [], "propagate": False}
    json.dumps(LOGGING)  # plain data: it is pickled for every worker


def test_server_that_cannot_start_says_why_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    program = f"""
from pathlib import Path
from click import ClickException
from wado_core.settings import Settings
from wado_http.cli.listening import reserve
from wado_http.cli.server import run_server

with reserve("127.0.0.1", 0) as listener:
    try:
        run_server(Settings(state=Path({str(tmp_path / "file" / "state")!r})), listener)
    except ClickException as error:
        print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=DEADLINE_S)
    assert (done.returncode, done.stdout) == (0, "The server could not start.\n")
    assert "Traceback" not in done.stderr
    assert "The index in the state folder cannot be opened." in done.stderr.splitlines()[0]


def test_traceback_of_an_unexpected_error_is_kept() -> None:
    keep = refusals_filter()
    for last, expected in (("KeyError: 'x'", None), ("wado_core.errors.Unavailable: No answer.", "No answer.")):
        text = f"Traceback (most recent call last):\n  File x\n{last}\n"
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, text, (), None)
        assert keep(record)
        assert record.getMessage() == (expected or text)
