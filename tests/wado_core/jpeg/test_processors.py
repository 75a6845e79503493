"""One picture, the same bytes: from the widest vectors that this machine has, from those of 32 bytes, and from those of 16."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.wado_core.jpeg import corpus
from wado_core.kernels import cache

# What numba compiles for. The features must be set too, if only to none: else those of this machine are added to the named processor.
SETTINGS: dict[str, dict[str, str]] = {
    "this machine": {},
    "haswell": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "nehalem": {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""},
}

on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the named processors are of another architecture than this machine")


@pytest.fixture(scope="module")
def expected() -> str:
    """The bytes of this process, whose kernels may have been compiled long ago."""
    return corpus.digest()


def compiled(setting: str, folder: Path) -> dict[str, Any]:
    """Compile the kernels anew in a process of its own, and encode the corpus."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment = plain | SETTINGS[setting] | {cache.CACHE_VARIABLE: str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", corpus.__name__], env=environment, capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["compiled here"]
    assert found["products"] > 50, "this is not the kernel's code"
    return found


def test_this_machine(expected: str, tmp_path: Path) -> None:
    """Sums and products are rounded apart: one fused operation would change the bytes where a processor has it."""
    found = compiled("this machine", tmp_path)
    assert found["digest"] == expected
    assert found["fused"] == []
    assert found["zmm"] or not found["wide"]


@on_x86
def test_a_processor_with_vectors_of_32_bytes_and_fused_operations(expected: str, tmp_path: Path) -> None:
    found = compiled("haswell", tmp_path)
    assert found["digest"] == expected
    assert found["fused"] == []
    assert (found["wide"], found["zmm"], found["ymm"]) == (False, False, True)


@on_x86
def test_a_processor_with_vectors_of_16_bytes(expected: str, tmp_path: Path) -> None:
    found = compiled("nehalem", tmp_path)
    assert found["digest"] == expected
    assert (found["wide"], found["zmm"], found["ymm"]) == (False, False, False)


@pytest.mark.parametrize("setting", [{"NUMBA_ENABLE_AVX": "0"}, {"NUMBA_CPU_NAME": "nehalem"}], ids=["AVX off", "by name alone"])
def test_numba_s_own_settings_are_heeded(setting: dict[str, str], tmp_path: Path) -> None:
    """Vectors that the code may not be compiled for end the process without a Python error."""
    code = "import numpy as np; from wado_core import encode_jpeg as encode; from wado_core.kernels._vector import WIDE; "
    code += "encode(np.eye(9, dtype=np.uint8)); print(WIDE)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= setting | {cache.CACHE_VARIABLE: str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
