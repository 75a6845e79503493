"""The one table of decoders, by Transfer Syntax UID; what is not decoded yet stands in it by name (docs/adr/0008)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.metadata import version

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.video_stream import VIDEO, Coding
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported
from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.geometry import EVERY_PIXEL
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.uid import is_uid

# The whole table as one function: encoded frame, its Image Pixel module, Transfer Syntax UID, smallest size, and which picture of an
# encoded stream that holds several (video), counted from 1.
Decode = Callable[[bytes, ImagePixel, str, tuple[int, int] | None, int], Decoded]

# One row's decoder, once it is loaded: encoded frame, Image Pixel module, smallest size, picture.
Codec = Callable[[bytes, ImagePixel, tuple[int, int] | None, int], Decoded]


# Returns what of an encoded frame, or of its beginning, a decoder needs for a smallest size; None where it needs it all.
# Raises Incomplete where what it needs goes on beyond the beginning.
Excerpt = Callable[[bytes, ImagePixel, tuple[int, int]], bytes | None]


class Reduction(Enum):
    """To what sizes below its own a frame can be decoded."""

    NONE = "none"
    DCT = "by 2, 4, 8 (8 bits)"
    LEVELS = "by resolution levels"


@dataclass(frozen=True, slots=True)
class Decoder:
    """One row of the table: how the frames of some transfer syntaxes are decoded.

    syntaxes: their UIDs.  load: imports the codec on first use and returns it.
    library: what decodes, for people.  distributions: packages whose version decides decoded values, part of every ETag.
    holds_gil: other threads wait meanwhile.  regions: a part of the frame can be decoded alone.  reduction: a smaller size can.
    excerpt: imports and returns what leaves out of a frame what smaller sizes do not need.
    program: a program that decodes, where it is installed, in place of a library.
    sample_ns: about how long a sample takes to decode, nanoseconds: tells which frames are worth keeping decoded.
    heavy: a frame takes tens of milliseconds or more, by a decoder that holds the GIL or may not survive a hostile stream;
        servers decode it in a child process, from a queue of its own. (A program is a process already.)
    """

    syntaxes: tuple[str, ...]
    load: Callable[[], Codec]
    library: str
    distributions: tuple[str, ...] = ()
    holds_gil: bool = False
    regions: bool = False
    reduction: Reduction = Reduction.NONE
    excerpt: Callable[[], Excerpt] | None = None
    sample_ns: float = 20.0
    heavy: bool = False
    program: str = ""


def _native_little_endian() -> Codec:
    from wado_core.codecs.native import decode_little_endian

    return _of_cells(decode_little_endian)


def _native_big_endian() -> Codec:
    from wado_core.codecs.native import decode_big_endian

    return _of_cells(decode_big_endian)


def _rle() -> Codec:
    from wado_core.codecs.rle import decode

    return _of_cells(decode)


def _jpeg() -> Codec:
    from wado_core.codecs.jpeg_in import decode

    return lambda encoded, pixel, smallest, _: decode(encoded, pixel, smallest)


def _jpeg_lossless() -> Codec:
    from wado_core.codecs.jpeg_in import decode

    return lambda encoded, pixel, _smallest, _picture: decode(encoded, pixel)


def _jpeg_2000() -> Codec:
    from wado_core.codecs.jpeg_2000 import decode

    return lambda encoded, pixel, smallest, _: decode(encoded, pixel, smallest)


def _jpeg_2000_excerpt() -> Excerpt:
    from wado_core.codecs.jpeg_2000 import excerpt_for

    return excerpt_for


def _high_throughput_lossless() -> Codec:
    from wado_core.codecs.jpeg_2000 import decode

    return lambda encoded, pixel, smallest, _: decode(encoded, pixel, smallest, lossless=True)


def _jpeg_xl() -> Codec:
    from wado_core.codecs.jpeg_xl import decode

    return lambda encoded, pixel, _smallest, _picture: decode(encoded, pixel)


def _deflated() -> Codec:
    from wado_core.codecs.deflated import decode

    return _of_cells(decode)


def _video(coding: Coding) -> Callable[[], Codec]:
    def load() -> Codec:
        from wado_core.codecs.video import decode

        return lambda encoded, pixel, _smallest, picture: decode(encoded, pixel, coding, picture)

    return load


def _of_cells(decode: Callable[[bytes, ImagePixel], Decoded]) -> Codec:
    """Return a decoder of cells as the header describes them, always of the whole frame."""

    def codec(encoded: bytes, pixel: ImagePixel, _smallest: tuple[int, int] | None, _picture: int) -> Decoded:
        return decode(encoded, pixel)

    return codec


TABLE: tuple[Decoder, ...] = (
    Decoder(
        (syntaxes.IMPLICIT_VR_LITTLE_ENDIAN, syntaxes.EXPLICIT_VR_LITTLE_ENDIAN, syntaxes.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        _native_little_endian,
        "numpy",
        sample_ns=0.1,
    ),
    Decoder((syntaxes.EXPLICIT_VR_BIG_ENDIAN,), _native_big_endian, "numpy", sample_ns=0.5),
    Decoder((syntaxes.RLE_LOSSLESS,), _rle, "own kernel", sample_ns=1.0),
    Decoder(
        (syntaxes.JPEG_BASELINE, *syntaxes.JPEG_LOSSY_PROCESSES),
        _jpeg,
        "libjpeg-turbo (simplejpeg, imagecodecs)",
        ("simplejpeg", "imagecodecs"),
        reduction=Reduction.DCT,
        sample_ns=2.0,
    ),
    Decoder(syntaxes.JPEG_LOSSLESS_PROCESSES, _jpeg_lossless, "libjpeg-turbo (imagecodecs)", ("imagecodecs",)),
    Decoder((syntaxes.JPEG_LS_LOSSLESS, syntaxes.JPEG_LS), _jpeg_lossless, "CharLS (imagecodecs)", ("imagecodecs",)),
    Decoder(
        (syntaxes.JPEG_2000_LOSSLESS, syntaxes.JPEG_2000, *syntaxes.JPEG_2000_PART_2, syntaxes.HIGH_THROUGHPUT_JPEG_2000),
        _jpeg_2000,
        "OpenJPEG (imagecodecs, Pillow, pylibjpeg-openjpeg)",
        ("imagecodecs", "pillow", "pylibjpeg-openjpeg"),
        holds_gil=True,
        reduction=Reduction.LEVELS,
        excerpt=_jpeg_2000_excerpt,
        sample_ns=80.0,
        heavy=True,
    ),
    Decoder(
        syntaxes.HIGH_THROUGHPUT_JPEG_2000_LOSSLESS,
        _high_throughput_lossless,
        "OpenJPH, OpenJPEG where it is irreversible (imagecodecs)",
        ("imagecodecs", "pillow", "pylibjpeg-openjpeg"),
        holds_gil=True,
        reduction=Reduction.LEVELS,
        excerpt=_jpeg_2000_excerpt,
        heavy=True,
    ),
    Decoder(
        (syntaxes.JPEG_XL_LOSSLESS, syntaxes.JPEG_XL_RECOMPRESSION, syntaxes.JPEG_XL),
        _jpeg_xl,
        "libjxl (imagecodecs)",
        ("imagecodecs",),
        sample_ns=40.0,
        heavy=True,
    ),
    Decoder((syntaxes.DEFLATED_IMAGE_FRAME,), _deflated, "zlib, numpy"),
    *(
        Decoder(uids, _video(coding), "ffmpeg, where it is installed", sample_ns=1000.0, heavy=True, program="ffmpeg")
        for coding, uids in VIDEO.items()
    ),
)

# By UID. Known, and not decoded by this version, are the other transfer syntaxes of the model.
DECODERS: dict[str, Decoder] = {uid: row for row in TABLE for uid in row.syntaxes}


def decoder(transfer_syntax_uid: str) -> Decoder:
    """Return the decoder of a transfer syntax; NotSupported, naming it, when there is none."""
    found = DECODERS.get(transfer_syntax_uid)
    if found is None:
        known = syntaxes.TRANSFER_SYNTAXES.get(transfer_syntax_uid)
        name = known.name if known else transfer_syntax_uid if is_uid(transfer_syntax_uid) else "that the object names"
        raise NotSupported(f"(0002,0010) Transfer Syntax UID: frames in {name} are not decoded by this version (PS3.5 10).")
    return found


@cache
def codec_versions() -> str:
    """Return names and versions of the libraries that decide pixels and bytes: part of every ETag. (imagecodecs also writes PNG.)"""
    names = {"imagecodecs", *(name for row in TABLE for name in row.distributions)}
    return " ".join(f"{name}-{version(name)}" for name in sorted(names))


def versions(transfer_syntax_uid: str) -> str:
    """Return ``codec_versions`` and, of a syntax that an installed program decodes, the version of that program.

    Raises NotSupported, naming the syntax, when it is not decoded, or the program is not installed.
    """
    row = decoder(transfer_syntax_uid)
    if not row.program:
        return codec_versions()
    from wado_core.codecs import ffmpeg

    if ffmpeg.program() is None:
        name = syntaxes.TRANSFER_SYNTAXES[transfer_syntax_uid].name
        raise NotSupported(
            f"(0002,0010) Transfer Syntax UID: frames in {name} need the program {row.program}, which is not installed here (PS3.5 10)."
        )
    return f"{codec_versions()} {row.program}-{ffmpeg.program_version()}"


def decode(
    encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None = None, picture: int = 1
) -> Decoded:
    """Decode one frame.

    smallest: (rows, columns) needed at least, None for the full frame; only codecs that reduce heed it.
    picture: which picture of an encoded stream that holds several (video), counted from 1; other codecs do not look at it.
    Raises NotSupported, DamagedObject, LimitExceeded.
    """
    try:
        decoded = decoder(transfer_syntax_uid).load()(encoded, pixel, smallest, picture)
    except MemoryError as error:
        raise LimitExceeded("Decoding a frame of (7FE0,0010) Pixel Data needs more memory than there is (PS3.5 8.2).") from error
    if smallest is None and decoded.lattice != EVERY_PIXEL:  # kernels would take pixels that are not there, and look at no bounds
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2).")
    return decoded
