"""The intrinsics of the JPEG encoder equal their twins, and load and store nothing outside of their arrays."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numba import njit

from tests.reference import jpeg_coding, jpeg_samples
from tests.wado_core.kernels.guarded import Array, guarded, read_only
from tests.wado_core.kernels.huffman import LONGEST
from tests.wado_core.kernels.paged import Side, paged
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS, CodeTables, Steps, code_tables, scale_of, scaled, standard_codes
from wado_core.kernels import _bits, jpeg_color, jpeg_symbols, jpeg_transform
from wado_core.kernels._vector import WIDE
from wado_core.kernels.jpeg_symbols import CATEGORIES, CLASS_RUN, DC_RUN, MOST_BITS, PADDING_RUN, TABLE_SIZE
from wado_core.kernels.jpeg_transform import BLOCKS

wide_only = pytest.mark.skipif(not WIDE, reason="this processor has no AVX-512 VBMI2: jpeg_symbols is not compiled for it")

NUMBERS = [1, 2, 3, 0x80, 1 << 31, 1 << 32, 1 << 62, 1 << 63, (1 << 64) - 1, 0xFF00FF00FF00FF00, 0x0123456789ABCDEF]


@pytest.mark.parametrize("number", NUMBERS)
def test_counts_of_bits(number: int) -> None:
    digits = f"{number:064b}"
    assert _counts(np.uint64(number)) == (
        len(digits) - len(digits.rstrip("0")), len(digits) - len(digits.lstrip("0")), digits.count("1"),
    )  # fmt: skip


@njit
def _counts(number):  # type: ignore[no-untyped-def]
    return _bits.trailing_zeros(number), _bits.leading_zeros(number), _bits.bits_set(number)


@njit
def _store(out, place, number):  # type: ignore[no-untyped-def]
    _bits.store_big_endian(out, place, number)


@pytest.mark.parametrize("place", [0, 1, 5, 8])
@pytest.mark.parametrize("number", NUMBERS)
def test_store_big_endian(number: int, place: int) -> None:
    with guarded(16) as out:
        _store(out, place, np.uint64(number))
        assert out.tobytes() == b"\x5a" * place + number.to_bytes(8, "big") + b"\x5a" * (8 - place)


@njit
def _copy(source, place, out, to):  # type: ignore[no-untyped-def]
    return _bits.copy_16_bytes(source, place, out, to)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("full", [(), (0,), (15,), (3, 4, 9), tuple(range(16))])
def test_copy_16_bytes(full: tuple[int, ...], side: Side) -> None:
    octets = np.random.default_rng(1).integers(0, 255, 16, dtype=np.uint8)
    octets[list(full)] = 0xFF
    with paged(octets, side) as source, guarded(20) as out:
        assert _copy(source, 0, out, 3) == jpeg_coding.full_places(octets.tobytes())
        assert out.tobytes() == b"\x5a" * 3 + octets.tobytes() + b"\x5a"


@njit
def _transform(tile, row, column, level, scale, blocks, masks, k):  # type: ignore[no-untyped-def]
    jpeg_transform.transform(tile, row, column, level, scale, blocks, masks, k)


# How far float32 may be off before it rounds, in units of the samples.
ACCURACY = 0.002

LUMA_100, CHROMA_1 = (1,) * 64, scaled(CHROMA_STEPS, 1)


def tiles() -> dict[str, Array]:
    """(8, 8 * BLOCKS) samples of 0 to 255, one pattern for each block."""
    rng = np.random.default_rng(7)
    shape = (8, 8 * BLOCKS)
    stripes = np.where(np.add.outer(np.arange(8), np.arange(8 * BLOCKS)) % 2, 255.0, 0.0)
    return {
        "noise": rng.integers(0, 256, shape).astype(np.float32),
        "extremes": rng.choice([0.0, 255.0], shape).astype(np.float32),
        "fractions": rng.uniform(0, 255, shape).astype(np.float32),
        "black": np.zeros(shape, np.float32),
        "white": np.full(shape, 255, np.float32),
        "checkers": stripes.astype(np.float32),
        "gradient": (np.add.outer(np.arange(8) * 3.0, np.arange(8 * BLOCKS) * 5.0)).astype(np.float32),
    }


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("steps", [LUMA_100, LUMA_STEPS, CHROMA_1, tuple(range(1, 65))], ids=["1", "K.1", "255", "each its own"])
@pytest.mark.parametrize("level", [0, 128])
@pytest.mark.parametrize("name", tiles())
def test_transform(name: str, level: int, steps: Steps, side: Side) -> None:
    """Rounded to the nearest, but for ties that float32 cannot tell; read at the end of the tile, written where it should be."""
    samples, place = tiles()[name], 2
    tile = np.zeros((11, 8 * BLOCKS + 24), np.float32)
    row, column = (3, 24) if side is Side.BEHIND else (0, 0)
    tile[row : row + 8, column : column + 8 * BLOCKS] = samples
    tile.flags.writeable = False
    table = np.array(steps).reshape(8, 8)
    with (
        paged(tile, side) as source, paged(scale_of(steps), side) as scale,
        guarded((place + BLOCKS + 1, 64), np.int16, fill=0x11) as blocks, guarded(place + BLOCKS + 1, np.uint64, fill=0x22) as masks,
    ):  # fmt: skip
        _transform(source, row, column, np.float32(8 * level), scale, blocks, masks, place)
        for number in range(BLOCKS):
            exact = jpeg_samples.coefficients(samples[:, 8 * number : 8 * number + 8].astype(np.float64) - level)[0, 0]
            found = blocks[place + number].astype(np.int64)
            difference = np.abs(found * jpeg_samples.zigzag(table) - jpeg_samples.zigzag(exact))
            assert (difference <= jpeg_samples.zigzag(table) / 2 + ACCURACY).all()
            assert int(masks[place + number]) == jpeg_coding.mask_of(found.tolist())
        others = [0, 1, place + BLOCKS]
        assert (blocks[others] == 0x1111).all()
        assert (masks[others] == 0x2222222222222222).all()


def of_one_value() -> list[Array]:
    """Rows of blocks of which some have one value: whole and fractional ones, and such that differ in one sample by the least there is."""
    rng = np.random.default_rng(19)
    flat = np.repeat(rng.choice([0, 77, 255, 128, 76.245, 149.685], (1, 12)), 8, axis=1).repeat(8, axis=0).astype(np.float32)
    mixed = flat.copy()
    mixed[:, 16:40] = rng.integers(0, 256, (8, 24))
    pairs = np.full((8, 96), 99.5, np.float32)
    pairs[:, 48:] = 200
    found = [flat, mixed, pairs, np.full((8, 96), 255, np.float32), np.zeros((8, 96), np.float32), np.full((8, 96), -0.0, np.float32)]
    for place in range(8 * 8 * BLOCKS):
        found.append(np.full((8, 96), 31.25, np.float32))
        row, column = divmod(place, 8 * BLOCKS)
        found[-1][row, column] = np.nextafter(np.float32(31.25), np.float32(255)) if place % 2 else 255
    return found


@pytest.mark.parametrize("level", [0, 128])
@pytest.mark.parametrize("steps", [LUMA_100, LUMA_STEPS, CHROMA_1], ids=["1", "K.1", "255"])
@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_blocks_of_one_value_are_what_the_transform_makes_of_them(count: int, steps: Steps, level: int) -> None:
    """They are not transformed: their coefficients, and the ready mask, must be the same as if they were."""
    eight_levels, scale = np.float32(8 * level), scale_of(steps)
    for tile in of_one_value():
        whole, ready = np.zeros((14, 64), np.int16), np.zeros(14, np.uint64)
        for k in range(0, count, BLOCKS):
            _transform(tile, 0, 8 * k, eight_levels, scale, whole, ready, 1 + k)
        with (
            paged(tile[:, : 8 * (count + -count % BLOCKS)], Side.BEHIND) as source,
            guarded((14, 64), np.int16) as blocks, guarded(14, np.uint64) as masks,
        ):  # fmt: skip
            jpeg_transform.transform_row(source, 0, count, eight_levels, scale, blocks, masks, 1)
            np.testing.assert_array_equal(masks[1 : 1 + count], ready[1 : 1 + count])
            np.testing.assert_array_equal(blocks[1 : 1 + count, 0], whole[1 : 1 + count, 0])
            for k in range(1, 1 + count):
                for place in range(1, 64):
                    assert blocks[k, place] == whole[k, place] or not int(masks[k]) >> place & 1
            assert (blocks[0] == 0x5A5A).all()


@njit
def _convert_444(pixels, upper, lower, column, tile, row, to, chroma_row):  # type: ignore[no-untyped-def]
    jpeg_color.convert_444(pixels, upper, lower, column, tile, row, to, chroma_row)


@njit
def _convert_422(pixels, upper, lower, column, tile, row, to, chroma_row):  # type: ignore[no-untyped-def]
    jpeg_color.convert_422(pixels, upper, lower, column, tile, row, to, chroma_row)


@njit
def _convert_420(pixels, upper, lower, column, tile, row, to, chroma_row):  # type: ignore[no-untyped-def]
    jpeg_color.convert_420(pixels, upper, lower, column, tile, row, to, chroma_row)


CONVERTERS = [(_convert_444, 1, 1), (_convert_422, 2, 1), (_convert_420, 2, 2)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("content", ["noise", "black", "white", "primaries"])
@pytest.mark.parametrize(("convert", "across", "down"), CONVERTERS, ids=["444", "422", "420"])
def test_convert(convert: Any, across: int, down: int, content: str, side: Side) -> None:
    """16 pixels at the end of the last row, or at the beginning of the first: 48 bytes are loaded for each row, and no more."""
    rng = np.random.default_rng(3)
    contents = {
        "noise": rng.integers(0, 256, (4, 18, 3)), "black": np.zeros((4, 18, 3)), "white": np.full((4, 18, 3), 255),
        "primaries": rng.choice([0, 255], (4, 18, 3)),
    }  # fmt: skip
    pixels = read_only(contents[content].astype(np.uint8))
    upper, column, to = (4 - down, 2, 32) if side is Side.BEHIND else (0, 0, 0)
    rows = pixels[upper : upper + down, column : column + 16]
    with paged(pixels.reshape(4, 54), side) as source, guarded((32, 48), np.float32, fill=0x33) as tile:
        untouched = tile[0, 0]
        convert(source, upper, upper + down - 1, column, tile, 6, to, 17)
        y, cb, cr = np.moveaxis(jpeg_samples.ycbcr(rows), -1, 0)
        np.testing.assert_allclose(tile[6 : 6 + down, to : to + 16], y, atol=1e-4)
        at = slice(to // across, (to + 16) // across)
        np.testing.assert_allclose(tile[17, at], jpeg_samples.means(cb, down, across)[0], atol=1e-4)
        np.testing.assert_allclose(tile[25, at], jpeg_samples.means(cr, down, across)[0], atol=1e-4)
        tile[6 : 6 + down, to : to + 16] = tile[17, at] = tile[25, at] = untouched
        assert (tile == untouched).all()


def blocks_of(kind: str) -> Array:
    rng = np.random.default_rng(11)
    blocks = rng.integers(-1023, 1024, (9, 64)).astype(np.int16)
    present = {"full": 1.0, "dense": 0.7, "sparse": 0.06, "empty": 0.0}[kind]
    blocks[rng.random((9, 64)) >= present] = 0
    return blocks


@njit
def _gather(blocks, k, mask, class_run, values, runs, n):  # type: ignore[no-untyped-def]
    return jpeg_symbols.gather_symbols(blocks, k, mask, class_run, values, runs, n)


@wide_only
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("class_run", [0, CLASS_RUN])
@pytest.mark.parametrize("kind", ["full", "dense", "sparse", "empty"])
def test_gather_symbols(kind: str, class_run: int, side: Side) -> None:
    for k, block in enumerate(blocks_of(kind).tolist()):
        mask = jpeg_coding.places_with_zrl(jpeg_coding.mask_of(block))
        places = [place for place in range(64) if mask >> place & 1]
        zeros = [place - before - 1 for before, place in pairwise(places)]
        ending = [0] * (len(places) < 64)
        end = 5 + len(places) + len(ending)
        with paged(blocks_of(kind), side) as blocks, guarded(5 + 64, np.int16) as values, guarded(5 + 64) as runs:
            assert _gather(blocks, k, np.uint64(mask), class_run, values, runs, 5) == len(places)
            assert values[5:end].tolist() == [block[place] for place in places] + ending
            assert runs[5:end].tolist() == [run + class_run for run in [DC_RUN, *zeros, *ending]]
            assert (values[:5] == 0x5A5A).all()
            assert (runs[:5] == 0x5A).all()


def random_tables() -> CodeTables:
    """Codes of any length at any place, as no Huffman table has them, so that no two places are alike."""
    rng = np.random.default_rng(13)
    size = rng.integers(1, 17, (2, TABLE_SIZE))
    codes = rng.integers(0, 1 << size, dtype=np.int64).astype(np.uint16)
    category = np.arange(TABLE_SIZE) % CATEGORIES
    category[DC_RUN * CATEGORIES + 11] = 11
    lengths = (size + category).astype(np.uint16)
    for array in (codes, lengths):
        array[:, PADDING_RUN * CATEGORIES + 1] = 0
    return CodeTables(read_only(codes), read_only(lengths), standard_codes().ready)


TABLES: dict[str, Callable[[], CodeTables]] = {
    "standard": standard_codes,
    "random": random_tables,
    "longest": lambda: code_tables((LONGEST, LONGEST)),
}


def symbols(kind: str, tables: CodeTables, classes: int) -> list[tuple[int, int]]:
    """32 values and runs for which there are codes."""
    rng = np.random.default_rng(17)
    found: list[tuple[int, int]] = []
    while len(found) < 32:
        number = int(rng.integers(0, classes))
        drawn = rng.random()
        if drawn < 0.2:
            value, run = int(rng.integers(-2047, 2048)), DC_RUN
        elif drawn < 0.4:
            value, run = 0, int(rng.choice([0, 15]))
        elif drawn < 0.5:
            value, run = -1, PADDING_RUN
        else:
            value = int(rng.choice([-1, 1])) * ((1 << int(rng.integers(1, 4 if kind == "small" else 11))) - 1)
            run = int(rng.integers(0, 3 if kind == "small" else 16))
        place = run * CATEGORIES + jpeg_coding.category(value)
        if tables.lengths[number, place] or run == PADDING_RUN:
            found.append((value, run + CLASS_RUN * number))
    return found


@njit
def _code_one(values, runs, n, codes, lengths, joined):  # type: ignore[no-untyped-def]
    return jpeg_symbols.code_32_symbols(values, runs, n, codes, lengths, joined)


@njit
def _code_two(values, runs, n, codes, lengths, joined):  # type: ignore[no-untyped-def]
    return jpeg_symbols.code_32_symbols_of_two_classes(values, runs, n, codes, lengths, joined)


@wide_only
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", ["small", "any"])
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("classes", [1, 2])
def test_code_32_symbols(classes: int, name: str, kind: str, side: Side) -> None:
    tables = TABLES[name]()
    drawn = symbols(kind, tables, classes)
    coded = []
    for value, run in drawn:
        number, place = run // CLASS_RUN, run % CLASS_RUN * CATEGORIES + jpeg_coding.category(value)
        digits = jpeg_coding.extra_bits(value) if run % CLASS_RUN != PADDING_RUN else ""
        code = int(tables.codes[number, place]) << len(digits) | int(digits or "0", 2)
        coded.append((code, int(tables.lengths[number, place])))
    fours = [jpeg_coding.joined(coded[i : i + 4]) for i in range(0, 32, 4)]
    pairs = [jpeg_coding.joined(coded[i : i + 2]) for i in range(0, 32, 2)]
    n = 3
    given_values = np.array([0] * n + [value for value, _ in drawn], np.int16)
    given_runs = np.array([0] * n + [run for _, run in drawn], np.uint8)
    with (
        paged(given_values, side) as values, paged(given_runs, side) as runs, paged(tables.codes[:classes], side) as codes,
        paged(tables.lengths[:classes], side) as lengths, guarded(48, np.uint64) as joined,
    ):  # fmt: skip
        long = (_code_one if classes == 1 else _code_two)(values, runs, n, codes, lengths, joined)
        assert (long == 0) == all(length <= MOST_BITS for _, length in fours)
        assert joined[8:16].tolist() == [length for _, length in fours]
        for found, (code, length) in zip(joined[:8].tolist(), fours, strict=True):
            assert length > MOST_BITS or found == code
        assert joined[16:32].tolist() == [code for code, _ in pairs]
        assert joined[32:].tolist() == [length for _, length in pairs]
