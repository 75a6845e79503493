"""What the frames of an instance are decoded as, or why they are not: asked before any decoder sees a byte (H1.6, A8.4)."""

from dataclasses import replace

from wado_core.codecs.registry import decoder
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.settings import Limits

# Rows and Columns are unsigned 16-bit values (PS3.3 C.7.6.3), JPEG's are too, and the sums of the resampling kernels count on it.
LONGEST_EDGE = 65535


def decodable_pixel(instance: Instance, limits: Limits) -> ImagePixel:
    """Return the Image Pixel module with the size that the first frame's code stream states (H1.6).

    Raises NotSupported (no image, transfer syntax, form of samples), DamagedObject (the pixel data contradicts its header),
    LimitExceeded (a frame too large to be decoded).
    """
    pixel = instance.image_pixel
    if instance.image_problem is not None:
        raise NotSupported(instance.image_problem) if pixel is None else DamagedObject(instance.image_problem)
    if pixel is None:
        raise NotSupported("The object holds no image.")
    decoder(instance.transfer_syntax_uid)
    if pixel.bits_allocated not in (8, 16):
        raise NotSupported(f"Samples of {pixel.bits_allocated} bits allocated are not rendered by this version.")
    stream = instance.code_stream
    if stream is not None:
        if not stream.rows or not stream.columns:
            raise DamagedObject("The code stream states no size.")
        pixel = replace(pixel, rows=stream.rows, columns=stream.columns)
    if max(pixel.rows, pixel.columns) > LONGEST_EDGE or pixel.rows * pixel.columns > limits.frame_pixels:
        raise LimitExceeded(f"A frame of {pixel.rows} × {pixel.columns} pixels is larger than the configured limit.")
    return pixel
