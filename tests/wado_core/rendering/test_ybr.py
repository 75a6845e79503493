"""YBR in every form it is stored in, through the whole pipeline, as the equations have it (H3.2, H3.3)."""

from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

import wado_core
from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import rle
from tests.fixtures.phantom import bars_as_ybr, color_bars
from tests.reference.color import ybr_full_to_rgb, ybr_partial_to_rgb
from tests.reference.rounding import Array

YBR = bars_as_ybr(color_bars()).astype(np.uint8)
HALVED = YBR.copy()
HALVED[:, 1::2, 1:] = HALVED[:, ::2, 1:]
"""Both pixels of a pair with the chroma of the first, as it is stored."""


def picture(ds: Dataset) -> Array:
    warnings: list[str] = []
    with Image.open(BytesIO(wado_core.render(file_bytes(ds), media_type="image/png", on_warning=warnings.append))) as made:
        assert warnings == []
        return np.asarray(made)


@pytest.mark.parametrize("transfer_syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("bits_stored", [8, 10, 12, 16])
@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"])
def test_native(photometric: str, bits_stored: int, transfer_syntax: str) -> None:
    """Deeper samples lose their low bits before the conversion, so what is in those never matters."""
    noise = np.random.default_rng(1).integers(0, 1 << (bits_stored - 8), YBR.shape) if bits_stored > 8 else 0
    cells = ((YBR.astype(np.int64) << (bits_stored - 8)) + noise).astype(np.uint8 if bits_stored == 8 else np.uint16)
    ds = image(cells, photometric=photometric, bits_stored=bits_stored, transfer_syntax=transfer_syntax)
    convert = ybr_partial_to_rgb if "PARTIAL" in photometric else ybr_full_to_rgb
    assert np.array_equal(picture(ds), convert(HALVED if "422" in photometric else YBR))


@pytest.mark.parametrize("planar", [0, 1])
def test_planes(planar: int) -> None:
    assert np.array_equal(picture(image(YBR, photometric="YBR_FULL", planar_configuration=planar)), ybr_full_to_rgb(YBR))


@pytest.mark.parametrize("columns", [64, 61])
def test_halved_by_its_label_only(columns: int) -> None:
    """Some writers store all three samples of every pixel under YBR_FULL_422: the length says so, for odd columns too."""
    ds = image(YBR[:, :columns], photometric="YBR_FULL", attributes={"PhotometricInterpretation": "YBR_FULL_422"})
    assert np.array_equal(picture(ds), ybr_full_to_rgb(YBR[:, :columns]))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_rle_has_whole_planes(photometric: str) -> None:
    """Whatever the label: RLE codes one byte plane for each sample (PS3.5 Annex G)."""
    ds = image(YBR, photometric=photometric, transfer_syntax=RLELossless, code_streams=[rle(YBR)])
    assert np.array_equal(picture(ds), ybr_full_to_rgb(YBR))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_jpeg_2000_without_a_transform_of_its_own(photometric: str) -> None:
    """Components that the codec did not transform are what the header says (H3.4)."""
    stream = bytes(imagecodecs.jpeg2k_encode(YBR, level=0, codecformat="J2K", reversible=True, mct=False, numthreads=1))
    ds = image(YBR, photometric=photometric, transfer_syntax=JPEG2000Lossless, code_streams=[stream])
    assert np.array_equal(picture(ds), ybr_full_to_rgb(YBR))
    labelled = image(YBR, photometric="RGB", transfer_syntax=JPEG2000Lossless, code_streams=[stream])
    assert np.array_equal(picture(labelled), YBR)
