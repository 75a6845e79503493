"""What the frames of an instance are decoded as, or why they are not: asked before any decoder sees a byte (H1.6, A8.4)."""

from dataclasses import replace

from wado_core.codecs.registry import decoder
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, WadoError
from wado_core.model.image_pixel import MONOCHROME, ImagePixel
from wado_core.model.instance import Instance
from wado_core.settings import Limits

# Rows and Columns are unsigned 16-bit values (PS3.3 C.7.6.3), JPEG's are too, and the sums of the resampling kernels count on it.
LONGEST_EDGE = 65535

PALETTE = "PALETTE COLOR"
_COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "XYB")


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
        raise NotSupported(f"Samples with {pixel.bits_allocated} Bits Allocated are not decoded by this version.")
    stream = instance.code_stream
    if stream is not None:
        if not stream.rows or not stream.columns:
            raise NotSupported(stream.problem) if stream.problem else DamagedObject("The code stream states no size.")
        pixel = replace(pixel, rows=stream.rows, columns=stream.columns)
    if max(pixel.rows, pixel.columns) > LONGEST_EDGE or pixel.rows * pixel.columns > limits.frame_pixels:
        raise LimitExceeded(f"A frame of {pixel.rows} × {pixel.columns} pixels is larger than the configured limit.")
    if stream is not None and stream.problem:
        raise NotSupported(stream.problem)
    return pixel


def renderable_pixel(instance: Instance, limits: Limits) -> ImagePixel:
    """Return what ``decodable_pixel`` does, of frames that can also be rendered.

    Raises what it raises, NotSupported (photometric interpretation), DamagedObject (samples or palettes that do not fit it).
    """
    pixel = decodable_pixel(instance, limits)
    _check_samples(instance, pixel)
    return pixel


def has_picture(instance: Instance, limits: Limits) -> bool:
    """Whether the instance can be rendered, as far as its header tells."""
    try:
        renderable_pixel(instance, limits)
    except WadoError:
        return False
    return True


def _check_samples(instance: Instance, pixel: ImagePixel) -> None:
    photometric, samples = pixel.photometric_interpretation, pixel.samples_per_pixel
    expected = 1 if photometric in MONOCHROME or photometric == PALETTE else 3
    if photometric not in (*MONOCHROME, PALETTE, *_COLOR):
        raise NotSupported("This Photometric Interpretation is not rendered by this version.")
    if samples != expected:
        raise DamagedObject(f"Samples per Pixel is {samples}; the Photometric Interpretation asks for {expected}.")
    if photometric == PALETTE and instance.palette is None:
        raise DamagedObject("The object is PALETTE COLOR but its Palette Color Lookup Tables are missing or broken.")
    if instance.transfer_syntax.native_cells and photometric.startswith("YBR") and pixel.bits_allocated != 8:
        raise NotSupported("YBR samples of more than 8 bits are not rendered by this version.")
    if photometric == "YBR_FULL_422" and instance.transfer_syntax.native_cells and pixel.columns % 2:
        raise DamagedObject("YBR_FULL_422 pixels come in pairs; the number of columns is odd.")
