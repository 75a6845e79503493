"""The oracle against another program: DCMTK's dcm2pnm, whose windows drop fractions instead of rounding, hence one level apart."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fixtures import build
from tests.reference import render

pytestmark = pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="DCMTK's dcm2pnm is not installed")

STORED_WINDOW = ("+Wi", "1")
FULL_RANGE = ("+Wm",)
TABLE = ("+Wl", "1")
CASES = {
    **dict.fromkeys(["ct", "pad", "mlut", "negslope", "garbage", "signed_garbage", "highbit", "wide", "impl", "be", "be8"], STORED_WINDOW),
    **dict.fromkeys(["defl", "rle", "mf1", "odd", "noprem"], STORED_WINDOW),
    **dict.fromkeys(["ramp", "mono1"], FULL_RANGE),
    **dict.fromkeys(["lut", "lut8"], TABLE),
    "sig": (*STORED_WINDOW, "+Wfs"),
    **dict.fromkeys(["pal", "pal16", "rgb0", "rgb1", "us10", "rle_rgb", "ybr", "ybr422"], ()),
}


def read_pnm(data: bytes) -> NDArray[np.uint8]:
    """Read a binary PGM or PPM of 8 bits."""
    magic, columns, rows, top = data.split(maxsplit=4)[:4]
    assert (magic in (b"P5", b"P6"), top) == (True, b"255")
    shape = (int(rows), int(columns)) if magic == b"P5" else (int(rows), int(columns), 3)
    return np.frombuffer(data[-int(np.prod(shape)) :], dtype=np.uint8).reshape(shape)


@pytest.mark.parametrize("name", CASES)
def test_pictures_agree_with_dcmtk(name: str, tmp_path: Path) -> None:
    stored, shown = tmp_path / "object.dcm", tmp_path / "picture.pnm"
    stored.write_bytes(build(name))
    reading = ["-f"] if name == "noprem" else []
    subprocess.run(["dcm2pnm", "+op", *reading, *CASES[name], stored, shown], check=True, capture_output=True)
    difference = np.abs(read_pnm(shown.read_bytes()).astype(int) - render(build(name)))
    assert difference.max() <= (2 if name.startswith("ybr") else 1)
