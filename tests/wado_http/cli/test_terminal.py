"""``wado serve`` at a terminal: what it shows, Ctrl-C, and a window that is closed."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.wado_http.cli.running import SCRIPT, environment
from tests.wado_http.cli.server import DEADLINE_S, alive, children_of, put, until

AT_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """The server, and the window it runs in."""

    def __init__(self, process: "subprocess.Popen[bytes]", window: int) -> None:
        self.process = process
        self.window = window
        self.shown = b""

    def read_until(self, text: bytes) -> None:
        """Read what is shown until a text has come."""
        while text not in self.shown:
            self.shown += os.read(self.window, 4096)

    def close(self) -> None:
        """Close the window."""
        if self.window >= 0:
            os.close(self.window)
            self.window = -1


@contextmanager
def at_terminal(folder: Path, state: Path, *before: str) -> Iterator[Terminal]:
    """Start a server in a window of its own.  before: a command that starts it."""
    window, inside = pty.openpty()
    command = [sys.executable, "-c", AT_TERMINAL, *before, str(SCRIPT), "serve", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdin=inside, env=environment(state) | {"TERM": "xterm"})
    os.close(inside)
    terminal = Terminal(process, window)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One CT."""
    served = tmp_path / "served"
    served.mkdir()
    put(served, "ct")
    return served


def test_ctrl_c_ends_the_server_and_leaves_the_terminal_clean(folder: Path, tmp_path: Path) -> None:
    with at_terminal(folder, tmp_path / "state") as terminal:
        terminal.read_until(b"1 instance in 1 series")
        assert b"Serving at http://127.0.0.1:" in terminal.shown
        assert terminal.shown.count(b"\x1b[?25l") == terminal.shown.count(b"\x1b[?25h")  # the cursor is back
        os.write(terminal.window, b"\x03")
        assert terminal.process.wait(DEADLINE_S) == 130
        with suppress(OSError):  # the other side has closed
            while data := os.read(terminal.window, 4096):
                terminal.shown += data
        assert b"Traceback" not in terminal.shown


def test_a_closed_terminal_ends_the_server_and_all_it_has_started(folder: Path, tmp_path: Path) -> None:
    with at_terminal(folder, tmp_path / "state") as terminal:
        terminal.read_until(b"1 instance in 1 series")
        processes = {process for process, _ in children_of(terminal.process.pid)}
        assert len(processes) == 2
        terminal.close()
        assert terminal.process.wait(DEADLINE_S) == 0
        assert not alive(processes)


def test_a_server_started_with_nohup_outlives_the_terminal(folder: Path, tmp_path: Path) -> None:
    nohup = ["/bin/sh", "-c", 'trap "" HUP; exec "$@" </dev/null >/dev/null 2>&1', "sh"]
    with at_terminal(folder, tmp_path / "state", *nohup) as terminal:
        (status,) = _waited_for(tmp_path / "state")
        terminal.close()
        with pytest.raises(subprocess.TimeoutExpired):
            terminal.process.wait(1)
        os.kill(terminal.process.pid, signal.SIGHUP)  # still means: look through the folders
        with pytest.raises(subprocess.TimeoutExpired):
            terminal.process.wait(0.5)
        assert status.exists()
        terminal.process.terminate()
        assert terminal.process.wait(DEADLINE_S) == 0


def _waited_for(state: Path) -> list[Path]:
    until(lambda: list(state.rglob("status")))
    return list(state.rglob("status"))
