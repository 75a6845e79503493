"""Photometric Interpretation and Samples per Pixel as they are meant, where it is certain what is meant (PS3.3 C.7.6.3.1.2)."""

from dataclasses import replace

from wado_core.model import transfer_syntax as syntaxes
from wado_core.model.image_pixel import MONOCHROME, ImagePixel
from wado_core.model.transfer_syntax import transfer_syntax

PALETTE = "PALETTE COLOR"
CLAUSE = "PS3.3 C.7.6.3.1.2"

_ONE_SAMPLE = (*MONOCHROME, PALETTE)
SUBSAMPLED = ("YBR_FULL_422", "YBR_PARTIAL_422")
RENDERED_COLORS = ("RGB", "YBR_FULL", *SUBSAMPLED, "YBR_ICT", "YBR_RCT", "XYB")
# Video says in its stream what its colours are, and headers call them by several names (PS3.5 8.2.5).
VIDEO_COLORS = ("YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_FULL_422", "YBR_FULL", "RGB")
# Named by the standard, retired or of video, and not rendered elsewhere.
_OTHERS = ("YBR_PARTIAL_420", "HSV", "ARGB", "CMYK")
_FOUR_SAMPLES = ("ARGB", "CMYK")

# By their letters and digits alone: writers misspell them with spaces, underscores and small letters.
_BY_LETTERS = {name.replace("_", "").replace(" ", ""): name for name in (*_ONE_SAMPLE, *RENDERED_COLORS, *_OTHERS)}

# What only a codec makes, and undoes (H3.4).
_JPEG_2000 = (
    syntaxes.JPEG_2000_LOSSLESS, syntaxes.JPEG_2000, *syntaxes.JPEG_2000_PART_2,
    *syntaxes.HIGH_THROUGHPUT_JPEG_2000_LOSSLESS, syntaxes.HIGH_THROUGHPUT_JPEG_2000,
)  # fmt: skip
_JPEG_XL = (syntaxes.JPEG_XL_LOSSLESS, syntaxes.JPEG_XL_RECOMPRESSION, syntaxes.JPEG_XL)
_OF_CODECS = {"YBR_ICT": _JPEG_2000, "YBR_RCT": _JPEG_2000, "XYB": _JPEG_XL}

_DCT = (syntaxes.JPEG_BASELINE, *syntaxes.JPEG_LOSSY_PROCESSES)
_IN_WORDS = {1: "one sample", 3: "three samples"}


def interpretation(text: str, samples: int) -> str:
    """Return the Photometric Interpretation that a value names; without one, three samples are RGB and others gray.

    What names none is returned as it is, to be refused.
    """
    if not text:
        return "RGB" if samples == 3 else "MONOCHROME2"
    return _BY_LETTERS.get("".join(filter(str.isalnum, text)).upper(), text[:16])


def missing(taken: str) -> str:
    """Return the warning that there is no Photometric Interpretation, and what was taken instead."""
    return f"(0028,0004) Photometric Interpretation is missing ({CLAUSE}): {taken} was used."


def is_known(photometric: str) -> bool:
    """Say whether the standard knows a Photometric Interpretation; what it does not know is not shown to anybody."""
    return photometric in _BY_LETTERS.values()


def is_rendered(photometric: str, transfer_syntax_uid: str) -> bool:
    """Say whether frames of a Photometric Interpretation are rendered.

    YBR_PARTIAL_422 is when it is uncompressed: codecs have ranges of their own.
    """
    if transfer_syntax(transfer_syntax_uid).video:
        return photometric in VIDEO_COLORS
    if photometric == "YBR_PARTIAL_422":
        return transfer_syntax(transfer_syntax_uid).native_cells
    return photometric in (*_ONE_SAMPLE, *RENDERED_COLORS) and (
        transfer_syntax_uid in _DCT or photometric not in _misplaced(transfer_syntax_uid)
    )


def _misplaced(transfer_syntax_uid: str) -> tuple[str, ...]:
    return tuple(photometric for photometric, of in _OF_CODECS.items() if transfer_syntax_uid not in of)


def without_codec(pixel: ImagePixel, transfer_syntax_uid: str) -> tuple[ImagePixel, str]:
    """Take samples in the colour model of a codec that did not code them as RGB: writers that decode leave the label; warn of it."""
    photometric = pixel.photometric_interpretation
    if photometric not in _misplaced(transfer_syntax_uid) or transfer_syntax_uid in _DCT:
        return pixel, ""
    warning = f"(0028,0004) Photometric Interpretation is {photometric}, which this transfer syntax does not have ({CLAUSE}): RGB was used."
    return replace(pixel, photometric_interpretation="RGB"), warning


def samples_of(photometric: str) -> int:
    """Return how many samples a pixel has by its Photometric Interpretation."""
    return 1 if photometric in _ONE_SAMPLE else 4 if photometric in _FOUR_SAMPLES else 3


def as_native_data_says(pixel: ImagePixel, length: int, frames: int) -> tuple[ImagePixel, str]:
    """Correct Samples per Pixel where the length of native pixel data leaves no other reading; return a warning as well.

    length: bytes of the pixel data.  Three samples that are there but should not be are left as they are, to be refused: nothing
    says what they are.
    """
    expected, stated = samples_of(pixel.photometric_interpretation), pixel.samples_per_pixel
    if expected == stated or expected not in _IN_WORDS or not is_known(pixel.photometric_interpretation):
        return pixel, ""
    meant = replace(pixel, samples_per_pixel=expected)
    if length * 8 < meant.native_frame_bits * frames or (expected < stated and length * 8 >= pixel.native_frame_bits * frames):
        return pixel, ""
    return meant, _contradiction(pixel, f"the pixel data is as long as that of {_IN_WORDS[expected]}")


def as_code_stream_says(pixel: ImagePixel, components: int, transfer_syntax_uid: str) -> tuple[ImagePixel, str]:
    """Bring Samples per Pixel and Photometric Interpretation to the components of the code stream, which wins (H1.6)."""
    if components not in _IN_WORDS or not is_known(pixel.photometric_interpretation):
        return pixel, ""
    photometric = pixel.photometric_interpretation
    if samples_of(photometric) != components:
        photometric = "MONOCHROME2" if components == 1 else "YBR_FULL" if transfer_syntax_uid in _DCT else "RGB"
    meant = replace(pixel, samples_per_pixel=components, photometric_interpretation=photometric)
    return meant, _contradiction(pixel, f"the code stream has {_IN_WORDS[components]}") if meant != pixel else ""


def _contradiction(pixel: ImagePixel, what: str) -> str:
    return (
        f"(0028,0002) Samples per Pixel is {pixel.samples_per_pixel}, (0028,0004) Photometric Interpretation is "
        f"{pixel.photometric_interpretation} ({CLAUSE}), but {what}, which was used."
    )
