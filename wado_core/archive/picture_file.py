"""The file of one kept picture: a head that says what must follow, and the picture as it is sent (docs/adr/0021).

Whatever has happened to a file (a power cut, a damaged disk, somebody's hands), what it holds is the picture of its digest, or nothing.
"""

import os
import re
import zlib
from struct import Struct

from wado_core.model.frame import EncodedImage

# Format, digest of the plan, media type, length of the picture; then CRC-32 over this and the picture.
_HEAD = Struct("<8s16s32sQ")
_CHECKSUM = Struct("<L")
_DIGEST = re.compile("[0-9a-f]{32}")
HEAD_BYTES = _HEAD.size + _CHECKSUM.size
FORMAT = b"wadopic1"


def head_of(digest: str, image: EncodedImage) -> bytes:
    """Return what stands before the picture in its file; ValueError for what no plan is: a digest that is not 128 bits in hexadecimal."""
    media_type = image.media_type.encode("ascii")
    if not _DIGEST.fullmatch(digest) or not 0 < len(media_type) <= 32:
        raise ValueError("no digest of a plan, or no media type of a picture")
    head = _HEAD.pack(FORMAT, bytes.fromhex(digest), media_type, len(image.data))
    return head + _CHECKSUM.pack(zlib.crc32(image.data, zlib.crc32(head)))


def read_picture(descriptor: int, size: int, digest: str) -> EncodedImage | None:
    """Return the picture of ``digest`` from its open file of ``size`` bytes; None when it holds anything else. Raises OSError."""
    start = os.read(descriptor, HEAD_BYTES)
    if len(start) < HEAD_BYTES:
        return None
    head, (checksum,) = start[: _HEAD.size], _CHECKSUM.unpack_from(start, _HEAD.size)
    form, written, media_type, length = _HEAD.unpack(head)
    if form != FORMAT or written.hex() != digest or length != size - HEAD_BYTES:
        return None
    data = os.read(descriptor, length)  # at once: one picture is never 2 GiB
    if len(data) != length or zlib.crc32(data, zlib.crc32(head)) != checksum:
        return None
    return EncodedImage(data, media_type.rstrip(b"\0").decode("ascii", "replace"))
