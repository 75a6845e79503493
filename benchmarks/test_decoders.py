"""Decoders: a frame of each transfer syntax, gray of 12 bits, beside the library that the decoder calls.

``through the table`` is what a request pays: heads read, sizes compared, cells described. JPEG 2000 of 2048×2048 stands in test_rendering.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.objects import phantom
from tests.fixtures.code_streams import rle
from wado_core.codecs.registry import decode
from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.image_pixel import ImagePixel

Cells = npt.NDArray[Any]

_ENCODERS: dict[str, tuple[str, Callable[[Cells], bytes]]] = {
    "native": (syntaxes.EXPLICIT_VR_LITTLE_ENDIAN, lambda cells: cells.tobytes()),
    "RLE": (syntaxes.RLE_LOSSLESS, rle),
    "JPEG 8 bits": (syntaxes.JPEG_BASELINE, lambda cells: bytes(imagecodecs.jpeg8_encode((cells >> 4).astype(np.uint8), level=90))),
    "JPEG 12 bits": (syntaxes.JPEG_LOSSY_PROCESSES[0], lambda cells: bytes(imagecodecs.jpeg8_encode(cells, level=90, bitspersample=12))),
    "JPEG lossless": (
        syntaxes.JPEG_LOSSLESS_PROCESSES[-1],
        lambda cells: bytes(imagecodecs.jpeg8_encode(cells, bitspersample=12, lossless=True, predictor=1)),
    ),
    "JPEG-LS": (syntaxes.JPEG_LS_LOSSLESS, lambda cells: bytes(imagecodecs.jpegls_encode(cells))),
    "JPEG 2000": (
        syntaxes.JPEG_2000_LOSSLESS,
        lambda cells: bytes(imagecodecs.jpeg2k_encode(cells, level=0, codecformat="J2K", reversible=True, bitspersample=12, numthreads=1)),
    ),
    "HTJ2K": (syntaxes.HIGH_THROUGHPUT_JPEG_2000_LOSSLESS[0], lambda cells: bytes(imagecodecs.htj2k_encode(cells, reversible=True))),
    "HTJ2K, .203": (syntaxes.HIGH_THROUGHPUT_JPEG_2000, lambda cells: bytes(imagecodecs.htj2k_encode(cells, reversible=True))),
}
_LIBRARIES: dict[str, Callable[[bytes], Cells]] = {
    "JPEG 8 bits": lambda stream: simplejpeg.decode_jpeg(stream, "GRAY"),
    "JPEG 12 bits": imagecodecs.jpeg8_decode,
    "JPEG lossless": imagecodecs.jpeg8_decode,
    "JPEG-LS": imagecodecs.jpegls_decode,
    "JPEG 2000": lambda stream: imagecodecs.jpeg2k_decode(stream, numthreads=1),
    "HTJ2K": imagecodecs.htj2k_decode,
    "HTJ2K, .203": lambda stream: imagecodecs.jpeg2k_decode(stream, numthreads=1),
}
_SIZES = [512, 2048]


@cache
def _stream(name: str, size: int) -> bytes:
    return _ENCODERS[name][1](phantom(size, size, 14))


@pytest.mark.benchmark(group="decoders")
@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("name", _ENCODERS)
def test_through_the_table(benchmark: BenchmarkFixture, name: str, size: int) -> None:
    if size == 2048 and name == "JPEG 2000":
        pytest.skip("test_rendering has it")
    stream, bits = _stream(name, size), 8 if name == "JPEG 8 bits" else 12
    described = ImagePixel(size, size, 1, "MONOCHROME2", 8 if bits == 8 else 16, bits, bits - 1)
    assert benchmark(decode, stream, described, _ENCODERS[name][0]).cells.shape == (size, size)


@pytest.mark.benchmark(group="decoders")
@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("name", _LIBRARIES)
def test_the_library_alone(benchmark: BenchmarkFixture, name: str, size: int) -> None:
    if size == 2048 and name == "JPEG 2000":
        pytest.skip("test_rendering has it")
    assert benchmark(_LIBRARIES[name], _stream(name, size)).shape[:2] == (size, size)
