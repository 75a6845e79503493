"""Execution: one plan and one encoded frame become one encoded picture. Synchronous, a pure function of its arguments."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

from wado_core.codecs import jpeg_out, png_out
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.reduction import Incomplete
from wado_core.codecs.registry import Decode, Reduction, decoder
from wado_core.codecs.registry import decode as decode_here
from wado_core.dicom.frames import FrameReader
from wado_core.errors import DamagedObject
from wado_core.jpeg.samples import DrawnSamples
from wado_core.model.frame import EncodedImage
from wado_core.model.geometry import EVERY_PIXEL, Rectangle
from wado_core.model.grayscale import StoredLut, ValueRange
from wado_core.model.render import AutomaticWindow, GrayscalePlan, MediaType, RenderPlan
from wado_core.ports import Deliver, Lend
from wado_core.rendering.as_stored import sendable
from wado_core.rendering.color import rgb_of, supplemented
from wado_core.rendering.drawing import ColorDrawing, Drawing, GrayDrawing, drawing_of_display
from wado_core.rendering.overlay import paint_overlays
from wado_core.rendering.resample import Picture
from wado_core.rendering.steps import grayscale_of, voi_of
from wado_core.rendering.strips import read_in_strips, samples_in_strips
from wado_core.rendering.table import Grayscale, value_range
from wado_core.rendering.wide import display_of, is_wide, narrowed, wide_range

# How much of a frame is read first where its beginning may be enough; then four times as much.
_FIRST_READ = 1 << 16

# Decodes the frame of a plan, to a smallest size (rows, columns) or in full.
_Decoding = Callable[[tuple[int, int] | None], Decoded]

# Returns a decoded frame that is kept for a smallest size (rows, columns; None: in full), or else what the function makes of it.
Keep = Callable[[tuple[int, int] | None, Callable[[], Decoded]], Decoded]


def keep_nothing(_smallest: tuple[int, int] | None, make: Callable[[], Decoded]) -> Decoded:
    """Return what ``make`` makes."""
    return make()


def execute(
    plan: RenderPlan,
    reader: FrameReader,
    known_range: ValueRange | None = None,
    decode: Decode = decode_here,
    deliver: Deliver | None = None,
    lend: Lend | None = None,
    keep: Keep = keep_nothing,
) -> tuple[EncodedImage, ValueRange | None]:
    """Make the picture of a plan.

    reader: of the object that the plan was made for.  known_range: of the frame, when an earlier picture has found it (H2.15).
    decode: where frames are decoded, in this process or elsewhere.
    deliver: takes the pieces of a streamed plan as they are finished, in order, and an empty one at the end; joined they are the data of
        the picture.
    lend: lets idle threads help with a streamed plan. The bytes are the same with and without.
    keep: of decoded frames of this object; one that is kept is not even read.
    Returns the picture, and the frame's range when this call had to find it. Raises DamagedObject, NotSupported.
    """
    if plan.as_stored:
        stream = sendable(reader.frame(plan.frame_number), plan.image_pixel)
        if stream is not None:
            return EncodedImage(stream, plan.media_type.value), None
    drawn: Drawing | DrawnSamples
    if read_in_strips(plan):
        drawn, found = samples_in_strips(plan, reader, known_range)
    else:
        drawn, found = _drawing(plan, reader, known_range, _decoding(plan, reader, decode, keep))
    profile = b"" if plan.icc_profile is None else reader.icc_profile(plan.icc_profile)
    pieces = []
    with closing(_encoded(drawn, plan, profile, lend)) as made:  # ended before the object is closed, from which threads may read
        for piece in made:
            pieces.append(piece)
            if deliver is not None and plan.streamed:
                deliver(piece)
    if deliver is not None and plan.streamed:
        deliver(b"")  # before all are joined, which takes half a millisecond for a megabyte
    return EncodedImage(pieces[0] if len(pieces) == 1 else b"".join(pieces), plan.media_type.value), found


def draw(
    plan: RenderPlan,
    reader: FrameReader,
    known_range: ValueRange | None = None,
    decode: Decode = decode_here,
    keep: Keep = keep_nothing,
) -> tuple[Picture, ValueRange | None]:
    """Make the pixels of a plan: (rows, columns) or (rows, columns, 3) uint8, and the frame's range when it was found here."""
    drawing, found = _drawing(plan, reader, known_range, _decoding(plan, reader, decode, keep))
    return drawing.picture(), found


def _encoded(drawn: Drawing | DrawnSamples, plan: RenderPlan, profile: bytes, lend: Lend | None) -> Generator[bytes, None, None]:
    if plan.media_type is MediaType.PNG and not isinstance(drawn, DrawnSamples):
        yield png_out.encode(drawn.picture(), profile)
        return
    samples = drawn if isinstance(drawn, DrawnSamples) else drawn.samples()
    yield from jpeg_out.encode(samples, plan.rows, plan.columns, plan.quality, in_strips=plan.streamed, profile=profile, lend=lend)


def _decoding(plan: RenderPlan, reader: FrameReader, decode: Decode, keep: Keep) -> _Decoding:
    def decoded(smallest: tuple[int, int] | None) -> Decoded:
        def make() -> Decoded:
            encoded = _encoded_frame(plan, reader, smallest)
            return decode(encoded, plan.image_pixel, plan.transfer_syntax_uid, smallest, plan.frame_number)

        return keep(smallest, make)

    return decoded


def _encoded_frame(plan: RenderPlan, reader: FrameReader, smallest: tuple[int, int] | None) -> bytes:
    """Read the frame, or as much of it as the smallest size needs: of a mammogram's 8 MB some 30 KB."""
    load = decoder(plan.transfer_syntax_uid).excerpt
    if smallest is None or load is None:
        return reader.frame(plan.frame_number)
    excerpt, length = load(), _FIRST_READ
    while True:
        beginning = reader.frame(plan.frame_number, length)
        try:
            part = excerpt(beginning, plan.image_pixel, smallest)
        except Incomplete:
            part = None
            if len(beginning) == length:
                length *= 4
                continue
        if part is not None:
            return part
        return beginning if len(beginning) < length else reader.frame(plan.frame_number)


def _drawing(plan: RenderPlan, reader: FrameReader, known_range: ValueRange | None, decode: _Decoding) -> tuple[Drawing, ValueRange | None]:
    if not plan.overlays:
        return _image_drawing(plan, reader, known_range, decode)
    # Overlays are defined on the image matrix: they are painted over all of it, before region and size.
    rows, columns = plan.image_pixel.rows, plan.image_pixel.columns
    whole = replace(plan, source=Rectangle(0, 0, columns, rows), rows=rows, columns=columns)
    drawing, found = _image_drawing(whole, reader, known_range, decode)
    display = drawing.picture()
    if isinstance(drawing, ColorDrawing):
        display = display.copy()  # it may be the decoded frame itself
    paint_overlays(display, plan.overlays, plan.frame_number, reader, lambda: decode(None))
    if display.ndim == 3:
        return ColorDrawing(display, plan.source, plan.rows, plan.columns), found
    return drawing_of_display(display, plan.source, plan.rows, plan.columns), found


def _image_drawing(
    plan: RenderPlan, reader: FrameReader, known_range: ValueRange | None, decode: _Decoding
) -> tuple[Drawing, ValueRange | None]:
    if plan.grayscale is not None:
        return _gray_drawing(plan, plan.grayscale, reader, known_range, decode)
    smallest = smallest_frame(plan)
    decoded = decode(smallest)
    _check_size(plan, decoded, whole=smallest is None)
    palette = None if plan.palette is None else reader.palette(plan.palette)
    return ColorDrawing(rgb_of(decoded, palette), plan.source, plan.rows, plan.columns, decoded.lattice), None


def _gray_drawing(
    plan: RenderPlan, gray: GrayscalePlan, reader: FrameReader, known_range: ValueRange | None, decode: _Decoding
) -> tuple[Drawing, ValueRange | None]:
    palette = None if plan.palette is None else reader.palette(plan.palette)
    steps = grayscale_of(gray, reader, palette)
    found, decoded = None, None
    if gray.voi is AutomaticWindow.FULL_RANGE and known_range is None:
        decoded = decode(None)
        found = _range(decoded, steps)
    smallest = smallest_frame(plan)
    if decoded is None or smallest is not None:
        # Also where the full frame is at hand: the bytes of a picture must not depend on whether its range was known.
        decoded = decode(smallest)
    _check_size(plan, decoded, whole=smallest is None)
    voi = voi_of(gray, reader, found or known_range)
    decoded = narrowed(decoded)
    if palette is not None:
        colors = supplemented(_cells(decoded), steps, voi, palette, decoded.pixel)
        return ColorDrawing(colors, plan.source, plan.rows, plan.columns), found
    if is_wide(decoded.pixel):
        display = display_of(_cells(decoded), decoded.pixel, steps, voi)
        return drawing_of_display(display, plan.source, plan.rows, plan.columns, decoded.lattice), found
    return GrayDrawing(_cells(decoded), steps, voi, decoded.pixel, plan.source, plan.rows, plan.columns, decoded.lattice), found


def _range(decoded: Decoded, steps: Grayscale) -> ValueRange:
    decoded = narrowed(decoded)
    return (wide_range if is_wide(decoded.pixel) else value_range)(_cells(decoded), decoded.pixel, steps)


def _cells(decoded: Decoded) -> Cells:
    if decoded.cells.ndim != 2:
        raise DamagedObject("(7FE0,0010) Pixel Data: a grayscale frame was coded with several components (PS3.3 C.7.6.3.1.2).")
    return decoded.cells


def smallest_frame(plan: RenderPlan) -> tuple[int, int] | None:
    """Return the size of the whole frame that the picture needs at least, None where nothing can be left out."""
    source, pixel = plan.source, plan.image_pixel
    if plan.overlays or plan.rows >= source.rows or plan.columns >= source.columns or not _has_means(plan):
        return None
    if decoder(plan.transfer_syntax_uid).reduction is Reduction.NONE:
        return None  # one decoded frame serves pictures of every size
    if (source.rows, source.columns) != (pixel.rows, pixel.columns):
        return None  # the edges of a region need not fall on pixels of a reduced frame
    return plan.rows, plan.columns


def _has_means(plan: RenderPlan) -> bool:
    """Whether stored values can be averaged before they are looked up: not palette indices, padding, or inputs of stored tables."""
    gray = plan.grayscale
    if gray is None or plan.palette is not None:
        return plan.palette is None
    return gray.padding is None and not isinstance(gray.modality, StoredLut) and not isinstance(gray.voi, StoredLut)


def _check_size(plan: RenderPlan, decoded: Decoded, *, whole: bool) -> None:
    """Refuse cells that are not those of the frame; kernels look at no bounds.  whole: all of them were asked for."""
    pixel, lattice = plan.image_pixel, EVERY_PIXEL if whole else decoded.lattice
    if decoded.lattice != lattice or decoded.cells.shape[:2] != (lattice.cells(pixel.rows), lattice.cells(pixel.columns)):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2).")
