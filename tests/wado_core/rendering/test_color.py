"""Colour frames to 8-bit RGB, against the equations of the oracle (part H.3)."""

import numpy as np
import pytest

from tests.reference import cells as cell_twins
from tests.reference import color as reference
from tests.reference import grayscale
from tests.reference.lut import Lut as ReferenceLut
from tests.reference.rounding import Array
from tests.wado_core.rendering.pixels import color, gray
from wado_core.codecs.decoded import Decoded
from wado_core.errors import DamagedObject
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut, Padding, Rescale, Window
from wado_core.rendering.color import eight_bits, palette_table, rgb_of, supplemented
from wado_core.rendering.table import Grayscale


def packed(entries: Array) -> bytes:
    return np.asarray(entries, "<u2").tobytes()


def palette(first: int, bits: int, count: int) -> tuple[Palette, list[ReferenceLut]]:
    """Three random tables; 16-bit ones hold an entry above 255."""
    rng = np.random.default_rng(count)
    tables = [rng.integers(0, 1 << bits, count) for _ in range(3)]
    for table in tables:
        table[0] = (1 << bits) - 1
    expected = [ReferenceLut(first, bits, tuple(table.tolist())) for table in tables]
    return Palette(*(Lut(first, bits, packed(table)) for table in tables)), expected


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("first", "bits", "count"), [(0, 8, 256), (0, 16, 256), (-50, 8, 100), (10, 16, 1), (200, 16, 4096)])
@pytest.mark.parametrize(
    ("bits_allocated", "bits_stored", "high_bit"),
    [(8, 1, 0), (8, 8, 7), (8, 5, 6), (16, 12, 11), (16, 16, 15), (32, 12, 20), (32, 24, 23), (32, 32, 31), (64, 40, 50), (64, 64, 63)],
)
def test_palettes(bits_allocated: int, bits_stored: int, high_bit: int, first: int, bits: int, count: int, signed: bool) -> None:
    pixel = gray(bits_stored, signed=signed, bits_allocated=bits_allocated, high_bit=high_bit)
    luts, expected = palette(first, bits, count)
    cells = np.random.default_rng(1).integers(0, 1 << bits_allocated, (19, 20), dtype=np.uint64)
    if bits_stored > 16:  # wide ones are seldom near the palette by themselves
        cells[:10] = np.arange(200).reshape(10, 20).astype(np.uint64) << np.uint64(high_bit + 1 - bits_stored)
    cells = cells.astype(f"u{bits_allocated // 8}")
    samples = np.array([[cell_twins.sample_of(int(cell), bits_stored, high_bit, signed=signed) for cell in row] for row in cells])
    np.testing.assert_array_equal(rgb_of(Decoded(cells, pixel), luts), reference.palette_to_rgb(samples, *expected))
    assert bits_allocated > 16 or palette_table(luts, pixel) is palette_table(luts, pixel)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_RCT", "YBR_ICT"])
def test_rgb_is_taken_as_it_is(photometric: str) -> None:
    cells = np.random.default_rng(2).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rgb_of(Decoded(cells, color(photometric)), None), cells)


def test_ybr_full() -> None:
    cells = np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rgb_of(Decoded(cells, color("YBR_FULL")), None), reference.ybr_full_to_rgb(cells))


def test_ybr_partial() -> None:
    cells = np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rgb_of(Decoded(cells, color("YBR_PARTIAL_422")), None), reference.ybr_partial_to_rgb(cells))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_deeper_ybr_loses_its_low_bits_before_it_is_converted(photometric: str) -> None:
    cells = np.random.default_rng(5).integers(0, 4096, (6, 7, 3), dtype=np.uint16)
    found = rgb_of(Decoded(cells, color(photometric, bits_stored=12, bits_allocated=16)), None)
    np.testing.assert_array_equal(found, reference.ybr_full_to_rgb(cells >> 4))


@pytest.mark.parametrize(("bits_stored", "high_bit"), [(9, 8), (12, 11), (12, 15), (16, 15), (8, 7), (8, 11)])
def test_deeper_samples_lose_their_low_bits(bits_stored: int, high_bit: int) -> None:
    cells = np.random.default_rng(4).integers(0, 65536, (6, 7, 3), dtype=np.uint16)
    samples = (cells.astype(np.int64) >> (high_bit + 1 - bits_stored)) & ((1 << bits_stored) - 1)
    pixel = color(bits_stored=bits_stored, bits_allocated=16, high_bit=high_bit)
    found = eight_bits(cells, pixel)
    np.testing.assert_array_equal(found, reference.to_8bit_samples(samples, bits_stored))
    assert found.dtype == np.uint8


@pytest.mark.parametrize("bits_stored", range(1, 8))
def test_shallower_samples_fill_the_range(bits_stored: int) -> None:
    """Zero stays 0 and the largest becomes 255; between them the nearest level: y = value * 255 / largest, rounded half up."""
    largest = (1 << bits_stored) - 1
    cells = np.arange(largest + 1, dtype=np.uint8).reshape(1, -1, 1).repeat(3, axis=2)
    found = eight_bits(cells, color(bits_stored=bits_stored))
    assert found[0, :, 0].tolist() == [(2 * 255 * value + largest) // (2 * largest) for value in range(largest + 1)]
    assert (found[0, 0, 0], found[0, -1, 0]) == (0, 255)


def test_components_that_contradict_the_header_are_damage() -> None:
    luts, _ = palette(0, 8, 4)
    with pytest.raises(DamagedObject):
        rgb_of(Decoded(np.zeros((2, 2, 3), np.uint8), color()), luts)
    with pytest.raises(DamagedObject):
        rgb_of(Decoded(np.zeros((2, 2), np.uint8), gray(8, bits_allocated=8)), None)


@pytest.mark.parametrize("allocated", [32, 64])
@pytest.mark.parametrize("stored", [8, 9, 20, 32])
def test_wide_samples_lose_their_low_bits(allocated: int, stored: int) -> None:
    """H3.2; what lies around the samples never leaks (H1.2)."""
    high = stored + 3 if stored + 3 < allocated else allocated - 1
    cells = np.random.default_rng(stored).integers(0, 1 << allocated, (6, 7, 3), dtype=np.uint64).astype(f"u{allocated // 8}")
    samples = np.array([cell_twins.sample_of(cell, stored, high, signed=False) for cell in cells.reshape(-1).tolist()])
    found = rgb_of(Decoded(cells, color(bits_stored=stored, bits_allocated=allocated, high_bit=high)), None)
    np.testing.assert_array_equal(found, reference.to_8bit_samples(samples.reshape(cells.shape), stored))


def test_supplemental_palettes_of_wide_samples() -> None:
    """Values from the first one that the palette maps are coloured, those below and padding are not (H2.18)."""
    luts, expected = palette(100, 16, 50)
    values = np.array([[0, 50, 99, 100, 120], [149, 200, 2**20, 130, 131]], np.uint32)
    steps = Grayscale(Rescale(), inverted=False, padding=Padding(130, 130))
    found = supplemented(values, steps, Window(50.0, 101.0), luts, gray(32, bits_allocated=32))
    colors = reference.palette_to_rgb(values.astype(np.int64), *expected)
    grays = grayscale.linear(values.astype(np.int64), 50, 101)[..., None].repeat(3, axis=2)
    colored = (values >= 100) & (values != 130)
    grays[values == 130] = 0
    np.testing.assert_array_equal(found, np.where(colored[..., None], colors, grays))
