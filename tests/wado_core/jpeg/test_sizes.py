"""The largest pictures and intervals that a stream can name, and those beyond (T.81 B.2.2, B.2.4.4)."""

from typing import Any

import numpy as np
import pytest

from tests.reference.jpeg import take_apart
from tests.wado_core.jpeg.decoding import check_coefficients, decode
from tests.wado_core.jpeg.pictures import picture
from wado_core import encode_jpeg
from wado_core.codecs import jpeg_out
from wado_core.errors import InvalidRequest
from wado_core.jpeg.layout import MOST_LINES, MOST_MCUS, Layout, Subsampling
from wado_core.jpeg.samples import samples_of

# What libjpeg decodes at most.
MOST_DECODED = 65_500


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("shape", [(MOST_DECODED, 3), (3, MOST_DECODED)])
def test_the_longest_pictures_that_are_decoded(shape: tuple[int, int], color: bool) -> None:
    source = picture("gradient", *shape, color=color)
    for restart_rows in (None, 1):
        stream = encode_jpeg(source, quality=100, subsampling="4:4:4", restart_rows=restart_rows)
        error = decode(stream).astype(int) - source
        assert np.abs(error).max() <= (5 if color else 3)


@pytest.mark.parametrize(("shape", "color"), [((MOST_LINES, 3), False), ((3, MOST_LINES), False), ((3, MOST_LINES), True)])
def test_the_longest_pictures(shape: tuple[int, int], color: bool) -> None:
    source = picture("gradient", *shape, color=color)
    for restart_rows in (None, 1):
        stream = encode_jpeg(source, quality=20, restart_rows=restart_rows)
        check_coefficients(take_apart(stream), source, *((2, 2) if color else (1, 1)))


@pytest.mark.parametrize("shape", [(MOST_LINES + 1, 3), (3, MOST_LINES + 1), (0, 3), (3, 0), (0, 0)])
def test_pictures_that_a_stream_cannot_name(shape: tuple[int, int]) -> None:
    for source in (np.zeros(shape, np.uint8), np.zeros((*shape, 3), np.uint8)):
        with pytest.raises(InvalidRequest):
            encode_jpeg(source)


def test_the_longest_interval() -> None:
    """65,535 is 3 · 5 · 17 · 257: that many MCUs are 257 columns of blocks, 255 rows of them."""
    source = np.zeros((16, 257 * 8), np.uint8)
    stream = encode_jpeg(source, restart_rows=255)
    assert stream[stream.index(b"\xff\xdd") :][:6] == b"\xff\xdd\x00\x04\xff\xff"
    assert decode(stream).shape == source.shape
    with pytest.raises(InvalidRequest):
        encode_jpeg(source, restart_rows=256)


@pytest.mark.parametrize(("across", "down", "subsampling"), [(1, 1, "4:4:4"), (2, 1, "4:2:2"), (2, 2, "4:2:0")])
def test_the_longest_interval_of_color(across: int, down: int, subsampling: str) -> None:
    source = np.zeros((8 * down, 257 * 8 * across, 3), np.uint8)
    assert decode(encode_jpeg(source, subsampling=subsampling, restart_rows=255)).shape == source.shape
    with pytest.raises(InvalidRequest):
        encode_jpeg(source, subsampling=subsampling, restart_rows=256)


@pytest.mark.parametrize("restart_rows", [0, -1, 10**9])
def test_intervals_that_are_none(restart_rows: int) -> None:
    with pytest.raises(InvalidRequest):
        encode_jpeg(np.zeros((8, 8), np.uint8), restart_rows=restart_rows)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("shape", [(100, MOST_DECODED), (MOST_DECODED, 9)])
def test_strips_of_the_longest_pictures_fit_into_an_interval(shape: tuple[int, int], color: bool) -> None:
    source = picture("flat", *shape, color=color)
    pieces = list(jpeg_out.encode(samples_of(source), *shape, 80, in_strips=True))
    assert len(pieces) > 1
    assert np.abs(decode(b"".join(pieces)).astype(int) - source).max() <= 2


@pytest.mark.parametrize("columns", [1, 8, 100, 65_528, MOST_LINES])
@pytest.mark.parametrize("subsampling", Subsampling)
def test_a_strip_is_at_least_one_row_of_blocks(columns: int, subsampling: Subsampling) -> None:
    rows = jpeg_out._strip(columns, subsampling)
    assert 1 <= Layout(100, columns, subsampling, rows).restart_mcus <= MOST_MCUS


@pytest.mark.parametrize(
    "samples",
    [
        [[1, 2], [3]], np.zeros((2, 2)), np.zeros((2, 2), np.int8), np.zeros((2, 2, 4), np.uint8), np.zeros(4, np.uint8), 7, None,
        np.ma.masked_equal(np.zeros((2, 2), np.uint8), 0), np.zeros((0, 5), np.uint8),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(samples: Any) -> None:
    with pytest.raises(InvalidRequest):
        encode_jpeg(samples)


@pytest.mark.parametrize(
    "tables",
    [
        [], [np.ones((8, 8), np.uint8)] * 3, [np.ones((8, 7), np.uint8)], [np.ones((8, 8))], [np.zeros((8, 8), np.uint8)],
        [np.full((8, 8), 256)], [[[1, 2], [3]]], 5, "table",
    ],
)  # fmt: skip
def test_what_is_no_quantisation_table_is_refused(tables: Any) -> None:
    with pytest.raises(InvalidRequest):
        encode_jpeg(np.zeros((8, 8), np.uint8), quantization_tables=tables)


@pytest.mark.parametrize("asked", [{"quality": 0}, {"quality": 90.5}, {"subsampling": "gray"}, {"restart_rows": 0}, {"restart_rows": True}])
def test_other_arguments_are_checked_too(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        encode_jpeg(np.zeros((8, 8, 3), np.uint8), **asked)


def test_numpy_s_integers_are_taken() -> None:
    samples = np.arange(4096, dtype=np.uint8).reshape(64, 64)
    assert encode_jpeg(samples, quality=np.int64(80), restart_rows=np.uint8(2)) == encode_jpeg(samples, quality=80, restart_rows=2)  # type: ignore[arg-type]
