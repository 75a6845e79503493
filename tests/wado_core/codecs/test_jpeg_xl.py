"""JPEG XL: every depth whole, colour whatever the stream codes it in, and what is refused before libjxl sees a byte (PS3.5 8.2.15)."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fixtures.code_streams import jpeg
from tests.fixtures.compressed_images import soft_colors, thorax_8bit, thorax_cells
from tests.reference.rounding import Array
from tests.reference.samples import sample_values
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.jpeg_xl import decode
from wado_core.codecs.jpeg_xl_head import JpegXlHead, read_jpeg_xl_head
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.image_pixel import CodeStream

# Colour of a lossy stream beside its source, mean and largest difference of 8-bit levels at distance 1 (visually lossless).
MEAN_ERROR, MOST_ERROR = 1.0, 6


def encoded(samples: Array, bits: int = 8, **options: Any) -> bytes:
    """Encode losslessly unless a ``distance`` is given."""
    lossless = {} if "distance" in options else {"lossless": True}
    return bytes(imagecodecs.jpegxl_encode(samples, bitspersample=bits, numthreads=1, **lossless, **options))


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("components", [1, 3])
def test_lossless_frames_come_back_as_they_were(bits: int, components: int, container: bool) -> None:
    shape = (13, 17) if components == 1 else (13, 17, 3)
    samples = np.random.default_rng(bits).integers(0, 1 << bits, shape).astype(np.uint8 if bits <= 8 else np.uint16)
    decoded = decode(encoded(samples, bits, usecontainer=container), pixel(13, 17, components, bits))
    np.testing.assert_array_equal(decoded.cells, samples)
    assert decoded.cells.dtype == samples.dtype
    assert decoded.cells.flags.c_contiguous
    assert (decoded.pixel.bits_stored, decoded.pixel.high_bit, decoded.pixel.bits_allocated) == (bits, bits - 1, samples.itemsize * 8)
    assert decoded.pixel.photometric_interpretation == ("MONOCHROME2" if components == 1 else "RGB")


def test_the_sign_is_the_headers() -> None:
    """Two's complement of 12 bits in streams of 12 and of 16 bits, which know no sign (H1.7)."""
    values = thorax_cells()
    described = pixel(128, 128, bits_stored=12, signed=True)
    for bits, cells in ((12, values & 0xFFF), (16, values.astype(np.uint16))):
        decoded = decode(encoded(cells.astype(np.uint16), bits), described)
        got = sample_values(decoded.cells.astype(np.int64), decoded.pixel.bits_stored, decoded.pixel.high_bit, 1)
        np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("photometric", ["XYB", "RGB", "YBR_FULL_422"])
def test_lossy_colour_is_rgb_whatever_the_header_calls_it(photometric: str) -> None:
    source = soft_colors()
    decoded = decode(encoded(source, distance=1.0), pixel(48, 64, 3, photometric=photometric))
    difference = np.abs(decoded.cells.astype(int) - source)
    assert difference.mean() <= MEAN_ERROR
    assert difference.max() <= MOST_ERROR
    assert decoded.pixel.photometric_interpretation == "RGB"


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossy_gray(bits: int) -> None:
    source = thorax_8bit().astype(np.uint16) << (bits - 8)
    decoded = decode(encoded(source.astype(np.uint8) if bits == 8 else source, bits, distance=1.0), pixel(128, 128, bits_stored=bits))
    difference = np.abs(decoded.cells.astype(int) - source) / (1 << (bits - 8))
    assert 0 < difference.mean() <= 2 * MEAN_ERROR
    assert difference.max() <= 4 * MOST_ERROR  # the phantom's hard edges
    assert decoded.pixel.bits_stored == bits


@pytest.mark.parametrize(("frame", "subsampling"), [(thorax_8bit(), "444"), (soft_colors(), "444"), (soft_colors(), "420")])
def test_a_recompressed_jpeg_is_what_the_jpeg_was(frame: Array, subsampling: Any) -> None:
    """.111: the coefficients of a JPEG, without loss. libjxl's inverse transform is in floats, and blurs chroma in another way."""
    stream = jpeg(frame, subsampling=subsampling)
    recompressed = bytes(imagecodecs.jpegxl_encode_jpeg(stream))
    rows, columns = frame.shape[:2]
    described = pixel(rows, columns) if frame.ndim == 2 else pixel(rows, columns, 3, photometric="YBR_FULL_422")
    decoded = decode(recompressed, described)
    difference = np.abs(decoded.cells.astype(int) - imagecodecs.jpeg8_decode(stream))
    assert difference.max() <= (3 if subsampling == "444" else 6)
    assert bytes(imagecodecs.jpegxl_decode_jpeg(recompressed, numthreads=1)) == stream


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed here: no second program to decode JPEG XL")
@pytest.mark.parametrize("distance", [0.0, 1.0, 4.0])
def test_another_program_decodes_the_same(distance: float, tmp_path: Path) -> None:
    """ffmpeg with the system's libjxl, another version than the one in imagecodecs."""
    decoders = subprocess.run(["ffmpeg", "-hide_banner", "-decoders"], capture_output=True, text=True, check=True).stdout
    if "libjxl" not in decoders:
        pytest.skip("this ffmpeg was built without libjxl")
    source = soft_colors()
    stream = encoded(source, distance=distance) if distance else encoded(source)
    path = tmp_path / "frame.jxl"
    path.write_bytes(stream)
    command = ["ffmpeg", "-v", "error", "-f", "image2", "-c:v", "libjxl", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    run = subprocess.run(command, capture_output=True, check=True)
    other = np.frombuffer(run.stdout, np.uint8).reshape(source.shape)
    here = decode(stream, pixel(48, 64, 3)).cells
    assert np.abs(here.astype(int) - other).max() <= (1 if distance else 0)


def test_what_is_refused_before_it_is_decoded() -> None:
    rng = np.random.default_rng(1)
    floats = bytes(imagecodecs.jpegxl_encode(rng.random((8, 8)).astype(np.float32)))
    with pytest.raises(NotSupported, match="32-bit floats"):
        decode(floats, pixel(8, 8))
    alpha = bytes(imagecodecs.jpegxl_encode(rng.integers(0, 255, (8, 8, 4)).astype(np.uint8)))
    with pytest.raises(NotSupported, match="of one picture"):
        decode(alpha, pixel(8, 8, 3))
    animation = bytes(imagecodecs.jpegxl_encode(rng.integers(0, 255, (3, 8, 8)).astype(np.uint8)))
    with pytest.raises(NotSupported, match="of one picture"):
        decode(animation, pixel(8, 8))
    with pytest.raises(DamagedObject, match="another size"):
        decode(encoded(thorax_8bit()), pixel(128, 127))
    with pytest.raises(DamagedObject, match="no JPEG XL stream"):
        decode(jpeg(thorax_8bit()), pixel(128, 128))


@pytest.mark.parametrize("length", [40, 100, 400])
def test_a_truncated_frame_is_damaged(length: int) -> None:
    stream = encoded(np.random.default_rng(2).integers(0, 256, (64, 64)).astype(np.uint8))
    with pytest.raises(DamagedObject):
        decode(stream[:length], pixel(64, 64))


class TestHead:
    """The image header, against streams of libjxl's encoder, and against headers written bit by bit from ISO/IEC 18181-1 Annex D."""

    @pytest.mark.parametrize("shape", [(8, 8), (1, 1), (256, 256), (7, 5), (480, 640), (511, 513), (300, 400, 3), (270, 480, 3), (9, 600)])
    @pytest.mark.parametrize("container", [False, True])
    def test_sizes(self, shape: tuple[int, ...], container: bool) -> None:
        stream = encoded(np.zeros(shape, np.uint8), usecontainer=container)
        assert read_code_stream(stream) == CodeStream(shape[0], shape[1], 1 if len(shape) == 2 else 3, 8)

    def test_a_code_stream_in_parts(self) -> None:
        stream = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg(thorax_8bit())))
        assert b"jxlp" in stream
        assert read_code_stream(stream) == CodeStream(128, 128, 1, 8)

    def test_defaults(self) -> None:
        bits = [1, *number(3, 5), *number(1, 3), 1]
        assert read_jpeg_xl_head(stream_of(bits)) == JpegXlHead(32, 32, 8, False, 3, 0, False)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation_turns_rows_into_columns(self, orientation: int) -> None:
        extra = [1, *number(orientation - 1, 3), 0, 0, 0]
        head = read_jpeg_xl_head(stream_of([*size(40, 100), 0, *extra, *depth_12(), 1, *no_channels(), 0, *gray()]))
        rows, columns = (40, 100) if orientation <= 4 else (100, 40)
        assert head == JpegXlHead(rows, columns, 12, False, 1, 0, False)

    def test_intrinsic_size_preview_and_animation_stand_before_the_depth(self) -> None:
        intrinsic = [1, *size(5, 6)]
        preview = [1, 0, *number(1, 2), *number(3, 8), *number(0, 3), *number(0, 2), *number(9, 6)]
        animation = [1, *number(3, 2), *number(29, 30), *number(1, 2), *number(2, 2), *number(7, 16), 1]
        extra = [1, *number(0, 3), *intrinsic, *preview, *animation]
        head = read_jpeg_xl_head(stream_of([*size(700, 8000), 0, *extra, *depth_12(), 1, *no_channels(), 0, *gray()]))
        assert head == JpegXlHead(700, 8000, 12, False, 1, 0, True)

    def test_extra_channels_stand_before_the_colour(self) -> None:
        alpha = [0, *number(0, 2), 0, *number(0, 2), *number(0, 2), *number(1, 2), *number(2, 4), *number(65, 8), *number(66, 8), 1]
        spot = [0, *number(2, 2), *number(0, 4), 0, *number(1, 2), *number(3, 2), *number(4, 3), *number(0, 2), *number(0, 64)]
        colour_filter = [0, *number(2, 2), *number(3, 4), 1, *number(0, 2), *number(7, 4), *number(0, 4), *number(2, 2), *number(1, 4)]
        channels = [*number(2, 2), *number(2, 4), *alpha, 1, *spot, *colour_filter]
        head = read_jpeg_xl_head(stream_of([*size(4, 4), 0, 0, *depth_12(), 1, *channels, 0, *gray()]))
        assert head == JpegXlHead(4, 4, 12, False, 1, 4, False)

    @given(st.binary(max_size=80), st.sampled_from([b"", b"\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"]))
    @example(b"\x00\x00\x00\x00jxlc\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a")
    @example(b"\x00\x00\x00\x01jxlp" + bytes(16), b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a")
    @settings(max_examples=500)
    def test_no_bytes_make_it_raise(self, data: bytes, beginning: bytes) -> None:
        read_jpeg_xl_head(beginning + data)


def number(value: int, count: int) -> list[int]:
    """Return the bits of a number, least significant first."""
    return [(value >> place) & 1 for place in range(count)]


def size(rows: int, columns: int) -> list[int]:
    """Return a SizeHeader of two explicit sizes up to 8192."""
    return [0, *number(1, 2), *number(rows - 1, 13), *number(0, 3), *number(1, 2), *number(columns - 1, 13)]


def depth_12() -> list[int]:
    return [0, *number(2, 2)]


def no_channels() -> list[int]:
    return number(0, 2)


def gray() -> list[int]:
    """Return the beginning of a colour encoding without a profile, whose colour space is gray."""
    return [0, 0, *number(1, 2)]


def stream_of(bits: list[int]) -> bytes:
    return b"\xff\x0a" + np.packbits(bits, bitorder="little").tobytes() + bytes(8)
