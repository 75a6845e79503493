"""Frames that are deflated one by one (PS3.5 8.2.16, A.4.13): native little endian cells behind RFC 1951."""

import zlib

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.native import decode_little_endian
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel


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
        raise DamagedObject("The frame cannot be inflated (PS3.5 A.4.13).") from error
    if len(data) > needed + needed % 2:
        raise DamagedObject(f"The frame inflates to more than the {needed} bytes of its (0028,0010) Rows and (0028,0011) Columns.")
    if len(data) < needed:
        raise DamagedObject(f"The frame inflates to {len(data)} bytes; (0028,0010) Rows and (0028,0011) Columns ask for {needed}.")
    return decode_little_endian(data[:needed], pixel)
