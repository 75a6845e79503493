"""Stored values of real files as DCMTK and GDCM decode them: ``dcmdjpeg +cn FILE OUT``, ``dcmdjpls FILE OUT``, ``gdcmconv --raw FILE OUT``.

Retrieval as application/dicom is compared (A4.104), every frame of every sample file of the JPEG and JPEG-LS families, gray and RGB: equal,
lossy ones too, as the programs hold descendants of one inverse DCT.  ``+cn``: components as coded, without conversion.  Left out are
files whose YCbCr we hand out as RGB: conversions differ, and tests of pictures compare them.
"""

import csv
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless

from conformance.files import SAMPLES, root_of
from tests.reference.rounding import Array
from tests.reference.samples import number_of_frames, sample_values
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import part_ten
from wado_core.dicom.source import BytesSource
from wado_core.settings import Limits

ROOT = root_of(SAMPLES)
FAMILY = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (51, 53, 55, 57, 70, 80, 81))
CUT_OFF = "RG3_JPLY"
"""Lossy values of 12 bits above Bits Stored 10, which both programs cut off, so that white turns black; the stream wins (H1.6)."""


def cases() -> Iterator[str]:
    index = ROOT / "INDEX.csv"
    if index.exists():
        with index.open() as lines:
            yield from (row["file"] for row in csv.DictReader(lines) if row["ts_uid"] in FAMILY and row["photometric"] != "YBR_FULL")


FILES = sorted(cases())


def test_there_are_files() -> None:
    if not ROOT.is_dir():
        pytest.skip("the folder of sample files (WADO_SAMPLE_DATA) is absent")
    assert len(FILES) > 60


@pytest.mark.parametrize("file", FILES)
def test_dcmtk(file: str, tmp_path: Path) -> None:
    lossless_sources = (JPEGLSLossless, JPEGLSNearLossless)
    syntax = dcmread(ROOT / file, stop_before_pixels=True, force=True).file_meta.TransferSyntaxUID
    compare(file, ("dcmdjpls",) if syntax in lossless_sources else ("dcmdjpeg", "+cn"), tmp_path)


@pytest.mark.parametrize("file", FILES)
def test_gdcm(file: str, tmp_path: Path) -> None:
    compare(file, ("gdcmconv", "--raw"), tmp_path)


def compare(file: str, command: tuple[str, ...], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    output = folder / "decoded.dcm"
    done = subprocess.run([*command, ROOT / file, output], capture_output=True)
    if done.returncode or not output.exists():
        pytest.skip(f"{command[0]} refuses this file")
    source = BytesSource((ROOT / file).read_bytes())
    sent = b"".join(part_ten(source, describe(source, "", Limits()).instance, Limits()).chunks)
    ours, theirs = samples(dcmread(BytesIO(sent))), samples(dcmread(output))
    if file.endswith(CUT_OFF):
        theirs[ours >= 1 << 10] = ours[ours >= 1 << 10]
    np.testing.assert_array_equal(ours, theirs)


def samples(ds: Dataset) -> Array:
    """Return the values of all frames: (frames, rows * columns, samples), whatever the planar configuration."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames, pixels = number_of_frames(ds), ds.Rows * ds.Columns
        cells = np.frombuffer(ds.PixelData, f"<u{ds.BitsAllocated // 8}")[: frames * pixels * ds.SamplesPerPixel].astype(np.int64)
        found = sample_values(cells, ds.BitsStored, ds.HighBit, ds.PixelRepresentation)
    if ds.get("PlanarConfiguration") == 1:
        return found.reshape(frames, ds.SamplesPerPixel, pixels).swapaxes(1, 2)
    return found.reshape(frames, pixels, ds.SamplesPerPixel)
