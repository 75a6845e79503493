"""Frames that are sent as they are stored: only where the request leaves every sample as it is (A4.83)."""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from struct import pack
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

import wado_core
from tests.fixtures import file_bytes
from tests.fixtures.image import image
from tests.wado_core.jpeg.pictures import picture
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.jpeg_markers import with_adobe_transform
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Padding, VoiLutFunction, Window
from wado_core.model.render import MediaType, RenderRequest
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

RGB, OTHER_RGB = picture("gradient", 48, 64, color=True), picture("lines", 48, 64, color=True)
GRAY = picture("gradient", 48, 64, color=False)
IDENTITY = (128, 256)


def coded(samples: Any, **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(samples, level=80, **options))


COLOR = coded(RGB, subsampling="422")
PLAIN = coded(GRAY)

# Exif with an Orientation (274) of 6, "to be turned by 90°", and the beginning of an ICC profile (ICC.1 B.4).
_TIFF = b"MM\0\x2a" + pack(">LHHHLHHL", 8, 1, 274, 3, 1, 6, 0, 0)
TURNED = b"\xff\xe1" + pack(">H", 8 + len(_TIFF)) + b"Exif\0\0" + _TIFF
PROFILE = b"\xff\xe2" + pack(">H", 16) + b"ICC_PROFILE\0\1\1"


def stored(stream: bytes, photometric: str = "YBR_FULL_422", **more: Any) -> bytes:
    """Build an object of one JPEG frame."""
    shape = (48, 64) if photometric.startswith(("MONO", "PALETTE")) else (48, 64, 3)
    return file_bytes(
        image(np.broadcast_to(np.uint8(0), shape), photometric=photometric, transfer_syntax=JPEGBaseline8Bit, code_streams=[stream], **more)
    )


def is_as_stored(data: bytes, **asked: Any) -> bool:
    request = RenderRequest(**asked)
    return make_plan(describe(BytesSource(data), "v", Limits()).instance, request, Limits()).as_stored


def test_a_stream_that_nothing_changes_is_the_picture() -> None:
    assert wado_core.render(stored(COLOR), quality=None) == COLOR
    assert wado_core.render(stored(PLAIN, "MONOCHROME2", window=IDENTITY), quality=None) == PLAIN


def test_the_padding_of_an_odd_length_is_no_part_of_it() -> None:
    for stream in (COLOR, COLOR[:2] + b"\xff\xfe\0\3x" + COLOR[2:]):  # of an even and an odd length
        assert wado_core.render(stored(stream), quality=None) == stream


@pytest.mark.parametrize(
    "asked",
    [
        {"rows": 24}, {"rows": 96}, {"region": Region(0, 0, 0.5, 1)}, {"quality": 90}, {"media_type": MediaType.PNG},
    ],
)  # fmt: skip
def test_what_changes_samples_or_form_is_made_anew(asked: Mapping[str, Any]) -> None:
    assert is_as_stored(stored(COLOR))
    assert not is_as_stored(stored(COLOR), **asked)


def test_a_size_that_is_that_of_the_frame_changes_nothing() -> None:
    assert is_as_stored(stored(COLOR), rows=48)
    assert is_as_stored(stored(COLOR), region=Region(0, 0, 1, 1))
    assert is_as_stored(stored(COLOR), window=Window(1, 2))  # ignored on colour (A4.64)


@pytest.mark.parametrize(
    ("photometric", "more", "as_it_is"),
    [
        ("MONOCHROME2", {"window": IDENTITY}, True),
        ("MONOCHROME2", {"window": (127.5, 255), "voi_function": "LINEAR_EXACT"}, True),
        ("MONOCHROME2", {"window": (-72, 256), "rescale": (1, -200)}, True),
        ("MONOCHROME2", {}, False),  # the automatic window
        ("MONOCHROME2", {"window": (127, 256)}, False),
        ("MONOCHROME2", {"window": (128, 255)}, True),  # rounded, the same
        ("MONOCHROME2", {"window": (128, 250)}, False),
        ("MONOCHROME2", {"window": IDENTITY, "voi_function": "SIGMOID"}, False),
        ("MONOCHROME2", {"window": IDENTITY, "rescale": (2, 0)}, False),
        ("MONOCHROME2", {"window": IDENTITY, "padding": 255}, False),
        ("MONOCHROME2", {"window": IDENTITY, "padding": 0}, True),  # black is black
        ("MONOCHROME1", {"window": IDENTITY}, False),
    ],
)  # fmt: skip
def test_gray_frames_only_where_all_samples_are_drawn_as_they_are(photometric: str, more: Mapping[str, Any], as_it_is: bool) -> None:
    data = stored(PLAIN, photometric, **more)
    assert is_as_stored(data) is as_it_is
    # The equation says the same: what is made of the frame has its samples.
    with Image.open(BytesIO(wado_core.render(data, media_type="image/png"))) as drawn_as_png:
        drawn = np.asarray(drawn_as_png)
    assert np.array_equal(drawn, imagecodecs.jpeg8_decode(PLAIN)) or not as_it_is
    assert not is_as_stored(stored(PLAIN, "MONOCHROME2", window=IDENTITY), window=Window(100, 50, VoiLutFunction.LINEAR))


@pytest.mark.parametrize(
    ("stream", "as_it_is"),
    [
        (COLOR, True),
        (with_adobe_transform(COLOR, 1), True),
        (with_adobe_transform(coded(RGB, outcolorspace="RGB"), 0), False),  # unmarked RGB is what browsers take for YCbCr
        (with_adobe_transform(COLOR, 0), False),
        (COLOR[:2] + TURNED + COLOR[2:], False),
        (COLOR[:2] + PROFILE + COLOR[2:], False),
    ],
)  # fmt: skip
def test_colour_only_where_every_decoder_reads_it_as_we_do(stream: bytes, as_it_is: bool) -> None:
    assert is_as_stored(stored(stream)) is as_it_is


def test_exif_turns_no_picture() -> None:
    """Viewers heed it in a JPEG that they are sent; no decoder of DICOM frames does, and no attribute says so."""
    turned, plain = (wado_core.render(stored(stream), quality=None) for stream in (COLOR[:2] + TURNED + COLOR[2:], COLOR))
    for data in (turned, plain):
        with Image.open(BytesIO(data)) as shown:
            assert shown.getexif().get(274, 1) == 1
            assert shown.size == (64, 48)
    with Image.open(BytesIO(COLOR[:2] + TURNED + COLOR[2:])) as as_it_was:
        assert as_it_was.getexif()[274] == 6


def test_a_profile_is_embedded_rather_than_forgotten() -> None:
    """H3.6."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert not is_as_stored(stored(COLOR, attributes={"ICCProfile": profile + b"\0" * (len(profile) % 2)}))


def test_a_later_frame_of_another_form_is_decoded() -> None:
    other = coded(OTHER_RGB, subsampling="422")
    data = file_bytes(
        image(
            np.broadcast_to(np.uint8(0), (3, 48, 64, 3)), photometric="YBR_FULL_422", transfer_syntax=JPEGBaseline8Bit,
            code_streams=[COLOR, other, COLOR[:-2]],
        )
    )  # fmt: skip
    assert wado_core.render(data, frame_number=2, quality=None) == other
    cut = wado_core.render(data, frame_number=3, quality=None)
    assert cut[-2:] == b"\xff\xd9"
    assert cut != COLOR


def test_digests_tell_the_stored_stream_from_one_made_anew() -> None:
    instance = describe(BytesSource(stored(COLOR)), "v", Limits()).instance
    plan = make_plan(instance, RenderRequest(), Limits())
    assert replace(plan, as_stored=False).digest != plan.digest
    assert not plan.streamed
    assert read_code_stream(COLOR) == instance.code_stream
    assert replace(instance, padding=Padding(0, 0)) != instance


def test_a_frame_in_colour_of_a_gray_object_is_not_sent() -> None:
    """The plan was made of the first stream; a later one that has another number of components is damage (PS3.3 C.7.6.3.1.2)."""
    cells = np.broadcast_to(np.uint8(0), (2, 48, 64))
    options: dict[str, Any] = {"transfer_syntax": JPEGBaseline8Bit, "window": IDENTITY}
    data = file_bytes(image(cells, photometric="MONOCHROME2", code_streams=[PLAIN, COLOR], **options))
    assert wado_core.render(data, quality=None) == PLAIN
    with pytest.raises(DamagedObject, match="several components"):
        wado_core.render(data, frame_number=2, quality=None)
