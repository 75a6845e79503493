"""Decoded frames as native pixel data in Explicit VR Little Endian (PS3.5 8.1.1, A.2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from wado_core.codecs.decoded import Decoded
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel

# Decodes a frame by its number.
DecodeFrame = Callable[[int], Decoded]


@dataclass(frozen=True, slots=True)
class DecodedFrames:
    """Frames to be decoded, all of the form of the ``first``; ``length`` bytes with the padding of an odd length.

    packed: their cells are sent as single bits.
    """

    length: int
    first: Decoded
    packed: bool = False


def send_frames(piece: DecodedFrames, number_of_frames: int, decode_frame: DecodeFrame) -> Iterator[bytes]:
    """Yield the value of the pixel data, ``piece.length`` bytes. Raises what decoding a frame raises, DamagedObject."""
    sent = 0
    for data in _native_bytes(piece, number_of_frames, decode_frame):
        sent += len(data)
        yield data
    yield bytes(piece.length - sent)


def _native_bytes(piece: DecodedFrames, number_of_frames: int, decode_frame: DecodeFrame) -> Iterator[bytes]:
    """Yield decoded frames as native pixel data; cells of 1 bit follow each other without gaps, whatever their frame (PS3.5 8.1.1)."""
    rest = np.empty(0, np.uint8)
    for number in range(1, number_of_frames + 1):
        decoded = piece.first if number == 1 else decode_frame(number)
        if decoded.pixel != piece.first.pixel:
            raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another form than the first (PS3.5 8.2).")
        if not piece.packed:
            yield little_endian_bytes(decoded)
            continue
        bits = np.concatenate((rest, decoded.cells.reshape(-1)))
        whole = bits.size // 8 * 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        rest = bits[whole:]
    yield np.packbits(rest, bitorder="little").tobytes()


def little_endian_bytes(decoded: Decoded) -> bytes:
    """Return decoded cells as the little endian bytes of native pixel data (PS3.5 8.1.1)."""
    cells = decoded.cells
    return cells.astype(cells.dtype.newbyteorder("<"), copy=False).tobytes()


def as_sent(decoded: Decoded, stored: ImagePixel | None) -> ImagePixel:
    """Return the Image Pixel module of decoded frames in the object that is sent.

    Cells that were of 1 bit are that again: binary segmentations have no others (PS3.3 C.8.20.2).
    """
    pixel = decoded.pixel
    if stored is not None and stored.bits_allocated == 1 and pixel.bits_stored == 1:
        return replace(pixel, bits_allocated=1, high_bit=0)
    return pixel
