"""The installed script, run as a person runs it, and the files that pydicom's wheel ships to run it on."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

SCRIPT = Path(sys.executable).parent / "wado"


def _samples() -> Path:
    spec = find_spec("pydicom")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "data" / "test_files"


SAMPLES = _samples()
CT = SAMPLES / "CT_small.dcm"
RT_PLAN = SAMPLES / "rtplan.dcm"


def environment(state: Path | None = None) -> dict[str, str]:
    """Return the environment of a person at a terminal; the user's state folder is moved to ``state``."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    return inherited | {"COLUMNS": "100"} | ({"XDG_STATE_HOME": str(state)} if state is not None else {})


def wado(*arguments: str | Path, state: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the script to its end."""
    command = [str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(state), timeout=300, check=False)


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one line that a refusal consists of."""
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("wado: ")
    return lines[0].removeprefix("wado: ")
