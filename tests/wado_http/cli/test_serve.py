"""``wado serve`` through the installed script: from folders to answers, and every way to end."""

import asyncio
import json
import logging
import os
import socket
from pathlib import Path

import pytest

from tests.fixtures import build
from tests.wado_http.cli.running import CT, complaint, wado
from tests.wado_http.cli.server import LONG_AGO, picture_of, put, serving
from wado_core import api
from wado_http.cli.main import run
from wado_http.cli.server import LOGGING, refusals_filter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One CT, one text file, one damaged file, in a folder whose name is not UTF-8."""
    served = tmp_path / "served-\udcb2\udcbf"
    served.mkdir()
    put(served, "ct")
    (served / "notes.txt").write_text("nothing to see\n" * 20)
    (served / "damaged.dcm").write_bytes(CT.read_bytes()[:1500])
    for path in served.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return served


@pytest.mark.parametrize("workers", ["1", "2"])
def test_folder_becomes_pictures_until_interrupted(workers: str, folder: Path, tmp_path: Path) -> None:
    with serving(folder, "--workers", workers, state=tmp_path / "state") as server:
        assert server.url.startswith("http://127.0.0.1:")
        server.wait_until_indexed()
        assert server.get(picture_of("ct")) == (200, api.render(build("ct")))
        assert server.get("")[0] == 200
        assert server.get("health/live")[0] == 200
        assert server.get(picture_of("us10"))[0] == 404
        status, errors = server.interrupt()
    assert status == 130
    assert errors.strip() == ""  # above all no line of any request: queries hold UIDs
    serving_line, indexed, held, damaged = server.output[-4:]
    assert all(line.startswith("Preparing the kernels") for line in server.output[:-4])  # the first start on a machine only
    assert serving_line == f"Serving at {server.url}"
    assert indexed.startswith("Indexed 3 files in ")
    assert held == "  1 instance in 1 series of 1 study; 1 not DICOM, 1 damaged"
    assert damaged.startswith("  damaged: ")
    assert "/damaged.dcm: " in damaged


@pytest.mark.parametrize("workers", ["1", "2"])
def test_termination_ends_quietly(workers: str, folder: Path, tmp_path: Path) -> None:
    with serving(folder, "--workers", workers, state=tmp_path / "state") as server:
        assert server.get("health/live")[0] == 200
        status, errors = server.terminate()
    assert status == 0
    assert errors.strip() == ""


def test_leaving_loopback_is_warned_of(folder: Path, tmp_path: Path) -> None:
    with serving(folder, "--host", "0.0.0.0", state=tmp_path / "state") as server:  # noqa: S104 - this is what is warned of
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


def test_server_that_cannot_start_says_why_in_a_line(folder: Path, tmp_path: Path) -> None:
    wado("index", folder, state=tmp_path / "state")
    (index,) = (tmp_path / "state").rglob("index.sqlite")
    index.unlink()
    index.mkdir()
    done = wado("serve", folder, "--port", "0", state=tmp_path / "state")
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line == "wado: The server could not start: The index in the state folder cannot be opened."


def test_traceback_of_an_unexpected_error_is_kept() -> None:
    keep = refusals_filter()
    for last, expected in (("KeyError: 'x'", None), ("wado_core.errors.Unavailable: No answer.", "No answer.")):
        text = f"Traceback (most recent call last):\n  File x\n{last}\n"
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, text, (), None)
        assert keep(record)
        assert record.getMessage() == (expected or text)


def test_answers_cut_off_at_the_end_leave_no_traceback() -> None:
    keep = refusals_filter()
    for error, expected in ((asyncio.CancelledError(), False), (KeyError("x"), True)):
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception in ASGI application", (), (type(error), error, None))
        assert keep(record) is expected
