"""JPEG-LS: lossless and near-lossless, signs, colour, and streams that CharLS would count zeros behind."""

import shutil
import subprocess
import time
from pathlib import Path
from struct import pack

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import generate_fragments

from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import jpeg, jpeg_ls
from tests.fixtures.compressed_images import soft_colors, thorax_8bit, thorax_cells
from tests.reference.rounding import Array
from tests.reference.samples import sample_values
from tests.wado_core.codecs.markers import segment
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.jpeg_ls import decode
from wado_core.errors import DamagedObject, NotSupported, WadoError

GRAY = thorax_8bit()


def plain(stream: bytes) -> bytes:
    """Return a stream of imagecodecs without the SPIFF header that it begins with."""
    return b"\xff\xd8" + stream[stream.index(b"\xff\xf7") :]


def with_segment(stream: bytes, marker: int, content: bytes) -> bytes:
    return stream[:2] + segment(marker, content) + stream[2:]


@pytest.mark.parametrize("spiff", [True, False])
@pytest.mark.parametrize(
    "picture", [GRAY, GRAY.astype(np.uint16) * 257, soft_colors(), soft_colors().astype(np.uint16) << 7], ids=["8", "16", "rgb", "rgb16"]
)
def test_lossless(picture: Array, spiff: bool) -> None:
    stream = jpeg_ls(picture)
    rows, columns = picture.shape[:2]
    described = pixel(rows, columns, 1 if picture.ndim == 2 else 3, picture.dtype.itemsize * 8)
    decoded = decode(stream if spiff else plain(stream), described)
    np.testing.assert_array_equal(decoded.cells, picture)
    assert decoded.cells.dtype == picture.dtype
    assert decoded.cells.flags.c_contiguous


@pytest.mark.parametrize("near", [1, 3, 9])
def test_near_lossless_is_as_near_as_it_says(near: int) -> None:
    stream = jpeg_ls(GRAY, near=near)
    difference = np.abs(decode(stream, pixel(128, 128)).cells.astype(int) - GRAY)
    assert 0 < difference.max() <= near
    for made, lossy in ((stream, True), (jpeg_ls(GRAY), False)):
        found = read_code_stream(made)
        assert found is not None
        assert found.lossy is lossy


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_there_is_no_color_transform(photometric: str) -> None:
    """H3.5."""
    decoded = decode(jpeg_ls(soft_colors()), pixel(48, 64, 3, photometric=photometric))
    np.testing.assert_array_equal(decoded.cells, soft_colors())
    assert decoded.pixel.photometric_interpretation == photometric


def test_the_color_transforms_of_hewlett_packard_are_undone() -> None:
    """HP1 is R - G, G, B - G, HP2 takes B from the mean of R and G, both around half the range; an APP8 segment says which."""
    r, g, b = (soft_colors()[..., k].astype(int) for k in range(3))
    transformed = {1: (r - g + 128, g, b - g + 128), 2: (r - g + 128, g, b - ((r + g) >> 1) + 128)}
    for number, planes in transformed.items():
        coded = (np.stack(planes, axis=-1) & 0xFF).astype(np.uint8)
        stream = with_segment(plain(jpeg_ls(coded)), 0xE8, b"mrfx" + bytes([number]))
        decoded = decode(stream, pixel(48, 64, 3, photometric="RGB"))
        np.testing.assert_array_equal(decoded.cells, soft_colors())
        assert decoded.pixel.photometric_interpretation == "RGB"


class TestSign:
    """H1.7: the stream knows none."""

    def test_12_bits_in_a_stream_of_16(self) -> None:
        decoded = decode(jpeg_ls((thorax_cells() & 0xFFF).astype(np.uint16)), pixel(128, 128, bits_stored=12, signed=True))
        found = sample_values(decoded.cells.astype(np.int64), decoded.pixel.bits_stored, decoded.pixel.high_bit, 1)
        np.testing.assert_array_equal(found, thorax_cells())

    def test_sign_extended_cells(self) -> None:
        decoded = decode(jpeg_ls(thorax_cells().astype(np.uint16)), pixel(128, 128, bits_stored=12, signed=True))
        found = sample_values(decoded.cells.astype(np.int64), decoded.pixel.bits_stored, decoded.pixel.high_bit, 1)
        np.testing.assert_array_equal(found, thorax_cells())


@pytest.mark.skipif(shutil.which("dcmcjpls") is None, reason="DCMTK's dcmcjpls is not installed")
class TestStreamsOfDcmtk:
    """dcmcjpls writes every interleave mode and most precisions; of noise it writes streams that it cannot read itself."""

    @pytest.mark.parametrize("bits", range(8, 17))
    def test_every_depth(self, bits: int, tmp_path: Path) -> None:
        r, c = np.meshgrid(np.arange(23), np.arange(31), indexing="ij")
        top = (1 << bits) - 1
        picture = np.where(r < 12, top * (r + c) // 52, top - (r * c) % 7).astype(np.uint8 if bits <= 8 else np.uint16)
        stream = self.encoded(file_bytes(image(picture, bits_stored=bits)), tmp_path, "+pc")
        found = read_code_stream(stream)
        assert found is not None
        decoded = decode(stream, pixel(23, 31, bits_stored=bits))
        np.testing.assert_array_equal(decoded.cells, picture)
        assert decoded.pixel.bits_stored == found.precision == bits

    @pytest.mark.parametrize("option", ["+in", "+il", "+is"])
    def test_every_interleave_mode(self, option: str, tmp_path: Path) -> None:
        """Planes one behind the other, lines, samples."""
        stream = self.encoded(file_bytes(image(soft_colors(), photometric="RGB")), tmp_path, option)
        decoded = decode(stream, pixel(48, 64, 3))
        np.testing.assert_array_equal(decoded.cells, soft_colors())
        assert decoded.cells.flags.c_contiguous

    def encoded(self, data: bytes, folder: Path, *options: str) -> bytes:
        source, target = folder / "source.dcm", folder / "target.dcm"
        source.write_bytes(data)
        subprocess.run(["dcmcjpls", *options, source, target], check=True, capture_output=True)
        _, stream = generate_fragments(dcmread(target).PixelData)
        return stream


class TestRefusals:
    def test_a_mapping_table_is_named_with_its_clause(self) -> None:
        for content in (b"\2\1\1" + bytes(range(8)), b"\3\1\1"):
            with pytest.raises(NotSupported, match=r"T\.87 C\.2\.4\.1\.2"):
                decode(with_segment(plain(jpeg_ls(GRAY)), 0xF8, content), pixel(128, 128))

    def test_a_component_that_names_a_table(self) -> None:
        stream = bytearray(plain(jpeg_ls(GRAY)))
        stream[stream.index(b"\xff\xda") + 6] = 1
        with pytest.raises(NotSupported, match="mapping table"):
            decode(bytes(stream), pixel(128, 128))

    def test_other_components_than_one_or_three(self) -> None:
        four = bytes(imagecodecs.jpegls_encode(np.zeros((8, 8, 4), np.uint8)))
        with pytest.raises(NotSupported, match=r"4 components.*\(0028,0002\)"):
            decode(four, pixel(8, 8, 3))

    def test_another_size_than_the_caller_expects_is_refused_before_it_is_decoded(self) -> None:
        stream = bytearray(plain(jpeg_ls(GRAY)))
        stream[7:11] = pack(">HH", 65535, 65535)
        with pytest.raises(DamagedObject, match="another size"):
            decode(bytes(stream), pixel(128, 128))

    @pytest.mark.parametrize("data", [b"", b"\xff\xd8", jpeg(GRAY), b"\0" * 100])
    def test_what_is_no_stream_is_damage(self, data: bytes) -> None:
        with pytest.raises(DamagedObject, match="no JPEG-LS stream"):
            decode(data, pixel(128, 128))


@pytest.mark.parametrize("tail", [b"", b"\0", b"\0\0", b"\xff", b"\xff\xd9"])
def test_a_stream_that_is_cut_short_ends_soon(tail: bytes) -> None:
    """CharLS counts the zeros that it finds behind the end, 2^31 of them in ten seconds, unless a marker stands there."""
    began = time.monotonic()
    for stream in (jpeg_ls(GRAY), jpeg_ls(GRAY.astype(np.uint16) * 13), jpeg_ls(np.stack([GRAY] * 3, axis=-1))):
        described = read_code_stream(stream)
        assert described is not None
        for length in range(60, len(stream), len(stream) // 12):
            try:
                decode(stream[:length] + tail, pixel(128, 128, described.components, described.precision))
            except DamagedObject:
                continue
    assert time.monotonic() - began < 5


@settings(max_examples=150, deadline=None)
@given(
    color=st.booleans(), length=st.floats(0.02, 1), flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4)
)
def test_damaged_streams_decode_or_are_refused(color: bool, length: float, flips: list[tuple[float, int]]) -> None:
    stream = bytearray(jpeg_ls(soft_colors() if color else GRAY))
    for place, value in flips:
        stream[int(place * (len(stream) - 1))] = value
    try:
        cells = decode(bytes(stream[: int(length * len(stream))]), pixel(48, 64, 3) if color else pixel(128, 128)).cells
    except WadoError:
        return
    assert cells.dtype in (np.uint8, np.uint16)
