"""pydicom's own pixel pipeline over every file that both decode: within 1 level where it follows the same rule.

What is asked of it, frame by frame: ``pixel_array(ds, index=frame - 1)``, then

- for gray ``apply_modality_lut(array, ds)`` and ``apply_windowing(array, ds, 0)`` or ``apply_voi(array, ds, 0)``, whose results, real
  numbers over the range of the stored values or of the table, are brought to 0..255 here; MONOCHROME1 is inverted (H2.12);
- for PALETTE COLOR ``apply_color_lut(array, ds)``, of whose 16-bit entries the high byte counts (H3.1);
- for YBR nothing: ``pixel_array`` converts by itself, with ``convert_color_space``.

It has no automatic window, reads no functional groups and no class's own rule (RT Dose, segmentations): those frames are not compared.
Padding is left out, as it sends it through the window (H2.13).  GDCM has programs that decode, and none that applies a window.
"""

import re
import warnings
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing
from pydicom.pixels.utils import pixel_array

import wado_core
from conformance.files import COLLECTIONS, committed, files_of, root_of
from tests.peers.deviations import FROM_PYDICOM
from tests.peers.stored_values import DECODES, PYDICOM
from tests.reference.pipeline import read, stored_padding, stored_window
from tests.reference.samples import frame_samples
from wado_core.model.transfer_syntax import TRANSFER_SYNTAXES

Array = NDArray[Any]

ANY_LEVEL = 256
"""The difference from a picture that pydicom does not make."""


def _cases() -> dict[str, Path]:
    uids = {of.name: uid for uid, of in TRANSFER_SYNTAXES.items()}
    paths = {name: path for collection in COLLECTIONS if root_of(collection).is_dir() for name, path in files_of(collection).items()}
    rows = [row for row in committed()[0].values() if row.kind == "rendered" and uids[row.transfer_syntax] in DECODES[PYDICOM]]
    return {row.file: paths[row.file] for row in rows if row.file in paths}


CASES = _cases()


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("name", CASES)
def test_pictures_agree_with_pydicom(name: str) -> None:
    """First and last frame of a file, within 1 level but for the deviations."""
    path = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of much that is wrong with real files
        ds = read(path)
        differences = [_difference(ds, path, frame) for frame in sorted({1, wado_core.open(path).number_of_frames})]
    made = [found for found in differences if found is not None]
    if not made:
        pytest.skip("pydicom has no rule for this picture: no window, functional groups, or a class of its own")
    deviation = FROM_PYDICOM.get(name)
    if deviation is not None:
        assert max(made) > 1, f"no deviation any more: {deviation.reason} ({deviation.clause})"
    else:
        assert max(made) <= 1


def _difference(ds: Dataset, path: Path, frame: int) -> float | None:
    """Return the greatest difference outside the padding; None where pydicom has no rule."""
    try:
        expected = _rendered(ds, frame)
    except Exception:  # noqa: BLE001 - whatever pydicom refuses with
        return ANY_LEVEL
    if expected is None:
        return None
    with Image.open(BytesIO(wado_core.render(path, frame_number=frame, media_type="image/png"))) as image:
        picture = np.asarray(image)
    if picture.shape != expected.shape:
        return ANY_LEVEL
    difference = np.abs(picture - expected)
    if picture.ndim == 2 and "PixelPaddingValue" in ds:
        padding = stored_padding(ds, frame_samples(ds, frame)[0])
        if padding is not None:
            difference = np.where(padding, 0, difference)
    return float(difference.max())


def _rendered(ds: Dataset, frame: int) -> Array | None:
    """Return the picture as real numbers, 0..255."""
    array = pixel_array(ds, index=frame - 1)
    photometric = str(ds.PhotometricInterpretation)
    if photometric == "PALETTE COLOR":
        return _to_8_bit(apply_color_lut(array, ds))
    if not photometric.startswith("MONOCHROME"):
        return np.asarray(array >> max(0, ds.BitsStored - 8), np.float64)
    if "PerFrameFunctionalGroupsSequence" in ds or "SharedFunctionalGroupsSequence" in ds:
        return None
    values = apply_modality_lut(array, ds)
    if stored_window(ds) is not None:
        display = _windowed(values, ds)
    elif ds.get("VOILUTSequence") and ds.VOILUTSequence[0].get("LUTData"):
        top = (1 << int(ds.VOILUTSequence[0].LUTDescriptor[2])) - 1
        display = apply_voi(values, ds, 0) / top * 255
    else:
        return None
    return np.asarray(255 - display if photometric == "MONOCHROME1" else display)


def _to_8_bit(rgb: Array) -> Array:
    return (rgb >> 8 if rgb.dtype.itemsize == 2 and rgb.max() > 255 else rgb).astype(np.float64)


def _windowed(values: Array, ds: Dataset) -> Array:
    """Apply the first window, and bring its output range, that of the stored values after the modality step, to 0..255."""
    if ds.get("ModalityLUTSequence"):
        low, high = 0.0, float((1 << int(ds.ModalityLUTSequence[0].LUTDescriptor[2])) - 1)
    else:
        bits = ds.BitsStored
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if ds.PixelRepresentation == 1 else (0, (1 << bits) - 1)
        if ds.get("RescaleSlope") is not None and ds.get("RescaleIntercept") is not None:
            low, high = (end * float(ds.RescaleSlope) + float(ds.RescaleIntercept) for end in (low, high))
    return np.asarray((apply_windowing(values, ds, 0) - low) / (high - low) * 255)


def test_deviations_are_of_files_that_are_compared() -> None:
    """No deviation outlives its file; each names its clause."""
    assert FROM_PYDICOM.keys() <= set(committed()[0])
    assert all(re.fullmatch(r"H[0-9.]+", deviation.clause) for deviation in FROM_PYDICOM.values())
    kinds = Counter(name.partition(":")[0] for name in CASES)
    assert kinds["pydicom"] > 90, kinds
