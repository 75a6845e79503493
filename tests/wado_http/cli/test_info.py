"""``wado info``: what is said of files whose content is known."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest

import wado_core
from tests.fixtures import build, file_bytes, image, uids
from tests.wado_http.cli.running import CT, RT_PLAN, SAMPLES, wado
from wado_http.cli.main import run


def _info(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert run(["info", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    pairs = (line.split("  ", 1) for line in shown.out.splitlines())
    return {label: value.strip() for label, value in pairs}


def _fixture(name: str, folder: Path) -> Path:
    path = folder / f"{name}.dcm"
    path.write_bytes(build(name))
    return path


def test_ct_through_the_script() -> None:
    done = wado("info", CT)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    for expected in (
        "single-frame image",
        "CT Image Storage (1.2.840.10008.5.1.4.1.1.2)",
        "Explicit VR Little Endian (1.2.840.10008.1.2.1)",
        "128 × 128",
        "MONOCHROME2, 1 sample per pixel",
        "16 allocated, 16 stored, high bit 15, signed",
        "rescale slope 1, intercept -1024",
        "automatic",
        "yes (",
    ):
        assert expected in text
    assert "CompressedSamples" not in text  # its Patient's Name


def test_window_and_uids_of_a_made_ct(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _info(_fixture("ct", tmp_path), capsys)
    assert (said["Study Instance UID"], said["Series Instance UID"], said["SOP Instance UID"]) == uids("ct")
    assert said["Modality"] == "CT"
    assert said["Frames"] == "1"
    assert said["Window, frame 1"].startswith("center ")
    assert said["Can be rendered"].startswith("yes (")


@pytest.mark.parametrize(
    ("window", "missed"),
    [((2.5, 4), False), ((1.5, 2), False), ((1, 1), True), ((-400, 10), True), ((2.5, 1), False), ((4.5, 1), False), ((4, 1.5), False),
     ((5.5, 1), True), ((4.5, 2), False), ((5, 2), False), ((2000, 10), True), ((1.1, 1.3), True), ((1.6, 1.3), False), ((1.1, 1), True)],
)  # fmt: skip
def test_a_window_that_shows_none_of_the_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], window: tuple[float, float], missed: bool
) -> None:
    """As the picture has it: one colour throughout."""
    path = tmp_path / "two.dcm"
    path.write_bytes(file_bytes(image(np.array([[1, 5], [1, 5]], np.uint16), window=window)))
    pixels = imagecodecs.png_decode(wado_core.render(path, media_type="image/png"))
    said = _info(path, capsys)
    assert said["Values, frame 1"] == "1 to 5, in the unit of the window"
    assert ("all values of the frame lie outside" in said.get("Warning", "")) == missed
    if missed:
        assert set(np.unique(pixels)) in ({0}, {255})


def test_tables_functions_and_padding_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "SIGMOID" in _info(_fixture("sig", tmp_path), capsys)["Window, frame 1"]
    assert _info(_fixture("lut", tmp_path), capsys)["Window, frame 1"].startswith("lookup table of ")
    assert _info(_fixture("mlut", tmp_path), capsys)["Modality transform, frame 1"].startswith("lookup table of ")
    assert "Padding value" in _info(_fixture("pad", tmp_path), capsys)


def test_colour_and_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _info(_fixture("us10", tmp_path), capsys)
    assert said["Category"] == "multi-frame image"
    assert said["Frames"] == "10"
    said = _info(_fixture("jpg_ybr", tmp_path), capsys)
    assert said["Compressed image"].endswith("3 components of 8 bits")
    assert "Window, frame 1" not in said


def test_floats_are_no_integers_with_a_sign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _info(_fixture("float32", tmp_path), capsys)["Bits"].endswith("floating point")
    assert _info(_fixture("gray32", tmp_path), capsys)["Bits"].endswith(", signed")


def test_what_is_broken_and_left_out_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same that ``wado render`` says of it."""
    said = _info(SAMPLES / "badVR.dcm", capsys)
    assert said["Warning"].startswith("(0028,0008) Number of Frames is no positive integer")
    assert run(["render", str(SAMPLES / "badVR.dcm"), "-o", str(tmp_path / "picture.png")]) == 0
    assert said["Warning"] in capsys.readouterr().err
    assert "Warning" not in _info(CT, capsys)


@pytest.mark.parametrize("name", ["sr", "pdf"])
def test_objects_without_pixels_say_why_not(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _info(_fixture(name, tmp_path), capsys)
    assert said["Can be rendered"].startswith("no: ")
    assert "Rows × columns" not in said


def test_what_is_no_image_is_information_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    said = _info(RT_PLAN, capsys)
    assert said["SOP class"] == "RT Plan Storage (1.2.840.10008.5.1.4.1.1.481.5)"
    assert said["Category"] == "other object"
    assert said["Can be rendered"].startswith("no: ")


def test_what_is_no_dicom_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n" * 100)
    assert run(["info", str(tmp_path / "notes.txt")]) == 1
    assert capsys.readouterr().err.startswith(f"wado: {tmp_path / 'notes.txt'}: ")
