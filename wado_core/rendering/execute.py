"""Execution: one plan and one encoded frame become one encoded picture. Synchronous, a pure function of its arguments."""

from collections.abc import Callable

from wado_core.codecs import jpeg_out, png_out
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.registry import Decode, decoder
from wado_core.codecs.registry import decode as decode_here
from wado_core.errors import DamagedObject
from wado_core.model.frame import EncodedImage
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Lut, ValueRange, Window
from wado_core.model.render import AutomaticWindow, GrayscalePlan, MediaType, RenderPlan
from wado_core.rendering.color import rgb_of
from wado_core.rendering.resample import Picture, picture_of_cells, picture_of_rgb
from wado_core.rendering.table import cell_table, full_range_window, value_range

ReadFrame = Callable[[], bytes]


def execute(
    plan: RenderPlan, read_frame: ReadFrame, known_range: ValueRange | None = None, decode: Decode = decode_here
) -> tuple[EncodedImage, ValueRange | None]:
    """Make the picture of a plan.

    read_frame: returns the encoded frame.  known_range: of the frame, when an earlier picture has found it (H2.15).
    decode: where frames are decoded, in this process or elsewhere.
    Returns the picture, and the frame's range when this call had to find it. Raises DamagedObject, NotSupported.
    """
    picture, found = draw(plan, read_frame, known_range, decode)
    return EncodedImage(encode(picture, plan), plan.media_type.value), found


def encode(picture: Picture, plan: RenderPlan) -> bytes:
    """Encode a picture as its plan says."""
    return jpeg_out.encode(picture, plan.quality) if plan.media_type is MediaType.JPEG else png_out.encode(picture)


def draw(
    plan: RenderPlan, read_frame: ReadFrame, known_range: ValueRange | None = None, decode: Decode = decode_here
) -> tuple[Picture, ValueRange | None]:
    """Make the pixels of a plan: (rows, columns) or (rows, columns, 3) uint8, and the frame's range when it was found here."""
    needs_range = plan.grayscale is not None and plan.grayscale.voi is AutomaticWindow.FULL_RANGE and known_range is None
    encoded = read_frame()
    found, decoded = None, None
    if needs_range and plan.grayscale is not None:
        decoded = decode(encoded, plan.image_pixel, plan.transfer_syntax_uid, None)
        found = value_range(_gray(decoded), decoded.pixel, plan.grayscale)
    smallest = _smallest(plan)
    if decoded is None or (smallest is not None and decoder(plan.transfer_syntax_uid).load_reducing is not None):
        # Also where the full frame is at hand: the bytes of a picture must not depend on whether its range was known.
        decoded = decode(encoded, plan.image_pixel, plan.transfer_syntax_uid, smallest)
    source = _rectangle(plan, decoded, reduced=smallest is not None)
    if plan.grayscale is None:
        return picture_of_rgb(rgb_of(decoded, plan.palette), source, plan.rows, plan.columns), None
    table = cell_table(plan.grayscale, _voi(plan.grayscale, found or known_range), decoded.pixel)
    return picture_of_cells(_gray(decoded), table, source, plan.rows, plan.columns), found


def _gray(decoded: Decoded) -> Cells:
    if decoded.cells.ndim != 2:
        raise DamagedObject("A grayscale frame was coded with several components.")
    return decoded.cells


def _voi(grayscale: GrayscalePlan, values: ValueRange | None) -> Window | Lut | None:
    if not isinstance(grayscale.voi, AutomaticWindow):
        return grayscale.voi
    assert values is not None  # noqa: S101 - draw() has found it
    return full_range_window(values)


def _smallest(plan: RenderPlan) -> tuple[int, int] | None:
    """Return the size of the whole frame that the picture needs at least, None where nothing can be left out."""
    source, pixel = plan.source, plan.image_pixel
    if plan.rows >= source.rows or plan.columns >= source.columns or not _has_means(plan):
        return None
    if (source.rows, source.columns) != (pixel.rows, pixel.columns):
        return None  # the edges of a region need not fall on pixels of a reduced frame
    return plan.rows, plan.columns


def _has_means(plan: RenderPlan) -> bool:
    """Whether stored values can be averaged before they are looked up: not palette indices, padding, or inputs of stored tables."""
    gray = plan.grayscale
    if gray is None:
        return plan.palette is None
    return gray.padding is None and not isinstance(gray.modality, Lut) and not isinstance(gray.voi, Lut)


def _rectangle(plan: RenderPlan, decoded: Decoded, *, reduced: bool) -> Rectangle:
    """Return the pixels of the decoded frame to draw: the plan's, or the whole of a reduced frame."""
    pixel, shape = plan.image_pixel, decoded.cells.shape
    if shape[:2] == (pixel.rows, pixel.columns):
        return plan.source
    if reduced and plan.rows <= shape[0] <= pixel.rows and plan.columns <= shape[1] <= pixel.columns:
        return Rectangle(0, 0, shape[1], shape[0])
    raise DamagedObject("The frame has another size than its header says.")
