"""How wide cells lie in big endian OW pixel data, of which there are two readings (PS3.5 7.3, 8.1.1)."""

import numpy as np
import numpy.typing as npt

from wado_core.dicom.elements import Element, Scanner
from wado_core.model.image_pixel import ImagePixel

# How much less values must change: noise has no order.
_CLEARLY = 0.75

# Bytes that are looked at, from the middle of the pixel data, where pictures are.
_SAMPLE_BYTES = 32768


def words_are_swapped(scanner: Scanner, element: Element, available: int, pixel: ImagePixel) -> bool:
    """Say whether big endian pixel data has to be put in order by words before its cells are big endian ones.

    available: bytes of pixel data that are there.

    OW is a stream of 16-bit words: two cells of 8 bits, or sixteen of 1 bit, are turned round in it. A wider cell takes several words,
    the lowest first by PS3.5 8.1.1, and so DCMTK and GDCM read and write it. But other writers turn the whole cell round, as
    pydicom reads it: the RT Dose ``rtdose_expb.dcm`` of its wheel is such a file, and holds the same doses as ``rtdose.dcm``.
    The values themselves decide: in the right reading they change less from cell to cell. Where neither is clearly better, as in noise,
    cells are taken as a whole.
    """
    if element.vr != b"OW":
        return False  # bytes, or words as wide as floats: OB, OF, OD
    if pixel.bits_allocated <= 8:
        return True
    if pixel.bits_allocated not in (32, 64):
        return False  # one word, or a width that is refused
    width = pixel.bits_allocated // 8
    count = min(available, _SAMPLE_BYTES) // width
    start = (available // width - count) // 2 * width
    words = np.frombuffer(scanner.read(element.offset + start, count * width), ">u2", count * width // 2).reshape(count, width // 2)
    as_cells, as_words = (_changes(of.astype(np.uint16), pixel) for of in (words[:, ::-1], words))
    return as_words < _CLEARLY * as_cells


def _changes(words: npt.NDArray[np.uint16], pixel: ImagePixel) -> float:
    """Return how much the samples change from cell to cell, in all.

    words: (cells, words of a cell), the lowest first.  What lies around the sample is left out; from -1 to 0 is one step.
    """
    width = words.shape[1] * 2
    cells = np.ascontiguousarray(words).astype("<u2").view(f"<u{width}").ravel().astype(f"u{width}")
    samples = cells >> (pixel.high_bit + 1 - pixel.bits_stored) << (8 * width - pixel.bits_stored)
    return float(np.abs(np.diff(samples).view(f"i{width}").astype(np.float64)).sum())
