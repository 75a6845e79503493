"""From stored bytes to sample values: RLE, single bits, samples wider than tables; each beside what else would do it."""

from collections.abc import Callable
from struct import pack
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.objects import phantom
from benchmarks.paired import paired
from tests.fixtures.code_streams import rle
from wado_core.codecs.native import decode_little_endian
from wado_core.codecs.rle import decode
from wado_core.model.grayscale import Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.table import Grayscale
from wado_core.rendering.wide import display_of, wide_range

SIZE = 512
Cells = npt.NDArray[Any]


def _pixel(cells: Cells, **traits: Any) -> ImagePixel:
    samples = cells.shape[2] if cells.ndim == 3 else 1
    bits = cells.dtype.itemsize * 8
    return ImagePixel(SIZE, SIZE, samples, "MONOCHROME2" if samples == 1 else "RGB", bits, bits, bits - 1, **traits)


def _ct() -> Cells:
    return phantom(SIZE, SIZE, 14)


def _segmentation() -> Cells:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    return np.asarray((rows - 250) ** 2 + (columns - 240) ** 2 < 90**2, np.uint8)


def _dose() -> Cells:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    return np.asarray(1e6 * np.exp(-((rows - 250) ** 2 + (columns - 240) ** 2) / 2e4)).astype(np.uint32)


def _color() -> Cells:
    return np.stack([(_ct() >> shift & 0xFF).astype(np.uint8) for shift in (4, 3, 2)], axis=2)


def _wide_color() -> Cells:
    return _color().astype(np.uint16) * np.uint16(257)


FRAMES: dict[str, Callable[[], Cells]] = {
    "CT, 16 bits": _ct,
    "segmentation, 8 bits": _segmentation,
    "dose, 32 bits": _dose,
    "RGB, 8 bits": _color,
    "RGB, 16 bits": _wide_color,
}


@pytest.mark.benchmark(group="RLE frames 512×512, beside imagecodecs")
@pytest.mark.parametrize("name", FRAMES)
def test_rle(benchmark: BenchmarkFixture, name: str) -> None:
    """extra_info: GB/s of cells, and how many times as fast as imagecodecs' decoder in the same run."""
    cells = FRAMES[name]()
    encoded, pixel = rle(cells), _pixel(cells)

    np.testing.assert_array_equal(benchmark(decode, encoded, pixel).cells, cells)
    found = paired(lambda: decode(encoded, pixel), lambda: imagecodecs.dicomrle_decode(encoded, cells.dtype), 20)
    benchmark.extra_info.update(gigabytes_per_second=round(cells.nbytes / found.own_s / 1e9, 2), ratio=round(found.ratio, 2))


HARD = {"runs of 2": b"\xff\x07", "literals of 1": b"\x00\x05", "runs of 2 and literals of 2": b"\xff\x07\x01\x03\x04"}
"""Segments that no encoder makes of a picture. What bounds them is the chain from one control byte to the next: ten cycles for 2 bytes."""


@pytest.mark.benchmark(group="RLE segments that are hard, 512×512")
@pytest.mark.parametrize("name", HARD)
def test_hard_rle(benchmark: BenchmarkFixture, name: str) -> None:
    encoded = pack("<16L", 1, 64, *[0] * 14) + HARD[name] * (SIZE * SIZE)
    pixel = _pixel(np.zeros((SIZE, SIZE), np.uint8))
    assert benchmark(decode, encoded, pixel).cells.any()


@pytest.mark.benchmark(group="cells of 1 bit, 512×512")
@pytest.mark.parametrize("bit", [0, 3])
def test_bits(benchmark: BenchmarkFixture, bit: int) -> None:
    """A frame that begins a byte, and one that begins within: that is brought to its first bit before."""
    from wado_core.dicom.frames import from_bit

    cells = np.random.default_rng(1).integers(0, 2, SIZE * SIZE, dtype=np.uint8)
    stored = np.packbits(np.concatenate((np.zeros(bit, np.uint8), cells)), bitorder="little").tobytes()
    pixel = ImagePixel(SIZE, SIZE, 1, "MONOCHROME2", 1, 1, 0)
    found = benchmark(lambda: decode_little_endian(from_bit(stored, bit, SIZE * SIZE // 8), pixel))
    np.testing.assert_array_equal(found.cells.reshape(-1), cells)


def _numpy_window(cells: Cells, center: float, width: float) -> Cells:
    """The LINEAR function as one writes it in numpy (float64)."""
    y = ((cells.astype(np.float64) - (center - 0.5)) / (width - 1) + 0.5) * 255
    return (np.clip(y, 0, 255) + 0.5).astype(np.uint8)


WIDE = {
    "32 bits": (_dose(), {}),
    "float32": (_dose().astype(np.float32), {"signed": True, "floating": True}),
    "float64": (_dose().astype(np.float64), {"signed": True, "floating": True}),
}


@pytest.mark.benchmark(group="window of wide samples, 512×512, beside numpy")
@pytest.mark.parametrize("name", WIDE)
def test_window_of_wide_samples(benchmark: BenchmarkFixture, name: str) -> None:
    cells, traits = WIDE[name]
    pixel, steps, window = _pixel(cells, **traits), Grayscale(Rescale(), inverted=False, padding=None), Window(500_000.0, 900_000.0)
    display = benchmark(display_of, cells, pixel, steps, window)
    assert np.abs(display.astype(int) - _numpy_window(cells, 500_000.0, 900_000.0)).max() <= 1
    found = paired(lambda: display_of(cells, pixel, steps, window), lambda: _numpy_window(cells, 500_000.0, 900_000.0), 20)
    benchmark.extra_info.update(ratio=round(found.ratio, 2))


@pytest.mark.benchmark(group="range of wide samples, 512×512")
@pytest.mark.parametrize("name", WIDE)
def test_range_of_wide_samples(benchmark: BenchmarkFixture, name: str) -> None:
    cells, traits = WIDE[name]
    found = benchmark(wide_range, cells, _pixel(cells, **traits), Grayscale(Rescale(), inverted=False, padding=None))
    assert (found.low, found.high) == (cells.min(), cells.max())
