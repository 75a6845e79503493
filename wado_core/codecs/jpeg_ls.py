"""JPEG-LS frames (T.87), decoded by CharLS without the GIL."""

import numpy as np

from wado_core.codecs.coded_pixel import coded_pixel
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.jpeg_markers import JPEG_LS, jpeg_problem, read_jpeg_facts
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.image_pixel import ImagePixel

# CharLS reads zeros behind the end of a stream that is cut short, and counts them for ten seconds; at a marker it stops.
_EOI = b"\xff\xd9"


def decode(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a JPEG-LS frame, lossless or near-lossless, of any interleave mode.

    Samples are unsigned in the stream; their sign is the header's (H1.7). There is no colour transform (H3.5) but Hewlett-Packard's,
    which CharLS undoes. Raises DamagedObject, NotSupported.
    """
    import imagecodecs

    facts = read_jpeg_facts(encoded)
    if facts is None or facts.sof != JPEG_LS:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG-LS stream (PS3.5 8.2.3).")
    if problem := jpeg_problem(facts):
        raise NotSupported(problem)
    if (facts.rows, facts.columns) != (pixel.rows, pixel.columns):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.3).")
    try:
        samples: Cells = imagecodecs.jpegls_decode(encoded + _EOI)
    except (ValueError, RuntimeError) as error:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG-LS stream (PS3.5 8.2.3).") from error
    cells = np.ascontiguousarray(samples)  # planes of single scans come one behind the other
    return Decoded(cells, coded_pixel(pixel, cells, facts.precision, color_transform=facts.hp_transform > 0))
