"""The grayscale transformations that hold for each frame: per-frame groups, then shared, then the image's own (H2.1, H2.16)."""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.lut import find_lut
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

_FUNCTIONS = {function.value: function for function in VoiLutFunction}


def read_transforms(attributes: Attributes, pixel: ImagePixel, number_of_frames: int) -> tuple[tuple[FrameTransform, ...], Sequence[int]]:
    """Return the distinct transformations, and the place of each frame's own among them.

    Frames beyond the end of the second, all of them when it is empty, have the first transformation.
    """
    base = _with_voi(_with_modality(FrameTransform(), attributes, pixel), attributes, pixel)
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
    distinct, used = tuple(numbers), set(of_frame)
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
    for item in attributes.items(MODALITY_LUT_SEQUENCE)[:1]:
        if lut := find_lut(item, signed=pixel.signed):
            return replace(transform, modality_lut=lut, rescale=None)
    slope, intercept = attributes.decimal(tags.RESCALE_SLOPE), attributes.decimal(tags.RESCALE_INTERCEPT)
    if slope is None and intercept is None:
        return transform
    slope = slope if slope and _finite(slope) else 1.0  # 0 occurs in broken files (H2.1)
    intercept = intercept if intercept is not None and _finite(intercept) else 0.0
    return replace(transform, rescale=Rescale(slope, intercept), modality_lut=None)


def _with_voi(transform: FrameTransform, attributes: Attributes, pixel: ImagePixel) -> FrameTransform:
    """Take the first window and the first VOI LUT that ``attributes`` hold; keep what stands where they hold none (H2.4)."""
    items = attributes.items(VOI_LUT_SEQUENCE)[:1]
    has_window = tags.WINDOW_CENTER in attributes or tags.WINDOW_WIDTH in attributes
    if not items and not has_window:
        return transform
    window = _window(attributes)
    lut = find_lut(items[0], signed=pixel.signed or _can_be_negative(transform, pixel)) if items else None
    ignored = has_window and window is None and bool(attributes.text(tags.WINDOW_CENTER) or attributes.text(tags.WINDOW_WIDTH))
    problem = WINDOW_IGNORED if ignored else ""
    if window is None and lut is None:
        return replace(transform, voi_problem=problem or transform.voi_problem)
    return replace(transform, window=window, voi_lut=lut, voi_problem=problem)


def _window(attributes: Attributes) -> Window | None:
    centers, widths = attributes.decimals(tags.WINDOW_CENTER), attributes.decimals(tags.WINDOW_WIDTH)
    function = _FUNCTIONS.get(attributes.text(tags.VOI_LUT_FUNCTION), VoiLutFunction.LINEAR)  # absent or unknown (H2.8)
    if not centers or not widths or not _finite(centers[0]) or not _finite(widths[0]):
        return None
    if widths[0] <= 0 or (function is VoiLutFunction.LINEAR and widths[0] < 1):
        return None  # broken (H2.17)
    return Window(centers[0], widths[0], function)


def _can_be_negative(transform: FrameTransform, pixel: ImagePixel) -> bool:
    """Whether modality values may be negative, so that the first value a VOI LUT maps may be (H2.2)."""
    if transform.modality_lut or not transform.rescale:
        return False
    slope, intercept = transform.rescale.slope, transform.rescale.intercept
    return min(intercept, intercept + slope * ((1 << pixel.bits_stored) - 1)) < 0


def _finite(number: float) -> bool:
    return abs(number) < 1e300  # false for NaN and infinities too


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
        value = attributes.integer(tags.PIXEL_PADDING_VALUE, signed=pixel.signed)
        limit = attributes.integer(tags.PIXEL_PADDING_RANGE_LIMIT, signed=pixel.signed)
    if value is None or isnan(value):
        return None
    limit = value if limit is None or isnan(limit) else limit
    return Padding(min(value, limit), max(value, limit))


_FLOAT_PADDING = {4: tags.FLOAT_PIXEL_PADDING_VALUE, 8: tags.DOUBLE_FLOAT_PIXEL_PADDING_VALUE}
_FLOAT_PADDING_LIMIT = {4: tags.FLOAT_PIXEL_PADDING_RANGE_LIMIT, 8: tags.DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT}
