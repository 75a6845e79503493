"""Overlay planes, bit by bit (PS3.3 C.9.2, C.9.3; the embedded ones as PS3.3-2004 has them; H5.14, H5.15)."""

from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian

from tests.reference.rounding import Array, Gray

GROUPS = range(0x6000, 0x6100, 2)


def paint(picture: Gray, ds: Dataset, frame_number: int, cells: Array) -> Gray:
    """Return a picture of the whole matrix with the overlays of type G in white.

    picture: (rows, columns) or (rows, columns, 3).  cells: pixel cells of the frame with all their bits, for embedded overlays.
    """
    painted = picture.copy()
    for group in GROUPS:
        if str(_value(ds, group, 0x0040) or "").strip() != "G":
            continue
        rows, columns = int(_value(ds, group, 0x0010)), int(_value(ds, group, 0x0011))
        data = _value(ds, group, 0x3000)
        plane = _plane_of(ds, group, frame_number)
        if plane is None:
            continue
        row0, column0 = (int(number) for number in _value(ds, group, 0x0050))
        for i in range(rows):
            for j in range(columns):
                row, column = row0 - 1 + i, column0 - 1 + j
                if not (0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]):
                    continue
                if data:
                    bit = _bit(ds, group, data, (plane * rows + i) * columns + j)
                else:
                    bit = int(cells[i, j]) >> int(_value(ds, group, 0x0102)) & 1
                if bit:
                    painted[row, column] = 255
    return painted


def _value(ds: Dataset, group: int, element: int) -> Any:
    return ds[group, element].value if (group, element) in ds else None


def _plane_of(ds: Dataset, group: int, frame_number: int) -> int | None:
    """Return which plane lies over a frame: one for each frame from the Image Frame Origin on (C.9.3); None beyond either end.

    Without both attributes of a multi-frame overlay, the only one lies over every frame.
    """
    origin, number = _value(ds, group, 0x0051), _value(ds, group, 0x0015)
    if origin is None and number is None:
        return 0
    first, planes = int(origin or 1), int(number or 1)
    plane = frame_number - first
    return plane if 0 <= plane < planes else None


def _bit(ds: Dataset, group: int, data: bytes, place: int) -> int:
    """Return one bit of Overlay Data: the first is the least significant of the first byte, or of the first word's low byte (OW)."""
    byte = place // 8
    if UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian and ds[group, 0x3000].VR == "OW":
        byte ^= 1
    return data[byte] >> place % 8 & 1


def pack(bits: Array) -> bytes:
    """Pack planes of 0 and 1 as Overlay Data, padded to an even length."""
    data = np.packbits(bits.reshape(-1).astype(np.uint8), bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def paint_bits(display: Array, bits: bytes, first_bit: int, row_bits: int, top: int, left: int, rows: int, columns: int) -> Array:
    """Return ``display``, (…, …, samples), with 255 in all samples where a bit of a rectangle is 1: the twin of the kernel."""
    painted = display.copy()
    for i in range(rows):
        for j in range(columns):
            place = first_bit + i * row_bits + j
            if bits[place // 8] >> place % 8 & 1:
                painted[top + i, left + j] = 255
    return painted
