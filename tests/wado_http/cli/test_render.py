"""``wado render`` and ``wado thumbnail``: the pictures are those of the Python API, refusals are one line."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fixtures import build, file_bytes, image
from tests.wado_http.cli.running import CT, RT_PLAN, complaint, wado
from wado_core import api
from wado_http.cli.main import run


@pytest.mark.parametrize("arguments", [["--window", "-600,1500"], ["--window=-600,1500"]], ids=["apart", "joined"])
def test_negative_window_centers_work_in_both_spellings(arguments: list[str], tmp_path: Path) -> None:
    output = tmp_path / "lung.jpg"
    done = wado("render", CT, "-o", output, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert output.read_bytes() == api.render(CT, window=(-600, 1500))
    assert output.read_bytes() != api.render(CT, window=(600, 1500))


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        (["--frame", "3"], {"frame_number": 3}),
        (["--region", "0,.25,.5,1"], {"region": (0, 0.25, 0.5, 1)}),
        (["--rows", "40"], {"rows": 40}),
        (["--columns", "30"], {"columns": 30}),
        (["--quality", "55"], {"quality": 55}),
        (["--media-type", "image/png"], {"media_type": "image/png"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_option_reaches_the_core(arguments: list[str], parameters: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "us.dcm"
    source.write_bytes(build("us10"))
    output = tmp_path / "picture.jpg"
    assert run(["render", str(source), "--output", str(output), *arguments]) == 0
    assert output.read_bytes() == api.render(source, **parameters)
    assert output.read_bytes() != api.render(source)  # or the line above proves nothing


def test_overlays_are_drawn_on_request_and_what_is_broken_is_told(tmp_path: Path) -> None:
    for name, told in (("ovl", 0), ("ovl_broken", 3)):
        source, output = tmp_path / f"{name}.dcm", tmp_path / f"{name}.png"
        source.write_bytes(build(name))
        done = wado("render", source, "-o", output, "--overlays")
        assert (done.returncode, done.stderr.count(b"(PS3.3 C.9.2): the overlay was ignored.")) == (0, told)
        assert output.read_bytes() == api.render(source, overlays=True, media_type="image/png")
        done = wado("render", source, "-o", output)
        assert (done.returncode, done.stderr) == (0, b"")
        assert output.read_bytes() == api.render(source, media_type="image/png")
        assert output.read_bytes() != api.render(source, overlays=True, media_type="image/png")


def test_png_by_its_ending(tmp_path: Path) -> None:
    assert run(["render", str(CT), "-o", str(tmp_path / "ct.PNG")]) == 0
    with Image.open(tmp_path / "ct.PNG") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (128, 128))


def test_standard_output_carries_the_picture_alone() -> None:
    done = wado("render", CT, "-o", "-", "--media-type", "image/png")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == api.render(CT, media_type="image/png")


def test_existing_picture_is_replaced(tmp_path: Path) -> None:
    output = tmp_path / "ct.jpg"
    output.write_bytes(b"x" * 1_000_000)
    assert run(["render", str(CT), "-o", str(output)]) == 0
    assert output.read_bytes() == api.render(CT)
    assert [path.name for path in tmp_path.iterdir()] == ["ct.jpg"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--frame", "0"],
        ["--frame", "one"],
        ["--rows", "0"],
        ["--columns", "-5"],
        ["--quality", "101"],
        ["--window", "40"],
        ["--window", "wide,open"],
        ["--region", "0,0,1"],
        ["--media-type", "image/gif"],
        ["--media-typo"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_and_writes_nothing(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", str(CT), "-o", str(tmp_path / "ct.jpg"), *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first.startswith("wado: ")
    assert second == "Try 'wado render --help'."
    assert list(tmp_path.iterdir()) == []


def test_output_is_needed_and_its_type_must_be_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", str(CT)]) == 2
    assert "Missing option '-o'" in capsys.readouterr().err
    assert run(["render", str(CT), "-o", str(tmp_path / "ct.gif")]) == 2
    assert "--media-type" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--frame", "2"], "frame"),
        (["--window", "40,0"], "width"),
        (["--region", "0.5,0,0.5,1"], "region"),
        (["--region", "0,0,2,1"], "region"),
        (["--rows", "1000000"], "rows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_refusal_of_the_core_is_status_1_and_writes_nothing(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["render", str(CT), "-o", str(tmp_path / "ct.jpg"), *arguments]) == 1
    line = _only_line(capsys)
    assert line.startswith(f"wado: {CT}: ")
    assert reason in line.lower()
    assert list(tmp_path.iterdir()) == []


def _only_line(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    return line


def test_damaged_file_is_one_line_through_the_script(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(CT.read_bytes()[:9000])
    done = wado("render", damaged, "-o", tmp_path / "out.jpg")
    assert done.returncode == 1
    assert complaint(done).startswith(f"{damaged}: ")
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize("command", ["render", "thumbnail"])
def test_what_is_no_picture_is_one_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Not an image, however one looks at it.\n" * 50)
    for source in (text, RT_PLAN, tmp_path, tmp_path / "gone.dcm"):
        assert run([command, str(source), "-o", str(tmp_path / "out.jpg")]) == 1
        assert _only_line(capsys).startswith(f"wado: {source}: ")
    assert not (tmp_path / "out.jpg").exists()


def test_missing_output_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", str(CT), "-o", str(tmp_path / "gone" / "ct.jpg")]) == 1
    assert _only_line(capsys) == f"wado: The folder of the output does not exist: {tmp_path / 'gone'}"


def test_thumbnail_fits_its_size(tmp_path: Path) -> None:
    for size, arguments in ((128, []), (50, ["--size", "50"])):
        done = wado("thumbnail", CT, "-o", tmp_path / "small.jpg", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert (tmp_path / "small.jpg").read_bytes() == api.thumbnail(CT, size=size)
        assert max(Image.open(io.BytesIO((tmp_path / "small.jpg").read_bytes())).size) == size


def test_thumbnail_of_a_folder_says_what_stands_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = tmp_path / "study", tmp_path / "small.jpg"
    folder.mkdir()
    for name in ("us10", "sr"):
        (folder / f"{name}.dcm").write_bytes(build(name))
    for source in ([folder], [folder / "us10.dcm", folder / "sr.dcm"]):
        assert run(["thumbnail", *map(str, source), "-o", str(output)]) == 0
        assert output.read_bytes() == api.thumbnail(folder / "us10.dcm")
        assert _only_line(capsys) == f"wado: {folder / 'us10.dcm'}: frame 5 stands for 1 study, 1 series in 2 files."


def test_thumbnail_never_overwrites_what_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inside = tmp_path / "ct.jpg"
    inside.write_bytes(build("ct"))
    assert run(["thumbnail", str(tmp_path), "-o", str(inside)]) == 1
    assert inside.read_bytes() == build("ct")
    assert "ct.jpg" in _only_line(capsys)


def test_thumbnail_is_never_called_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["thumbnail", str(CT), "-o", str(tmp_path / "small.png")]) == 2
    assert "Thumbnails are JPEG" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["render", "thumbnail"])
def test_what_is_left_out_of_a_picture_is_told_on_standard_error(command: str, tmp_path: Path) -> None:
    """A5.7: the picture is made all the same; the file may be called whatever its owner likes."""
    source, output = tmp_path / "broken\n.dcm", tmp_path / "picture.jpg"
    source.write_bytes(file_bytes(image(np.arange(64, dtype=np.uint8).reshape(8, 8), window=(40, 0), rescale=(0, 5))))
    done = wado(command, source, "-o", output)
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, len(lines)) == (0, 2)
    assert all(line.startswith("wado: warning: ") and "broken\\n.dcm: (0028,10" in line for line in lines)
    assert output.read_bytes()[:2] == b"\xff\xd8"
    assert wado(command, CT, "-o", output).stderr == b""
