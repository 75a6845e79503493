"""The Python interface: from a path or bytes to a picture, every refusal one that can be shown, and an import that costs nothing."""

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

import wado_core
from tests import reference
from tests.fixtures import build, uids
from tests.fixtures.icc import DESCRIPTION
from tests.reference.pipeline import modality, read
from wado_core.api import FileSource, Source, value_range
from wado_core.errors import DamagedObject, InvalidRequest, LimitExceeded, NotDicom, NotSupported, Unavailable, WadoError
from wado_core.model.geometry import Region
from wado_core.model.grayscale import ValueRange, VoiLutFunction, Window

SECRET = "DOE_JOHN_19700203"
"""Part of a path: it must be in no text that is shown."""


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / SECRET / "ct.dcm"
    path.parent.mkdir()
    path.write_bytes(build("ct"))
    return path


def picture(jpeg_or_png: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg_or_png))
    image.load()
    return image


def png(name: str, **asked: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(imagecodecs.png_decode(wado_core.render(build(name), media_type="image/png", **asked)))  # type: ignore[arg-type]


class TestRender:
    def test_every_kind_of_source_gives_the_same_bytes(self, stored: Path) -> None:
        data = stored.read_bytes()
        sources: list[Source] = [stored, str(stored), data, bytearray(data), memoryview(data)]
        assert len({wado_core.render(source) for source in sources}) == 1

    def test_a_picture_is_a_jpeg_of_the_frame_s_size(self) -> None:
        made = picture(wado_core.render(build("ct")))
        assert (made.format, made.mode, made.size) == ("JPEG", "L", (512, 512))
        assert picture(wado_core.render(build("rgb0"))).mode == "RGB"

    def test_everything_that_can_be_asked(self) -> None:
        """Compared with the oracle: window, region, size and frame together."""
        found = png("enh", frame_number=3, window=(50.5, 700), region=(0.1, 0.2, 0.9, 0.8), rows=30, columns=40)
        np.testing.assert_array_equal(found, reference.render(build("enh"), 3, (50.5, 700), (0.1, 0.2, 0.9, 0.8), 30, 40))

    def test_values_of_the_model_are_taken_as_well(self) -> None:
        plain = png("ct", window=(40, 400), region=(0, 0, 0.5, 1))
        np.testing.assert_array_equal(png("ct", window=Window(40.0, 400.0), region=Region(0.0, 0.0, 0.5, 1.0)), plain)
        assert not np.array_equal(png("ct", window=Window(40.0, 400.0, VoiLutFunction.SIGMOID), region=(0, 0, 0.5, 1)), plain)
        assert png("ct", window=Window(40.0, 0.5, VoiLutFunction.LINEAR_EXACT)).shape == (512, 512)

    def test_quality(self) -> None:
        sizes = [len(wado_core.render(build("ct"), quality=quality)) for quality in (1, 50, 90, 100)]
        assert sizes == sorted(sizes)
        assert wado_core.render(build("ct")) == wado_core.render(build("ct"), quality=90)

    @pytest.mark.parametrize(
        "asked",
        [
            {"frame_number": 0}, {"frame_number": 2}, {"frame_number": -1}, {"frame_number": 1.0}, {"frame_number": True},
            {"frame_number": "1"}, {"rows": 0}, {"rows": -5}, {"rows": 8193}, {"columns": 10**9}, {"rows": 1.5}, {"columns": "9"},
            {"quality": 0}, {"quality": 101}, {"quality": 50.5}, {"media_type": "image/gif"}, {"media_type": ""},
            {"window": (40, 0)}, {"window": (40, 0.5)}, {"window": (40, -5)}, {"window": (float("nan"), 400)},
            {"window": (40, float("inf"))}, {"window": (40,)}, {"window": (1, 2, 3)}, {"window": ("a", 400)}, {"window": 40},
            {"window": (None, None)},
            {"window": Window(40.0, 0.0, VoiLutFunction.SIGMOID)}, {"window": Window(40.0, 0.5)},
            {"region": (0, 0, 1)}, {"region": (0, 0, 1, 1.2)}, {"region": (0.5, 0, 0.5, 1)}, {"region": ("a", 0, 1, 1)}, {"region": 1},
            {"region": (float("nan"), 0, 1, 1)},
        ],
    )  # fmt: skip
    def test_what_cannot_be_asked(self, asked: dict[str, object]) -> None:
        with pytest.raises(InvalidRequest) as caught:
            wado_core.render(build("ct"), **asked)  # type: ignore[arg-type]
        assert str(caught.value).endswith(".")


class TestThumbnail:
    @pytest.mark.parametrize(("name", "size"), [("ct", (128, 128)), ("wide", (128, 64)), ("us10", (128, 96)), ("j2k", (128, 128))])
    def test_it_fits_into_the_square(self, name: str, size: tuple[int, int]) -> None:
        made = picture(wado_core.thumbnail(build(name)))
        assert (made.format, made.size) == ("JPEG", size)

    def test_it_shows_the_middle_frame(self) -> None:
        assert wado_core.thumbnail(build("us10"), 64) == wado_core.render(build("us10"), frame_number=5, rows=64, columns=64)
        assert wado_core.thumbnail(build("enh"), 64) == wado_core.render(build("enh"), frame_number=3, rows=64, columns=64)

    @pytest.mark.parametrize("size", [1, 8192])
    def test_extreme_sizes(self, size: int) -> None:
        assert max(picture(wado_core.thumbnail(build("wide"), size)).size) == size

    @pytest.mark.parametrize("size", [0, -1, 8193, 1.5, True, None])
    def test_sizes_that_are_none(self, size: object) -> None:
        with pytest.raises(InvalidRequest):
            wado_core.thumbnail(build("ct"), size)  # type: ignore[arg-type]


class TestOpen:
    def test_path_and_bytes_say_the_same(self, stored: Path) -> None:
        assert wado_core.open(stored) == wado_core.open(str(stored)) == wado_core.open(stored.read_bytes())

    def test_what_is_known(self) -> None:
        found = wado_core.open(build("us10"))
        assert isinstance(found, wado_core.Instance)
        assert (found.key.study_uid, found.key.series_uid, found.key.object_uid) == uids("us10")
        assert found.number_of_frames == 10

    def test_an_object_without_pixels_can_be_opened(self) -> None:
        assert wado_core.open(build("sr")).image_pixel is None


def _with_bits_allocated(data: bytes, bits: int) -> bytes:
    return data.replace(b"\x28\0\0\1US\2\0\x10\0", b"\x28\0\0\1US\2\0" + bits.to_bytes(2, "little"), 1)


REFUSALS: dict[str, tuple[bytes | None, type[WadoError]]] = {
    "missing": (None, Unavailable),
    "empty": (b"", NotDicom),
    "text": (b"Dear colleague, " * 50, NotDicom),
    "cut": (build("ct")[:3000], DamagedObject),
    "cut within its pixels": (build("rle")[:-100], DamagedObject),
    "report": (build("sr"), NotSupported),
    "video of noise": (build("mpg"), NotSupported if shutil.which("ffmpeg") is None else DamagedObject),
    "part 2": (build("j2k_part2"), NotSupported),
    "bits of another width": (_with_bits_allocated(build("ramp"), 12), NotSupported),
    "huge": (build("ct").replace(b"\x28\0\x10\0US\2\0\0\2", b"\x28\0\x10\0US\2\0\xff\xff", 1), DamagedObject),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_can_be_shown_to_anybody(name: str, tmp_path: Path) -> None:
    """No path, no name, no internals."""
    data, kind = REFUSALS[name]
    path = tmp_path / f"{SECRET}.dcm"
    if data is not None:
        path.write_bytes(data)
    for act in (wado_core.render, wado_core.thumbnail):
        with pytest.raises(WadoError) as caught:
            act(path)
        assert isinstance(caught.value, kind)
        text = str(caught.value)
        assert text.endswith(".")
        for word in (SECRET, str(tmp_path), "Traceback", "Error", "0x", "DOE", "PHANTOM", "WADO-0001"):
            assert word not in text


@pytest.mark.parametrize("act", [wado_core.render, wado_core.open, wado_core.thumbnail])
def test_a_folder_is_no_file(act: object, tmp_path: Path) -> None:
    folder = tmp_path / SECRET
    folder.mkdir()
    with pytest.raises(WadoError) as caught:
        act(folder)  # type: ignore[operator]
    assert SECRET not in str(caught.value)


def test_files_are_closed_also_when_they_are_refused(stored: Path) -> None:
    broken = stored.with_name("broken.dcm")
    broken.write_bytes(b"nothing")
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    wado_core.render(stored)
    wado_core.open(stored)
    for act in (wado_core.render, wado_core.open, wado_core.thumbnail):
        with pytest.raises(NotDicom):
            act(broken)
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)


def test_a_file_source_reads_what_lies_there(stored: Path) -> None:
    with FileSource(stored) as source:
        assert source.size == len(build("ct"))
        assert source.read(128, 4) == b"DICM"
        assert source.read(source.size - 2, 100) == build("ct")[-2:]
        assert source.read(source.size + 10, 5) == b""


def test_a_frame_larger_than_the_limit_is_refused() -> None:
    stream = bytearray(build("jpg"))
    at = stream.index(b"\xff\xc0\x00\x0b") + 5
    stream[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(LimitExceeded):
        wado_core.render(bytes(stream))


def fresh(code: str) -> str:
    answer = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_importing_loads_nothing_heavy() -> None:
    loaded = fresh("import sys, wado_core; print(*sys.modules)").split()
    heavy = {"numpy", "numba", "llvmlite", "pydicom", "imagecodecs", "simplejpeg", "PIL", "openjpeg", "sqlalchemy", "starlette", "msgspec"}
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert [name for name in loaded if name.startswith("wado_core")] == ["wado_core"]


def test_what_is_named_can_be_imported_and_nothing_else() -> None:
    code = "import wado_core; print(*sorted(name for name in wado_core.__all__ if getattr(wado_core, name) is not None))"
    assert fresh(code).split() == sorted(wado_core.__all__)
    assert set(wado_core.__all__) == {"Instance", "WadoError", "encode_jpeg", "open", "render", "thumbnail"}
    assert set(wado_core.__all__) <= set(dir(wado_core))
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = wado_core.nonesuch  # type: ignore[attr-defined, unused-ignore]
    assert (
        fresh("from wado_core import *; print(render.__name__, thumbnail.__name__, WadoError.__name__)") == "render thumbnail WadoError\n"
    )


def test_rendering_from_an_unrelated_folder_and_without_the_server_s_parts(stored: Path) -> None:
    """`pip install wado` alone renders: no SQL, no HTTP."""
    code = f"import sys, wado_core; print(len(wado_core.render({str(stored)!r}))); print(*sys.modules)"
    size, *loaded = fresh(code).split()
    assert int(size) > 1000
    assert not {name.split(".")[0] for name in loaded} & {"sqlalchemy", "starlette", "uvicorn", "click", "jinja2", "sqlite3"}


def test_profiles_are_in_pictures_and_never_in_thumbnails() -> None:
    """H3.6; whatever the size of a thumbnail."""

    def profile_in(data: bytes) -> object:
        with Image.open(BytesIO(data)) as image:
            return image.info.get("icc_profile")

    stored = wado_core.open(build("icc"))
    assert stored.icc_profile is not None
    for media_type in ("image/jpeg", "image/png"):
        assert len(profile_in(wado_core.render(build("icc"), media_type=media_type))) == stored.icc_profile.length  # type: ignore[arg-type]
        assert profile_in(wado_core.render(build("icc"), media_type=media_type, rows=40)) is None
    for size in (32, 64, 600):
        assert profile_in(wado_core.thumbnail(build("icc"), size=size)) is None


def test_profiles_of_streamed_pictures() -> None:
    """Of a megapixel and more, which is coded in strips: the profile stands in the first piece."""
    with Image.open(BytesIO(wado_core.render(build("icc"), rows=1200))) as image:
        image.load()
        assert image.size[0] * image.size[1] > 1 << 20
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip() == DESCRIPTION


def test_the_values_of_a_frame_are_those_of_the_oracle() -> None:
    ds = read(build("enh"))
    for number in (1, 2):
        found = value_range(build("enh"), number)
        values = modality(ds, ds.pixel_array[number - 1].astype(np.int64), number)
        assert found == ValueRange(float(values.min()), float(values.max()))
    assert value_range(build("rgb0")) is None
    with pytest.raises(InvalidRequest):
        value_range(build("ct"), 2)
