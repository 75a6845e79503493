"""Lossless JPEG (T.81 process 14, Annex H), written from the equations: every predictor, point transform, restart and scan order."""

from collections.abc import Iterator, Sequence
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CATEGORIES = 17
_CODE_BITS = 5  # one length for the codes of all 17 categories


def encode(
    samples: Array,
    precision: int,
    *,
    predictor: int = 1,
    point_transform: int = 0,
    restart_rows: int = 0,
    interleaved: bool = True,
    ids: Sequence[int] = (1, 2, 3),
    applications: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """Encode (rows, columns[, components]) samples of ``precision`` bits; the decoder gives back ``samples`` without its lowest
    ``point_transform`` bits.

    restart_rows: rows in a restart interval, 0 for none (H.1.1: an interval is whole rows).
    interleaved: one scan of all components, or one of each.  applications: low byte of marker and content.
    """
    planes = samples.reshape(*samples.shape[:2], -1)
    rows, columns, count = planes.shape
    out = b"\xff\xd8" + b"".join(_segment(marker, content) for marker, content in applications)
    if restart_rows:
        out += _segment(0xDD, pack(">H", restart_rows * columns))
    out += _segment(0xC4, bytes([0, 0, 0, 0, 0, _CATEGORIES]) + bytes(11) + bytes(range(_CATEGORIES)))
    out += _segment(0xC3, pack(">BHHB", precision, rows, columns, count) + b"".join(bytes([one, 0x11, 0]) for one in ids[:count]))
    scans = [list(range(count))] if interleaved else [[component] for component in range(count)]
    for scan in scans:
        head = bytes([len(scan)]) + b"".join(bytes([ids[component], 0]) for component in scan)
        out += _segment(0xDA, head + bytes([predictor, 0, point_transform]))
        shifted = planes[:, :, scan].astype(np.int64) >> point_transform
        out += _scan(shifted, predictor, precision - point_transform, restart_rows)
    return out + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + pack(">H", len(content) + 2) + content


def _scan(planes: Array, predictor: int, bits: int, restart_rows: int) -> bytes:
    intervals = [planes[row : row + (restart_rows or len(planes))] for row in range(0, len(planes), restart_rows or len(planes))]
    out = b""
    for number, interval in enumerate(intervals):
        out += (bytes([0xFF, 0xD0 + (number - 1) % 8]) if number else b"") + _packed(_codes(interval, predictor, bits))
    return out


def _codes(planes: Array, predictor: int, bits: int) -> Iterator[tuple[int, int]]:
    """Yield value and length of every code, in the order of the samples (H.1.2.2)."""
    for row in range(planes.shape[0]):
        for column in range(planes.shape[1]):
            for component in range(planes.shape[2]):
                plane = planes[:, :, component]
                difference = (int(plane[row, column]) - _prediction(plane, row, column, predictor, bits)) & 0xFFFF
                if difference > 0x8000:
                    difference -= 0x10000
                category = abs(difference).bit_length()
                yield category, _CODE_BITS
                if 0 < category < 16:
                    yield difference if difference > 0 else difference + (1 << category) - 1, category


def _prediction(plane: Array, row: int, column: int, predictor: int, bits: int) -> int:
    """Predict a sample from its neighbours a (left), b (above), c (above left) (H.1.2.1, table H.1)."""
    if row == 0:
        return int(plane[0, column - 1]) if column else 1 << (bits - 1)
    b = int(plane[row - 1, column])
    if column == 0:
        return b
    a, c = int(plane[row, column - 1]), int(plane[row - 1, column - 1])
    return (a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1)[predictor - 1]


def _packed(codes: Iterator[tuple[int, int]]) -> bytes:
    """Join codes to bytes: filled with ones, a zero byte behind each 0xFF (B.1.1.5)."""
    text = "".join(f"{value:0{length}b}" for value, length in codes)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
