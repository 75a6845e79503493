"""The processes of a server, found by what the system knows of them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

SCRIPT = Path(sys.executable).parent / "wado"
START_S = 60.0
KINDS = ("supervisor", "worker", "indexer")


class Server:
    """One ``wado serve`` after the other, on one state folder."""

    def __init__(self, root: Path, state: Path, log: Path, workers: int) -> None:
        self._root, self._state, self._log, self._workers = root, state, log, workers
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._output = log.with_suffix(".out")

    def start(self) -> None:
        """Start the supervisor; whoever wants an answer waits for ``address``."""
        self.url = ""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
        environment |= {"WADO_SETTLING_S": "0.3"}
        options: list[str | Path] = ["--port", "0", "--state", self._state, "--workers", str(self._workers), "--rescan", "1"]
        command: list[str | Path] = [SCRIPT, "serve", self._root, *options]
        with self._output.open("wb") as out, self._log.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=out, stderr=errors, env=environment, start_new_session=True)

    def address(self) -> str:
        """Return where the server answers, "" when it does not yet."""
        if not self.url:
            for line in self._output.read_text(errors="replace").splitlines():
                if line.startswith("Serving ") and line.endswith("/"):
                    self.url = line.split()[-1]
        return self.url

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def pids(self, kind: str) -> list[int]:
        """Return the processes of one kind that run now."""
        if self._process is None:
            return []
        if kind == "supervisor":
            return [self._process.pid] if self.running() else []
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    status = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(status[1]) == self._process.pid and status[0] != "Z" and kind in _module(entry):
                        found.append(int(entry.name))
        return found

    def kill(self, kind: str, choice: int) -> bool:
        """Kill a process of one kind; return whether there was one."""
        pids = self.pids(kind)
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(pids[choice % len(pids)], signal.SIGKILL)
        if kind == "supervisor" and self._process is not None:
            self._process.wait()
            self.url = ""
        return True

    def hang_up(self) -> None:
        """Ask for a look through all folders."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def ready(self) -> dict[str, object]:
        """Return what ready says, {} while nobody answers."""
        with suppress(httpx.HTTPError, ValueError):
            if self.address():
                answer = httpx.get(f"{self.url}health/ready", headers={"accept": "application/json"}, trust_env=False, timeout=10)
                found: dict[str, object] = answer.json()
                return found
        return {}

    def wait_for_address(self) -> None:
        end = time.monotonic() + START_S
        while not self.address():
            if time.monotonic() > end:
                raise TimeoutError(self._log.read_text(errors="replace")[-2000:])
            if not self.running():
                self.start()
            time.sleep(0.02)

    def stop(self) -> int | None:
        """End the server as service managers do; return its exit status."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _module(entry: Path) -> str:
    arguments = (entry / "cmdline").read_bytes().split(b"\0")
    return arguments[arguments.index(b"-m") + 1].decode().rpartition(".")[2] if b"-m" in arguments else ""
