"""What the frames of an instance are decoded as, or why they are not: asked before any decoder sees a byte (H1.6, A8.4)."""

from dataclasses import replace

from wado_core.codecs.decoded import check_width
from wado_core.codecs.registry import decoder
from wado_core.dicom.frames import NO_IMAGE
from wado_core.dicom.photometric import CLAUSE, RENDERED_COLORS, SUBSAMPLED, is_known, is_rendered, samples_of
from wado_core.errors import DamagedObject, LimitExceeded, MissingFrame, NoSuchFrame, NotSupported, WadoError
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance
from wado_core.settings import Limits

# Rows and Columns are unsigned 16-bit values (PS3.3 C.7.6.3), JPEG's are too, and the sums of the resampling kernels count on it.
LONGEST_EDGE = 65535


def check_frame(instance: Instance, frame_number: int) -> None:
    """Refuse a frame that the object does not have (NoSuchFrame), or states and does not hold (MissingFrame)."""
    there = instance.number_of_frames
    if 1 <= frame_number <= there:
        return
    stated = there + instance.missing_frames
    if not 1 <= frame_number <= stated:
        raise NoSuchFrame(f"The frame number must be 1 to {there}.")
    if instance.image_problem is not None:
        return  # which is said of each of them
    frames = "frame" if there == 1 else "frames"
    raise MissingFrame(f"(0028,0008) Number of Frames is {stated} (PS3.3 C.7.6.6); the object holds {there} {frames}, and not this one.")


def decodable_pixel(instance: Instance, limits: Limits) -> ImagePixel:
    """Return the Image Pixel module with the size that the first frame's code stream states (H1.6).

    Raises NotSupported (no image, transfer syntax, form of samples), DamagedObject (the pixel data contradicts its header),
    LimitExceeded (a frame too large to be decoded).
    """
    pixel = instance.image_pixel
    if instance.image_problem is not None:
        raise NotSupported(instance.image_problem) if pixel is None else DamagedObject(instance.image_problem)
    if pixel is None:
        raise NotSupported(NO_IMAGE)
    decoder(instance.transfer_syntax_uid)
    check_width(pixel)
    stream = instance.code_stream
    if stream is not None:
        if not stream.rows or not stream.columns:
            if stream.problem:
                raise NotSupported(stream.problem)
            raise DamagedObject("(7FE0,0010) Pixel Data: the code stream of the first frame states no size (PS3.5 8.2).")
        if max(stream.rows, stream.columns) > LONGEST_EDGE:
            states = f"(7FE0,0010) Pixel Data: the code stream of the first frame states {stream.rows} × {stream.columns} pixels"
            raise DamagedObject(f"{states}; (0028,0010) Rows and (0028,0011) Columns are at most {LONGEST_EDGE} (PS3.3 C.7.6.3.1).")
        pixel = replace(pixel, rows=stream.rows, columns=stream.columns)
    if max(pixel.rows, pixel.columns) > LONGEST_EDGE or pixel.rows * pixel.columns > limits.frame_pixels:
        raise LimitExceeded(
            f"A frame of {pixel.rows} (0028,0010) Rows × {pixel.columns} (0028,0011) Columns is larger than the configured limit "
            "(PS3.3 C.7.6.3.1)."
        )
    if stream is not None and stream.problem:
        raise NotSupported(stream.problem)
    return pixel


def renderable_pixel(instance: Instance, limits: Limits) -> ImagePixel:
    """Return what ``decodable_pixel`` does, of frames that can also be rendered.

    Raises what it raises, NotSupported (photometric interpretation), DamagedObject (samples that do not fit it).
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
    photometric, samples, syntax = pixel.photometric_interpretation, pixel.samples_per_pixel, instance.transfer_syntax
    if not is_known(photometric):
        raise NotSupported(f"(0028,0004) Photometric Interpretation is none of those of {CLAUSE}.")
    if not is_rendered(photometric, instance.transfer_syntax_uid):
        within = f" in {syntax.name}" if photometric in RENDERED_COLORS else ""
        raise NotSupported(f"(0028,0004) Photometric Interpretation is {photometric}, which is not rendered{within} ({CLAUSE}).")
    if samples != (expected := samples_of(photometric)):
        raise DamagedObject(
            f"(0028,0002) Samples per Pixel is {samples}; (0028,0004) Photometric Interpretation {photometric} has {expected} ({CLAUSE})."
        )
    if photometric in SUBSAMPLED and syntax.native_cells and pixel.columns % 2:
        raise DamagedObject(f"(0028,0011) Columns is {pixel.columns}; the pixels of {photometric} come in pairs ({CLAUSE}).")
    if pixel.floating and not pixel.monochrome:
        raise DamagedObject("(0028,0004) Photometric Interpretation of float pixel data is MONOCHROME2 and no other (PS3.3 C.7.6.24).")
