"""Image Pixel modules for the tests of rendering: a test says what matters."""

from wado_core.model.image_pixel import ImagePixel


def gray(bits_stored: int = 16, *, signed: bool = False, bits_allocated: int = 16, high_bit: int | None = None) -> ImagePixel:
    high = bits_stored - 1 if high_bit is None else high_bit
    return ImagePixel(4, 4, 1, "MONOCHROME2", bits_allocated, bits_stored, high, signed)


def color(photometric: str = "RGB", *, bits_stored: int = 8, bits_allocated: int = 8, high_bit: int | None = None) -> ImagePixel:
    high = bits_stored - 1 if high_bit is None else high_bit
    return ImagePixel(4, 4, 3, photometric, bits_allocated, bits_stored, high)


def floats(bits: int = 32) -> ImagePixel:
    return ImagePixel(4, 4, 1, "MONOCHROME2", bits, bits, bits - 1, signed=True, floating=True)
