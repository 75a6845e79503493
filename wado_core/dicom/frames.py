"""The encoded bytes of one frame, read from where the instance says they lie (PS3.5 8.2, A.4)."""

from wado_core.dicom.elements import swapped
from wado_core.dicom.source import inflated
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.instance import Instance
from wado_core.ports import ByteSource
from wado_core.settings import Limits


def read_frame(source: ByteSource, instance: Instance, frame_number: int, limits: Limits) -> bytes:
    """Return the encoded bytes of a frame, its fragments joined.

    frame_number: from 1 to ``instance.number_of_frames``.  Raises DamagedObject, NotSupported, LimitExceeded, Unavailable.
    """
    layout, pixel = instance.frames, instance.image_pixel
    if layout is None or pixel is None:
        raise NotSupported(instance.image_problem or "The object holds no image.")
    if instance.transfer_syntax.deflated:
        source = inflated(source, instance.data_set_offset, limits.inflated_bytes)
    if layout.fragments is not None:
        return b"".join(_read(source, one.offset, one.length) for one in layout.fragments[frame_number - 1])
    bits = pixel.native_frame_bits
    first, last = (frame_number - 1) * bits // 8, (frame_number * bits + 7) // 8
    if layout.words_swapped:
        aligned = first & ~1
        words = _read(source, layout.offset + aligned, ((last + 1) & ~1) - aligned)
        return swapped(words, 2)[first - aligned : last - aligned]
    return _read(source, layout.offset + first, last - first)


def _read(source: ByteSource, offset: int, length: int) -> bytes:
    data = source.read(offset, length)
    if len(data) < length:
        raise DamagedObject("The object ends within its pixel data.")
    return data
