"""J.9: colour, palettes and cells."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import generate_frames

from tests.conformance.client import Wado, decoded, stored
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build
from tests.fixtures.color_images import PALETTE_BLUE, PALETTE_FIRST, PALETTE_GREEN, PALETTE_RED, PALETTE_SIZE, SUPPLEMENT_FIRST
from tests.fixtures.phantom import BAR_COLORS, color_bars
from tests.reference import render


def test_j64_palette_indices_are_held_at_both_ends(wado: Wado) -> None:
    """pal: stored -128..127, table from -50 on: values below take the first colour, above 49 the last (H3.1, H2.2)."""
    picture = wado.picture("pal")
    for value in (-128, -51, -50, -49, 0, 49, 50, 127):
        entry = min(max(value - PALETTE_FIRST, 0), PALETTE_SIZE - 1)
        assert picture[divmod(value + 128, 16)].tolist() == [PALETTE_RED[entry], PALETTE_GREEN[entry], PALETTE_BLUE[entry]]


def test_j64_planar_configurations_show_the_same(wado: Wado) -> None:
    """rgb0 and rgb1 give equal PNG, byte by byte, which show the stored values (H1.8, H3.2)."""
    first, second = (wado.get(of, "contentType=image/png").content for of in ("rgb0", "rgb1"))
    assert first == second
    assert np.array_equal(wado.picture("rgb0"), color_bars())


@pytest.mark.parametrize("of", ["ybr", "ybr422"])
def test_j64_ybr_is_converted(wado: Wado, of: str) -> None:
    """Pure red within 2 levels, so also the other bars (H3.3); rounding in 8-bit YBR costs that much."""
    picture = wado.picture(of)
    for bar, color in enumerate(BAR_COLORS):
        assert np.abs(picture[0, 8 * bar].astype(int) - color).max() <= 2
    assert picture[0, 0, 0] >= 253


def test_j64_garbage_around_the_samples_has_no_effect(wado: Wado) -> None:
    """Random bits above Bits Stored, and on both sides of a shifted High Bit, must not leak (H1.2)."""
    clean = wado.picture("ramp", "windowCenter=2048&windowWidth=4096")
    assert np.array_equal(wado.picture("garbage"), clean)
    assert np.array_equal(wado.picture("highbit"), clean)
    assert np.array_equal(wado.picture("signed_garbage"), wado.picture("impl", "windowCenter=40&windowWidth=400"))


@pytest.mark.parametrize("frame", [1, 2, 3, 4, 5])
def test_j64_one_bit_frames(wado: Wado, frame: int) -> None:
    """bit1: frame 2 begins in the middle of a byte; 0 is black and 1 white (H1.3, H2.14)."""
    assert np.array_equal(wado.picture("bit1", f"frameNumber={frame}"), render(build("bit1"), frame))


COLOR = ["pal", "pal16", "pal16_low", "pal_seg", "pal_seg8", "supp", "icc", "rgb0", "rgb1", "rgb12", "ybr", "ybr422", "ybr_part",
         "burned", "us10", "rle_rgb", "j2k_rgb",
         "jls_rgb", "jll_rgb", "jll_ybr", "htj2k_rgb",
         "jpg_ybr", "jpg_422", "jpg_rgb", "jpg_frag", "jpg_bot", "jpg_eot"]  # fmt: skip


def is_stored_stream(of: str, data: bytes) -> bool:
    """Whether a JPEG answer is a frame of a fixture as it is stored."""
    ds = stored(of)
    if not ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return False
    count = int(ds.get("NumberOfFrames") or 1)
    tables = (ds.get("ExtendedOffsetTable"), ds.get("ExtendedOffsetTableLengths"))
    offsets = None if tables[0] is None else tables
    frames = generate_frames(ds.PixelData, number_of_frames=count, extended_offsets=offsets)
    return data in [frame.rstrip(b"\0") for frame in frames]


@pytest.mark.parametrize("of", COLOR)
def test_every_color_fixture(wado: Wado, of: str) -> None:
    """PNG of the first and the last frame equal to the oracle; image/jpeg shows the same with three components (A3.7).

    Stored lossy JPEG in YCbCr is compared within 1 level: the oracle takes the components as coded and converts exactly, libjpeg
    converts in 16-bit fixed point (H3.3).  jpg_rgb has no conversion and is equal.
    """
    last = int(stored(of).get("NumberOfFrames") or 1)
    tolerance = 1 if of.startswith("jpg") and of != "jpg_rgb" else 0
    for frame in {1, last}:
        picture = wado.picture(of, f"frameNumber={frame}")
        expected = render(build(of), frame)
        assert picture.shape == expected.shape
        assert np.abs(picture.astype(int) - expected).max() <= tolerance
        response = wado.get(of, f"frameNumber={frame}")
        if is_stored_stream(of, response.content):  # A4.83: in whatever sampling it came
            assert np.abs(decoded(response.content).astype(int) - picture).max() <= 2
        else:
            assert assert_jpeg_shows(response.content, picture).components == 3


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
def test_h3_6_profiles_travel_with_pictures_but_not_with_thumbnails(wado: Wado, media_type: str) -> None:
    """icc: the stored bytes, in full pictures and in enlarged ones, and in no thumbnail; an ETag for each."""
    profile, tags = stored("icc").ICCProfile, set()
    for asked, carried in (("", True), ("&region=0,0,0.5,0.5", True), ("&rows=480", True), ("&rows=47", False), ("&columns=32", False)):
        response = wado.get("icc", f"contentType={media_type}{asked}")
        with Image.open(BytesIO(response.content)) as image:
            assert (image.info.get("icc_profile") == profile) == carried, asked
            assert ("icc_profile" in image.info) == carried
        tags.add(response.headers["etag"])
    assert len(tags) == 5
    with Image.open(BytesIO(wado.get("rgb0", f"contentType={media_type}").content)) as image:
        assert "icc_profile" not in image.info


def test_h2_18_supplemental_palettes_color_what_they_map(wado: Wado) -> None:
    """supp: gray below 3000, in whatever window; the palette's colours from there on, its last one beyond its end."""
    for given in ("", "windowCenter=40&windowWidth=400"):
        picture = wado.picture("supp", given).reshape(4096, 3)
        assert (picture[:SUPPLEMENT_FIRST].min(axis=1) == picture[:SUPPLEMENT_FIRST].max(axis=1)).all()
        for value in (3000, 3050, 3099, 3100, 4095):
            entry = min(value - SUPPLEMENT_FIRST, PALETTE_SIZE - 1)
            assert picture[value].tolist() == [PALETTE_RED[entry], PALETTE_GREEN[entry], PALETTE_BLUE[entry]]
        assert "warning" not in wado.get("supp", given).headers


@pytest.mark.parametrize("of", ["jpg_frag", "jpg_bot", "jpg_eot", "odd", "j2k_mf", "us10"])
def test_frames_are_found(wado: Wado, of: str) -> None:
    """Every frame of fragments with and without offset tables, and of frames that begin at odd bytes (H1.3, H1.5)."""
    pictures = []
    for frame in range(1, int(stored(of).NumberOfFrames) + 1):
        picture = wado.picture(of, f"frameNumber={frame}")
        assert np.abs(picture.astype(int) - render(build(of), frame)).max() <= (1 if of.startswith("jpg") else 0)
        pictures.append(picture.tobytes())
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("of", ["rgb0", "pal", "us10", "jpg_rgb"])
def test_a4_64_windows_on_color_are_ignored_and_said_so(wado: Wado, of: str) -> None:
    """windowCenter and windowWidth on colour: no error, the same picture, Warning 299 of our base URI (A4.64, A5.7)."""
    window = "windowCenter=40&windowWidth=400"
    assert np.array_equal(wado.picture(of, f"frameNumber=1&{window}"), wado.picture(of, "frameNumber=1"))
    warned = wado.get(of, f"frameNumber=1&{window}").headers["warning"]
    assert warned.startswith(f"299 {wado.server.url}wado: ")
    assert "warning" not in wado.get(of, "frameNumber=1").headers
    assert wado.status(of, "frameNumber=1&windowCenter=40&windowWidth=0.5") == 400  # ignored is not unchecked (A4.61)
