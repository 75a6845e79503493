"""What is light takes no longer than it is said to: every pass over the frame counts, and every table that is read."""

from dataclasses import replace

import pytest

from wado_core.model.byte_range import ByteRange
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Rescale, StoredLut, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.render import GrayscalePlan, MediaType, RenderPlan
from wado_core.model.transfer_syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
    RLE_LOSSLESS,
)
from wado_core.model.uid import InstanceKey
from wado_core.rendering.cost import is_light

CT = ImagePixel(512, 512, 1, "MONOCHROME2", 16, 12, 11)
US = ImagePixel(400, 400, 3, "RGB", 8, 8, 7)
WINDOW = Window(40.0, 400.0)
LUT = StoredLut(0, 16, 65536, ByteRange(1000, 131072))


def plan(pixel: ImagePixel = CT, *, size: tuple[int, int] | None = None, **more: object) -> RenderPlan:
    rows, columns = size or (pixel.rows, pixel.columns)
    voi, modality = more.pop("voi", WINDOW), more.pop("modality", Rescale())
    gray = GrayscalePlan(modality, voi, inverted=False, padding=None) if pixel.monochrome else None  # type: ignore[arg-type]
    made = RenderPlan(
        InstanceKey("1", "2", "3"), "v", 1, EXPLICIT_VR_LITTLE_ENDIAN, pixel, None, gray, None,
        Rectangle(0, 0, pixel.columns, pixel.rows), rows, columns, MediaType.JPEG, 90,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked",
    [
        plan(), plan(size=(128, 128)), plan(US), plan(replace(US, rows=800, columns=640), size=(128, 128)),
        plan(voi=LUT), plan(modality=LUT), plan(voi=Window(40.0, 400.0, VoiLutFunction.SIGMOID)),
        plan(transfer_syntax_uid=EXPLICIT_VR_BIG_ENDIAN), plan(US, icc_profile=ByteRange(0, 3000)),
    ],
)  # fmt: skip
def test_what_is_soon_made_is_light(asked: RenderPlan) -> None:
    assert is_light(asked)


@pytest.mark.parametrize(
    "asked",
    [
        plan(replace(US, photometric_interpretation="YBR_FULL")),
        plan(replace(US, rows=800, columns=640, photometric_interpretation="YBR_FULL_422"), size=(128, 128)),
        plan(replace(US, rows=800, columns=640, planar_configuration=1), size=(128, 128)),
        plan(ImagePixel(700, 700, 1, "MONOCHROME2", 8, 8, 7), transfer_syntax_uid=EXPLICIT_VR_BIG_ENDIAN),
        plan(US, icc_profile=ByteRange(0, 8 << 20)),
        plan(voi=LUT, modality=LUT), plan(replace(CT, rows=700, columns=700), voi=LUT),
        plan(replace(CT, rows=1024, columns=1024)),
        plan(transfer_syntax_uid=RLE_LOSSLESS), plan(media_type=MediaType.PNG), plan(replace(CT, bits_allocated=32)),
    ],
)  # fmt: skip
def test_further_passes_over_the_frame_and_what_is_read_beside_it_count(asked: RenderPlan) -> None:
    assert not is_light(asked)


def test_what_the_decoder_has_done_does_not_count_again() -> None:
    """Of a JPEG frame that is kept decoded, the samples are RGB already, and lie pixel by pixel (H1.8)."""
    pixel = replace(US, rows=480, columns=640, photometric_interpretation="YBR_FULL_422", planar_configuration=1)
    assert is_light(plan(pixel, size=(240, 320), transfer_syntax_uid=JPEG_BASELINE), decoded=True)
    assert not is_light(plan(pixel, size=(240, 320), transfer_syntax_uid=RLE_LOSSLESS), decoded=True)
