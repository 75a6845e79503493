"""A real server whose log goes to a file, so that it may be long; and what is asked of it."""

import http.client
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.wado_http.cli.running import SCRIPT, environment
from tests.wado_http.cli.server import Server
from wado_core.model.uid import InstanceKey

DEADLINE_S = 60.0
"""No test here takes so long."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A server that runs, and the file that takes its standard error."""

    server: Server
    log: Path

    def lines(self, *, having: str = "") -> list[str]:
        """Return the lines of the log so far that hold a text."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if having in line]

    def status(self, key: InstanceKey, **parameters: str) -> int:
        """Ask for a picture of an object, or for what the parameters say; return the status."""
        return self.server.get(address(key, **parameters))[0]

    def answer(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for a path; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=DEADLINE_S)
        try:
            connection.request("GET", f"/{path}")
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def workers(self) -> set[int]:
        return self.server.children("worker")

    def trouble(self) -> tuple[str, str, str]:
        """Return what ready says of trouble as JSON and in its line of text, and what the page does; "" for nothing."""
        found = str(json.loads(self.server.get("health/ready", {"Accept": "application/json"})[1])["indexing"]["trouble"])
        text = [line for line in self.server.get("health/ready")[1].decode().splitlines() if line.startswith("trouble: ")]
        status, page = self.server.get("")
        assert status == 200
        said = page.decode().partition("<strong>Indexing does not get on: ")[2].partition("<")[0]
        return found, text[0].removeprefix("trouble: ") if text else "", said

    def end(self) -> int:
        """End the server as service managers do; return its exit status."""
        return self.server.terminate()[0]


def address(key: InstanceKey, **parameters: str) -> str:
    """Return the address of an object relative to the server's."""
    uids = {"requestType": "WADO", "studyUID": key.study_uid, "seriesUID": key.series_uid, "objectUID": key.object_uid}
    return "wado?" + urlencode(uids | parameters)


@contextmanager
def watched(root: Path, state: Path, log: Path, *options: str, bound: Sequence[str] = (), **variables: str) -> Iterator[Watched]:
    """Serve ``root`` until the block ends, at most as long as a test may take.

    log: takes standard error.  bound: a command that runs another.  variables: of the environment.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*bound, str(SCRIPT), "serve", str(root), "--port", "0", "--state", str(state), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment() | variables,
            start_new_session=True,
        )
    watchdog = threading.Timer(DEADLINE_S, process.kill)
    watchdog.start()
    try:
        server = Server(process)
        assert server.url, log.read_text()
        yield Watched(server, log)
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            process.kill()  # the rest notices, and ends
        process.communicate()
