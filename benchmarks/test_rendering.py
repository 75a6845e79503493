"""The rendering core, step by step, each beside what else would do the step."""

import subprocess
import sys
from io import BytesIO
from itertools import count
from typing import Any

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

import wado_core
from benchmarks.encoders import LIBRARY, OTHERS
from benchmarks.objects import ct, mammogram, phantom, ultrasound
from wado_core.codecs import jpeg_out, png_out
from wado_core.codecs.jpeg_2000 import decode as decode_jpeg_2000
from wado_core.codecs.rle import decode as decode_rle
from wado_core.jpeg.samples import samples_of
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.line import exact_line
from wado_core.rendering.resample import picture_of_cells, picture_of_rgb
from wado_core.rendering.table import Grayscale, cell_table, value_range

CT_PIXEL = ImagePixel(512, 512, 1, "MONOCHROME2", 16, 12, 11)
WHOLE = Rectangle(0, 0, 512, 512)


STEPS = Grayscale(Rescale(1, -1024), inverted=False, padding=None)


def _table(center: float = 40.0) -> npt.NDArray[np.uint8]:
    return cell_table(STEPS, Window(center, 400), CT_PIXEL)


def _numpy_window(cells: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """The LINEAR function as one writes it in numpy (float32)."""
    x = cells.astype(np.float32) - np.float32(1024)
    y = ((x - np.float32(39.5)) / np.float32(399) + np.float32(0.5)) * np.float32(255)
    display: npt.NDArray[np.uint8] = (np.clip(y, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return display


@pytest.mark.benchmark(group="window, CT 512×512")
def test_table_of_a_new_window(benchmark: BenchmarkFixture) -> None:
    centers = (40 + number / 1000 for number in count())
    assert benchmark(lambda: _table(next(centers))).shape == (65536,)


@pytest.mark.benchmark(group="window, CT 512×512")
def test_look_up(benchmark: BenchmarkFixture) -> None:
    cells, table = phantom(512, 512, 14), _table()
    assert benchmark(picture_of_cells, cells, table, WHOLE, 512, 512).shape == (512, 512)


@pytest.mark.benchmark(group="window, CT 512×512")
def test_comparator_numpy(benchmark: BenchmarkFixture) -> None:
    cells = phantom(512, 512, 14)
    picture = benchmark(_numpy_window, cells)
    difference = picture.astype(int) - picture_of_cells(cells, _table(), WHOLE, 512, 512)
    assert np.abs(difference).max() <= 1


@pytest.mark.benchmark(group="range of values, CT 512×512")
def test_value_range(benchmark: BenchmarkFixture) -> None:
    cells = phantom(512, 512, 14)
    assert benchmark(value_range, cells, CT_PIXEL, STEPS).high == cells.max() - 1024


@pytest.mark.benchmark(group="window and resize, CT 512×512")
@pytest.mark.parametrize("size", [128, 127, 1024])
def test_resample(benchmark: BenchmarkFixture, size: int) -> None:
    """By a line, as nearly all windows are."""
    cells, line = phantom(512, 512, 14), exact_line(STEPS, Window(40, 400), CT_PIXEL)
    assert line is not None
    picture = benchmark(picture_of_cells, cells, line, WHOLE, size, size)
    assert np.array_equal(picture, picture_of_cells(cells, _table(), WHOLE, size, size))


@pytest.mark.benchmark(group="window and resize, CT 512×512")
@pytest.mark.parametrize("size", [128, 127, 1024])
def test_resample_by_table(benchmark: BenchmarkFixture, size: int) -> None:
    cells, table = phantom(512, 512, 14), _table()
    assert benchmark(picture_of_cells, cells, table, WHOLE, size, size).shape == (size, size)


@pytest.mark.benchmark(group="window and resize, CT 512×512")
def test_comparator_numpy_and_pillow_to_128(benchmark: BenchmarkFixture) -> None:
    """numpy window, then Pillow's box filter."""
    cells = phantom(512, 512, 14)
    picture = benchmark(lambda: Image.fromarray(_numpy_window(cells)).reduce(4))
    assert picture.size == (128, 128)


@pytest.mark.benchmark(group="window and resize, CT 512×512")
@pytest.mark.parametrize("size", [128, 127, 1024])
def test_comparator_numpy_and_opencv(benchmark: BenchmarkFixture, size: int) -> None:
    """numpy window, then OpenCV's area mean or bilinear."""
    cv2.setNumThreads(1)
    cells, how = phantom(512, 512, 14), cv2.INTER_AREA if size < 512 else cv2.INTER_LINEAR
    picture = benchmark(lambda: cv2.resize(_numpy_window(cells), (size, size), interpolation=how))
    difference = picture.astype(int) - picture_of_cells(cells, _table(), WHOLE, size, size)
    assert np.abs(difference).max() <= 2


@pytest.mark.benchmark(group="resize, RGB 512×512")
@pytest.mark.parametrize("size", [128, 127, 1024])
def test_resample_rgb(benchmark: BenchmarkFixture, size: int) -> None:
    assert benchmark(picture_of_rgb, ultrasound(512, 512), WHOLE, size, size).shape == (size, size, 3)


@pytest.mark.benchmark(group="resize, RGB 512×512")
@pytest.mark.parametrize("size", [128, 127, 1024])
def test_comparator_opencv_rgb(benchmark: BenchmarkFixture, size: int) -> None:
    pixels, how = ultrasound(512, 512), cv2.INTER_AREA if size < 512 else cv2.INTER_LINEAR
    cv2.setNumThreads(1)
    picture = benchmark(cv2.resize, pixels, (size, size), interpolation=how)
    difference = picture.astype(int) - picture_of_rgb(pixels, WHOLE, size, size)
    assert np.abs(difference).max() <= 2


@pytest.mark.benchmark(group="resize, RGB 512×512")
def test_comparator_pillow_rgb_to_128(benchmark: BenchmarkFixture) -> None:
    picture = Image.fromarray(ultrasound(512, 512))
    assert benchmark(picture.reduce, 4).size == (128, 128)


@pytest.mark.benchmark(group="encode, CT 512×512")
def test_jpeg(benchmark: BenchmarkFixture) -> None:
    """Of finished pixels; test_encoder.py compares encoders."""
    samples = samples_of(picture_of_cells(phantom(512, 512, 14), _table(), WHOLE, 512, 512))
    assert benchmark(lambda: b"".join(jpeg_out.encode(samples, 512, 512, 90, in_strips=False)))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="encode, CT 512×512")
def test_comparator_libjpeg_turbo(benchmark: BenchmarkFixture) -> None:
    picture = picture_of_cells(phantom(512, 512, 14), _table(), WHOLE, 512, 512)
    assert benchmark(OTHERS[LIBRARY], picture, 90, "gray")[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="encode, CT 512×512")
def test_png(benchmark: BenchmarkFixture) -> None:
    picture = picture_of_cells(phantom(512, 512, 14), _table(), WHOLE, 512, 512)
    assert benchmark(png_out.encode, picture)[1:4] == b"PNG"


@pytest.mark.benchmark(group="Python API")
@pytest.mark.parametrize("options", [{}, {"rows": 128}, {"window": (-600, 1500)}], ids=["plain", "rows=128", "lung"])
def test_render_ct(benchmark: BenchmarkFixture, options: dict[str, Any]) -> None:
    """Header, plan, frame and picture of an object in memory."""
    assert benchmark(lambda: wado_core.render(ct(), **options))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="Python API")
def test_open_ct(benchmark: BenchmarkFixture) -> None:
    assert benchmark(wado_core.open, ct()).modality == "CT"


@pytest.mark.benchmark(group="mammogram 4096×3328")
@pytest.mark.parametrize("options", [{}, {"rows": 128}, {"rows": 8000}], ids=["plain", "rows=128", "rows=8000"])
def test_render_mammogram(benchmark: BenchmarkFixture, options: dict[str, Any]) -> None:
    data = mammogram()
    assert benchmark(lambda: wado_core.render(data, **options))[:2] == b"\xff\xd8"


@pytest.mark.benchmark(group="JPEG 2000, 2048×2048, 12 bits")
@pytest.mark.parametrize("smallest", [None, (512, 512), (128, 128)], ids=["full", "512", "128"])
def test_decode_jpeg_2000(benchmark: BenchmarkFixture, smallest: tuple[int, int] | None) -> None:
    samples = phantom(2048, 2048, 10)
    encoded = imagecodecs.jpeg2k_encode(samples, level=0, codecformat="J2K", bitspersample=12)
    pixel = ImagePixel(2048, 2048, 1, "MONOCHROME2", 16, 12, 11)
    cells = benchmark(decode_jpeg_2000, bytes(encoded), pixel, smallest).cells
    assert np.array_equal(cells, samples) if smallest is None else cells.shape == (2 * smallest[0], 2 * smallest[1])


@pytest.mark.benchmark(group="RLE, 512×512, 16 bits")
def test_decode_rle(benchmark: BenchmarkFixture) -> None:
    from pydicom.pixels.encoders.base import RLELosslessEncoder

    samples = phantom(512, 512, 14)
    encoded = RLELosslessEncoder.encode(
        samples, rows=512, columns=512, samples_per_pixel=1, number_of_frames=1, bits_allocated=16, bits_stored=12,
        pixel_representation=0, photometric_interpretation="MONOCHROME2",
    )  # fmt: skip
    assert np.array_equal(benchmark(decode_rle, encoded, CT_PIXEL).cells, samples)


@pytest.mark.benchmark(group="import, in a new interpreter")
@pytest.mark.parametrize("module", ["numpy", "wado_core"])
def test_import(benchmark: BenchmarkFixture, module: str) -> None:
    """`import wado_core` is to take less than twice `import numpy`; both include the start of the interpreter."""
    benchmark(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True)


def test_pictures_are_pictures() -> None:
    """What the benchmarks make is not empty: a JPEG of the CT shows body and air."""
    picture = np.asarray(Image.open(BytesIO(wado_core.render(ct()))))
    assert picture.std() > 20
