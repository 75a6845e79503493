"""An installation that nobody may write to, one whose kernels are edited, and processes that end while they fill the cache."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import wado_core
from wado_core.kernels import cache

# Becomes a process for which modes count, also where root runs the tests: without CAP_DAC_OVERRIDE from its next program on.
UNPRIVILEGED = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP; refused, and not needed, where it is not root
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

USE = """
import logging, sys
logging.basicConfig(level=logging.WARNING)
import numpy as np
import wado_core
from wado_core.kernels import cache
from wado_core.kernels.modality import fill_rescale
out = np.empty(3)
fill_rescale(out, 1, 2.0, 0.5)
assert out.tolist() == [2.5, 4.5, 6.5]
for name in (cache.__file__, wado_core.__file__ + ".new"):
    try:
        open(name, "ab").close()
    except PermissionError:
        continue
    sys.exit("the package can be written to")
print(wado_core.__file__, cache.cache_folder(), sum(fill_rescale.stats.cache_hits.values()))
"""

KERNEL = """
from numba.types import int64

from wado_core.kernels._jit import array_out, kernel
from wado_core.kernels._part import part


@kernel((array_out(int64, 1),))
def fill(out):
    out[0] = part()
"""

PART = """
from numba import njit


@njit(nogil=True)
def part():
    return 111
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """A copy of the package, nothing in it compiled."""
    site = tmp_path / "site"
    shutil.copytree(Path(wado_core.__file__).parent, site / "wado_core", ignore=shutil.ignore_patterns("__pycache__"))
    yield site
    for path in (site, *site.rglob("*")):
        path.chmod(0o755)


def run(code: str, site: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code with the package of ``site``, in a process for which modes count."""
    dropped = ("XDG_CACHE_HOME", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", cache.CACHE_VARIABLE)
    plain = {name: value for name, value in os.environ.items() if name not in dropped}
    command = [sys.executable, "-c", UNPRIVILEGED, "-W", "error", "-c", code]
    whole = {**plain, "PYTHONPATH": str(site), **environment}
    return subprocess.run(command, env=whole, cwd=site, capture_output=True, text=True, timeout=120)


def test_a_package_that_cannot_be_written_to_is_compiled_into_the_user_s_cache(installed: Path, tmp_path: Path) -> None:
    for path in (installed, *installed.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before, home = sorted(installed.rglob("*")), tmp_path / "home"
    home.mkdir()
    hits = []
    for _ in range(2):
        answer = run(USE, installed, HOME=str(home))
        assert answer.returncode == 0, answer.stderr
        assert answer.stderr == ""
        package, folder, found = answer.stdout.split()
        assert Path(package).is_relative_to(installed)
        assert Path(folder).parent == home / ".cache" / "wado"
        hits.append(int(found))
    assert hits == [0, 1]
    assert list(home.rglob("*.nbc"))
    assert sorted(installed.rglob("*")) == before


def test_an_edited_kernel_is_never_served_from_the_cache(installed: Path, tmp_path: Path) -> None:
    """Not even where another file is inlined that has kept its size and its time: numba would see nothing of it."""
    kernels = installed / "wado_core" / "kernels"
    (kernels / "some.py").write_text(KERNEL)
    part = kernels / "_part.py"
    code = "import numpy as np; from wado_core.kernels.some import fill; out = np.zeros(1, np.int64); fill(out); "
    code += "print(out[0], sum(fill.stats.cache_hits.values()))"
    answers = []
    for number in (111, 222, 111):
        part.write_text(PART.replace("111", str(number)))
        os.utime(part, ns=(10**18, 10**18))
        answers.append(run(code, installed, HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE="1").stdout.split())
    assert answers == [["111", "0"], ["222", "0"], ["111", "1"]]


def test_another_version_of_the_package_has_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    names = set()
    try:
        for version in ("1.0", "1.1"):
            monkeypatch.setattr(cache, "_version_of", lambda _, number=version: number)
            cache.cache_folder.cache_clear()
            folder = cache.cache_folder()
            assert folder is not None
            assert folder.name == f"kernels-{version}-{cache._digest_of_sources()}"
            names.add(folder)
    finally:
        cache.cache_folder.cache_clear()
    assert len(names) == 2


def test_who_ends_while_it_fills_the_cache_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The lock goes with its process, and nothing says that the cache is full."""
    code = """
import sys, time
from wado_core.kernels.cache import filling, is_filled
with filling():
    print(is_filled(), flush=True)
    time.sleep(float(sys.argv[1]))
print(is_filled(), flush=True)
"""
    environment = os.environ | {cache.CACHE_VARIABLE: str(tmp_path)}

    def start(seconds: float) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", code, str(seconds)], stdout=subprocess.PIPE, text=True, env=environment)

    first = start(600)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "False\n"
        second = start(0)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1)  # it waits for the first
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert second.communicate(timeout=60)[0] == "False\nTrue\n"


@pytest.mark.parametrize("damage", ["cut", "emptied", "garbage"])
def test_a_damaged_cache_is_filled_anew(installed: Path, tmp_path: Path, damage: str) -> None:
    """As a full disk or a lost power supply leaves it."""
    (installed / "wado_core" / "kernels" / "some.py").write_text(KERNEL)
    (installed / "wado_core" / "kernels" / "_part.py").write_text(PART)
    code = "import numpy as np; from wado_core.kernels.some import fill; out = np.zeros(1, np.int64); fill(out); print(out[0])"
    assert run(code, installed, HOME=str(tmp_path)).stdout == "111\n"
    for path in [*tmp_path.rglob("*.nbc"), *tmp_path.rglob("*.nbi")]:
        whole = path.read_bytes()
        path.write_bytes({"cut": whole[: len(whole) // 2], "emptied": b"", "garbage": os.urandom(len(whole))}[damage])
    answer = run(code, installed, HOME=str(tmp_path))
    assert (answer.returncode, answer.stdout) == (0, "111\n"), answer.stderr
