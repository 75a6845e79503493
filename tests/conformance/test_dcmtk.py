"""DCMTK's dcmj2pnm over every file that both programs render: within 1 level, which is DCMTK's dropping of fractions where we round.

The options, and why they follow our rule:

- ``+op``: 8-bit binary PNM.  No scaling, no modality option: the stored matrix through the stored modality transformation, as ours.
- ``-O``: no overlays, which DCMTK draws by default and a server without presentation state does not (H5.14).
- ``+Wi 1``: the first stored window, LINEAR; ``+Wfs`` makes it SIGMOID where the file says so, which DCMTK does not read (A4.63, H2.8).
  It has no LINEAR_EXACT; the one fixture of it has a window so wide that both functions agree within a level.
- ``+Wl 1``: the first VOI LUT where there is no window (A4.63).
- ``+Wm``: least to greatest value where nothing is stored (H2.15); with padding ``+Ww`` with the same range without it, because DCMTK
  counts padding in (H2.13).
- ``+F``: the frame.  Colour conversion is left at its default, by Photometric Interpretation.

- JPEG-LS, which dcmj2pnm does not know, is decoded before: ``dcmdjpls -q FILE OUT``.

Padding is black in our pictures (H2.13) while DCMTK sends it through the window: it is looked at apart.  DCMTK has no JPEG 2000.
"""

import shutil
import subprocess
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

import wado_core
from conformance.files import COLLECTIONS, committed, files_of, root_of
from tests.fixtures import FIXTURES, build, file_bytes, image, lookup_table
from tests.peers.deviations import FROM_DCMTK, Deviation
from tests.reference.grayscale import automatic_window
from tests.reference.pipeline import holds_table, modality, read, stored_padding, stored_window
from tests.reference.samples import frame_samples, number_of_frames
from tests.reference.test_against_dcmtk import read_pnm

pytestmark = pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK's dcmj2pnm is not installed")

REFUSED_HERE = {"j2k_part2", "mpg", "sr", "kos", "pdf", "ecg"} | {of for of in FIXTURES if of.startswith("gsps")}
"""Fixtures that we do not render."""


JPEG_LS = (JPEGLSLossless, JPEGLSNearLossless)

ANY_LEVEL = 256
"""The difference from a picture that DCMTK does not make."""


def _cases() -> dict[str, Path]:
    """Return the files that we render, by their name in conformance/files.md; without JPEG 2000."""
    paths = {name: path for collection in COLLECTIONS if root_of(collection).is_dir() for name, path in files_of(collection).items()}
    rows = [row for row in committed()[0].values() if row.kind == "rendered" and "JPEG 2000" not in row.transfer_syntax]
    return {row.file: paths[row.file] for row in rows if row.file in paths}


CASES = _cases()


@pytest.mark.parametrize("name", [of for of in FIXTURES if of not in REFUSED_HERE])
def test_fixtures_agree_with_dcmtk(name: str, tmp_path: Path) -> None:
    """First and last frame of a fixture, within 1 level but for the deviations."""
    path = tmp_path / "object.dcm"
    path.write_bytes(build(name))
    _compare(name, path, tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_real_files_agree_with_dcmtk(name: str, tmp_path: Path) -> None:
    """First and last frame of a file, within 1 level but for the deviations."""
    _compare(name, CASES[name], tmp_path)


def test_deviations_are_of_files_that_are_compared() -> None:
    """No deviation outlives its file."""
    known = set(FIXTURES) | set(committed()[0])
    assert FROM_DCMTK.keys() <= known
    assert len(CASES) > 50


def _compare(name: str, path: Path, folder: Path) -> None:
    deviation = FROM_DCMTK.get(name, Deviation("", "", levels=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of much that is wrong with real files
        ds = read(path)
        last = 1 if deviation.first_only else number_of_frames(ds)
        differences = []
        for frame in sorted({1, last}):
            shown = _with_dcmtk(path, frame, [*_window_options(ds, frame), *deviation.options], folder / "picture.pnm")
            differences.append(ANY_LEVEL if shown is None else _difference(ds, path, frame, shown))
    if deviation.levels is None:
        assert max(differences) > 1, f"no deviation any more: {deviation.reason} ({deviation.clause})"
    else:
        assert max(differences) <= deviation.levels


def _with_dcmtk(path: Path, frame: int, options: list[str], output: Path) -> NDArray[np.uint8] | None:
    """Render with dcmj2pnm, JPEG-LS decoded by dcmdjpls before; None when one of them refuses."""
    if str(dcmread(path, stop_before_pixels=True, force=True).file_meta.get("TransferSyntaxUID")) in JPEG_LS:
        decoded = output.with_suffix(".dcm")
        if subprocess.run(["dcmdjpls", "-q", path, decoded], capture_output=True).returncode:
            return None
        path = decoded
    reading = [] if path.read_bytes()[128:132] == b"DICM" else ["-f"]
    done = subprocess.run(["dcmj2pnm", "-q", "+op", "-O", "+F", str(frame), *reading, *options, path, output], capture_output=True)
    return read_pnm(output.read_bytes()) if done.returncode == 0 else None


def _window_options(ds: Dataset, frame: int) -> list[str]:
    if not str(ds.PhotometricInterpretation).startswith("MONOCHROME"):
        return []
    window = stored_window(ds)
    if window is not None:
        return ["+Wi", "1", *(["+Wfs"] if window[2] == "SIGMOID" else [])]
    if holds_table(ds, "VOILUTSequence"):
        return ["+Wl", "1"]
    padding = _padding(ds, frame)
    if padding is None:
        return ["+Wm"]
    bounds = automatic_window(modality(ds, frame_samples(ds, frame)[0], frame), padding)
    return ["+Wm"] if bounds is None else ["+Ww", *(str(float(bound)) for bound in bounds)]


def _padding(ds: Dataset, frame: int) -> NDArray[np.bool_] | None:
    """Return the mask of padding, None for colour and for images without it."""
    if not str(ds.PhotometricInterpretation).startswith("MONOCHROME") or "PixelPaddingValue" not in ds:
        return None
    return stored_padding(ds, frame_samples(ds, frame)[0])


def _difference(ds: Dataset, path: Path, frame: int, shown: NDArray[np.uint8]) -> int:
    """Return the greatest difference of levels outside the padding, which must be black in our picture."""
    with Image.open(BytesIO(wado_core.render(path, frame_number=frame, media_type="image/png"))) as image:
        picture = np.asarray(image)
    if picture.ndim != shown.ndim:
        return ANY_LEVEL
    assert picture.shape == shown.shape
    difference = np.abs(picture.astype(np.int16) - shown)
    padding = _padding(ds, frame)
    if padding is not None:
        assert not picture[padding].any()
        difference = np.where(padding, 0, difference)
    return int(difference.max())


@pytest.mark.parametrize(("stated", "entries"), [(16, 256), (16, 255), (8, 256), (8, 255)])
def test_half_as_many_words_as_entries_are_bytes_for_dcmtk_too(tmp_path: Path, stated: int, entries: int) -> None:
    """H2.3: two entries a word, whatever width the descriptor states; DCMTK keeps that width, so 8 bits of 16 are black to it."""
    table = lookup_table([(7 * n) % 256 for n in range(entries)], first=0, bits=8, signed=False, vr="OW", packed=True)
    table.LUTDescriptor = [entries, 0, stated]
    path = tmp_path / "object.dcm"
    cells = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path.write_bytes(file_bytes(image(cells, attributes={"VOILUTSequence": Sequence([table])})))
    shown = _with_dcmtk(path, 1, ["+Wl", "1"], tmp_path / "picture.pnm")
    assert shown is not None
    expected = [(7 * min(n, entries - 1)) % 256 for n in range(256)]
    assert shown.reshape(-1).tolist() == [value * 255 // ((1 << stated) - 1) for value in expected]
    with Image.open(BytesIO(wado_core.render(path, media_type="image/png"))) as picture:
        assert np.asarray(picture).reshape(-1).tolist() == expected
