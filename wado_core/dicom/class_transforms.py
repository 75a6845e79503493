"""The grayscale transformations that follow from what an object is: masks, segmentations, doses (H2.14)."""

from dataclasses import replace

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.model.grayscale import FrameTransform, Rescale, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"

DOSE_SCALING_INVALID = "(3004,000E) Dose Grid Scaling is not a number above 0 (PS3.3 C.8.8.3) and was ignored."
MAXIMUM_FRACTION_INVALID = "(0062,000E) Maximum Fractional Value is not 1 to {0} (PS3.3 C.8.20.2.3): {0} was used."


def class_transform(attributes: Attributes, pixel: ImagePixel) -> FrameTransform:
    """Return what holds for an object of its class; the identity and the automatic window for most.

    Its rescale comes before what is stored: doses of some writers have a rescale of 1 and 0 besides. Its window is that of stored
    values, and only used where none is stored.
    Bits are black and white also where a frame has only zeros or only ones, so they have a window and no range of each frame.
    """
    sop_class = attributes.text(tags.SOP_CLASS_UID)
    if sop_class == RT_DOSE:
        return _dose(attributes)
    if sop_class == SEGMENTATION:
        kind = attributes.text(tags.SEGMENTATION_TYPE).upper()
        if kind == "FRACTIONAL" and pixel.bits_stored > 1:
            return _fractions(attributes, pixel)
        if kind == "BINARY":
            return FrameTransform(window=full_range(0, 1))
    if pixel.bits_stored == 1:
        return FrameTransform(window=full_range(-1, 0) if pixel.signed else full_range(0, 1))
    return FrameTransform()


def in_modality_units(transform: FrameTransform, of_class: Window | None) -> FrameTransform:
    """Bring the window of the class, if it is the one that is used, from stored values to those of the rescale; with a Modality LUT
    there is none."""
    if of_class is None or transform.window is not of_class:
        return transform
    if transform.modality_lut:
        return replace(transform, window=None)
    if transform.rescale in (None, Rescale()):
        return transform
    slope, intercept, half = transform.rescale.slope, transform.rescale.intercept, (of_class.width - 1) / 2
    ends = [slope * (of_class.center - 0.5 + end) + intercept for end in (-half, half)]
    return replace(transform, window=full_range(min(ends), max(ends)))


def full_range(low: float, high: float) -> Window:
    """Return the window that shows ``low`` as black and ``high`` as white (PS3.3 C.11.2.1.2.1 note, H2.10)."""
    if high - low < 1:  # which the 1 that LINEAR takes off again would swallow: the same function without it (C.11.2.1.3.2)
        return Window((low + high) / 2, high - low, VoiLutFunction.LINEAR_EXACT)
    return Window((low + high + 1) / 2, high - low + 1.0)


def finite(number: float) -> bool:
    """Say whether a number is one that can be calculated with: neither NaN nor so large that sums overflow."""
    return abs(number) < 1e300


def _dose(attributes: Attributes) -> FrameTransform:
    """Take Dose Grid Scaling as the slope of a rescale (PS3.3 C.8.8.3)."""
    scaling = attributes.decimal(tags.DOSE_GRID_SCALING)
    if scaling is not None and scaling > 0 and finite(scaling):
        return FrameTransform(rescale=Rescale(scaling, 0.0))
    return FrameTransform(modality_problem=DOSE_SCALING_INVALID)


def _fractions(attributes: Attributes, pixel: ImagePixel) -> FrameTransform:
    """Show Maximum Fractional Value as white (PS3.3 C.8.20.2.3)."""
    most = (1 << pixel.bits_stored) - 1
    maximum = attributes.integer(tags.MAXIMUM_FRACTIONAL_VALUE)
    if maximum is not None and 1 <= maximum <= most:
        return FrameTransform(window=full_range(0, maximum))
    return FrameTransform(window=full_range(0, most), voi_problem=MAXIMUM_FRACTION_INVALID.format(most))
