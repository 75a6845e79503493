"""The Image Pixel module of samples as a code stream has them (H1.6, H1.7)."""

from dataclasses import replace

from wado_core.codecs.decoded import Cells
from wado_core.model.image_pixel import ImagePixel


def coded_pixel(pixel: ImagePixel, cells: Cells, precision: int, *, color_transform: bool = False, signed: bool = False) -> ImagePixel:
    """Describe decoded cells: size and depth as the code stream has them, the sign as the header or the stream says.

    pixel: as the header says.  cells: (rows, columns) or (rows, columns, 3), as wide as they are.
    precision: bits of a sample in the stream.  color_transform: the codec has undone one: the result is RGB (H3.4).
    signed: the stream's samples have a sign of their own, which only JPEG 2000 knows.

    Two's complement in an unsigned stream has its sign bit where the header says, or at the top of the stream's samples where these
    are narrower: an encoder that was given 16-bit cells wrote 16-bit samples of them, whatever is stored in them. Unsigned samples
    are as deep as the stream says: lossy ones reach beyond Bits Stored, and cut off there white would turn black.
    """
    allocated = cells.dtype.itemsize * 8
    stored, high = precision, precision - 1
    if pixel.signed and not signed and precision > pixel.bits_stored:
        stored, high = pixel.bits_stored, min(pixel.high_bit, precision - 1)
    components = 1 if cells.ndim == 2 else cells.shape[2]
    photometric = pixel.photometric_interpretation
    if components == 3:
        photometric = "YBR_FULL" if photometric.startswith("YBR_FULL") and not color_transform else "RGB"
    return replace(
        pixel, rows=cells.shape[0], columns=cells.shape[1], samples_per_pixel=components, photometric_interpretation=photometric,
        bits_allocated=allocated, bits_stored=stored, high_bit=high, signed=pixel.signed or signed, planar_configuration=0,
    )  # fmt: skip
