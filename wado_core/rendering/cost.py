"""What a picture costs, told from its plan: whether it may be made where nothing must wait for long."""

from wado_core.model.grayscale import StoredLut, VoiLutFunction, Window
from wado_core.model.render import GrayscalePlan, MediaType, RenderPlan
from wado_core.model.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN, JPEG_BASELINE, JPEG_LOSSY_PROCESSES, transfer_syntax

# Nanoseconds of a stored sample that is read, windowed and averaged, and of a sample of the picture that is encoded, on the machine
# of the benchmarks; a machine of half its speed takes a millisecond for what counts as light.
_STORED_NS, _CODED_NS = 0.25, 0.5
_LIGHT_NS = 500_000
# Of a stored sample of YBR that is brought to RGB, of one of three planes that are brought together, and of a byte of words that are
# turned round, each a pass of its own over the whole frame.
_YBR_NS, _PLANAR_NS, _SWAPPED_NS = 1.6, 1.0, 1.0
# What is converted here, and the transfer syntaxes whose decoder has done it.
_CONVERTED = frozenset({"YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"})
_TO_RGB = frozenset({JPEG_BASELINE, *JPEG_LOSSY_PROCESSES})
# Of an entry of a table that is read, of the value of a cell whose sigmoid is found, and of a byte of an ICC profile.
_ENTRY_NS, _SIGMOID_NS, _PROFILE_NS = 3.0, 4.0, 0.4
# A stream that is sent as it is stored is only read: some megabytes in half a millisecond.
_MOST_STORED_PIXELS = 4 << 20


def is_light(plan: RenderPlan, *, decoded: bool = False) -> bool:
    """Say whether a picture takes less than half a millisecond once its bytes are in memory: no decoding, no palette, no overlay.

    decoded: its frame has been decoded already.
    An automatic window is light once the range of the frame's values is known (H2.15).
    """
    if plan.as_stored:
        return plan.rows * plan.columns <= _MOST_STORED_PIXELS
    syntax = transfer_syntax(plan.transfer_syntax_uid)
    if (syntax.encapsulated and not decoded) or syntax.deflated or plan.image_pixel.bits_allocated not in (8, 16):
        return False
    if plan.media_type is not MediaType.JPEG:  # PNG takes ten times as long
        return False
    return plan.palette is None and not plan.overlays and _nanoseconds(plan) <= _LIGHT_NS


def _nanoseconds(plan: RenderPlan) -> float:
    pixel = plan.image_pixel
    each = _STORED_NS
    encapsulated = transfer_syntax(plan.transfer_syntax_uid).encapsulated
    if pixel.photometric_interpretation in _CONVERTED and plan.transfer_syntax_uid not in _TO_RGB:
        each += _YBR_NS
    if pixel.samples_per_pixel > 1 and pixel.planar_configuration == 1 and not encapsulated:
        each += _PLANAR_NS
    if plan.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN and pixel.bits_allocated == 8:
        each += _SWAPPED_NS
    stored = pixel.rows * pixel.columns * pixel.samples_per_pixel * each
    coded = plan.rows * plan.columns * pixel.samples_per_pixel * _CODED_NS
    tables = 0.0 if plan.grayscale is None else _table_nanoseconds(plan.grayscale, pixel.bits_allocated)
    return stored + coded + tables + (plan.icc_profile.length * _PROFILE_NS if plan.icc_profile is not None else 0.0)


def _table_nanoseconds(gray: GrayscalePlan, bits: int) -> float:
    """Return what it takes to read the tables of a picture and to bring them to one by cell; most windows need none."""
    entries = sum(step.count for step in (gray.modality, gray.voi) if isinstance(step, StoredLut))
    sigmoid = isinstance(gray.voi, Window) and gray.voi.function is VoiLutFunction.SIGMOID
    return entries * _ENTRY_NS + ((1 << bits) * _SIGMOID_NS if sigmoid else 0.0)
