"""Load: many clients that ask at once, by wrk; what they got, and what it cost the server."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import Server

WRK = shutil.which("wrk")

# %d of a path becomes a number that no other request has: center and width of a window, whole numbers as people choose them.
_NEVER_TWICE = """
local n = %d
request = function()
    n = n + 1
    local path = wrk.path:gsub("CENTER", n %% 400 - 160):gsub("WIDTH", 300 + math.floor(n / 400))
    return wrk.format("GET", (path:gsub("FRAME", 1 + n * 389 %% 1000)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of some seconds of load.

    cpu_us: of all processes of the server, for each request.  p50_us, p99_us: from sending to the end of the answer.
    """

    requests_per_s: float
    cpu_us: float
    p50_us: float
    p99_us: float


class Driver:
    """Asks as fast as it is answered, with numbers that it has not used before."""

    def __init__(self, folder: Path) -> None:
        """folder: for scripts."""
        self._folder = folder
        self._next = 0

    def drive(
        self, server: Server, path: str, *, clients: int, seconds: float, headers: tuple[str, ...] = (), refusals: bool = False
    ) -> Load:
        """Ask for a path from so many connections.

        refusals: some requests may be answered 503.
        path: CENTER and WIDTH in it stand for a window never seen before, FRAME for one of a thousand frames in no order.
        """
        assert WRK is not None
        script = self._folder / "request.lua"
        self._next += 1_000_000
        script.write_text(_NEVER_TWICE % self._next)
        command = [WRK, "-t1", f"-c{clients}", f"-d{max(round(seconds), 1)}s", "--latency", "-s", str(script)]
        for header in headers:
            command += ["-H", header]
        before = server.cpu_s()
        told = subprocess.run([*command, f"http://{server.address}{path}"], check=True, capture_output=True, text=True).stdout
        used = server.cpu_s() - before
        assert refusals or "Non-2xx" not in told, told
        assert "Socket errors" not in told, told
        requests = int(_number(r"(\d+) requests in", told))
        return Load(_number(r"Requests/sec:\s+([\d.]+)", told), used / requests * 1e6, _time_us("50%", told), _time_us("99%", told))


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


def _time_us(name: str, text: str) -> float:
    found = re.search(rf"{re.escape(name)}\s+([\d.]+)(us|ms|s)\b", text)
    assert found is not None, text
    return float(found[1]) * {"us": 1.0, "ms": 1e3, "s": 1e6}[found[2]]
