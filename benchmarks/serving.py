"""Servers that are measured: ``wado serve``, and others beside it on the same machine; what their processes have used."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

START_S = 180.0
_TICKS = os.sysconf("SC_CLK_TCK")
# Who uses no hundredth of a second of a processor in so long rests, seconds.
_REST_S = 0.7
_LONG_AGO = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    address: host and port.  process: number of the process that was started, above all others of the server.
    """

    address: str
    process: int

    def get(self, path: str) -> tuple[int, bytes]:
        """Send one request; return status and body, 0 where nobody answers."""
        connection = HTTPConnection(self.address, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def header(self, path: str, name: str) -> str:
        """Return a header of an answer."""
        connection = HTTPConnection(self.address, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        value = response.getheader(name)
        connection.close()
        assert value is not None, path
        return value

    def wait(self, path: str) -> None:
        """Wait until a path is answered with 200."""
        until = monotonic() + START_S
        while self.get(path)[0] != 200:
            assert monotonic() < until, path
            sleep(0.02)

    def rest(self) -> None:
        """Wait until nothing of the server is at work: all workers are ready then, not the first alone (Linux)."""
        until = monotonic() + START_S
        used = -1.0
        while self.cpu_s() != used:
            assert monotonic() < until
            used = self.cpu_s()
            sleep(_REST_S)

    def processes(self) -> list[int]:
        """Return all processes of the server (Linux)."""
        found, rest = [], [self.process]
        while rest:
            process = rest.pop()
            found.append(process)
            for children in Path(f"/proc/{process}/task").glob("*/children"):
                rest += [int(child) for child in children.read_text().split()]
        return found

    def cpu_s(self) -> float:
        """Return what all processes have used of processors so far, seconds (Linux)."""
        return sum(_cpu_s(process) for process in self.processes())

    def anonymous_bytes(self) -> int:
        """Return the anonymous memory of the process that has most of it (Linux)."""
        return max(_anonymous_bytes(process) for process in self.processes())


def _cpu_s(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _anonymous_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


@contextmanager
def wado(folder: Path, state: Path, *, workers: int = 1, options: Sequence[str] = ()) -> Iterator[Server]:
    """Serve a folder with the installed command."""
    for path in folder.iterdir():
        os.utime(path, (_LONG_AGO, _LONG_AGO))  # a file that was just written would be left to settle
    command = [
        str(Path(sys.executable).with_name("wado")), "serve", str(folder), "--port", "0", "--state", str(state), "--workers", str(workers),
        *options,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(line for line in process.stdout if "http://" in line).split("http://")[1].strip().strip("/")
        try:
            yield Server(address, process.pid)
        finally:
            process.terminate()


@contextmanager
def asgi(application: str, port: int, *, workers: int = 1) -> Iterator[Server]:
    """Serve an ASGI application, named as uvicorn names it, with the same server and loop as ours."""
    command = [
        sys.executable, "-m", "uvicorn", application, "--port", str(port), "--workers", str(workers), "--loop", "uvloop",
        "--http", "httptools", "--no-access-log", "--log-level", "error",
    ]  # fmt: skip
    with subprocess.Popen(command) as process:
        server = Server(f"127.0.0.1:{port}", process.pid)
        try:
            server.wait("/ready")
            yield server
        finally:
            process.terminate()
