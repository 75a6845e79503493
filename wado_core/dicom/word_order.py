"""How wide cells lie in big endian OW pixel data, of which there are two readings (PS3.5 7.3, 8.1.1)."""

import numpy as np

from wado_core.dicom.elements import Element, Scanner
from wado_core.model.image_pixel import ImagePixel

# How much less the words that are taken for the higher must change: noise has no order.
_CLEARLY = 0.75

# Bytes that are looked at, from the middle of the pixel data, where pictures are.
_SAMPLE_BYTES = 32768


def words_are_swapped(scanner: Scanner, element: Element, available: int, pixel: ImagePixel) -> bool:
    """Say whether big endian pixel data has to be put in order by words before its cells are big endian ones.

    available: bytes of pixel data that are there.

    OW is a stream of 16-bit words: two cells of 8 bits, or sixteen of 1 bit, are turned round in it. A wider cell takes several words,
    the lowest first by PS3.5 8.1.1, and so DCMTK and GDCM read and write it. But other writers turn the whole cell round, as
    pydicom reads it: the RT Dose ``rtdose_expb.dcm`` of its wheel is such a file, and holds the same doses as ``rtdose.dcm``.
    The cells themselves decide: the higher of two words changes less from cell to cell than the lower. Where neither does, cells are
    taken as a whole.
    """
    if element.vr != b"OW":
        return False  # bytes, or words as wide as floats: OB, OF, OD
    if pixel.bits_allocated <= 8:
        return True
    if pixel.bits_allocated == 16:
        return False
    cell = pixel.bits_allocated // 8
    count = min(available, _SAMPLE_BYTES) // cell
    start = (available // cell - count) // 2 * cell
    data = scanner.read(element.offset + start, count * cell)
    words = np.frombuffer(data, ">u2", len(data) // cell * (cell // 2)).astype(np.uint16).reshape(-1, cell // 2)
    steps = np.diff(words, axis=0).view(np.int16).astype(np.int64)  # from -1 to 0 is one step
    changes = np.abs(steps).sum(axis=0)
    return bool(changes[-1] < _CLEARLY * changes[0])
