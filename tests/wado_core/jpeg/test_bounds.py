"""The JPEG tests once more with kernels that check every index (NUMBA_BOUNDSCHECK), compiled into an empty cache.

Numba would load what was compiled without checks from a cache that is not empty.
"""

import os
import subprocess
import sys
from pathlib import Path

from wado_core.kernels import cache

ROOT = Path(__file__).parents[3]

# Tests that together take every branch of the kernels; the intrinsics, whose loads and stores nobody checks, have guards of their own.
PARTS = (
    "tests/wado_core/jpeg/test_streams.py::test_every_stream",
    "tests/wado_core/jpeg/test_streams.py::test_streams_longer_than_a_call_of_the_kernel_writes",
    "tests/wado_core/kernels/test_jpeg_scan.py",
    "tests/wado_core/kernels/test_jpeg_rows.py",
    "tests/wado_core/kernels/test_line.py",
)

# Each writes behind the end of an array that is too short by one: in a kernel, in a function inlined from another file, and in one that
# the tests compile.
PROOF = """
import numpy as np
from tests.wado_core.jpeg.pictures import picture
from wado_core.jpeg.arguments import encode_picture
from wado_core.kernels import jpeg, jpeg_scan, line

def refused(call, *arguments):
    try:
        call(*arguments)
    except IndexError:
        return True
    return False

print(refused(line.fit_line, np.zeros(3, np.uint8), np.float32(0), np.empty(3, np.float32)))
print(refused(jpeg_scan.restart_marker, np.zeros(9, np.int64), np.empty(1, np.uint8), 0))
whole = jpeg.encode_rows

def shortened(*arguments):
    given = list(arguments)
    given[-2] = given[-2][: jpeg_scan.PREDICTION + 1]  # the state, without the predictions of Cb and Cr
    whole(*given)

jpeg.encode_rows = shortened
print(refused(encode_picture, picture("noise", 8, 8, color=True), 90, "4:4:4", None, None))
"""


def test_no_index_is_outside_of_its_array(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", cache.CACHE_VARIABLE: str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    proof = subprocess.run([sys.executable, "-c", PROOF], env=environment, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert proof.returncode == 0, proof.stderr
    assert proof.stdout.split() == ["True"] * 3, "indices are not checked: this test would show nothing"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", *PARTS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
