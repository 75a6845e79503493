"""First pictures: what pictures are made with is called once before the first request, whose event loop would wait for it.

The first call of a kernel with arrays of another type, layout or writability than before takes numba milliseconds, in which it holds the
interpreter; modules are imported, and tables made, that all later pictures share.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from wado_core.dicom.frames import FrameReader
from wado_core.dicom.source import BytesSource
from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Padding, Rescale, StoredLut, VoiLutFunction, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.model.render import AutomaticWindow, GrayscalePlan, MediaType, RenderPlan
from wado_core.model.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.model.uid import InstanceKey
from wado_core.rendering.execute import execute
from wado_core.settings import Limits

_EDGE = 16
_FRAME_BYTES = _EDGE * _EDGE * 3 * 2
# As it is, halved, made of uneven parts, and enlarged.
_SIZES = (_EDGE, _EDGE // 2, 5, 24)

_WINDOW = Window(40.0, 400.0)
_LUT = StoredLut(0, 16, 256, ByteRange(_FRAME_BYTES, 512))

_GRAYS = (
    GrayscalePlan(Rescale(1.0, -24.0), _WINDOW, inverted=False, padding=None),
    GrayscalePlan(Rescale(), replace(_WINDOW, function=VoiLutFunction.SIGMOID), inverted=True, padding=None),
    GrayscalePlan(Rescale(), _LUT, inverted=False, padding=None),
    GrayscalePlan(_LUT, _WINDOW, inverted=False, padding=Padding(3, 200)),
    GrayscalePlan(Rescale(), AutomaticWindow.FULL_RANGE, inverted=False, padding=None),
    GrayscalePlan(_LUT, AutomaticWindow.FULL_RANGE, inverted=False, padding=None),
)


def draw_first_pictures() -> None:
    """Draw some of each kind, of a few pixels each."""
    for pixel, gray, palette, syntax in _kinds():
        for edge in _SIZES:
            for media_type in MediaType:
                _draw(pixel, gray, palette, syntax, edge, media_type)


_Kind = tuple[ImagePixel, GrayscalePlan | None, StoredPalette | None, str]


def _kinds() -> Iterator[_Kind]:
    for bits, stored, signed in ((8, 8, False), (16, 12, False), (16, 16, True)):
        pixel = ImagePixel(_EDGE, _EDGE, 1, "MONOCHROME2", bits, stored, stored - 1, signed=signed)
        for gray in _GRAYS:
            yield pixel, gray, None, EXPLICIT_VR_LITTLE_ENDIAN
        yield pixel, _GRAYS[0], None, EXPLICIT_VR_BIG_ENDIAN
        indices = replace(pixel, photometric_interpretation="PALETTE COLOR", signed=False)
        yield indices, None, StoredPalette(_LUT, _LUT, _LUT), EXPLICIT_VR_LITTLE_ENDIAN
    for photometric in ("RGB", "YBR_FULL", "YBR_FULL_422"):
        yield ImagePixel(_EDGE, _EDGE, 3, photometric, 8, 8, 7), None, None, EXPLICIT_VR_LITTLE_ENDIAN
    yield ImagePixel(_EDGE, _EDGE, 3, "RGB", 8, 8, 7, planar_configuration=1), None, None, EXPLICIT_VR_LITTLE_ENDIAN
    yield ImagePixel(_EDGE, _EDGE, 3, "RGB", 16, 16, 15), None, None, EXPLICIT_VR_LITTLE_ENDIAN


def _draw(
    pixel: ImagePixel, gray: GrayscalePlan | None, palette: StoredPalette | None, syntax: str, edge: int, media_type: MediaType
) -> None:
    plan = RenderPlan(
        InstanceKey("0", "0", "0"), "", 1, syntax, pixel, None, gray, palette, Rectangle(0, 0, _EDGE, _EDGE), edge, edge, media_type, 90
    )
    assert plan.digest  # noqa: S101 - imports what makes it
    layout = FrameLayout(0, _FRAME_BYTES)
    instance = Instance(plan.key, "", syntax, "", image_pixel=pixel, frames=layout, chunks=(FrameChunk(1, 1),))
    data = bytes(range(256)) * ((_FRAME_BYTES + 512) // 256)
    for held in (data, cast("bytes", bytearray(data))):  # as files are read, and as those at hand are
        execute(plan, FrameReader(BytesSource(held), instance, Limits()))
