"""The compile policy of the kernels: everything compiled at import, no fastmath, a cache that only we can write to."""

import importlib
import os
import pkgutil
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import wado_core.kernels
from wado_core.kernels import cache, cells, color, modality, rle, voi, warmup

MOST_KERNELS = 36

REPORT = """
import logging, sys
logging.basicConfig(level=logging.WARNING)
from wado_core.kernels import cache
from wado_core.kernels.modality import fill_rescale
import numpy as np
out = np.empty(3)
fill_rescale(out, 1, 2.0, 0.5)
assert out.tolist() == [2.5, 4.5, 6.5]
print(cache.cache_folder())
"""


def kernels() -> dict[str, Any]:
    """Every kernel of every module, by name: the dispatchers that were compiled for explicit signatures, not what they are made of."""
    modules = [importlib.import_module(f"wado_core.kernels.{module.name}") for module in pkgutil.iter_modules(wado_core.kernels.__path__)]
    named = [(name, value) for module in modules for name, value in vars(module).items() if isinstance(value, Dispatcher)]
    return {name: value for name, value in named if not _compiles_more(value)}


def _compiles_more(dispatcher: Any) -> bool:
    """Whether a function is compiled for whatever it is called with: kernels are compiled for what they say and nothing else."""
    return bool(dispatcher._can_compile)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter in which no variable of the test run says where caches are."""
    plain = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "TMPDIR", "HOME", cache.CACHE_VARIABLE)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={**plain, **environment}, capture_output=True, text=True, timeout=120
    )


def test_every_kernel_is_found_and_they_are_few() -> None:
    names = set(kernels())
    assert {"spread_over_cells", "look_up", "fill_linear", "unpack_segment", "resample", "ybr_full_to_rgb"} <= names
    assert {"encode_rows", "encode_blocks", "fit_line"} <= names
    assert len(names) <= MOST_KERNELS


def test_warming_up_imports_every_module_of_kernels() -> None:
    code = "import sys; from wado_core.kernels.warmup import warm_up; warm_up(); print(*sys.modules)"
    loaded = {name for name in run(code, HOME=str(Path.home())).stdout.split() if name.startswith("wado_core.kernels.")}
    modules = {f"wado_core.kernels.{module.name}" for module in pkgutil.iter_modules(wado_core.kernels.__path__)}
    assert warmup.__name__ in modules
    assert loaded == modules


@pytest.mark.parametrize("name", sorted(kernels()))
def test_a_kernel_is_compiled_without_the_gil_and_without_fastmath(name: str) -> None:
    kernel = kernels()[name]
    assert kernel.targetoptions["nogil"] is True
    assert not kernel.targetoptions.get("fastmath")
    assert not kernel.targetoptions.get("parallel")
    assert kernel.nopython_signatures
    assert all(signature.return_type.name == "none" for signature in kernel.nopython_signatures)


WRONG: dict[str, tuple[object, ...]] = {
    "fill_rescale": (np.empty(2, np.float32), 0, 1.0, 0.0),
    "look_up": (np.empty((1, 1), np.uint8), np.zeros((1, 1), np.int16), np.zeros(256, np.uint8), 0, 0),
    "mark_present": (np.zeros(256, np.uint8), np.zeros((2, 2), np.uint32)),
    "ybr_full_to_rgb": (np.empty((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint16)),
    "look_up_rgb": (np.empty((1, 1, 3), np.uint8), np.zeros((2, 2), ">u2"), np.zeros((65536, 3), np.uint8)),
    "unpack_segment": (np.empty(4, np.uint16), np.zeros(4, np.uint8), np.zeros(1, np.int64)),
    "interleave": (np.empty(4, np.uint8), np.zeros((2, 4), np.uint8)[:, ::2]),
    "fill_linear": (np.empty(2, np.uint8), np.zeros(2, np.int64), 40.0, 400.0),
    "fill_voi_lut": (np.empty(2, np.uint8), np.zeros(4)[::2], np.zeros(2, np.uint16), 0, 255.0),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_refused_and_never_compiled_for(name: str) -> None:
    kernel = kernels()[name]
    before = list(kernel.nopython_signatures)
    with pytest.raises(TypeError):
        kernel(*WRONG[name])
    assert kernel.nopython_signatures == before


def test_a_read_only_output_is_refused() -> None:
    out = np.empty(2)
    out.flags.writeable = False
    with pytest.raises(TypeError):
        modality.fill_rescale(out, 0, 1.0, 0.0)


def test_calls_compile_nothing() -> None:
    before = {name: list(kernel.nopython_signatures) for name, kernel in kernels().items()}
    gray = np.zeros((2, 2), np.uint16)
    cells.mark_present(np.zeros(65536, np.uint8), gray)
    color.look_up_rgb(np.empty((2, 2, 3), np.uint8), gray, np.zeros((65536, 3), np.uint8))
    modality.fill_rescale(np.empty(2), 0, 1, 0)  # whole numbers for floats are no new signature
    voi.fill_sigmoid(np.empty(2, np.uint8), np.zeros(2), 1, 2)
    rle.unpack_segment(np.empty(2, np.uint8), np.zeros(2, np.uint8), np.zeros(1, np.int64))
    assert {name: list(kernel.nopython_signatures) for name, kernel in kernels().items()} == before


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the kernels' folder whose digest is taken instead of the real one's."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    for path in Path(cache.__file__).parent.glob("*.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(cache, "__file__", str(folder / "cache.py"))
    return folder


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A place for caches of its own, and no remembered answer before or after."""
    for name in ("XDG_CACHE_HOME", cache.CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    cache.cache_folder.cache_clear()
    yield tmp_path
    cache.cache_folder.cache_clear()


def test_the_cache_s_name_changes_with_every_source(sources: Path, fresh: Path) -> None:
    names = {cache._digest_of_sources()}
    for path in sorted(sources.glob("*.py")):
        path.write_bytes(path.read_bytes() + b"\n# edited\n")
        names.add(cache._digest_of_sources())
    (sources / "another.py").write_text("")
    names.add(cache._digest_of_sources())
    assert len(names) == len(list(sources.glob("*.py"))) + 1
    folder = cache.cache_folder()
    assert folder is not None
    assert folder.name.endswith(cache._digest_of_sources())


def test_the_cache_lies_where_the_variable_says_else_in_the_users_cache(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache.cache_folder()
    assert folder is not None
    assert folder.parent == fresh / "home" / ".cache" / "wado"
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", str(fresh / "xdg"))
    cache.cache_folder.cache_clear()
    folder = cache.cache_folder()
    assert folder is not None
    assert folder.parent == fresh / "xdg" / "wado"
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(fresh / "own"))
    cache.cache_folder.cache_clear()
    folder = cache.cache_folder()
    assert folder is not None
    assert folder.parent == fresh / "own"


def test_a_permissive_umask_does_not_make_the_cache_untrusted(fresh: Path) -> None:
    before = os.umask(0o002)
    try:
        folder = cache.cache_folder()
    finally:
        os.umask(before)
    assert folder is not None
    assert folder.parent == fresh / "home" / ".cache" / "wado"


@pytest.mark.parametrize("level", ["parent", "folder"])
def test_a_folder_that_others_can_write_to_is_not_trusted(fresh: Path, level: str) -> None:
    trusted = cache.cache_folder()
    assert trusted is not None
    (trusted if level == "folder" else trusted.parent).chmod(0o777)
    cache.cache_folder.cache_clear()
    other = cache.cache_folder()
    assert other is not None
    assert other.parent.parent == fresh / "tmp"


def test_somebody_else_s_folder_is_not_trusted(fresh: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    assert cache.cache_folder() is not None
    cache.cache_folder.cache_clear()
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)  # all that is there belongs to another now
    assert cache.cache_folder() is None
    assert "compiled at every start" in caplog.text


def test_a_link_in_place_of_the_folder_is_not_trusted(fresh: Path) -> None:
    folder = cache.cache_folder()
    assert folder is not None
    folder.rmdir()
    (fresh / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(fresh / "elsewhere")
    cache.cache_folder.cache_clear()
    other = cache.cache_folder()
    assert other is not None
    assert other.parent.parent == fresh / "tmp"


def test_no_home_and_no_folder_for_temporary_files(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container whose user has no entry and no home, and whose file systems are all read-only."""

    def unknown(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    assert cache.cache_folder() is None


def test_a_cache_that_cannot_be_written_falls_back_to_the_temporary_folder(tmp_path: Path) -> None:
    """A file stands where the user's cache folder would be: as root no mode would keep us out."""
    (tmp_path / "cache").write_text("in the way")
    answer = run(REPORT, HOME="/proc/nowhere", XDG_CACHE_HOME=str(tmp_path / "cache"), TMPDIR=str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    folder = Path(answer.stdout.strip())
    assert folder.parent == tmp_path / f"wado-{os.getuid()}"
    assert list(folder.rglob("*.nbi"))


def test_without_any_writable_cache_the_kernels_still_work(tmp_path: Path) -> None:
    (tmp_path / f"wado-{os.getuid()}").write_text("in the way")
    answer = run(REPORT, HOME="/proc/nowhere", TMPDIR=str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "None"
    assert "compiled at every start" in answer.stderr


def test_a_second_process_loads_what_the_first_has_compiled(tmp_path: Path) -> None:
    first = run(REPORT, HOME=str(tmp_path))
    assert first.returncode == 0, first.stderr
    compiled = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert compiled
    assert run(REPORT, HOME=str(tmp_path)).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == compiled
