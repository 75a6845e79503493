"""The real server in a process of its own: started on a free port, waited for, stopped, and read back from standard error."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SCRIPT = Path(sys.executable).parent / "wado"
START_S = 120.0
"""On a fresh machine the first server compiles the kernels; afterwards it is ready in about a second."""
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    folder: what it serves.  log: the file that takes its standard error.
    """

    url: str
    folder: Path
    log: Path

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host

    @property
    def port(self) -> int:
        port = httpx.URL(self.url).port
        assert port is not None
        return port


@contextmanager
def serving(folder: Path, state: Path, *options: str) -> Iterator[Server]:
    """Serve ``folder`` until the block ends; then SIGTERM must end the server cleanly.

    state: keeps the index, and the output of the server in ``stdout`` and ``stderr``.  options: more of ``wado serve``.
    """
    state.mkdir(exist_ok=True)
    output, log = state / "stdout", state / "stderr"
    with output.open("wb") as out, log.open("ab") as errors:
        process = subprocess.Popen(
            [SCRIPT, "serve", folder, "--port", "0", "--state", state / "index", *options],
            stdout=out,
            stderr=errors,
            # The files have just been written: none of them waits until it has settled.
            env={name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"} | {"WADO_SETTLING_S": "0"},
            start_new_session=True,
        )
    try:
        url = _address(process, output)
        _wait_until_indexed(process, url)
        yield Server(url, folder, log)
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_S)
        assert status == 0, f"the server ended with status {status}"
        assert b"Traceback" not in output.read_bytes()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has started ends with it
        process.wait()


def _address(process: "subprocess.Popen[bytes]", output: Path) -> str:
    """Read the address that the server prints once a worker answers."""
    for _ in _until(START_S, process):
        for line in output.read_text().splitlines():
            if line.startswith("Serving ") and line.endswith("/"):
                return line.split()[-1]
    raise AssertionError("the server printed no address")


def _wait_until_indexed(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Wait until the server has looked through all that it serves; it answers before that."""
    for _ in _until(START_S, process):
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{url}health/ready", headers={"Accept": "application/json"}, trust_env=False)
            if answer.status_code == 200 and _is_indexed(answer.json()["indexing"]):
                return
    raise AssertionError("the server did not come to the end of its folders")


def _is_indexed(indexing: dict[str, Any] | None) -> bool:
    return indexing is not None and indexing["complete"] and indexing["phase"] == "waiting"


def _until(deadline_s: float, process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Yield again and again until the deadline, or until the server has ended."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        yield
        assert process.poll() is None, f"the server ended with status {process.returncode}"
        time.sleep(0.05)
