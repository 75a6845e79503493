"""The one table of decoders, by Transfer Syntax UID; what is not decoded yet stands in it by name (docs/adr/0008)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from wado_core.codecs.decoded import Decoded
from wado_core.errors import LimitExceeded, NotSupported
from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.uid import is_uid

# The whole table as one function: encoded frame, its Image Pixel module, Transfer Syntax UID, smallest size.
Decode = Callable[[bytes, ImagePixel, str, tuple[int, int] | None], Decoded]

_Whole = Callable[[bytes, ImagePixel], Decoded]
_Reducing = Callable[[bytes, ImagePixel, tuple[int, int] | None], Decoded]


@dataclass(frozen=True, slots=True)
class Decoder:
    """How the frames of a transfer syntax are decoded.

    load: imports the codec on first use and returns its function.
    reduces: the function takes a smallest size, and may decode to any size at or above it.
    heavy: a frame takes tens of milliseconds or more, by a decoder that holds the GIL or may not survive a hostile stream;
        servers decode it in a child process, from a queue of its own.
    """

    load: Callable[[], _Whole] | None = None
    load_reducing: Callable[[], _Reducing] | None = None
    heavy: bool = False


def _native_little_endian() -> _Whole:
    from wado_core.codecs.native import decode_little_endian

    return decode_little_endian


def _native_big_endian() -> _Whole:
    from wado_core.codecs.native import decode_big_endian

    return decode_big_endian


def _rle() -> _Whole:
    from wado_core.codecs.rle import decode

    return decode


def _jpeg() -> _Reducing:
    from wado_core.codecs.jpeg_in import decode

    return decode


def _jpeg_2000() -> _Reducing:
    from wado_core.codecs.jpeg_2000 import decode

    return decode


_DECODED: dict[str, Decoder] = {
    syntaxes.IMPLICIT_VR_LITTLE_ENDIAN: Decoder(_native_little_endian),
    syntaxes.EXPLICIT_VR_LITTLE_ENDIAN: Decoder(_native_little_endian),
    syntaxes.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Decoder(_native_little_endian),
    syntaxes.EXPLICIT_VR_BIG_ENDIAN: Decoder(_native_big_endian),
    syntaxes.RLE_LOSSLESS: Decoder(_rle),
    syntaxes.JPEG_BASELINE: Decoder(load_reducing=_jpeg),
    syntaxes.JPEG_2000_LOSSLESS: Decoder(load_reducing=_jpeg_2000, heavy=True),
    syntaxes.JPEG_2000: Decoder(load_reducing=_jpeg_2000, heavy=True),
}

# Known, and not decoded by this version: JPEG Extended and lossless, JPEG-LS, JPEG 2000 Part 2, HTJ2K, JPEG XL, video.
DECODERS = {uid: _DECODED.get(uid, Decoder()) for uid in syntaxes.TRANSFER_SYNTAXES}


def decoder(transfer_syntax_uid: str) -> Decoder:
    """Return the decoder of a transfer syntax; NotSupported, naming it, when there is none."""
    found = DECODERS.get(transfer_syntax_uid, Decoder())
    if found.load is None and found.load_reducing is None:
        known = syntaxes.TRANSFER_SYNTAXES.get(transfer_syntax_uid)
        name = known.name if known else transfer_syntax_uid if is_uid(transfer_syntax_uid) else "that the object names"
        raise NotSupported(f"Frames in the transfer syntax {name} are not decoded by this version.")
    return found


@cache
def codec_versions() -> str:
    """Return names and versions of the libraries that decide pixels and bytes: part of every ETag."""
    return " ".join(f"{name}-{version(name)}" for name in ("imagecodecs", "simplejpeg", "pillow", "pylibjpeg-openjpeg"))


def decode(encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None = None) -> Decoded:
    """Decode one frame.

    smallest: (rows, columns) needed at least, None for the full frame; only codecs that reduce heed it.
    Raises NotSupported, DamagedObject, LimitExceeded.
    """
    try:
        return _decode(encoded, pixel, transfer_syntax_uid, smallest)
    except MemoryError as error:
        raise LimitExceeded("Decoding the frame needs more memory than there is.") from error


def _decode(encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None) -> Decoded:
    codec = decoder(transfer_syntax_uid)
    if codec.load_reducing is not None:
        return codec.load_reducing()(encoded, pixel, smallest)
    assert codec.load is not None  # noqa: S101 - decoder() has seen to it
    if pixel.bits_allocated not in (8, 16):
        raise NotSupported(f"Native samples of {pixel.bits_allocated} bits allocated are not rendered by this version.")
    return codec.load()(encoded, pixel)
