"""Baseline JPEG taken apart: markers, tables and quantised coefficients, one bit at a time (T.81 Annexes B, F, K)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import cos, pi, sqrt

import numpy as np

from tests.reference.rounding import Array

ZIGZAG = sorted(((r, c) for r in range(8) for c in range(8)), key=lambda rc: (rc[0] + rc[1], rc[1] if (rc[0] + rc[1]) % 2 == 0 else rc[0]))
"""Row and column of the coefficients in the order of the scan (T.81 Figure A.6)."""


@dataclass
class Component:
    """One component: its sampling factors, table numbers, and blocks of quantised coefficients, (rows, columns, 8, 8)."""

    identifier: int
    horizontal: int
    vertical: int
    quantisation: int
    dc: int = 0
    ac: int = 0
    blocks: Array = field(default_factory=lambda: np.zeros((0, 0, 8, 8), np.int64))


@dataclass
class Stream:
    """What a stream holds: marker numbers in order, quantisation tables (8, 8), and the components."""

    markers: list[int]
    quantisation: dict[int, Array]
    components: list[Component]
    rows: int
    columns: int


def take_apart(data: bytes) -> Stream:
    """Read a baseline sequential stream of one interleaved scan without restart intervals. Raises AssertionError for others."""
    stream = Stream([], {}, [], 0, 0)
    codes: dict[tuple[int, int], dict[tuple[int, int], int]] = {}
    assert data[:2] == b"\xff\xd8"
    assert data[-2:] == b"\xff\xd9"
    at = 2
    while True:
        assert data[at] == 0xFF
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at + 4 : at + 2 + length]
        stream.markers.append(marker)
        if marker == 0xDB:
            _read_quantisation(segment, stream.quantisation)
        elif marker == 0xC4:
            _read_codes(segment, codes)
        elif marker == 0xC0:
            assert segment[0] == 8
            stream.rows, stream.columns = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
            for i in range(segment[5]):
                identifier, factors, table = segment[6 + 3 * i : 9 + 3 * i]
                stream.components.append(Component(identifier, factors >> 4, factors & 15, table))
        elif marker == 0xDA:
            assert segment[0] == len(stream.components)
            for i, component in enumerate(stream.components):
                assert segment[1 + 2 * i] == component.identifier
                component.dc, component.ac = segment[2 + 2 * i] >> 4, segment[2 + 2 * i] & 15
            _decode_scan(stream, codes, data[at + 2 + length : -2])
            return stream
        at += 2 + length


def _read_quantisation(segment: bytes, tables: dict[int, Array]) -> None:
    for at in range(0, len(segment), 65):
        assert segment[at] >> 4 == 0, "baseline tables have 8 bits"
        table = np.zeros((8, 8), np.int64)
        for (r, c), value in zip(ZIGZAG, segment[at + 1 : at + 65], strict=True):
            table[r, c] = value
        tables[segment[at] & 15] = table


def _read_codes(segment: bytes, codes: dict[tuple[int, int], dict[tuple[int, int], int]]) -> None:
    """Number the codes of each table by length (T.81 Annex C): (length, code) gives the symbol."""
    at = 0
    while at < len(segment):
        counts, symbols = segment[at + 1 : at + 17], iter(segment[at + 17 :])
        table, code = {}, 0
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                table[length, code] = next(symbols)
                code += 1
            code <<= 1
        codes[segment[at] >> 4, segment[at] & 15] = table
        at += 17 + sum(counts)


class _Bits:
    def __init__(self, scan: bytes) -> None:
        self._bits = self._each(scan.replace(b"\xff\x00", b"\xff"))

    @staticmethod
    def _each(octets: bytes) -> Iterator[int]:
        for octet in octets:
            for place in range(7, -1, -1):
                yield octet >> place & 1

    def symbol(self, table: dict[tuple[int, int], int]) -> int:
        code = 0
        for length in range(1, 17):
            code = code << 1 | next(self._bits)
            if (length, code) in table:
                return table[length, code]
        raise AssertionError("no such code")

    def number(self, size: int) -> int:
        """Read a number of ``size`` bits; a leading 0 makes it negative (T.81 F.2.2.1 EXTEND)."""
        value = 0
        for _ in range(size):
            value = value << 1 | next(self._bits)
        return value if size == 0 or value >> (size - 1) else value - (1 << size) + 1


def _decode_scan(stream: Stream, codes: dict[tuple[int, int], dict[tuple[int, int], int]], scan: bytes) -> None:
    widest, highest = max(c.horizontal for c in stream.components), max(c.vertical for c in stream.components)
    units_down, units_across = -(-stream.rows // (8 * highest)), -(-stream.columns // (8 * widest))
    bits, previous = _Bits(scan), [0] * len(stream.components)
    for component in stream.components:
        component.blocks = np.zeros((units_down * component.vertical, units_across * component.horizontal, 8, 8), np.int64)
    for unit in range(units_down * units_across):
        row, column = divmod(unit, units_across)
        for number, component in enumerate(stream.components):
            for v in range(component.vertical):
                for h in range(component.horizontal):
                    block = component.blocks[row * component.vertical + v, column * component.horizontal + h]
                    previous[number] += bits.number(bits.symbol(codes[0, component.dc]))
                    block[0, 0] = previous[number]
                    _read_ac(bits, codes[1, component.ac], block)


def _read_ac(bits: _Bits, table: dict[tuple[int, int], int], block: Array) -> None:
    k = 1
    while k < 64:
        run, size = divmod(bits.symbol(table), 16)
        if size == 0:
            if run != 15:
                return
            k += 16
            continue
        k += run
        block[ZIGZAG[k]] = bits.number(size)
        k += 1


BASIS = np.array([[(sqrt(1 / 8) if u == 0 else 0.5) * cos((2 * x + 1) * u * pi / 16) for x in range(8)] for u in range(8)])


def forward_dct(plane: Array) -> Array:
    """Transform every 8x8 block of a plane of 0..255 after the level shift, in float64 (T.81 A.3.3).

    plane: (8 m, 8 n).  Returns (m, n, 8, 8).
    """
    rows, columns = plane.shape
    blocks = plane.reshape(rows // 8, 8, columns // 8, 8).swapaxes(1, 2).astype(np.float64) - 128
    return np.asarray(BASIS @ blocks @ BASIS.T)
