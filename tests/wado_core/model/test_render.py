"""The digest of a plan is its identity: it depends on every field but the warnings."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.wado_core.codecs.pixels import pixel
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Rescale, StoredLut, Window
from wado_core.model.image_pixel import CodeStream
from wado_core.model.overlay import StoredOverlay
from wado_core.model.render import STREAMED_PIXELS, GrayscalePlan, MediaType, RenderPlan
from wado_core.model.uid import InstanceKey

GRAYSCALE = GrayscalePlan(Rescale(), Window(40.0, 400.0), False, None)
SOURCE = Rectangle(0, 0, 4, 4)
PLAN = RenderPlan(
    InstanceKey("1", "2", "3"), "v1", 1, "1.2.840.10008.1.2.1", pixel(4, 4), None, GRAYSCALE, None, SOURCE, 4, 4, MediaType.JPEG, 90
)
LUT = StoredLut(0, 8, 1, ByteRange(1000, 2))
CHANGES: dict[str, Any] = {
    "key": InstanceKey("1", "2", "4"), "version": "v2", "frame_number": 2, "transfer_syntax_uid": "1.2.840.10008.1.2",
    "image_pixel": pixel(4, 5), "code_stream": CodeStream(4, 4, 1, 8), "grayscale": replace(GRAYSCALE, inverted=True),
    "palette": StoredPalette(LUT, LUT, LUT), "source": Rectangle(0, 0, 4, 3),
    "rows": 3, "columns": 3, "media_type": MediaType.PNG, "quality": 91,
    "codecs": "another-1.0", "as_stored": True, "icc_profile": ByteRange(1000, 3144),
    "overlays": (StoredOverlay(0x6000, 4, 4),),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_changes_the_digest(name: str) -> None:
    assert replace(PLAN, **{name: CHANGES[name]}).digest != PLAN.digest


def test_no_field_is_forgotten() -> None:
    assert {field.name for field in fields(PLAN)} == {*CHANGES, "warnings", "_digest"}


def test_equal_plans_have_equal_digests_whatever_their_warnings() -> None:
    assert replace(PLAN).digest == PLAN.digest
    assert replace(PLAN, warnings=("ignored",)).digest == PLAN.digest
    assert len(PLAN.digest) == 32


def test_quality_counts_for_lossy_types_only() -> None:
    png = replace(PLAN, media_type=MediaType.PNG)
    assert replace(png, quality=10).digest == png.digest


@pytest.mark.parametrize(
    ("rows", "columns", "media_type", "streamed"),
    [
        (1024, 1024, MediaType.JPEG, True), (1024, 1023, MediaType.JPEG, False), (1, STREAMED_PIXELS, MediaType.JPEG, True),
        (4096, 4096, MediaType.PNG, False),
    ],
)  # fmt: skip
def test_large_jpeg_pictures_are_streamed(rows: int, columns: int, media_type: MediaType, streamed: bool) -> None:
    """By the size of the picture, not of the frame."""
    assert replace(PLAN, rows=rows, columns=columns, media_type=media_type).streamed is streamed
