"""Pictures of a reduced decoding beside those of the full one and the area mean: how far apart, by syntax, depth and sign (A4.47).

The bounds are those of docs/adr/0027. Two filters that both show the mean of a pixel's surroundings differ where it has edges, and then
by a share of the contrast there: a single pixel may be far off, the picture on the whole is not, and nothing lies beside its place.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import UID

from tests.fixtures import file_bytes
from tests.fixtures.image import image
from tests.fixtures.phantom import thorax
from tests.reference.rounding import Array
from tests.wado_core.rendering.test_execute import planned
from wado_core.codecs.registry import decode
from wado_core.model.geometry import EVERY_PIXEL, Lattice
from wado_core.rendering.execute import draw, smallest_frame

_ROOT = "1.2.840.10008.1.2.4."
_SAMPLES = Path(os.environ.get("WADO_SAMPLE_DATA", Path(__file__).parents[4] / "shared/data/dicom"))
# Edges that no power of two divides.
_SIZE = (516, 452)


@dataclass(frozen=True, slots=True)
class Bound:
    """How far a reduced picture may be from the other, in display levels: on average, in any pixel, on average with sign."""

    mean: float
    most: int
    shift: float


# Of lower wavelet resolutions at least twice the picture is left. Of 8 bits the window of the phantom spans 25 values:
# those of a lower resolution are rounded to such values once more, half a value being five levels.
WAVELET, WAVELET_8 = Bound(2.5, 65, 2.0), Bound(5.5, 65, 4.0)
# Of JPEG as many as the picture has: the inverse DCT of 1, 4 or 16 coefficients, at edges no mean but what is left of all frequencies.
DCT = Bound(3.5, 110, 2.5)
# Of real pictures, by the windows they hold; that of one JPEG of 8 bits spans 13 values.
SAMPLES = {True: Bound(2.5, 100, 1.5), False: Bound(5.0, 200, 3.0)}
# By how many pixels of the picture it may lie beside its place, across or down: what noise leaves. (Half a cell would be 0.25 and more.)
BESIDE = 0.12


def jpeg(samples: Array, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(samples, level=90, bitspersample=bits))


def jpeg_2000(samples: Array, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, level=0, codecformat="J2K", reversible=True, bitspersample=bits, numthreads=1))


def jpeg_2000_irreversible(samples: Array, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, level=50, codecformat="J2K", reversible=False, bitspersample=bits, numthreads=1))


def htj2k(samples: Array, _bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(samples, reversible=True))


def htj2k_irreversible(samples: Array, _bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(samples, level=0.001, reversible=False))


@dataclass(frozen=True, slots=True)
class Case:
    """A transfer syntax, and samples of a depth and sign in it."""

    syntax: str
    encode: Callable[[Array, int], bytes]
    bits: int
    signed: bool
    bound: Bound

    def __str__(self) -> str:
        return f".{self.syntax} {self.encode.__name__} {self.bits} {'signed' if self.signed else 'unsigned'}"


_ENCODERS = (
    ("90", jpeg_2000), ("91", jpeg_2000), ("91", jpeg_2000_irreversible),
    ("201", htj2k), ("202", htj2k), ("203", htj2k), ("203", htj2k_irreversible),
)  # fmt: skip
CASES = [
    *(Case(syntax, jpeg, 8, signed=False, bound=DCT) for syntax in ("50", "51")),
    *(
        Case(syntax, encode, bits, signed, WAVELET_8 if bits == 8 else WAVELET)
        for syntax, encode in _ENCODERS
        for bits in (8, 12, 16)
        for signed in (False, True)
        if bits != 12 or syntax.startswith("9")  # imagecodecs writes High-Throughput streams of whole bytes
    ),
]


@cache
def thorax_of(bits: int, *, signed: bool) -> Array:
    """A chest with noise and soft edges, in the upper half of its range."""
    values = (thorax(_SIZE[0])[:, : _SIZE[1]] + 1024) * 2
    scaled = values << bits - 12 if bits > 12 else values >> 12 - bits
    return (scaled - (1 << bits - 1 if signed else 0)).astype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")


def object_of(case: Case) -> bytes:
    """An object with a window of 400 Hounsfield units around soft tissue."""
    scale = 2.0 ** (case.bits - 11)
    window = (1064 * scale - (1 << case.bits - 1 if case.signed else 0), 400 * scale)
    samples = thorax_of(case.bits, signed=case.signed)
    return file_bytes(
        image(
            samples, name="reduced", bits_allocated=8 if case.bits == 8 else 16, bits_stored=case.bits,
            pixel_representation=int(case.signed), window=window, transfer_syntax=UID(_ROOT + case.syntax),
            code_streams=[case.encode(samples, case.bits)],
        )
    )  # fmt: skip


def both(data: bytes, **asked: Any) -> tuple[Array, Array, Lattice]:
    """Return the picture as it is made, the one made of the full decoding, and how the frame was reduced."""
    plan, reader = planned(data, **asked)
    assert smallest_frame(plan) is not None
    lattices = []

    def noted(encoded: bytes, pixel: Any, syntax: str, smallest: Any, picture: int) -> Any:
        decoded = decode(encoded, pixel, syntax, smallest, picture)
        lattices.append(decoded.lattice)
        return decoded

    def in_full(_encoded: bytes, pixel: Any, syntax: str, _smallest: Any, picture: int) -> Any:
        return decode(reader.frame(picture), pixel, syntax, None, picture)

    found, values = draw(plan, reader, decode=noted)
    return found.astype(float), draw(plan, reader, values, in_full)[0].astype(float), lattices[-1]


def displacement(found: Array, expected: Array, way: int) -> float:
    """Return by how many pixels one picture lies beside the other, by least squares over the slopes."""
    slope = np.gradient(expected, axis=way)
    return float((slope * (expected - found)).sum() / max((slope**2).sum(), 1.0))


def check(found: Array, expected: Array, bound: Bound) -> None:
    difference = found - expected
    assert np.abs(difference).mean() <= bound.mean
    assert np.abs(difference).max() <= bound.most
    assert abs(difference.mean()) <= bound.shift
    assert max(abs(displacement(found, expected, way)) for way in (0, 1)) <= BESIDE


@pytest.mark.parametrize("rows", [128, 100, 40])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_phantoms(case: Case, rows: int) -> None:
    found, expected, lattice = both(object_of(case), rows=rows)
    assert lattice.step > 1
    assert lattice.on_pixels is (case.bound is not DCT)
    check(found, expected, case.bound)


def test_jpeg_of_12_bits_is_not_reduced() -> None:
    """No library at hand scales its inverse DCT: the picture is that of the full decoding."""
    found, expected, lattice = both(object_of(Case("51", jpeg, 12, signed=False, bound=DCT)), rows=40)
    assert lattice == EVERY_PIXEL
    np.testing.assert_array_equal(found, expected)


def test_a_displacement_is_noticed() -> None:
    """What ``displacement`` finds of a picture that lies a quarter of a pixel aside."""
    picture = thorax(400).astype(float)
    whole = picture.reshape(100, 4, 100, 4).mean(axis=(1, 3))
    aside = np.roll(picture, 1, axis=1).reshape(100, 4, 100, 4).mean(axis=(1, 3))
    assert displacement(aside, whole, 1) > BESIDE
    assert abs(displacement(aside, whole, 0)) < BESIDE


def _samples() -> list[Path]:
    if not _SAMPLES.is_dir():
        return []
    wanted = ("_J2KR", "_J2KI", "J2KR.dcm", "J2KI.dcm", "_08_RGB.dcm", "Process1TransferSyntax_1.2.840.10008.1.2.4.50.dcm", "jpeg8bit.dcm")
    return sorted(path for path in _SAMPLES.rglob("*") if path.name.endswith(wanted) or "JPEG-Baseline" in path.name)


@pytest.mark.skipif(not _SAMPLES.is_dir(), reason="the folder of sample files (WADO_SAMPLE_DATA) is absent")
@pytest.mark.parametrize("path", _samples(), ids=lambda path: path.name)
def test_samples(path: Path) -> None:
    """Real pictures, by the windows they hold."""
    data = path.read_bytes()
    plan, _ = planned(data, rows=128, columns=128)
    if smallest_frame(plan) is None:
        pytest.skip("it holds padding or tables, of which there is no mean")
    found, expected, lattice = both(data, rows=128, columns=128)
    assert lattice.step > 1
    check(found, expected, SAMPLES[lattice.on_pixels])
