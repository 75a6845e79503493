"""Pixel Data: where the frames lie that there are, native or encapsulated, and what is wrong with them (PS3.5 8, A.4)."""

from dataclasses import replace
from typing import NamedTuple

from wado_core.codecs.code_stream import read_code_stream
from wado_core.dicom.elements import UNDEFINED_LENGTH, Element
from wado_core.dicom.fragments import holds_fragments
from wado_core.dicom.frame_index import find_frames
from wado_core.dicom.frames import name_of_pixels, too_short
from wado_core.dicom.header import Header
from wado_core.dicom.photometric import as_native_data_says
from wado_core.dicom.word_order import words_are_swapped
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.transfer_syntax import transfer_syntax

# Enough of the first frame to hold its SOF or SIZ behind application segments (an ICC profile takes 64 KB each).
_CODE_STREAM_HEAD = 4096
_CODE_STREAM_LONG_HEAD = 512 * 1024


class Frames(NamedTuple):
    """Frames as they were found.

    pixel: the Image Pixel module as the pixel data makes it certain.  problem: why there are no frames to be shown.
    columns: what differs from frame to frame, ``columns.count`` of them; a video is one.
    """

    pixel: ImagePixel
    problem: str | None
    layout: FrameLayout | None = None
    columns: FrameChunk = FrameChunk(1, 0)


def read_frames(header: Header, pixel: ImagePixel, stated: int, warnings: list[str]) -> Frames:
    """Find the frames, as many as are stated or fewer.

    warnings: added to.  Raises DamagedObject when none can be found, LimitExceeded.
    """
    element, syntax = header.pixel_data, transfer_syntax(header.transfer_syntax_uid)
    assert element is not None  # noqa: S101 - there is no pixel without
    if not syntax.encapsulated and element.length == UNDEFINED_LENGTH:
        return Frames(pixel, "(7FE0,0010) Pixel Data is encapsulated; (0002,0010) Transfer Syntax UID says otherwise (PS3.5 A.4).")
    if not syntax.encapsulated:
        return _native_frames(header, element, pixel, stated, warnings)
    if not holds_fragments(header.scanner, element, syntax.uid):
        return Frames(pixel, "(7FE0,0010) Pixel Data is not encapsulated; (0002,0010) Transfer Syntax UID says otherwise (PS3.5 A.4).")
    found = find_frames(header.scanner, element, header.attributes, syntax)
    warnings += found.warnings
    return Frames(pixel, None, found.layout, found.columns)


def _native_frames(header: Header, element: Element, pixel: ImagePixel, stated: int, warnings: list[str]) -> Frames:
    """Compare native frames with what the header says of their form; some writers store YBR_FULL_422 unsubsampled.

    Of several frames those are kept that are whole, where the object ends too early, or its pixel data is as long as some of them.
    Where header and pixel data contradict each other otherwise, nobody can tell which attribute is wrong (docs/adr/0019).
    """
    pixel, warning = as_native_data_says(pixel, element.length, stated)
    warnings += [warning] if warning else []
    if pixel.photometric_interpretation == "YBR_FULL_422" and element.length * 8 >= pixel.native_frame_bits * 3 // 2 * stated:
        pixel = replace(pixel, photometric_interpretation="YBR_FULL")
    needed = (pixel.native_frame_bits * stated + 7) // 8
    held = min(element.length, header.scanner.size - element.offset)
    whole = min(stated, held * 8 // pixel.native_frame_bits)
    problem = None
    if not whole or (element.length < needed and element.length - (whole * pixel.native_frame_bits + 7) // 8 > 1):  # a pad byte
        problem, whole = too_short(element.length, pixel, stated), 1
        if element.length >= needed:
            header.scanner.end_of_value(element)  # a file that was not copied to its end is no object
    elif whole < stated:
        ends = f"{name_of_pixels(pixel)} ends after {whole} of {stated} frames of (0028,0008) Number of Frames (PS3.5 8.2)"
        warnings.append(f"{ends}: the others are refused.")
    swapped = header.encoding.big_endian and words_are_swapped(header.scanner, element, held, pixel)
    return Frames(pixel, problem, FrameLayout(element.offset, held, words_swapped=swapped), FrameChunk(1, whole))


def with_sign_of(pixel: ImagePixel, stream: CodeStream) -> tuple[ImagePixel, str]:
    """Take samples that a code stream says are signed as signed, padding and tables with them; return a warning as well (H1.6, H1.7)."""
    if pixel.signed or not stream.signed:
        return pixel, ""
    warning = "(0028,0103) Pixel Representation is not 1 (PS3.3 C.7.6.3.1), but the samples of the code stream are signed: that was used."
    return replace(pixel, signed=True), warning


def first_code_stream(header: Header, columns: FrameChunk) -> CodeStream | None:
    """Read what the code stream of the first frame says of itself, None where nothing is said."""
    if not columns.offsets or transfer_syntax(header.transfer_syntax_uid).video:
        return None
    for most in (_CODE_STREAM_HEAD, _CODE_STREAM_LONG_HEAD):
        parts, room = [], most
        for one in columns.fragments(1):
            parts.append(header.scanner.read(one.offset, min(one.length, room)))
            room -= len(parts[-1])
            if room <= 0:
                break
        if found := read_code_stream(b"".join(parts)):
            return found
    return None
