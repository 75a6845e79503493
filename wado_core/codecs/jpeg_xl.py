"""JPEG XL frames (ISO/IEC 18181), decoded by libjxl."""

from dataclasses import replace

import numpy as np

from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.jpeg_xl_head import read_jpeg_xl_head
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.image_pixel import ImagePixel


def decode(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Decode a JPEG XL frame, a naked code stream or one in a container, to gray cells or RGB (PS3.5 8.2.15).

    Whatever model the stream codes colours in (XYB, YCbCr of a recompressed JPEG, RGB), libjxl delivers RGB. The depth is that of the
    code stream, the sign that of the header: the stream knows none (H1.6, H1.7).
    Raises DamagedObject, NotSupported.
    """
    head = read_jpeg_xl_head(encoded)
    if head is None:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG XL stream (PS3.5 8.2.15).")
    if (head.rows, head.columns) != (pixel.rows, pixel.columns):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.15).")
    if head.floating or head.precision > 16:
        kind = "floats" if head.floating else "integers"
        raise NotSupported(
            f"A frame of (7FE0,0010) Pixel Data is a JPEG XL stream of {head.precision}-bit {kind}; integers of up to 16 bits are decoded "
            "(PS3.5 8.2.15)."
        )
    if head.extra_channels or head.animated:
        raise NotSupported(
            "A frame of (7FE0,0010) Pixel Data is a JPEG XL stream with more than the channels of one picture (PS3.5 8.2.15)."
        )
    samples = _decode(encoded)
    shape = (head.rows, head.columns) if head.components == 1 else (head.rows, head.columns, 3)
    allocated = 8 if head.precision <= 8 else 16
    if samples.shape != shape or samples.dtype != (np.uint8 if allocated == 8 else np.uint16):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG XL stream (PS3.5 8.2.15).")
    stored, high = head.precision, head.precision - 1
    if pixel.signed and head.precision > pixel.bits_stored:
        stored, high = pixel.bits_stored, pixel.high_bit  # two's complement in a wider stream: the header knows its sign bit
    photometric = "RGB" if head.components == 3 else pixel.photometric_interpretation
    described = replace(
        pixel, samples_per_pixel=head.components, photometric_interpretation=photometric,
        bits_allocated=allocated, bits_stored=stored, high_bit=high, planar_configuration=0,
    )  # fmt: skip
    return Decoded(np.ascontiguousarray(samples), described)


def _decode(encoded: bytes) -> Cells:
    import imagecodecs

    try:
        samples: Cells = imagecodecs.jpegxl_decode(encoded, numthreads=1)
    except (ValueError, RuntimeError) as error:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG XL stream (PS3.5 8.2.15).") from error
    return samples
