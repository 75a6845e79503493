"""Sheets: thumbnails drawn side by side into one picture."""

import numpy as np

from wado_core.codecs import jpeg_out
from wado_core.jpeg.samples import samples_of
from wado_core.rendering.resample import Picture

# Of a tile that cannot be shown: a dark square with a lighter bar, which no image looks like.
_SQUARE, _BAR = 0x28, 0x70


class SheetDrawing:
    """A sheet that is being drawn: black, (rows, columns) or (rows, columns, 3) uint8."""

    def __init__(self, rows: int, columns: int, *, gray: bool) -> None:
        """gray: only pictures of two dimensions are put; otherwise those of both kinds."""
        self._pixels: Picture = np.zeros((rows, columns) if gray else (rows, columns, 3), np.uint8)

    def put(self, picture: Picture, left: int, top: int) -> None:
        """Draw a thumbnail, its left upper pixel at ``left``, ``top``.  picture: (…, …) or (…, …, 3) uint8, within the sheet."""
        rows, columns = picture.shape[:2]
        if picture.ndim < self._pixels.ndim:
            picture = picture[:, :, np.newaxis]
        self._pixels[top : top + rows, left : left + columns] = picture

    def mark(self, left: int, top: int, edge: int) -> None:
        """Draw what stands for a tile that cannot be shown, in a square of ``edge`` pixels."""
        self._pixels[top : top + edge, left : left + edge] = _SQUARE
        inset, thickness = edge // 3, max(1, edge // 32)
        middle = top + (edge - thickness) // 2
        self._pixels[middle : middle + thickness, left + inset : left + edge - inset] = _BAR

    def jpeg(self, quality: int) -> bytes:
        """Return the sheet as JPEG.  quality: 1 … 100, the scale of the IJG."""
        rows, columns = self._pixels.shape[:2]
        return b"".join(jpeg_out.encode(samples_of(self._pixels), rows, columns, quality, in_strips=False))
