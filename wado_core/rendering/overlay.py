"""Overlays: graphics painted white over the display values of the whole image matrix (PS3.3 C.9.2, H5.14)."""

from collections.abc import Callable, Iterable

import numpy as np

from wado_core.codecs.decoded import Decoded
from wado_core.dicom.frames import FrameReader
from wado_core.errors import DamagedObject
from wado_core.kernels.overlay import paint_bits
from wado_core.model.overlay import StoredOverlay
from wado_core.rendering.resample import Picture


def paint_overlays(
    display: Picture, overlays: Iterable[StoredOverlay], frame_number: int, reader: FrameReader, decode: Callable[[], Decoded]
) -> None:
    """Paint overlays over the picture of a whole frame, cut off at its edges.

    display: (rows, columns) or (rows, columns, 3) uint8, C order, in and out.  overlays: all of them lie over the frame.
    decode: returns the frame's cells, for overlays that are embedded in them.
    Raises DamagedObject, LimitExceeded, Unavailable.
    """
    samples = display if display.ndim == 3 else display[:, :, np.newaxis]
    for overlay in overlays:
        top, left = overlay.origin_row - 1, overlay.origin_column - 1
        first_row, first_column = max(-top, 0), max(-left, 0)
        rows = min(overlay.rows, display.shape[0] - top) - first_row
        columns = min(overlay.columns, display.shape[1] - left) - first_column
        if rows <= 0 or columns <= 0:
            continue
        if overlay.data is None:
            bits, first_bit = _embedded(overlay, decode(), first_row, rows), 0
        else:
            data, first_bit = reader.overlay(overlay, frame_number, first_row, rows)
            bits = np.frombuffer(data, np.uint8)
        paint_bits(samples, bits, first_bit + first_column, overlay.columns, top + first_row, left + first_column, rows, columns)


def _embedded(overlay: StoredOverlay, decoded: Decoded, first_row: int, rows: int) -> Picture:
    """Pack one bit of each pixel cell as Overlay Data would (retired, PS3.3-2004 C.9.2)."""
    cells = decoded.cells
    if cells.shape != (overlay.rows, overlay.columns):
        raise DamagedObject(f"({overlay.group:04X},0010) Overlay Rows and Columns are not those of the frame (PS3.3 C.9.2).")
    return np.packbits((cells[first_row : first_row + rows] >> overlay.bit_position) & 1, bitorder="little")
