"""JPEG Baseline frames (T.81 process 1), decoded by libjpeg-turbo without the GIL."""

from dataclasses import replace

import numpy as np

from wado_core.codecs.code_stream import JpegFacts, read_jpeg_facts, with_adobe_transform
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.reduction import reduction_steps
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.image_pixel import ImagePixel

# Baseline and its 8-bit extension. A progressive stream repeats scans for as long as it likes: no frame for this process.
_SEQUENTIAL = (0xC0, 0xC1)
# The inverse DCT scales to an eighth.
_MOST_STEPS = 3
_RGB_IDS = (ord("R"), ord("G"), ord("B"))
_JFIF_IDS = (1, 2, 3)


def decode(encoded: bytes, pixel: ImagePixel, smallest: tuple[int, int] | None = None) -> Decoded:
    """Decode an 8-bit JPEG frame to gray cells or RGB.

    smallest: (rows, columns) that the caller needs at least; the frame may then come reduced by 2, 4 or 8 through a smaller
    inverse DCT. None asks for the full frame.
    Raises DamagedObject, or NotSupported for processes that libjpeg-turbo does not know.
    """
    import simplejpeg

    facts = read_jpeg_facts(encoded)
    if facts is None:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG stream (PS3.5 8.2.1).")
    if (facts.rows, facts.columns) != (pixel.rows, pixel.columns):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.1).")
    if facts.sof not in _SEQUENTIAL:
        raise NotSupported("A frame of (7FE0,0010) Pixel Data is no sequential JPEG stream, which alone is decoded (PS3.5 8.2.1).")
    components = len(facts.component_ids)
    if facts.precision != 8 or components not in (1, 3):
        raise NotSupported(
            f"A frame of (7FE0,0010) Pixel Data is a JPEG stream of {facts.precision} bits and {components} components; 8 bits and 1 or 3 "
            "components are decoded (PS3.5 8.2.1)."
        )
    if components == 3 and (is_ycbcr := _is_ycbcr(facts, pixel)) != _libjpeg_reads_ycbcr(facts):
        encoded = with_adobe_transform(encoded, int(is_ycbcr))
    steps = reduction_steps(facts.rows, facts.columns, smallest, _MOST_STEPS)
    rows, columns = (facts.rows >> steps, facts.columns >> steps) if steps else (0, 0)
    try:
        cells = simplejpeg.decode_jpeg(encoded, "GRAY" if components == 1 else "RGB", min_height=rows, min_width=columns, strict=False)
    except ValueError:
        cells = _decode_otherwise(encoded)
    if components == 1:
        cells = cells.reshape(cells.shape[:2])
    photometric = pixel.photometric_interpretation if components == 1 else "RGB"
    described = replace(
        pixel, rows=cells.shape[0], columns=cells.shape[1], samples_per_pixel=components, photometric_interpretation=photometric,
        bits_allocated=8, bits_stored=8, high_bit=7, signed=False, planar_configuration=0,
    )  # fmt: skip
    return Decoded(np.ascontiguousarray(cells), described)


def _decode_otherwise(encoded: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Decode with libjpeg's own interface: TurboJPEG refuses sampling factors that it cannot name."""
    import imagecodecs

    try:
        cells: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = imagecodecs.jpeg8_decode(encoded)
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
