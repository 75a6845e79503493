"""Whether the cache of compiled kernels is full, and who fills it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wado_core.kernels import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of our own."""
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path


def test_it_is_full_after_it_was_filled(folder: Path) -> None:
    assert not cache.is_filled()
    with cache.filling():
        assert not cache.is_filled()
    assert cache.is_filled()


def test_it_is_not_full_when_filling_failed(folder: Path) -> None:
    with pytest.raises(RuntimeError), cache.filling():
        raise RuntimeError
    assert not cache.is_filled()


def test_what_numba_would_not_take_does_not_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache.filling():
        pass
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert not cache.is_filled()
    monkeypatch.delenv("NUMBA_CPU_NAME")
    assert cache.is_filled()
    monkeypatch.setattr(cache, "_processor", lambda: "another machine")
    assert not cache.is_filled()


def test_nothing_is_noted_where_there_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    with cache.filling():
        pass
    assert not cache.is_filled()


def test_asking_does_not_load_numba() -> None:
    code = "import sys; from wado_core.kernels.cache import is_filled; is_filled(); print('numba' in sys.modules, 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_two_that_start_at_the_same_time_fill_it_once(tmp_path: Path) -> None:
    code = """
from wado_core.kernels.warmup import warm_up
warm_up()
from wado_core.kernels import voi
print(sum(sum(kernel.stats.cache_misses.values()) for kernel in (voi.fill_linear, voi.fill_sigmoid)))
"""
    environment = os.environ | {cache.CACHE_VARIABLE: str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert sorted(int(output) for output, _ in answers) == [0, 2]
    assert len(list(tmp_path.rglob("filled-*"))) == 1


def test_whether_it_is_worth_filling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wado_core import assemble

    assert assemble.kernels_can_be_cached()
    with cache.filling():
        pass
    assert not assemble.kernels_can_be_cached()
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    assert not assemble.kernels_can_be_cached()


def test_what_nobody_uses_any_more_is_removed_when_others_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = time.time() - 100 * 24 * 3600
    for name, used in (("kernels-0.1-old", long_ago), ("kernels-0.2-used", time.time()), ("pictures", long_ago)):
        (tmp_path / name).mkdir(mode=0o700)
        (tmp_path / name / "filled-1").touch()
        os.utime(tmp_path / name / "filled-1", (used, used))
        os.utime(tmp_path / name, (long_ago, long_ago))
    own = tmp_path / "kernels-0.3-own"
    own.mkdir(mode=0o700)
    monkeypatch.setattr(cache, "cache_folder", lambda: own)
    with cache.filling():
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"kernels-0.2-used", "kernels-0.3-own", "pictures"}
    stamp = next(own.glob("filled-*"))
    os.utime(stamp, (long_ago, long_ago))
    with cache.filling():
        pass
    assert stamp.stat().st_mtime > long_ago + 1, "a start that finds it full notes that it is in use"
