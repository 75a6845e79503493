"""JPEG frames (T.81) of every process but the hierarchical ones, decoded by libjpeg-turbo without the GIL."""

from dataclasses import replace

import numpy as np

from wado_core.codecs import jpeg_ls
from wado_core.codecs.coded_pixel import coded_pixel
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.jpeg_markers import JPEG_LS, LOSSLESS, JpegFacts, jpeg_problem, read_jpeg_facts, with_adobe_transform
from wado_core.codecs.reduction import reduction_steps
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model.geometry import Lattice
from wado_core.model.image_pixel import ImagePixel

# A stream may repeat scans for as long as it likes, each a few bytes long and each gone through for every block. Encoders write about
# ten; markers cannot occur within coded data, so that counting them is counting scans.
_MOST_SCANS = 100
_SCAN = b"\xff\xda"
# The inverse DCT scales to an eighth.
_MOST_STEPS = 3
_RGB_IDS = (ord("R"), ord("G"), ord("B"))
_JFIF_IDS = (1, 2, 3)


def decode(encoded: bytes, pixel: ImagePixel, smallest: tuple[int, int] | None = None) -> Decoded:
    """Decode a JPEG frame: gray cells, RGB, or of lossless streams what the header says of them.

    smallest: (rows, columns) that the caller needs at least; the frame may then come reduced by 2, 4 or 8 through a smaller
    inverse DCT. None asks for the full frame.
    Which process it is the stream says, not the transfer syntax (H1.6).
    Raises DamagedObject, LimitExceeded, or NotSupported for processes that libjpeg-turbo does not know.
    """
    facts = read_jpeg_facts(encoded)
    if facts is None:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG stream (PS3.5 8.2.1).")
    if facts.sof == JPEG_LS:
        return jpeg_ls.decode(encoded, pixel)
    if problem := jpeg_problem(facts):
        raise NotSupported(problem)
    if (facts.rows, facts.columns) != (pixel.rows, pixel.columns):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.1).")
    # Counting goes over all of a stream, a tenth of the time of decoding it.
    if facts.several_scans and (scans := encoded.count(_SCAN)) > _MOST_SCANS:
        raise LimitExceeded(f"A frame of (7FE0,0010) Pixel Data has {scans} JPEG scans; up to {_MOST_SCANS} are decoded (PS3.5 8.2.1).")
    if facts.sof == LOSSLESS:
        cells = _decoded(encoded, facts, ycbcr=False)  # no colour transform (H3.5), whatever application segments say
        return Decoded(cells, coded_pixel(pixel, cells, facts.precision))
    ycbcr = len(facts.component_ids) == 3 and _is_ycbcr(facts, pixel)
    deep = facts.precision > 8
    cells = _decoded(encoded, facts, ycbcr=ycbcr) if deep else _decoded_bytes(encoded, facts, smallest, ycbcr=ycbcr)
    described = coded_pixel(pixel, cells, facts.precision, color_transform=True)
    if deep:
        return Decoded(cells, described)
    lattice = Lattice(1 << reduction_steps(facts.rows, facts.columns, cells.shape[:2], _MOST_STEPS))
    return Decoded(cells, replace(described, signed=False), lattice)  # 8 bits are unsigned (PS3.5 8.2.1)


def _decoded_bytes(encoded: bytes, facts: JpegFacts, smallest: tuple[int, int] | None, *, ycbcr: bool) -> Cells:
    """Decode 8-bit samples with TurboJPEG, whole or smaller, colour to RGB."""
    import simplejpeg

    gray = len(facts.component_ids) == 1
    stated = with_adobe_transform(encoded, int(ycbcr)) if not gray and ycbcr != _libjpeg_reads_ycbcr(facts) else encoded
    steps = reduction_steps(facts.rows, facts.columns, smallest, _MOST_STEPS)
    rows, columns = (-(-facts.rows >> steps), -(-facts.columns >> steps)) if steps else (0, 0)
    try:
        cells = simplejpeg.decode_jpeg(stated, "GRAY" if gray else "RGB", min_height=rows, min_width=columns, strict=False)
    except ValueError:  # TurboJPEG refuses sampling factors that it cannot name
        return _decoded(encoded, facts, ycbcr=ycbcr)
    return np.ascontiguousarray(cells.reshape(cells.shape[:2]) if gray else cells)


def _decoded(encoded: bytes, facts: JpegFacts, *, ycbcr: bool) -> Cells:
    """Decode samples of any precision with libjpeg's own interface, colour to RGB; three components are what the caller says."""
    import imagecodecs

    coded, wanted = ("YCBCR" if ycbcr else "RGB", "RGB") if len(facts.component_ids) == 3 else (None, None)
    try:
        cells: Cells = imagecodecs.jpeg8_decode(encoded, colorspace=coded, outcolorspace=wanted)
    except (ValueError, RuntimeError) as error:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG stream (PS3.5 8.2.1).") from error
    return cells


def _is_ycbcr(facts: JpegFacts, pixel: ImagePixel) -> bool:
    """Say whether three components are YCbCr rather than RGB (H3.4): the stream wins over the header where it speaks.

    It speaks through an Adobe segment, components named R, G, B, a JFIF segment, the components 1, 2, 3 of JFIF, or subsampled
    chroma. Headers that say RGB over such YCbCr streams are common; only a stream that says nothing is read as its header says.
    """
    if facts.adobe_transform is not None:
        return facts.adobe_transform != 0
    if facts.component_ids == _RGB_IDS:
        return False
    if facts.jfif or facts.subsampled or facts.component_ids == _JFIF_IDS:
        return True
    return pixel.photometric_interpretation != "RGB"


def _libjpeg_reads_ycbcr(facts: JpegFacts) -> bool:
    """Say how libjpeg takes three components when it is not told."""
    if facts.jfif or facts.adobe_transform is None:
        return facts.jfif or facts.component_ids != _RGB_IDS
    return facts.adobe_transform != 0
