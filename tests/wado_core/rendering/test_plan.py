"""Every default of a request, and every refusal that needs no pixel."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import geometry
from tests.wado_core.rendering.pixels import color, gray
from wado_core.errors import DamagedObject, InvalidRequest, LimitExceeded, NoSuchFrame, NotSupported
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk
from wado_core.model.geometry import Rectangle, Region
from wado_core.model.grayscale import FrameTransform, Padding, Rescale, StoredLut, Window
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.overlay import StoredOverlay
from wado_core.model.render import AutomaticWindow, GrayscalePlan, MediaType, RenderPlan, RenderRequest
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_2000, JPEG_BASELINE
from wado_core.model.uid import InstanceKey
from wado_core.rendering.plan import WINDOW_ON_COLOR, make_plan
from wado_core.settings import Limits

LUT = StoredLut(0, 8, 2, ByteRange(1000, 4))


def every_frame(transform: FrameTransform, frames: int = 5) -> tuple[FrameChunk, ...]:
    return (FrameChunk(1, frames, transforms=(transform,)),)


def instance(pixel: ImagePixel | None = None, **traits: Any) -> Instance:
    """An image of 40 rows and 60 columns; ``traits`` are the fields that matter."""
    made = Instance(
        InstanceKey("1.2", "1.2.3", "1.2.3.4"), "1.2.840.10008.5.1.4.1.1.2", EXPLICIT_VR_LITTLE_ENDIAN, "v1",
        image_pixel=replace(pixel or gray(12), rows=40, columns=60), chunks=every_frame(FrameTransform()),
    )  # fmt: skip
    return replace(made, **traits)


def plan(of: Instance | None = None, /, *, limits: Limits | None = None, **asked: Any) -> RenderPlan:
    return make_plan(of or instance(), RenderRequest(**asked), limits or Limits())


def test_nothing_asked_is_the_first_frame_as_it_is() -> None:
    made = plan()
    assert (made.frame_number, made.rows, made.columns, made.source) == (1, 40, 60, Rectangle(0, 0, 60, 40))
    assert (made.media_type, made.quality, made.warnings) == (MediaType.JPEG, 90, ())
    assert made.grayscale == GrayscalePlan(Rescale(), AutomaticWindow.FULL_RANGE, False, None)


def test_each_frame_has_its_own_transformations() -> None:
    """H2.16; the window comes before the table (A4.63), the Modality LUT before the rescale."""
    transforms = (
        FrameTransform(Rescale(2.0, 1.0), window=Window(1, 2), voi_lut=LUT),
        FrameTransform(Rescale(3.0, 1.0), modality_lut=LUT, voi_lut=LUT),
        FrameTransform(),
    )
    chunk = FrameChunk(1, 4, transforms=transforms, transform_of_frame=b"\1\0\2\0")
    made = instance(number_of_frames=4, chunks=(chunk,), padding=Padding(3, 4))
    grayscale = [plan(made, frame_number=number).grayscale for number in (1, 2, 3, 4)]
    assert grayscale[0] == GrayscalePlan(LUT, LUT, False, Padding(3, 4))
    assert grayscale[1] == grayscale[3] == GrayscalePlan(Rescale(2.0, 1.0), Window(1, 2), False, Padding(3, 4))
    assert grayscale[2] == GrayscalePlan(Rescale(), AutomaticWindow.FULL_RANGE, False, Padding(3, 4))


def test_a_given_window_replaces_the_voi_step_only() -> None:
    """A4.65: the modality step stays."""
    made = instance(chunks=every_frame(FrameTransform(Rescale(2.0, 1.0), window=Window(1, 2), voi_lut=LUT)))
    assert plan(made, window=Window(40, 400)).grayscale == GrayscalePlan(Rescale(2.0, 1.0), Window(40, 400), False, None)


def test_monochrome1_is_inverted() -> None:
    monochrome1 = replace(gray(12), photometric_interpretation="MONOCHROME1")
    grayscale = plan(instance(monochrome1)).grayscale
    assert grayscale is not None
    assert grayscale.inverted


def test_warnings_tell_what_was_ignored_and_are_no_part_of_the_digest() -> None:
    broken = instance(chunks=every_frame(FrameTransform(voi_problem="broken")))
    assert plan(broken).warnings == ("broken",)
    assert plan(broken, window=Window(1, 2)).warnings == ()
    assert plan(instance(color()), window=Window(1, 2)).warnings == (WINDOW_ON_COLOR,)
    assert plan(instance(color()), window=Window(1, 2)).grayscale is None
    assert plan(instance(color()), window=Window(1, 2)).digest == plan(instance(color())).digest
    assert plan(broken).digest == plan().digest


def test_the_digest_changes_with_everything_that_changes_a_byte() -> None:
    made = instance(number_of_frames=2)
    asked: list[dict[str, Any]] = [
        {}, {"frame_number": 2}, {"window": Window(1, 2)}, {"region": Region(0, 0, 0.5, 1)}, {"rows": 20}, {"quality": 91},
        {"media_type": MediaType.PNG},
    ]  # fmt: skip
    digests = [plan(made, **each).digest for each in asked]
    changed: tuple[dict[str, Any], ...] = (
        {"version": "v2"}, {"padding": Padding(1, 2)}, {"code_stream": CodeStream(40, 60, 1, 12)}, {"key": InstanceKey("1", "2", "3")},
        {"transfer_syntax_uid": JPEG_2000}, {"chunks": every_frame(FrameTransform(Rescale(1.0, 0.5)))},
        {"chunks": every_frame(FrameTransform(voi_lut=LUT))},
        {"chunks": every_frame(FrameTransform(voi_lut=replace(LUT, data=ByteRange(2000, 4))))},
    )  # fmt: skip
    digests += [plan(replace(made, **change)).digest for change in changed]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 32 and set(digest) <= set("0123456789abcdef") for digest in digests)


def test_lossless_types_ignore_the_quality() -> None:
    """A4.84."""
    assert plan(media_type=MediaType.PNG, quality=10).digest == plan(media_type=MediaType.PNG).digest
    assert plan(quality=90).digest == plan().digest


@pytest.mark.parametrize("frame_number", [0, -1, 4, 2**40])
def test_a_frame_that_does_not_exist(frame_number: int) -> None:
    with pytest.raises(InvalidRequest, match="1 to 3"):
        plan(instance(number_of_frames=3), frame_number=frame_number)


@given(
    rows=st.integers(1, 3000), columns=st.integers(1, 3000),
    most_rows=st.none() | st.integers(1, 3000), most_columns=st.none() | st.integers(1, 3000),
)  # fmt: skip
def test_the_size_is_the_largest_that_fits(rows: int, columns: int, most_rows: int | None, most_columns: int | None) -> None:
    pixel = replace(gray(12), rows=rows, columns=columns)
    expected = geometry.target_size(rows, columns, most_rows, most_columns)
    request = RenderRequest(rows=most_rows, columns=most_columns)
    if max(expected) > Limits().picture_edge and (most_rows or most_columns):
        with pytest.raises(InvalidRequest):
            make_plan(replace(instance(), image_pixel=pixel), request, Limits())
        return
    made = make_plan(replace(instance(), image_pixel=pixel), request, Limits())
    assert (made.rows, made.columns) == expected
    assert most_rows is None or made.rows <= most_rows
    assert most_columns is None or made.columns <= most_columns


def test_the_size_is_that_of_the_region() -> None:
    """A4.53: the region is cut first."""
    made = plan(region=Region(0.5, 0, 1, 1), rows=80, columns=80)
    assert (made.source, made.rows, made.columns) == (Rectangle(30, 0, 60, 40), 80, 60)


@pytest.mark.parametrize("asked", [{"rows": 0}, {"rows": -5}, {"columns": 0}, {"rows": 8193}, {"columns": 10**9}])
def test_sizes_out_of_bounds(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        plan(**asked)


def test_a_derived_edge_or_an_area_beyond_the_limits() -> None:
    thin = replace(instance(), image_pixel=replace(gray(12), rows=1, columns=8000))
    with pytest.raises(InvalidRequest, match="more than is made"):
        plan(thin, rows=2)
    with pytest.raises(InvalidRequest, match="more than is made"):
        plan(rows=40, limits=Limits(picture_pixels=2399))
    assert plan(limits=Limits(picture_pixels=1, picture_edge=1)).rows == 40, "an unscaled picture is never refused for its size"


def test_the_code_stream_s_size_wins() -> None:
    """H1.6."""
    made = plan(instance(transfer_syntax_uid=JPEG_BASELINE, code_stream=CodeStream(30, 50, 1, 8)), rows=15)
    assert (made.image_pixel.rows, made.image_pixel.columns, made.source, made.columns) == (30, 50, Rectangle(0, 0, 50, 30), 25)


def test_frames_that_are_too_large_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(LimitExceeded):
        plan(limits=Limits(frame_pixels=2399))
    assert plan(limits=Limits(frame_pixels=2400)).rows == 40
    with pytest.raises(LimitExceeded):
        plan(instance(transfer_syntax_uid=JPEG_2000, code_stream=CodeStream(2**16 - 1, 2**16 - 1, 1, 8)))


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (instance(image_pixel=None), NotSupported),
        (instance(image_pixel=None, image_problem="Float pixel data."), NotSupported),
        (instance(image_problem="The pixel data is too short."), DamagedObject),
        (instance(code_stream=CodeStream(40, 60, 2, 8, problem="The code stream holds 2 components.")), NotSupported),
        (instance(transfer_syntax_uid="1.2.3.4"), NotSupported),
        (instance(code_stream=CodeStream(0, 60, 1, 8)), DamagedObject),
        (instance(color("HSV")), NotSupported),
        (instance(color("YBR_PARTIAL_422"), transfer_syntax_uid=JPEG_BASELINE), NotSupported),
        (instance(color("YBR_PARTIAL_420")), NotSupported),
        (instance(color("SMITH^JOHN")), NotSupported),
        (instance(replace(gray(12), photometric_interpretation="RGB")), DamagedObject),
        (instance(replace(color(), photometric_interpretation="MONOCHROME2")), DamagedObject),
        (instance(gray(4, bits_allocated=4)), NotSupported),
        (instance(gray(12, bits_allocated=12)), NotSupported),
        (instance(replace(color(), bits_allocated=32, bits_stored=32, high_bit=31, floating=True)), DamagedObject),
        (replace(instance(), image_pixel=replace(color("YBR_FULL_422"), rows=4, columns=5)), DamagedObject),
    ],
)
def test_what_cannot_be_rendered_is_refused_by_name(refused: Instance, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        plan(refused)
    assert len(str(caught.value)) > 10
    assert "SMITH" not in str(caught.value)


def test_palettes_travel_with_the_plan() -> None:
    palette = StoredPalette(LUT, LUT, LUT)
    made = instance(replace(gray(8, bits_allocated=8), photometric_interpretation="PALETTE COLOR"), palette=palette)
    assert plan(made).palette == palette
    assert plan(made).grayscale is None
    supplemental = plan(instance(palette=palette))
    assert (supplemental.palette, supplemental.grayscale is None) == (palette, False)


def _objects() -> Iterator[Instance]:
    """Yield objects of all kinds: gray, colour, palette, with a stream, overlays, a profile, many transformations, and warnings."""
    transforms = tuple(
        FrameTransform(Rescale(1.0, float(number)), window=None if number % 2 else Window(number, 9), voi_problem="v" * (number % 3))
        for number in range(4)
    )
    chunk = FrameChunk(1, 4, transforms=transforms, transform_of_frame=b"\0\1\2\3")
    overlay = StoredOverlay(0x6000, 40, 60, first_frame=2, frames=2)
    kinds: tuple[dict[str, Any], ...] = (
        {},
        {"overlays": (overlay,), "overlay_problems": ("o",)},
        {"icc_profile": ByteRange(7, 9), "warnings": ("w",)},
    )
    for more in kinds:
        yield instance(number_of_frames=4, chunks=(chunk,), **more)
        stream = CodeStream(33, 77, 1, 8, is_picture=True)
        yield instance(number_of_frames=4, chunks=(chunk,), code_stream=stream, transfer_syntax_uid=JPEG_BASELINE, **more)
        rgb = ImagePixel(40, 60, 3, "RGB", 8, 8, 7)
        yield instance(number_of_frames=4, chunks=(chunk,), image_pixel=rgb, **more)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"rows": 9},
        {"region": Region(0, 0, 0.5, 1)},
        {"overlays": True},
        {"quality": 50, "thumbnail": True},
        {"media_type": MediaType.PNG, "columns": 300},
    ],
)
def test_a_plan_from_one_that_differs_in_frame_and_window_is_the_plan_made_anew(asked: dict[str, Any]) -> None:
    for made in _objects():
        requests = [
            RenderRequest(frame_number=number, window=window, **asked)
            for number in (None, 1, 2, 3, 4)
            for window in (None, Window(4, 5), Window(128.0, 256.0))
        ]
        plans = [make_plan(made, request, Limits()) for request in requests]
        for like in plans:
            for request, whole in zip(requests, plans, strict=True):
                assert make_plan(made, request, Limits(), like) == whole
        with pytest.raises(NoSuchFrame):
            make_plan(made, RenderRequest(frame_number=5, **asked), Limits(), plans[0])
