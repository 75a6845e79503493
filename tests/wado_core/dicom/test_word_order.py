"""Wide big endian cells in OW: both orders of their words, as real programs write them (PS3.5 7.3, 8.1.1)."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

import wado_core
from tests.fixtures import build
from tests.wado_core.dicom.objects import other_makers
from wado_core.errors import WadoError


def pictures(path: Path) -> list[bytes]:
    frames = wado_core.open(path).number_of_frames
    return [wado_core.render(path, frame_number=number, media_type="image/png") for number in range(1, frames + 1)]


@pytest.mark.skipif(shutil.which("dcmconv") is None, reason="DCMTK's dcmconv is not installed")
@pytest.mark.parametrize("name", ["gray32", "gray64"])
def test_what_dcmtk_converts_looks_as_before(name: str, tmp_path: Path) -> None:
    """``dcmconv +tb IN OUT`` swaps the bytes of 16-bit words: the lowest word of a cell comes first."""
    before, after = tmp_path / "before.dcm", tmp_path / "after.dcm"
    before.write_bytes(build(name))
    subprocess.run(["dcmconv", "-q", "+tb", before, after], check=True)
    little, big = (dcmread(path).PixelData for path in (before, after))
    assert big == np.frombuffer(little, "<u2").astype(">u2").tobytes()
    assert pictures(after) == pictures(before)


@pytest.mark.parametrize(("big", "little"), [("rtdose_expb.dcm", "rtdose.dcm"), ("rtdose_expb_1frame.dcm", "rtdose_1frame.dcm")])
def test_cells_that_are_turned_round_as_a_whole_look_as_before(big: str, little: str) -> None:
    paths = {Path(name).name: path for name, path in other_makers().items()}
    assert dcmread(paths[big]).PixelData == np.frombuffer(dcmread(paths[little]).PixelData, "<u4").astype(">u4").tobytes()
    assert pictures(paths[big]) == pictures(paths[little])


@pytest.mark.parametrize("bits_allocated", [12, 24, 40, 48])
def test_a_width_that_is_no_number_of_whole_words_is_refused(bits_allocated: int) -> None:
    """It has no order that could be asked for."""
    ds = dcmread({Path(name).name: path for name, path in other_makers().items()}["MR_small_bigendian.dcm"])
    ds.BitsAllocated = bits_allocated
    ds.BitsStored, ds.HighBit, ds.PixelData = 12, 11, ds.PixelData * 4
    data = BytesIO()
    ds.save_as(data)
    with pytest.raises(WadoError, match=r"\(0028,0100\) Bits Allocated"):
        wado_core.render(data.getvalue())
