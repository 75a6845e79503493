"""Frames that are read while they are coded, a few rows at a time by the thread that codes them (docs/adr/0029)."""

from collections.abc import Iterator
from dataclasses import replace

from wado_core.codecs import native
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.dicom.frame_rows import FrameRows, has_rows
from wado_core.dicom.frames import FrameReader
from wado_core.jpeg.samples import ColorSamples, DrawnSamples, GraySamples
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import ValueRange
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.render import AutomaticWindow, GrayscalePlan, RenderPlan
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from wado_core.rendering.color import rgb_of
from wado_core.rendering.drawing import display_by_cell
from wado_core.rendering.steps import grayscale_of, voi_of
from wado_core.rendering.table import range_of

_LITTLE_ENDIAN = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

# Of the frame that are read at once. Less would stay in the cache of the core until it is coded, but between two reads a thread needs the
# lock of the interpreter, for which the others on the picture and the event loop compete: that costs more (docs/adr/0029).
STRIP_BYTES = 4 << 20


def read_in_strips(plan: RenderPlan) -> bool:
    """Whether the frame is read while the picture is coded, and pieces of it are finished before the rest has been read.

    A matter of the plan alone: uncompressed cells of 8 or 16 bits that are drawn one to one, without overlays.
    """
    if not plan.streamed or plan.overlays or plan.transfer_syntax_uid not in _LITTLE_ENDIAN:
        return False
    if (plan.rows, plan.columns) != (plan.source.rows, plan.source.columns) or plan.image_pixel.bits_allocated not in (8, 16):
        return False
    return has_rows(plan.image_pixel) and (plan.grayscale is None or plan.palette is None)


def samples_in_strips(plan: RenderPlan, reader: FrameReader, known_range: ValueRange | None) -> tuple[DrawnSamples, ValueRange | None]:
    """Return what a JPEG encoder codes, read when it codes it; and the range of the frame when it had to be found here (H2.15).

    Raises DamagedObject, NotSupported; drawing raises what reading raises.
    """
    strips = _Strips(reader.rows(plan.frame_number), plan.image_pixel, plan.source)
    if plan.grayscale is not None:
        return _gray(plan.grayscale, strips, reader, known_range)
    palette = None if plan.palette is None else reader.palette(plan.palette)

    def draw(first: int, end: int) -> ColorSamples:
        decoded, source = strips.read(first, end)
        return ColorSamples(rgb_of(decoded, palette), source)

    return DrawnSamples(draw, gray=False, most_rows=strips.most_rows), None


def _gray(
    gray: GrayscalePlan, strips: "_Strips", reader: FrameReader, known_range: ValueRange | None
) -> tuple[DrawnSamples, ValueRange | None]:
    steps, found = grayscale_of(gray, reader, None), None
    if gray.voi is AutomaticWindow.FULL_RANGE and known_range is None:
        found = range_of(strips.all_cells(), strips.pixel, steps)  # read twice, from the memory of the system
    display = display_by_cell(steps, voi_of(gray, reader, found or known_range), strips.pixel)

    def draw(first: int, end: int) -> GraySamples:
        decoded, source = strips.read(first, end)
        return GraySamples(decoded.cells, display, source)

    return DrawnSamples(draw, gray=True, most_rows=strips.most_rows), found


class _Strips:
    """The rows of a frame that a picture shows, decoded a few at a time."""

    def __init__(self, rows: FrameRows, pixel: ImagePixel, source: Rectangle) -> None:
        self._rows = rows
        self.pixel = pixel
        self._source = source

    @property
    def most_rows(self) -> int:
        """How many are read at once."""
        return max(STRIP_BYTES // self._rows.row_bytes, 1)

    def read(self, first: int, end: int) -> tuple[Decoded, Rectangle]:
        """Return whole rows of the frame, ``first … end - 1`` of the picture, and of these what the picture shows."""
        source = self._source
        return self._decoded(source.top + first, source.top + end), Rectangle(source.left, 0, source.right, end - first)

    def all_cells(self) -> Iterator[Cells]:
        """Yield all cells of the frame."""
        for first in range(0, self.pixel.rows, self.most_rows):
            yield self._decoded(first, min(first + self.most_rows, self.pixel.rows)).cells

    def _decoded(self, first: int, end: int) -> Decoded:
        return native.decode_little_endian(self._rows.read(first, end), replace(self.pixel, rows=end - first))
