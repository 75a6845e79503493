"""Decoded frames as native pixel data in Explicit VR Little Endian (PS3.5 8.1.1, A.2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from struct import pack

import numpy as np

from wado_core.codecs.decoded import Decoded
from wado_core.dicom import tags
from wado_core.dicom.element_bytes import element_bytes, text_bytes
from wado_core.dicom.frame_index import stated_frames
from wado_core.dicom.header import Header
from wado_core.dicom.photometric import interpretation, samples_of
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance

_LOSSY_IMAGE_COMPRESSION = 0x00282110
_ENCAPSULATED_TOTAL_LENGTH = 0x7FE00003

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


def described(pixel: ImagePixel, header: Header, instance: Instance) -> dict[int, bytes]:
    """Return the elements that describe decoded frames (A4.104), by tag; empty bytes leave an element out.

    pixel: of the frames as they are sent.
    """
    planar = pack("<H", 0) if pixel.samples_per_pixel > 1 else None
    photometric = pixel.photometric_interpretation
    stated = interpretation(header.attributes.text(tags.PHOTOMETRIC_INTERPRETATION), pixel.samples_per_pixel)
    if pixel.samples_per_pixel == 1 == samples_of(stated):
        photometric = stated  # no decoder changes what one sample is; indices without a palette are only drawn as gray values
    replaced = {
        tags.SAMPLES_PER_PIXEL: element_bytes(tags.SAMPLES_PER_PIXEL, b"US", pack("<H", pixel.samples_per_pixel)),
        tags.PHOTOMETRIC_INTERPRETATION: element_bytes(tags.PHOTOMETRIC_INTERPRETATION, b"CS", text_bytes(photometric)),
        tags.PLANAR_CONFIGURATION: element_bytes(tags.PLANAR_CONFIGURATION, b"US", planar) if planar else b"",
        tags.ROWS: element_bytes(tags.ROWS, b"US", pack("<H", pixel.rows)),
        tags.COLUMNS: element_bytes(tags.COLUMNS, b"US", pack("<H", pixel.columns)),
        tags.BITS_ALLOCATED: element_bytes(tags.BITS_ALLOCATED, b"US", pack("<H", pixel.bits_allocated)),
        tags.BITS_STORED: element_bytes(tags.BITS_STORED, b"US", pack("<H", pixel.bits_stored)),
        tags.HIGH_BIT: element_bytes(tags.HIGH_BIT, b"US", pack("<H", pixel.high_bit)),
        tags.PIXEL_REPRESENTATION: element_bytes(tags.PIXEL_REPRESENTATION, b"US", pack("<H", pixel.signed)),
        tags.EXTENDED_OFFSET_TABLE: b"",
        tags.EXTENDED_OFFSET_TABLE_LENGTHS: b"",
        _ENCAPSULATED_TOTAL_LENGTH: b"",
    }
    if stated_frames(header.attributes)[0] != instance.number_of_frames:
        replaced[tags.NUMBER_OF_FRAMES] = element_bytes(tags.NUMBER_OF_FRAMES, b"IS", text_bytes(str(instance.number_of_frames)))
    if _is_lossy(instance):
        replaced[_LOSSY_IMAGE_COMPRESSION] = element_bytes(_LOSSY_IMAGE_COMPRESSION, b"CS", b"01")
    return replaced


def _is_lossy(instance: Instance) -> bool:
    """Say whether decoded frames are marked as lossy (PS3.3 C.7.6.1.1.5): as the code stream tells, else as the transfer syntax may be.

    A reversible stream leaves the mark as it is stored: what was compressed may have been lossy before.
    """
    stream = instance.code_stream
    if stream is None or stream.lossy is None:
        return instance.transfer_syntax.lossy
    return stream.lossy
