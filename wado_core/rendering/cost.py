"""What a picture costs, told from its plan: whether it may be made where nothing must wait for long."""

from wado_core.model.render import MediaType, RenderPlan
from wado_core.model.transfer_syntax import transfer_syntax

# Nanoseconds of a stored sample that is read, windowed and averaged, and of a sample of the picture that is encoded, on the machine
# of the benchmarks; a machine of half its speed takes a millisecond for what counts as light.
_STORED_NS, _CODED_NS = 0.25, 0.5
_LIGHT_NS = 500_000
# A stream that is sent as it is stored is only read: some megabytes in half a millisecond.
_MOST_STORED_PIXELS = 4 << 20


def is_light(plan: RenderPlan, *, decoded: bool = False) -> bool:
    """Say whether a picture takes less than half a millisecond once its bytes are in memory: no decoding, no tables to be read.

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
    samples = plan.image_pixel.samples_per_pixel
    stored = plan.image_pixel.rows * plan.image_pixel.columns * samples
    return stored * _STORED_NS + plan.rows * plan.columns * samples * _CODED_NS
