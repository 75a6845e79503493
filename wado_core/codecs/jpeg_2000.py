"""JPEG 2000 frames (T.800), decoded by OpenJPEG."""

from dataclasses import replace
from io import BytesIO

import numpy as np

from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.reduction import reduction_steps
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.image_pixel import CodeStream, ImagePixel


def decode(encoded: bytes, pixel: ImagePixel, smallest: tuple[int, int] | None = None) -> Decoded:
    """Decode a JPEG 2000 frame to gray cells, RGB or YBR_FULL.

    smallest: (rows, columns) that the caller needs at least; the frame may then come at a lower resolution.
    The depth is that of the code stream (H1.6). Samples are signed when either says so: headers are right about streams that
    carry two's complement as unsigned (H1.7), but the negative values of a signed stream are no unsigned ones.
    Raises DamagedObject, NotSupported.
    """
    stream = read_code_stream(encoded)
    if stream is None:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG 2000 stream (PS3.5 8.2.4).")
    if stream.components not in (1, 3) or stream.precision > 16:
        raise NotSupported(
            f"A frame of (7FE0,0010) Pixel Data is a JPEG 2000 stream of {stream.precision} bits and {stream.components} components; "
            "up to 16 bits and 1 or 3 components are decoded (PS3.5 8.2.4)."
        )
    if (stream.rows, stream.columns) != (pixel.rows, pixel.columns):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.4).")
    steps = _reduction(stream, pixel, smallest)
    samples = _decode_reduced(encoded, stream, steps) if steps else None
    if samples is None:
        steps, samples = 0, _decode_full(encoded)
    rows, columns = stream.rows >> steps, stream.columns >> steps
    if samples.shape[:2] != (rows, columns) or samples.size != rows * columns * stream.components:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG 2000 stream (PS3.5 8.2.4).")
    allocated = 8 if stream.precision <= 8 else 16
    cells = np.ascontiguousarray(samples.astype(np.uint8 if allocated == 8 else np.uint16, copy=False))  # signed wraps: two's complement
    photometric = pixel.photometric_interpretation
    if stream.components == 3:
        photometric = "RGB" if stream.color_transform or not photometric.startswith("YBR_FULL") else "YBR_FULL"
    stored, high = stream.precision, stream.precision - 1
    if pixel.signed and not stream.signed and stream.precision > pixel.bits_stored:
        stored, high = pixel.bits_stored, pixel.high_bit  # two's complement in a wider stream: the header knows its sign bit
    described = replace(
        pixel, rows=rows, columns=columns, samples_per_pixel=stream.components, photometric_interpretation=photometric,
        bits_allocated=allocated, bits_stored=stored, high_bit=high,
        signed=pixel.signed or stream.signed, planar_configuration=0,
    )  # fmt: skip
    return Decoded(cells, described)


def _reduction(stream: CodeStream, pixel: ImagePixel, smallest: tuple[int, int] | None) -> int:
    """Return how many resolution levels can be left out, keeping twice ``smallest``.

    The samples of a lower resolution lie at every second place of the next, not between two of them: half a picture pixel to
    one side if the picture were made of as many. None is left out where it has no mean or cannot be had: two's complement in an
    unsigned stream; colour above 8 bits, which Pillow does not know.
    """
    if smallest is None or (pixel.signed and not stream.signed) or (stream.components == 3 and stream.precision > 8):
        return 0
    return reduction_steps(stream.rows, stream.columns, (2 * smallest[0], 2 * smallest[1]), stream.resolution_levels)


def _decode_full(encoded: bytes) -> Cells:
    """Decode with imagecodecs, which releases the GIL, and what it refuses with pylibjpeg-openjpeg."""
    import imagecodecs

    try:
        samples: Cells = imagecodecs.jpeg2k_decode(encoded, numthreads=1)
    except (ValueError, RuntimeError):
        return _decode_leniently(encoded)
    return samples


def _decode_leniently(encoded: bytes) -> Cells:
    """Decode with pylibjpeg-openjpeg: it holds the GIL, so it has only what the other decoder refuses."""
    from openjpeg.utils import decode

    try:
        samples: Cells = decode(encoded)
    except Exception as error:  # the binding raises whatever its C code reports
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG 2000 stream (PS3.5 8.2.4).") from error
    return samples


def _decode_reduced(encoded: bytes, stream: CodeStream, steps: int) -> Cells | None:
    """Decode at a resolution ``2**steps`` times lower with Pillow; None where it fails, which the full decoder may forgive."""
    from PIL import Image

    try:
        with Image.open(BytesIO(encoded)) as image:
            image.reduce = steps  # type: ignore[assignment,method-assign]
            image.load()
            samples = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return _as_coded(samples, stream)


def _as_coded(samples: Cells, stream: CodeStream) -> Cells:
    """Undo what Pillow does to samples: shifts depths up to 8 or 16 bits, and moves signed samples up by half their range."""
    depth = 8 if stream.precision <= 8 else 16
    values = samples.astype(np.int32) >> (depth - stream.precision)
    if stream.signed:
        values -= 1 << (stream.precision - 1)
    return values
