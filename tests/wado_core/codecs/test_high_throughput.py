"""High-Throughput JPEG 2000, streams of Part 2, and samples of more than 16 bits."""

import sys
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from struct import pack
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.fixtures.code_streams import htj2k, jpeg_2000
from tests.fixtures.compressed_images import soft_colors, thorax_8bit, thorax_cells
from tests.reference.rounding import Array
from tests.reference.samples import sample_values
from tests.reference.wavelet import reduced
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.jpeg_2000 import decode, excerpt_for
from wado_core.codecs.jpeg_2000_markers import Jpeg2000Facts, read_jpeg_2000_facts
from wado_core.errors import DamagedObject, NotSupported, WadoError
from wado_core.model.image_pixel import ImagePixel

GRAY = thorax_8bit()


def facts_of(stream: bytes) -> Jpeg2000Facts:
    found = read_jpeg_2000_facts(stream)
    assert found is not None
    return found


def values(decoded: Decoded) -> Array:
    pixel = decoded.pixel
    return sample_values(decoded.cells.astype(np.int64), pixel.bits_stored, pixel.high_bit, int(pixel.signed))


def of_bits(rows: int, columns: int, bits: int, *, signed: bool = False) -> ImagePixel:
    allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return ImagePixel(rows, columns, 1, "MONOCHROME2", allocated, bits, bits - 1, signed)


def hard_edges() -> Array:
    """Black and white without anything between: every filter overshoots.  (64, 64) uint8."""
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 20:41] = picture[30:35] = 255
    return picture


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_reversible_gray(bits: int, signed: bool, lossless: bool) -> None:
    """By OpenJPH where the syntax is lossless only, by OpenJPEG elsewhere: the same values."""
    low = -(1 << (bits - 1)) if signed else 0
    picture = np.random.default_rng(bits).integers(low, low + (1 << bits), (37, 50)).astype(f"{'i' if signed else 'u'}{bits // 8}")
    decoded = decode(htj2k(picture), of_bits(37, 50, bits, signed=signed), lossless=lossless)
    np.testing.assert_array_equal(values(decoded), picture)
    assert decoded.pixel.signed is signed


@pytest.mark.parametrize("lossless", [True, False])
def test_reversible_color(lossless: bool) -> None:
    decoded = decode(htj2k(soft_colors()), pixel(48, 64, 3, photometric="YBR_RCT"), lossless=lossless)
    np.testing.assert_array_equal(decoded.cells, soft_colors())
    assert decoded.pixel.photometric_interpretation == "RGB"


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_planes_without_a_component_transform(photometric: str) -> None:
    stream = bytes(imagecodecs.htj2k_encode(soft_colors(), reversible=True, rgb=False))
    decoded = decode(stream, pixel(48, 64, 3, photometric=photometric), lossless=True)
    np.testing.assert_array_equal(decoded.cells, soft_colors())
    assert decoded.pixel.photometric_interpretation == photometric


def test_32_bits_come_back_from_lossless_streams() -> None:
    picture = np.random.default_rng(1).integers(0, 1 << 32, (20, 30), dtype=np.uint32)
    decoded = decode(htj2k(picture), of_bits(20, 30, 32), lossless=True)
    np.testing.assert_array_equal(decoded.cells, picture)
    assert decoded.cells.dtype == np.uint32
    assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored) == (32, 32)
    with pytest.raises(NotSupported, match=r"\(0028,0101\).*32 bits.*24"):
        decode(htj2k(picture), of_bits(20, 30, 32))


@pytest.mark.parametrize("lossless", [True, False])
def test_values_beyond_the_range_are_clipped_and_not_wrapped(lossless: bool) -> None:
    """Quantised, white overshoots: cut off to 8 bits it would be black."""
    stream = bytes(imagecodecs.htj2k_encode(hard_edges(), level=0.05, reversible=False))
    cells = decode(stream, pixel(64, 64), lossless=lossless).cells.astype(int)
    assert np.abs(cells - hard_edges()).max() < 40
    wrapped = imagecodecs.htj2k_decode(stream).astype(int)
    assert np.abs(wrapped - hard_edges()).max() > 200, "the binding wraps no more: the other decoder may be spared"


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("lossless", [True, False])
def test_smaller_sizes_are_clipped_too(lossless: bool, steps: int) -> None:
    picture = hard_edges()
    stream = htj2k(picture)
    side = 64 >> steps
    decoded = decode(stream, pixel(64, 64), (side // 2, side // 2), lossless=lossless)
    np.testing.assert_array_equal(decoded.cells, np.clip(reduced(picture.astype(np.int64), steps), 0, 255))


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (16, False), (16, True)])
@pytest.mark.parametrize("smallest", [None, (32, 32), (10, 10)])
def test_openjph_has_room_for_values_beyond_the_range(
    bits: int, signed: bool, color: bool, smallest: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At black and white edges: the values of OpenJPEG, which clips, without asking it."""
    low = -(1 << (bits - 1)) if signed else 0
    picture = np.kron(hard_edges() > 0, np.ones((3, 3))) * ((1 << bits) - 1) + low
    picture = picture.astype(f"{'i' if signed else 'u'}{bits // 8}")
    if color:
        picture = np.stack([picture, picture[::-1], picture.T], axis=-1).copy()
    stream, described = htj2k(picture), replace(of_bits(192, 192, bits, signed=signed), samples_per_pixel=3 if color else 1)
    part = stream if smallest is None else excerpt_for(stream, described, smallest)
    assert part is not None
    expected = imagecodecs.jpeg2k_decode(part, numthreads=1)
    monkeypatch.setattr(imagecodecs, "jpeg2k_decode", None)
    np.testing.assert_array_equal(decode(stream, described, smallest).cells, expected.astype(f"u{bits // 8}"))


@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (16, False), (16, True)])
def test_a_lower_resolution_is_that_of_the_reversible_wavelet(bits: int, signed: bool) -> None:
    low, top = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    r, c = np.meshgrid(np.arange(64), np.arange(96), indexing="ij")
    picture = (low + (top - low) * (0.5 + 0.2 * np.sin(r / 5) + 0.15 * np.cos(c / 7))).astype(f"{'i' if signed else 'u'}{bits // 8}")
    decoded = decode(htj2k(picture), of_bits(64, 96, bits, signed=signed), (16, 24), lossless=True)
    np.testing.assert_array_equal(values(decoded), reduced(picture.astype(np.int64), 1))


def test_what_the_stream_is_counts_and_not_what_the_syntax_says() -> None:
    """A plain stream in a High-Throughput syntax; the file format around a stream."""
    np.testing.assert_array_equal(decode(jpeg_2000(GRAY, bits_stored=8), pixel(128, 128), lossless=True).cells, GRAY)
    boxed = BytesIO()
    Image.fromarray(GRAY).save(boxed, "JPEG2000", irreversible=False)
    np.testing.assert_array_equal(decode(boxed.getvalue(), pixel(128, 128), lossless=True).cells, GRAY)


class TestDamage:
    """OpenJPH reports lines that it cannot decode to nobody, and does not look at headers before it divides by what they say."""

    @pytest.mark.parametrize("seed", range(12))
    def test_a_broken_body_is_decoded_otherwise_or_damage(self, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
        stream = bytearray(htj2k(GRAY.astype(np.uint16) * 13))
        rng = np.random.default_rng(seed)
        for at in rng.integers(150, len(stream), 4):
            stream[at] = rng.integers(0, 256)
        hook = sys.unraisablehook
        with suppress(DamagedObject):
            decode(bytes(stream), of_bits(128, 128, 16), lossless=True)
        assert sys.unraisablehook is hook
        assert "Exception ignored" not in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("offset", "content"),
        [
            (24, pack(">L", 0)), (28, pack(">L", 0)),  # tiles of no width or height
            (24, pack(">LL", 1, 1)), (32, pack(">L", 2)), (36, pack(">L", 2)),  # more tiles than encoders make, tiles beside the image
        ],
    )  # fmt: skip
    def test_tiles_that_cannot_be(self, offset: int, content: bytes) -> None:
        stream = bytearray(htj2k(GRAY))
        stream[offset : offset + len(content)] = content
        assert not facts_of(bytes(stream)).plain

    def test_more_bit_planes_than_any_sample_has(self) -> None:
        stream = bytearray(htj2k(GRAY))
        at = stream.index(b"\xff\x5c")
        stream[at + 6] = 0xFF
        assert not facts_of(bytes(stream)).plain

    @pytest.mark.parametrize("picture", [GRAY, GRAY.astype(np.uint16) * 13, soft_colors(), GRAY.astype(np.uint32) << 12], ids=str)
    def test_what_encoders_write_is_plain(self, picture: Array) -> None:
        for options in ({}, {"resolutions": 2}, {"tile": (64, 64), "tlm": True}):
            stream = bytes(imagecodecs.htj2k_encode(picture, reversible=True, **options))
            found = facts_of(stream)
            assert found.plain
            assert found.high_throughput
            assert found.reversible

    @settings(max_examples=60, deadline=None)
    @given(length=st.floats(0.01, 1), flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3), head=st.booleans())
    def test_damaged_streams_decode_or_are_refused(self, length: float, flips: list[tuple[float, int]], head: bool) -> None:
        stream = bytearray(htj2k(GRAY))
        for place, value in flips:
            stream[int(place * (150 if head else len(stream) - 1))] = value
        try:
            assert decode(bytes(stream[: int(length * len(stream))]), pixel(128, 128), lossless=True).cells.shape == (128, 128)
        except WadoError:
            return


class TestPart2:
    """.92 and .93: what Part 1 decodes is decoded, the rest refused by name."""

    def test_a_stream_that_needs_nothing_of_it(self) -> None:
        np.testing.assert_array_equal(decode(jpeg_2000(GRAY, bits_stored=8), pixel(128, 128)).cells, GRAY)

    def test_a_stream_that_says_so(self) -> None:
        stream = bytearray(jpeg_2000(GRAY, bits_stored=8))
        stream[6:8] = b"\x80\x00"
        self.check(bytes(stream))

    @pytest.mark.parametrize("marker", [0xFF74, 0xFF75, 0xFF76, 0xFF77, 0xFF78, 0xFF79, 0xFF72])
    def test_a_marker_of_it(self, marker: int) -> None:
        stream = jpeg_2000(GRAY, bits_stored=8)
        at = stream.index(b"\xff\x52")
        self.check(stream[:at] + pack(">HH", marker, 4) + b"\0\0" + stream[at:])

    def check(self, stream: bytes) -> None:
        with pytest.raises(NotSupported, match=r"Part 2 \(T\.801\)"):
            decode(stream, pixel(128, 128))
        described = read_code_stream(stream)
        assert described is not None
        assert "T.801" in described.problem


class TestDepth:
    @pytest.mark.parametrize("signed", [False, True])
    @pytest.mark.parametrize("bits", [17, 20, 24])
    def test_up_to_24_bits(self, bits: int, signed: bool) -> None:
        low = -(1 << (bits - 1)) if signed else 0
        picture = np.random.default_rng(bits).integers(low, low + (1 << bits), (30, 40)).astype("i4" if signed else "u4")
        small = np.clip(reduced(picture.astype(np.int64), 1), low, low + (1 << bits) - 1)
        for smallest, expected in ((None, picture), ((4, 4), small)):
            decoded = decode(self.encoded(picture, bits), of_bits(30, 40, bits, signed=signed), smallest)
            np.testing.assert_array_equal(values(decoded), expected)
            assert decoded.cells.dtype == np.uint32
            assert decoded.pixel.bits_allocated == 32

    def test_more_are_refused_since_openjpeg_gives_other_values_back(self) -> None:
        picture = np.random.default_rng(0).integers(0, 1 << 26, (30, 40)).astype("u4")
        stream = self.encoded(picture, 26)
        assert not np.array_equal(imagecodecs.jpeg2k_decode(stream), picture)
        with pytest.raises(NotSupported, match=r"\(0028,0101\).*26 bits"):
            decode(stream, of_bits(30, 40, 26))

    def test_one_bit(self) -> None:
        picture = (thorax_cells() > 0).astype(np.uint8)
        decoded = decode(self.encoded(picture, 1), pixel(128, 128, bits_stored=1))
        np.testing.assert_array_equal(decoded.cells, picture)
        assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored, decoded.pixel.high_bit) == (8, 1, 0)

    def encoded(self, picture: Array, bits: int) -> bytes:
        options: dict[str, Any] = {"level": 0, "codecformat": "J2K", "reversible": True, "numthreads": 1, "bitspersample": bits}
        return bytes(imagecodecs.jpeg2k_encode(picture, **options))


@pytest.mark.parametrize("reversible", [True, False])
def test_whether_it_is_lossy(reversible: bool) -> None:
    for stream in (
        bytes(imagecodecs.htj2k_encode(GRAY, level=0 if reversible else 0.01, reversible=reversible)),
        bytes(imagecodecs.jpeg2k_encode(GRAY, level=0 if reversible else 60, codecformat="J2K", reversible=reversible, numthreads=1)),
    ):
        described = read_code_stream(stream)
        assert described is not None
        assert described.lossy is not reversible
