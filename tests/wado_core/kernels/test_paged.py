"""The forbidden pages are forbidden: what loads outside of an array there does not live on."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.wado_core.kernels.paged import Side, all_paged

OUTSIDE = """
import sys
from ctypes import c_char
import numpy as np
from tests.wado_core.kernels.paged import Side, paged

with paged(np.arange(5, dtype=np.uint16), Side(sys.argv[1])) as array:
    print(array.tolist(), flush=True)
    c_char.from_address(array.ctypes.data + int(sys.argv[2])).value
    print("alive", flush=True)
"""


PLACES = [("before", -1, True), ("before", 0, False), ("behind", 10, True), ("behind", 9, False)]


@pytest.mark.parametrize(("side", "offset", "dies"), PLACES)
def test_a_load_outside_ends_the_process(side: str, offset: int, dies: bool) -> None:
    done = subprocess.run([sys.executable, "-c", OUTSIDE, side, str(offset)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["[0, 1, 2, 3, 4]"] + ([] if dies else ["alive"])
    assert done.returncode == (-signal.SIGSEGV if dies else 0)


@pytest.mark.parametrize("side", Side)
def test_copies_are_equal_and_as_writable(side: Side) -> None:
    fixed = np.arange(6000, dtype=np.int64).reshape(3, 2000)
    fixed.flags.writeable = False
    with all_paged(side, fixed, np.zeros((0, 4), np.uint8)) as (copy, empty):
        np.testing.assert_array_equal(copy, fixed)
        assert not copy.flags.writeable
        assert empty.shape == (0, 4)
        assert empty.flags.writeable
