"""The command as a whole: help, versions, statuses, and that it starts without what it does not need."""

import json
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import wado_core.api
from tests.wado_http.cli.running import CT, complaint, wado
from wado_core.errors import WadoError
from wado_http.cli.main import run

COMMANDS = ("serve", "index", "config", "info", "render", "thumbnail")
# The others may have their PATHs from a file or the environment.
OF_FILES = ("info", "render", "thumbnail")


def test_version_is_that_of_the_distribution() -> None:
    done = wado("--version")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"wado {version('wado')}\n", b"")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "-h"]) == 0
    assert f"\n    wado {command} " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], *([command] for command in OF_FILES)])
def test_nothing_to_do_is_wrong_usage_and_shows_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"Usage: {' '.join(['wado', *arguments])} ")


def test_wrong_usage_is_a_line_and_where_to_read_on() -> None:
    done = wado("rendre")
    assert (done.returncode, done.stdout) == (2, b"")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("wado: No such command 'rendre'")
    assert second == "Try 'wado --help'."


def test_help_loads_nothing_heavy() -> None:
    program = "import json, sys; from wado_http.cli.main import run; run(['render', '--help']); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert "click" in loaded
    assert not loaded & {"asyncio", "imagecodecs", "msgspec", "numba", "numpy", "pydicom", "rich", "sqlalchemy", "starlette", "uvicorn"}


def _raise_from_info(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fail(_source: object) -> None:
        raise error

    monkeypatch.setattr(wado_core.api, "open", fail)
    return run(["info", str(CT)])


def test_refusal_is_one_line_with_the_file_and_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _raise_from_info(monkeypatch, WadoError("No\nway\x1b[2J.")) == 1
    assert capsys.readouterr().err == f"wado: {CT}: No way\\x1b[2J.\n"


def test_failing_system_is_one_line_and_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _raise_from_info(monkeypatch, OSError(5, "Input/output error")) == 1
    assert capsys.readouterr().err == f"wado: {CT}: Input/output error\n"


def test_interrupt_is_quiet_and_status_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _raise_from_info(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize("then", ["raise", "raise WadoError('The index does not answer now.')", "raise OSError(4, 'Interrupted')"])
def test_interrupt_stays_one_whatever_it_is_turned_into(then: str) -> None:
    program = f"""
import sys, time
import wado_core.api
from wado_core.errors import WadoError
from wado_http.cli.main import main

def open(source):
    try:
        print("ready", flush=True)
        while True:
            time.sleep(0.05)  # one long sleep would sleep on, should the signal come just before it
    except KeyboardInterrupt:
        {then}

wado_core.api.open = open
sys.argv = ["wado", "info", {str(CT)!r}]
sys.exit(main())
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.strip()) == (130, "", "")


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    done = wado("info", tmp_path / "gone.dcm")
    assert done.returncode == 1
    assert complaint(done) == f"{tmp_path / 'gone.dcm'}: No such file or directory"


def test_name_that_no_terminal_can_show_is_escaped(tmp_path: Path) -> None:
    done = wado("info", tmp_path / "\udcb2\x1b[2J.dcm")
    assert done.returncode == 1
    assert complaint(done) == f"{tmp_path}/\\udcb2\\x1b[2J.dcm: No such file or directory"
