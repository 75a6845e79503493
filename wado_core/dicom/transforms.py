"""The grayscale transformations that hold for each frame: per-frame groups, then shared, then the image's own (H2.1, H2.16)."""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.class_transforms import class_transform, finite, in_modality_units
from wado_core.dicom.lut import MODALITY_LUT_CLAUSE, VOI_LUT_CLAUSE, find_lut
from wado_core.dicom.tags import (
    FRAME_VOI_LUT_SEQUENCE,
    MODALITY_LUT_SEQUENCE,
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    VOI_LUT_SEQUENCE,
)
from wado_core.model.grayscale import FrameTransform, Padding, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel

WINDOW_IGNORED = "(0028,1050) Window Center and (0028,1051) Window Width are not valid (PS3.3 C.11.2.1.2) and were ignored."
FUNCTION_UNKNOWN = "(0028,1056) VOI LUT Function is not known (PS3.3 C.11.2.1.3): LINEAR was used."
SLOPE_INVALID = "(0028,1053) Rescale Slope is 0 or not a number (PS3.3 C.11.1.1.2): 1 was used."
INTERCEPT_INVALID = "(0028,1052) Rescale Intercept is not a number (PS3.3 C.11.1.1.2): 0 was used."
_OF_MODALITY, _OF_VOI = "(0028,3000) Modality LUT Sequence: ", "(0028,3010) VOI LUT Sequence: "

_FUNCTIONS = {function.value: function for function in VoiLutFunction}


def read_transforms(attributes: Attributes, pixel: ImagePixel, number_of_frames: int) -> tuple[tuple[FrameTransform, ...], Sequence[int]]:
    """Return the distinct transformations, and the place of each frame's own among them.

    Frames beyond the end of the second, all of them when it is empty, have the first transformation.
    """
    of_class = class_transform(attributes, pixel)
    base = of_class if of_class.rescale else _with_modality(of_class, attributes, pixel)
    base = _with_voi(base, attributes, pixel)
    for shared in attributes.items(SHARED_FUNCTIONAL_GROUPS_SEQUENCE)[:1]:
        base = _with_groups(base, shared, pixel)
    numbers = {base: 0}
    # By identity: items with equal values are the same object (AlikeItems), and so are their groups.
    of_item: dict[int, int] = {}
    with_modality: dict[int, FrameTransform] = {}
    of_frame = []
    for item in attributes.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)[:number_of_frames]:
        number = of_item.get(id(item))
        if number is None:
            number = of_item[id(item)] = numbers.setdefault(_with_groups(base, item, pixel, with_modality), len(numbers))
        of_frame.append(number)
    distinct, used = tuple(in_modality_units(found, of_class.window) for found in numbers), set(of_frame)
    if len(used) == 1 and (len(of_frame) == number_of_frames or 0 in used):
        return (distinct[of_frame[0]],), ()
    return distinct, of_frame


def _with_groups(
    transform: FrameTransform, groups: Attributes, pixel: ImagePixel, known: dict[int, FrameTransform] | None = None
) -> FrameTransform:
    """Take what functional groups hold; known: what earlier groups made of ``transform``, by the identity of the item."""
    for item in groups.items(PIXEL_VALUE_TRANSFORMATION_SEQUENCE)[:1]:
        found = known.get(id(item)) if known is not None else None
        transform = found or _with_modality(transform, item, pixel)
        if known is not None:
            known[id(item)] = transform
    for item in groups.items(FRAME_VOI_LUT_SEQUENCE)[:1]:
        transform = _with_voi(transform, item, pixel)
    return transform


def _with_modality(transform: FrameTransform, attributes: Attributes, pixel: ImagePixel) -> FrameTransform:
    """Take the Modality LUT, or the rescale, that ``attributes`` hold; keep what stands where they hold none (PS3.3 C.11.1)."""
    problem = ""
    for item in attributes.items(MODALITY_LUT_SEQUENCE)[:1]:
        lut, problem = find_lut(item, MODALITY_LUT_CLAUSE, signed=pixel.signed)
        problem = _OF_MODALITY + problem if problem else ""
        if lut:
            return replace(transform, modality_lut=lut, rescale=None, modality_problem=problem)
    rescale, broken = _rescale(attributes)
    if rescale is None:
        return replace(transform, modality_problem=problem or transform.modality_problem)
    return replace(transform, rescale=rescale, modality_lut=None, modality_problem=" ".join(filter(None, (problem, broken))))


def _rescale(attributes: Attributes) -> tuple[Rescale | None, str]:
    """Return the rescale, None where there is none, and what is wrong with it (H2.1)."""
    if not attributes.text(tags.RESCALE_SLOPE) and not attributes.text(tags.RESCALE_INTERCEPT):
        return None, ""
    slope, intercept = attributes.decimal(tags.RESCALE_SLOPE), attributes.decimal(tags.RESCALE_INTERCEPT)
    problems = []
    if slope is None or not slope or not finite(slope):  # 0 occurs in broken files
        slope, problems = 1.0, [SLOPE_INVALID] if attributes.text(tags.RESCALE_SLOPE) else []
    if intercept is None or not finite(intercept):
        intercept, problems = 0.0, [*problems, INTERCEPT_INVALID] if attributes.text(tags.RESCALE_INTERCEPT) else problems
    return Rescale(slope, intercept), " ".join(problems)


def _with_voi(transform: FrameTransform, attributes: Attributes, pixel: ImagePixel) -> FrameTransform:
    """Take the first window and the first VOI LUT that ``attributes`` hold; keep what stands where they hold none (H2.4)."""
    items = attributes.items(VOI_LUT_SEQUENCE)[:1]
    if not items and tags.WINDOW_CENTER not in attributes and tags.WINDOW_WIDTH not in attributes:
        return transform
    window, problem = _window(attributes)
    lut = None
    if items:
        lut, broken = find_lut(items[0], VOI_LUT_CLAUSE, signed=pixel.signed or _can_be_negative(transform, pixel))
        if broken and window is None:  # otherwise it is not used
            problem = f"{problem} {_OF_VOI}{broken}".strip()
    if window is None and lut is None:
        return replace(transform, voi_problem=problem or transform.voi_problem)
    return replace(transform, window=window, voi_lut=lut, voi_problem=problem)


def _window(attributes: Attributes) -> tuple[Window | None, str]:
    """Return the first window, None where it is absent or broken, and what is wrong with it (H2.8, H2.17)."""
    centers, widths = attributes.decimals(tags.WINDOW_CENTER), attributes.decimals(tags.WINDOW_WIDTH)
    named = attributes.text(tags.VOI_LUT_FUNCTION).upper()
    function = _FUNCTIONS.get(named, VoiLutFunction.LINEAR)
    if not centers or not widths or not finite(centers[0]) or not finite(widths[0]):
        stored = attributes.text(tags.WINDOW_CENTER) or attributes.text(tags.WINDOW_WIDTH)
        return None, WINDOW_IGNORED if stored else ""
    if widths[0] <= 0 or (function is VoiLutFunction.LINEAR and widths[0] < 1):
        return None, WINDOW_IGNORED
    return Window(centers[0], widths[0], function), FUNCTION_UNKNOWN if named and named not in _FUNCTIONS else ""


def _can_be_negative(transform: FrameTransform, pixel: ImagePixel) -> bool:
    """Whether modality values may be negative, so that the first value a VOI LUT maps may be (H2.2)."""
    if transform.modality_lut or not transform.rescale:
        return False
    slope, intercept = transform.rescale.slope, transform.rescale.intercept
    return min(intercept, intercept + slope * ((1 << pixel.bits_stored) - 1)) < 0


def read_padding(attributes: Attributes, pixel: ImagePixel) -> Padding | None:
    """Return the range of padding values among the stored values, None when there is none (PS3.3 C.7.5.1.1.2, H2.13).

    Float pixel data has attributes of its own (PS3.3 C.7.6.24.1.1); values that are not a number are never shown, and need none.
    """
    value: float | None
    limit: float | None
    if pixel.floating:
        width = pixel.bits_allocated // 8
        value, limit = attributes.real(_FLOAT_PADDING[width], width), attributes.real(_FLOAT_PADDING_LIMIT[width], width)
    else:
        value = _as_samples(attributes.integer(tags.PIXEL_PADDING_VALUE, signed=pixel.signed), pixel)
        limit = _as_samples(attributes.integer(tags.PIXEL_PADDING_RANGE_LIMIT, signed=pixel.signed), pixel)
    if value is None or isnan(value):
        return None
    limit = value if limit is None or isnan(limit) else limit
    return Padding(min(value, limit), max(value, limit))


def _as_samples(word: int | None, pixel: ImagePixel) -> int | None:
    """Read the 16 bits of a US or SS value as Pixel Representation says, whatever VR a writer gave them (PS3.5 A.1, H1.4)."""
    return word if word is None or word >= 0 or pixel.signed else word & 0xFFFF


_FLOAT_PADDING = {4: tags.FLOAT_PIXEL_PADDING_VALUE, 8: tags.DOUBLE_FLOAT_PIXEL_PADDING_VALUE}
_FLOAT_PADDING_LIMIT = {4: tags.FLOAT_PIXEL_PADDING_RANGE_LIMIT, 8: tags.DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT}
