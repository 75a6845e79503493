"""``wado render`` and ``wado thumbnail`` through the installed script: the pictures are those of the Python API."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.fixtures import build
from tests.wado_http.cli.running import CT, RT_PLAN, complaint, wado
from wado_core import api


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
    done = wado("render", source, "--output", output, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert output.read_bytes() == api.render(source, **parameters)
    assert output.read_bytes() != api.render(source)  # or the line above proves nothing


def test_png_by_its_ending(tmp_path: Path) -> None:
    done = wado("render", CT, "-o", tmp_path / "ct.PNG")
    assert (done.returncode, done.stderr) == (0, b"")
    with Image.open(tmp_path / "ct.PNG") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (128, 128))


def test_standard_output_carries_the_picture_alone() -> None:
    done = wado("render", CT, "-o", "-", "--media-type", "image/png")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == api.render(CT, media_type="image/png")


def test_existing_picture_is_replaced(tmp_path: Path) -> None:
    output = tmp_path / "ct.jpg"
    output.write_bytes(b"x" * 1_000_000)
    assert wado("render", CT, "-o", output).returncode == 0
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
def test_wrong_usage_is_status_2_and_writes_nothing(arguments: list[str], tmp_path: Path) -> None:
    done = wado("render", CT, "-o", tmp_path / "ct.jpg", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("wado: ")
    assert second == "Try 'wado render --help'."
    assert list(tmp_path.iterdir()) == []


def test_output_is_needed_and_its_type_must_be_known(tmp_path: Path) -> None:
    assert wado("render", CT).returncode == 2
    done = wado("render", CT, "-o", tmp_path / "ct.gif")
    assert done.returncode == 2
    assert b"--media-type" in done.stderr


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
def test_refusal_of_the_core_is_status_1_and_writes_nothing(arguments: list[str], reason: str, tmp_path: Path) -> None:
    done = wado("render", CT, "-o", tmp_path / "ct.jpg", *arguments)
    assert done.returncode == 1
    line = complaint(done)
    assert line.startswith(f"{CT}: ")
    assert reason in line.lower()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_rendered_is_one_line(tmp_path: Path) -> None:
    text, damaged = tmp_path / "notes.txt", tmp_path / "damaged.dcm"
    text.write_text("Not an image, however one looks at it.\n" * 50)
    damaged.write_bytes(CT.read_bytes()[:9000])
    for source in (text, damaged, RT_PLAN, tmp_path):
        for command in ("render", "thumbnail"):
            done = wado(command, source, "-o", tmp_path / "out.jpg")
            assert done.returncode == 1
            assert complaint(done).startswith(f"{source}: ")
    assert not (tmp_path / "out.jpg").exists()


def test_missing_output_folder_is_one_line(tmp_path: Path) -> None:
    done = wado("render", CT, "-o", tmp_path / "gone" / "ct.jpg")
    assert done.returncode == 1
    assert complaint(done) == f"The folder of the output does not exist: {tmp_path / 'gone'}"


def test_thumbnail_fits_its_size(tmp_path: Path) -> None:
    for size, arguments in ((128, []), (50, ["--size", "50"])):
        done = wado("thumbnail", CT, "-o", tmp_path / "small.jpg", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert (tmp_path / "small.jpg").read_bytes() == api.thumbnail(CT, size=size)
        assert max(Image.open(io.BytesIO((tmp_path / "small.jpg").read_bytes())).size) == size


def test_thumbnail_is_never_called_png(tmp_path: Path) -> None:
    done = wado("thumbnail", CT, "-o", tmp_path / "small.png")
    assert done.returncode == 2
    assert b"Thumbnails are JPEG" in done.stderr
    assert list(tmp_path.iterdir()) == []
