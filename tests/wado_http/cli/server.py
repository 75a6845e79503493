"""A real ``wado serve`` in processes of its own: started, asked, watched and ended."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.fixtures import build, uids
from tests.wado_http.cli.running import SCRIPT, environment

DEADLINE_S = 120.0
LONG_AGO = 1_700_000_000


class Server:
    """A running ``wado serve``: its address, and everything it has written."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.output: list[str] = []
        self.url = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith("Serving "):
                self.url = line.split()[-1]
                break

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Answer of a GET on a connection of its own: status and body."""
        request = urllib.request.Request(self.url + path, headers=headers or {})  # noqa: S310 - the address is ours
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def indexing(self) -> dict[str, Any]:
        """What ready says of the indexing."""
        status, body = self.get("health/ready", {"Accept": "application/json"})
        assert status == 200
        indexing: dict[str, Any] = json.loads(body)["indexing"]
        return indexing

    def wait_until_indexed(self) -> None:
        """Wait for the end of the first look."""
        until(lambda: self.indexing()["complete"] and self.indexing()["phase"] == "waiting")

    def children(self, module: str) -> set[int]:
        """Processes of one kind that the supervisor has now."""
        return {process for process, arguments in children_of(self.process.pid) if f"wado_http.cli.{module}" in arguments}

    def everything(self) -> set[int]:
        """All processes that the server has started, and those that they have started."""
        waiting, found = [self.process.pid], set()
        while waiting:
            below = {process for process, _ in children_of(waiting.pop())}
            waiting += below
            found |= below
        return found

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C: the terminal signals every process of the group. Return exit status and all of standard error."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def terminate(self) -> tuple[int, str]:
        """Ask the server alone to end, as service managers do. Return exit status and all of standard error."""
        self.process.terminate()
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for the end of the server, and of all that it has started: they hold the pipes open."""
        assert self.process.stdout is not None
        self.output += self.process.stdout.read().splitlines()  # with what was read ahead; the log fits into its pipe
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors


@contextmanager
def started(*arguments: str | Path, state: Path, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a server; it is gone when the block ends."""
    process = subprocess.Popen(
        [str(SCRIPT), "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(state) | variables,
        start_new_session=True,
    )
    watchdog = threading.Timer(DEADLINE_S, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            process.kill()  # the rest notices, and ends
        process.communicate()


@contextmanager
def serving(*arguments: str | Path, state: Path, port: int = 0) -> Iterator[Server]:
    """Serve until the block ends."""
    with started("--port", str(port), *arguments, state=state) as process:
        server = Server(process)
        assert server.url, process.communicate()
        yield server


def put(folder: Path, name: str) -> Path:
    """Write a fixture as a file that nobody can be writing any more."""
    path = folder / f"{name}.dcm"
    path.write_bytes(build(name))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def picture_of(name: str) -> str:
    """Return the address of a fixture's picture."""
    study, series, instance = uids(name)
    return "wado?" + urlencode({"requestType": "WADO", "studyUID": study, "seriesUID": series, "objectUID": instance})


def children_of(process: int) -> list[tuple[int, str]]:
    """Return the processes that one has started, with their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == process and state != "Z":
                found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
    return found


def alive(processes: set[int]) -> set[int]:
    """Return those that have not ended."""
    return {process for process in processes if _runs(process)}


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], object], deadline_s: float = 30.0) -> float:
    """Wait until a condition holds, and return how long that took."""
    begin = time.monotonic()
    while True:
        with suppress(OSError, http.client.HTTPException):
            if condition():
                return time.monotonic() - begin
        assert time.monotonic() - begin < deadline_s, "it did not happen in time"
        time.sleep(0.02)
