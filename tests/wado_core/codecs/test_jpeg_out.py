"""JPEG output: baseline, the right components, an accurate transform, and quality that means something (A3.5, A3.7, A4.84)."""

from io import BytesIO
from itertools import pairwise

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.fixtures.icc import icc_profile
from tests.fixtures.phantom import color_bars
from tests.reference.jpeg import forward_dct, take_apart
from tests.reference.rounding import Array
from wado_core.codecs import jpeg_out
from wado_core.codecs.jpeg_out import FULL_CHROMA_QUALITY
from wado_core.jpeg.samples import samples_of

QUALITIES = (1, 10, 50, 75, 89, 90, 100)
BASELINE_MARKERS = {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}


def encode(picture: Array, quality: int) -> bytes:
    return b"".join(jpeg_out.encode(samples_of(picture), picture.shape[0], picture.shape[1], quality, in_strips=False))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (7, 13), (100, 33)])
def test_gray_is_one_baseline_component(quality: int, shape: tuple[int, int]) -> None:
    stream = take_apart(encode(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8), quality))
    assert set(stream.markers) <= BASELINE_MARKERS
    assert stream.markers.count(0xC0) == 1
    assert (stream.rows, stream.columns) == shape
    assert [(c.horizontal, c.vertical) for c in stream.components] == [(1, 1)]


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (15, 18)])
def test_color_is_ycbcr_with_jfif(quality: int, shape: tuple[int, int]) -> None:
    """Chroma is halved both ways below quality 90 and whole from 90 on (A4.82)."""
    data = encode(np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8), quality)
    stream = take_apart(data)
    assert stream.markers[0] == 0xE0
    assert data[6:11] == b"JFIF\0"
    assert set(stream.markers) <= BASELINE_MARKERS
    assert [c.identifier for c in stream.components] == [1, 2, 3]
    luma = (1, 1) if quality >= FULL_CHROMA_QUALITY else (2, 2)
    assert [(c.horizontal, c.vertical) for c in stream.components] == [luma, (1, 1), (1, 1)]


# The most that the transform may be wrong by before it quantises; libjpeg's accurate one is by 0.15, its fast one by up to 9.
ACCURACY = 0.002


def check_coefficients(plane: Array, found: Array, table: Array) -> None:
    """Every coefficient is a nearest integer to the exact one, but for the transform's own accuracy, and never a step away."""
    exact = forward_dct(plane)
    np.testing.assert_array_less(np.abs(found * table - exact), (table / 2 + ACCURACY) * np.ones(exact.shape))
    assert np.abs(found - exact / table).max() <= 1.0


@pytest.mark.parametrize("quality", [10, 50, 90, 95, 100])
@pytest.mark.parametrize("picture", ["noise", "thorax", "edges"])
def test_gray_coefficients_are_those_of_an_accurate_transform(picture: str, quality: int) -> None:
    planes = {
        "noise": np.random.default_rng(3).integers(0, 256, (64, 64), dtype=np.uint8),
        "thorax": thorax_8bit()[:64, :64],
        "edges": np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((36, 36), np.uint8))[:64, :64],
    }
    plane = np.ascontiguousarray(planes[picture])
    stream = take_apart(encode(plane, quality))
    check_coefficients(plane, stream.components[0].blocks, stream.quantisation[0])


@pytest.mark.parametrize("quality", [90, 95, 100])
@pytest.mark.parametrize("picture", [color_bars(48, 64), np.ascontiguousarray(soft_colors())], ids=["bars", "soft colours"])
def test_color_coefficients_are_those_of_an_accurate_transform(picture: Array, quality: int) -> None:
    """The colours are those of JFIF (T.871 clause 7), not rounded to integers in between."""
    stream = take_apart(encode(picture, quality))
    r, g, b = (picture[..., i].astype(np.float64) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    planes = [y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128]
    for plane, component in zip(planes, stream.components, strict=True):
        check_coefficients(plane, component.blocks, stream.quantisation[component.quantisation])


@pytest.mark.parametrize("picture", [thorax_8bit(), color_bars()], ids=["thorax", "bars"])
def test_a_higher_quality_never_gives_a_larger_error(picture: Array) -> None:
    """A4.84, in steps of ten, also across quality 90, where chroma becomes whole.

    From one quality to the next no baseline encoder can promise it: a coefficient may happen to be a multiple of the coarser step.
    What falls with every single step of quality is the greatest error that there can be, half of each quantisation step.
    """
    errors, sizes = [], []
    for quality in (1, *range(10, 101, 10)):
        data = encode(np.ascontiguousarray(picture), quality)
        sizes.append(len(data))
        errors.append(float(((imagecodecs.jpeg8_decode(data).astype(float) - picture) ** 2).mean()))
    assert errors == sorted(errors, reverse=True)
    assert sizes == sorted(sizes)
    assert errors[-1] < 1.5


def test_no_quantisation_step_grows_with_quality() -> None:
    tables = [take_apart(encode(np.zeros((8, 8, 3), np.uint8), quality)).quantisation for quality in range(1, 101)]
    for lower, higher in pairwise(tables):
        assert lower.keys() == higher.keys() == {0, 1}
        assert all((higher[number] <= lower[number]).all() for number in lower)
    assert all((table == 1).all() for table in tables[-1].values())


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert encode(thorax_8bit(), 90) == encode(thorax_8bit().copy(), 90)


def test_a_read_only_picture_is_taken() -> None:
    picture = thorax_8bit()
    picture.flags.writeable = False
    assert encode(picture, 90)[:2] == b"\xff\xd8"


@pytest.mark.parametrize("in_strips", [False, True])
@pytest.mark.parametrize("filler", [0, 64 * 1024, 65_519, 2**20 - 600])
def test_a_profile_comes_back_byte_by_byte(filler: int, in_strips: bool) -> None:
    """H3.6: APP2 segments behind JFIF's, numbered from 1 (ICC.1 Annex B.4); everything else is the same stream."""
    picture, profile = soft_colors(), icc_profile(filler=np.random.default_rng(6).bytes(filler))
    rows, columns, _ = picture.shape

    def encoded(profile: bytes) -> list[bytes]:
        return list(jpeg_out.encode(samples_of(picture), rows, columns, 90, in_strips=in_strips, profile=profile))

    pieces, plain = encoded(profile), encoded(b"")
    assert pieces[1:] == plain[1:]
    assert pieces[0][:20] == plain[0][:20]
    assert pieces[0].endswith(plain[0][20:])
    with Image.open(BytesIO(b"".join(pieces))) as image:
        image.load()
        assert image.info["icc_profile"] == profile
    segments = -(-len(profile) // 65_519)
    assert take_apart(b"".join(pieces)).markers.count(0xE2) == segments
