"""As stored: JPEG frames that are sent as they are, because the request leaves their pixels as they are (A4.83)."""

import numpy as np

from wado_core.codecs.code_stream import read_code_stream
from wado_core.model.geometry import Rectangle
from wado_core.model.grayscale import Rescale, Window
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.render import GrayscalePlan
from wado_core.rendering.table import Grayscale, sample_table

_END_OF_IMAGE = b"\xff\xd9"


def changes_nothing(
    stream: CodeStream | None, pixel: ImagePixel, gray: GrayscalePlan | None, source: Rectangle, size: tuple[int, int]
) -> bool:
    """Say whether a picture of such a frame has the samples of its stream, so that the stream is the picture.

    gray: None for frames in colour that have no palette.  source, size: what is drawn, and (rows, columns) of the picture.
    """
    if stream is None or not stream.is_picture or size != (pixel.rows, pixel.columns):
        return False
    if (source.rows, source.columns) != (pixel.rows, pixel.columns):
        return False
    return stream.components == 3 if gray is None else stream.components == 1 and _is_identity(gray)


def _is_identity(gray: GrayscalePlan) -> bool:
    """Say whether all 256 samples are drawn as they are; tables that would have to be read, and automatic windows, count as changes."""
    if not isinstance(gray.modality, Rescale) or not isinstance(gray.voi, Window):
        return False
    steps = Grayscale(gray.modality, gray.inverted, gray.padding)
    display = sample_table(steps, gray.voi, ImagePixel(1, 1, 1, "MONOCHROME2", 8, 8, 7))
    return bool(np.array_equal(display, np.arange(256)))


def sendable(encoded: bytes, pixel: ImagePixel) -> bytes | None:
    """Return the stream of a frame without the padding behind it; None where it is not what the object's first frame has promised."""
    stream = read_code_stream(encoded)
    if stream is None or not stream.is_picture or (stream.rows, stream.columns) != (pixel.rows, pixel.columns):
        return None
    if stream.components != (1 if pixel.monochrome else 3):
        return None
    if encoded[-2:] == _END_OF_IMAGE:
        return encoded
    return encoded[:-1] if encoded[-3:] == _END_OF_IMAGE + b"\0" else None
