"""Lossless JPEG: every predictor, depth, point transform, restart and scan order, against an encoder written from the equations."""

import imagecodecs
import numpy as np
import pytest

from tests.fixtures.compressed_images import soft_colors, thorax_cells
from tests.reference.jpeg_lossless import encode
from tests.reference.rounding import Array
from tests.reference.samples import sample_values
from tests.wado_core.codecs.markers import JFIF, adobe
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.jpeg_in import decode
from wado_core.errors import DamagedObject

ROWS, COLUMNS = 19, 13


def samples(bits: int, components: int = 1) -> Array:
    """Noise over the whole range, where differences wrap, above a slope, where they are small."""
    noise = np.random.default_rng(bits).integers(0, 1 << bits, (ROWS, COLUMNS, components))
    r, c, k = np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), np.arange(components), indexing="ij")
    picture = np.where(r < ROWS // 2, noise, (3 * r + 5 * c + 11 * k) % (1 << bits))
    return picture[:, :, 0] if components == 1 else picture


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("bits", range(2, 17))
def test_every_predictor_at_every_depth(bits: int, predictor: int) -> None:
    picture = samples(bits)
    decoded = decode(encode(picture, bits, predictor=predictor), pixel(ROWS, COLUMNS, bits_stored=bits))
    np.testing.assert_array_equal(decoded.cells, picture)
    assert decoded.cells.dtype == (np.uint8 if bits <= 8 else np.uint16)
    assert (decoded.pixel.bits_stored, decoded.pixel.high_bit) == (bits, bits - 1)


@pytest.mark.parametrize("predictor", [1, 4, 7])
@pytest.mark.parametrize(("bits", "point_transform"), [(8, 1), (8, 4), (12, 3), (16, 1), (16, 8)])
def test_a_point_transform_loses_the_lowest_bits_and_says_so(bits: int, point_transform: int, predictor: int) -> None:
    """T.81 H.1.2.3, A.4: the decoder shifts back."""
    picture = samples(bits)
    stream = encode(picture, bits, predictor=predictor, point_transform=point_transform)
    decoded = decode(stream, pixel(ROWS, COLUMNS, bits_stored=bits))
    np.testing.assert_array_equal(decoded.cells, picture >> point_transform << point_transform)
    for made, lossy in ((stream, True), (encode(picture, bits), False)):
        found = read_code_stream(made)
        assert found is not None
        assert found.lossy is lossy


@pytest.mark.parametrize("predictor", [1, 2, 5, 7])
@pytest.mark.parametrize("restart_rows", [1, 4, ROWS])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_prediction_begins_anew_at_restarts(bits: int, restart_rows: int, predictor: int) -> None:
    picture = samples(bits)
    decoded = decode(encode(picture, bits, predictor=predictor, restart_rows=restart_rows), pixel(ROWS, COLUMNS, bits_stored=bits))
    np.testing.assert_array_equal(decoded.cells, picture)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("ids", [(1, 2, 3), (0, 1, 2), (82, 71, 66)])
@pytest.mark.parametrize("applications", [[], [(0xE0, JFIF)], [(0xEE, adobe(0))], [(0xEE, adobe(1))]])
@pytest.mark.parametrize("interleaved", [True, False])
def test_components_are_what_the_header_says_and_nothing_transforms_them(
    interleaved: bool, applications: list[tuple[int, bytes]], ids: tuple[int, ...], photometric: str
) -> None:
    """H3.5: whatever JFIF and Adobe segments or the names of components would mean to a decoder of lossy streams."""
    stream = encode(soft_colors(), 8, predictor=6, interleaved=interleaved, ids=ids, applications=applications)
    decoded = decode(stream, pixel(48, 64, 3, photometric=photometric))
    np.testing.assert_array_equal(decoded.cells, soft_colors())
    assert decoded.pixel.photometric_interpretation == ("RGB" if photometric == "RGB" else "YBR_FULL")


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize("bits", [12, 16])
def test_deep_color(bits: int, interleaved: bool) -> None:
    picture = samples(bits, 3)
    decoded = decode(encode(picture, bits, interleaved=interleaved, predictor=3), pixel(ROWS, COLUMNS, 3, bits))
    np.testing.assert_array_equal(decoded.cells, picture)


class TestSign:
    """H1.7: samples are unsigned in the stream; the header has the sign and, of wider streams, the place of its bit."""

    @pytest.mark.parametrize("coded_as", [12, 16])
    def test_twos_complement(self, coded_as: int) -> None:
        cells = thorax_cells().astype(np.int64) & ((1 << coded_as) - 1)
        decoded = decode(encode(cells, coded_as), pixel(128, 128, bits_stored=12, signed=True))
        found = sample_values(decoded.cells.astype(np.int64), decoded.pixel.bits_stored, decoded.pixel.high_bit, 1)
        assert decoded.pixel.signed
        np.testing.assert_array_equal(found, thorax_cells())

    def test_a_stream_narrower_than_bits_stored(self) -> None:
        """Its own top bit is the sign: there is no other."""
        cells = thorax_cells() & 0xFFF
        decoded = decode(encode(cells, 12), pixel(128, 128, bits_stored=16, signed=True))
        found = sample_values(decoded.cells.astype(np.int64), decoded.pixel.bits_stored, decoded.pixel.high_bit, 1)
        np.testing.assert_array_equal(found, thorax_cells())

    def test_8_bits(self) -> None:
        values = np.arange(-128, 128).reshape(16, 16)
        decoded = decode(encode(values & 0xFF, 8), pixel(16, 16, bits_stored=8, signed=True))
        np.testing.assert_array_equal(decoded.cells.view(np.int8), values)
        assert decoded.pixel.signed


def test_unsigned_samples_are_as_deep_as_the_stream_says() -> None:
    decoded = decode(encode(samples(16), 16), pixel(ROWS, COLUMNS, bits_stored=12))
    assert (decoded.pixel.bits_stored, decoded.pixel.high_bit) == (16, 15)
    np.testing.assert_array_equal(decoded.cells, samples(16))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_pictures_of_one_row_or_column(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(3).integers(0, 1 << 16, shape)
    np.testing.assert_array_equal(decode(encode(picture, 16, predictor=7), pixel(*shape, bits_stored=16)).cells, picture)


def test_the_encoder_of_the_oracle_writes_what_libjpeg_turbo_writes_but_for_its_codes() -> None:
    """Both streams hold the same samples; the oracle's is longer, with one length for all codes."""
    picture = samples(12).astype(np.uint16)
    library = bytes(imagecodecs.jpeg8_encode(picture, bitspersample=12, lossless=True, predictor=5))
    described = pixel(ROWS, COLUMNS, bits_stored=12)
    np.testing.assert_array_equal(decode(library, described).cells, decode(encode(picture, 12, predictor=5), described).cells)


@pytest.mark.parametrize("length", [0, 2, 30, 60, 200])
def test_truncated_streams_decode_or_are_damage(length: int) -> None:
    stream = encode(samples(12), 12)
    try:
        assert decode(stream[:length], pixel(ROWS, COLUMNS, bits_stored=12)).cells.shape == (ROWS, COLUMNS)
    except DamagedObject:
        assert length < 200
