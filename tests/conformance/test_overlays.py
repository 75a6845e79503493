"""Overlays over HTTP: a vendor parameter, off by default (H5.14, H5.15); and the same pictures as DCMTK's."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wado_core
from conformance.files import root_of
from tests.conformance.client import JPEG, Wado
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build, file_bytes
from tests.reference import render
from tests.reference.pipeline import read
from tests.reference.test_against_dcmtk import read_pnm
from tests.wado_core.dicom.objects import PYDICOM_DATA

NAMES = ["ovl", "ovl_frames", "ovl_bits"]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_drawn_on_request_alone(wado: Wado, name: str) -> None:
    """H5.14: off by default, true and false."""
    frame = "frameNumber=2&" if name == "ovl_frames" else ""
    number = 2 if frame else 1
    assert np.array_equal(wado.picture(name, f"{frame}overlays=true"), render(build(name), number, overlays=True))
    for off in (frame[:-1], f"{frame}overlays=false"):
        assert np.array_equal(wado.picture(name, off), render(build(name), number))


def test_with_region_size_and_window_and_as_jpeg(wado: Wado) -> None:
    more = "overlays=true&region=0.2,0.1,0.9,0.8&rows=33&windowCenter=1000&windowWidth=2000"
    expected = render(build("ovl"), 1, (1000, 2000), (0.2, 0.1, 0.9, 0.8), 33, overlays=True)
    assert np.array_equal(wado.picture("ovl", more), expected)
    assert_jpeg_shows(wado.get("ovl", f"{more}&imageQuality=100&contentType={JPEG}").content, expected)


def test_pictures_with_and_without_have_different_tags(wado: Wado) -> None:
    tags = [wado.get("ovl", f"overlays={wanted}").headers["etag"] for wanted in ("true", "false", "true")]
    assert tags[0] == tags[2] != tags[1]
    assert wado.get("ovl").headers["etag"] == tags[1]
    assert wado.get("ovl", "overlays=true", if_none_match=tags[0]).status_code == 304


def test_asking_where_there_is_none_is_no_error(wado: Wado) -> None:
    assert wado.get("ct", "overlays=true").content == wado.get("ct").content
    assert "warning" not in wado.get("ct", "overlays=true").headers


def test_what_is_broken_is_told_to_who_asks_for_overlays(wado: Wado) -> None:
    """Never 500: the picture without it, and a Warning (A5.7)."""
    response = wado.get("ovl_broken", "overlays=true")
    assert response.status_code == 200
    for tag in ("(6000,3000)", "(6002,0040)", "(6004,0102)"):
        assert tag in response.headers["warning"]
    assert "warning" not in wado.get("ovl_broken").headers


@pytest.mark.parametrize("value", ["yes", "TRUE", "", "1"])
def test_other_values_are_refused(wado: Wado, value: str) -> None:
    assert wado.status("ovl", f"overlays={value}") == 400
    nobody = f"requestType=WADO&studyUID=1.2.3&seriesUID=1.2.4&objectUID=1.2.5&overlays={value}"
    assert wado.ask(nobody).status_code == 400, "A6.2: before 404"


def real_objects() -> dict[str, Path]:
    """Return the real objects that hold overlays, of those that are here."""
    paths = (
        PYDICOM_DATA / "test_files" / "examples_overlay.dcm",
        root_of("samples") / "pydicom-data" / "data_store" / "data" / "MR-SIEMENS-DICOM-WithOverlays.dcm",
    )
    return {path.name: path for path in paths if path.is_file()}


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="DCMTK's dcm2pnm is not installed")
@pytest.mark.parametrize("name", ["ovl", "ovl_frames", "ovl_bits", *real_objects()])
def test_dcmtk_draws_the_same(name: str, tmp_path: Path) -> None:
    """dcm2pnm +op +Wi 1 +Omr +Osf 1.0: every overlay, in place of the pixels, in full white; 1 level where it drops fractions.

    It would draw regions of interest as well: the one of ``ovl`` is taken out.
    """
    source = real_objects().get(name) or tmp_path / "stored.dcm"
    if name not in real_objects():
        ds = read(build(name))
        for element in list(ds.group_dataset(0x6006)):
            del ds[element.tag]
        source.write_bytes(file_bytes(ds))
    frames = 4 if name == "ovl_frames" else 1
    for frame in range(1, frames + 1):
        out = tmp_path / f"{frame}.pgm"
        command = ["dcm2pnm", "+op", "+Wi", "1", "+Omr", "+Osf", "1.0", "+O", "0", "+F", str(frame), str(source), str(out)]
        subprocess.run(command, check=True, capture_output=True)
        theirs = read_pnm(out.read_bytes()).astype(int)
        picture = tmp_path / "ours.png"
        picture.write_bytes(wado_core.render(source, frame_number=frame, overlays=True, media_type="image/png"))
        with Image.open(picture) as image:
            ours = np.asarray(image).astype(int)
        assert np.abs(ours - theirs).max() <= 1, frame
