"""What follows from the class of an object: doses, segmentations, bits (H2.14)."""

import pytest

from tests.wado_core.dicom.test_transforms import groups, rescale, table, text, transforms, window
from tests.wado_core.dicom.written import attributes, element, integers, sequence
from tests.wado_core.rendering.pixels import gray
from wado_core.dicom import tags
from wado_core.dicom.class_transforms import DOSE_SCALING_INVALID, MAXIMUM_FRACTION_INVALID, RT_DOSE, SEGMENTATION
from wado_core.dicom.tags import MODALITY_LUT_SEQUENCE, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE
from wado_core.dicom.transforms import read_transforms
from wado_core.model.grayscale import FrameTransform, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel

BITS = gray(1, bits_allocated=8)
BYTES = gray(8, bits_allocated=8)

BLACK_AND_WHITE = Window(1.0, 2.0)
"""0 is black and 1 is white: the full range of both (H2.10)."""


def of_class(sop_class: str, *more: bytes) -> bytes:
    return b"".join((element(tags.SOP_CLASS_UID, "UI", sop_class.encode() + b"\0" * (len(sop_class) % 2)), *more))


def segmentation(kind: str, *more: bytes) -> bytes:
    return of_class(SEGMENTATION, element(tags.SEGMENTATION_TYPE, "CS", kind.encode() + b" " * (len(kind) % 2)), *more)


def found(data: bytes, pixel: ImagePixel) -> FrameTransform:
    (only,), of_frame = read_transforms(attributes(data), pixel, 1)
    assert not of_frame
    return only


def test_dose_grid_scaling_is_the_slope_of_a_dose() -> None:
    data = of_class(RT_DOSE, text(tags.DOSE_GRID_SCALING, "1.5E-4"))
    assert found(data, gray()) == FrameTransform(Rescale(1.5e-4, 0.0))
    assert found(data + rescale("1", "0"), gray()) == FrameTransform(Rescale(1.5e-4, 0.0)), "some writers have both"
    assert found(of_class("1.2.3", text(tags.DOSE_GRID_SCALING, "1.5E-4")), gray()) == FrameTransform()


@pytest.mark.parametrize("scaling", ["0", "-1", "x", "nan", "inf", ""])
def test_a_dose_without_scaling_is_drawn_as_stored(scaling: str) -> None:
    assert found(of_class(RT_DOSE, text(tags.DOSE_GRID_SCALING, scaling)), gray()) == FrameTransform(modality_problem=DOSE_SCALING_INVALID)
    assert found(of_class(RT_DOSE, rescale("2", "0")), gray()).rescale == Rescale(2.0, 0.0)


@pytest.mark.parametrize("pixel", [BITS, BYTES])
def test_binary_segmentations_are_black_and_white(pixel: ImagePixel) -> None:
    assert found(segmentation("BINARY"), pixel).window == BLACK_AND_WHITE


def test_bits_are_black_and_white_whatever_they_are() -> None:
    assert found(b"", BITS).window == BLACK_AND_WHITE
    assert found(b"", gray(1, bits_allocated=16, high_bit=7)).window == BLACK_AND_WHITE
    assert found(segmentation("FRACTIONAL"), BITS).window == BLACK_AND_WHITE
    assert found(b"", gray(1, signed=True, bits_allocated=8)).window == Window(0.0, 2.0)
    assert found(b"", BYTES).window is None


def test_what_is_stored_comes_before_black_and_white() -> None:
    assert found(window("0", "10"), BITS).window == Window(0.0, 10.0)
    assert found(window("0", "0"), BITS).window == BLACK_AND_WHITE, "a broken window is none"


@pytest.mark.parametrize(
    ("slope", "intercept", "expected"),
    [("1", "0", (0, 1)), ("255", "0", (0, 255)), ("-1", "0", (-1, 0)), ("2", "-7", (-7, -5))],
)
def test_black_and_white_are_those_of_the_rescale(slope: str, intercept: str, expected: tuple[float, float]) -> None:
    low, high = expected
    assert found(rescale(slope, intercept), BITS).window == Window((low + high + 1) / 2, high - low + 1)


@pytest.mark.parametrize("slope", [0.5, 1e-5, 1e-290])
def test_a_rescale_to_less_than_one_unit_is_not_swallowed(slope: float) -> None:
    """LINEAR adds 1 to the range and takes it off again; LINEAR_EXACT is the same function without it (PS3.3 C.11.2.1.3.2)."""
    assert found(rescale(str(slope), "0"), BITS).window == Window(slope / 2, slope, VoiLutFunction.LINEAR_EXACT)


def test_each_frame_has_the_window_of_its_own_rescale() -> None:
    per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(rescale("10", "0")), groups(voi=window("5", "6")), groups())
    distinct, of_frame = read_transforms(attributes(per_frame), BITS, 3)
    assert [distinct[place].window for place in of_frame] == [Window(5.5, 11.0), Window(5.0, 6.0), BLACK_AND_WHITE]


def test_a_table_of_bits_has_its_own_range() -> None:
    assert found(sequence(MODALITY_LUT_SEQUENCE, table(7, 9)), BITS).window is None


@pytest.mark.parametrize("maximum", [1, 100, 255])
def test_fractions_reach_white_at_their_maximum(maximum: int) -> None:
    data = segmentation("FRACTIONAL", integers(tags.MAXIMUM_FRACTIONAL_VALUE, "US", maximum))
    assert found(data, BYTES) == FrameTransform(window=Window((maximum + 1) / 2, maximum + 1.0))


@pytest.mark.parametrize("maximum", [None, 0, 256])
def test_without_a_maximum_the_largest_fraction_is_white(maximum: int | None) -> None:
    written = b"" if maximum is None else integers(tags.MAXIMUM_FRACTIONAL_VALUE, "US", maximum)
    expected = FrameTransform(window=Window(128.0, 256.0), voi_problem=MAXIMUM_FRACTION_INVALID.format(255))
    assert found(segmentation("FRACTIONAL", written), BYTES) == expected


def test_segmentations_that_say_neither_are_images() -> None:
    assert found(of_class(SEGMENTATION), BYTES) == found(segmentation("LABELMAP"), BYTES) == FrameTransform()
    assert len(transforms(of_class(SEGMENTATION), 3)) == 3
