"""Image Pixel modules for the tests of codecs: a test says what matters."""

from wado_core.model.image_pixel import ImagePixel


def pixel(
    rows: int,
    columns: int,
    samples: int = 1,
    bits_stored: int = 8,
    *,
    signed: bool = False,
    photometric: str | None = None,
    planar: int = 0,
    allocated: int | None = None,
) -> ImagePixel:
    allocated = allocated or (8 if bits_stored <= 8 else 16)
    photometric = photometric or ("MONOCHROME2" if samples == 1 else "RGB")
    return ImagePixel(rows, columns, samples, photometric, allocated, bits_stored, bits_stored - 1, signed, planar)
