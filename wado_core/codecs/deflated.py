"""Frames that are deflated one by one (PS3.5 8.2.16, A.4.13): native little endian cells behind RFC 1951."""

import zlib

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.native import decode_little_endian
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel

_LENGTH = (
    "A frame of (7FE0,0010) Pixel Data inflates to {} bytes; (0028,0010) Rows, (0028,0011) Columns and (0028,0100) Bits Allocated "
    "ask for {} (PS3.5 A.4.13)."
)


def decode(encoded: bytes, pixel: ImagePixel) -> Decoded:
    """Inflate one frame and decode its native cells; frames of 1-bit cells begin at a byte of their own.

    Never inflates more than the frame that the header describes. A pad byte behind the deflated stream is the standard's; one
    behind the cells of an odd length is forgiven. Raises DamagedObject.
    """
    needed = (pixel.native_frame_bits + 7) // 8
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(encoded, needed + 2)
    except zlib.error as error:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data cannot be inflated (PS3.5 A.4.13).") from error
    if len(data) > needed + needed % 2:
        raise DamagedObject(_LENGTH.format(f"more than {needed}", needed))
    if len(data) < needed:
        raise DamagedObject(_LENGTH.format(len(data), needed))
    return decode_little_endian(data[:needed], pixel)
