"""Baseline JPEG taken apart: markers, tables and quantised coefficients, one code at a time (T.81 Annexes B, F, K)."""

import re
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
    """What a stream holds: marker numbers in order, quantisation tables (8, 8), the components, MCUs of a restart interval (0: none)."""

    markers: list[int]
    quantisation: dict[int, Array]
    components: list[Component]
    rows: int
    columns: int
    restart_mcus: int = 0


# The symbols of one Huffman table by the digits of their codes.
_Codes = dict[str, int]


def take_apart(data: bytes) -> Stream:
    """Read a baseline sequential stream of one interleaved scan, with restart intervals or without.

    Raises AssertionError for others, and where anything but the ones that fill the last byte stands behind the last code of an interval.
    """
    stream = Stream([], {}, [], 0, 0)
    codes: dict[tuple[int, int], _Codes] = {}
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
        elif marker == 0xDD:
            stream.restart_mcus = int.from_bytes(segment, "big")
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


def _read_codes(segment: bytes, codes: dict[tuple[int, int], _Codes]) -> None:
    """Number the codes of each table by length (T.81 Annex C)."""
    at = 0
    while at < len(segment):
        counts, symbols = segment[at + 1 : at + 17], iter(segment[at + 17 :])
        table, code = {}, 0
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                assert code < (1 << length) - 1, "no code is all ones"
                table[f"{code:0{length}b}"] = next(symbols)
                code += 1
            code <<= 1
        codes[segment[at] >> 4, segment[at] & 15] = table
        at += 17 + sum(counts)


class _Bits:
    """The digits of an entropy-coded segment, read from the first on."""

    def __init__(self, segment: bytes) -> None:
        octets = segment.replace(b"\xff\x00", b"\xff")
        self._digits = f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}" if octets else ""
        self._at = 0

    def symbol(self, table: _Codes) -> int:
        for length in range(1, 17):
            code = self._digits[self._at : self._at + length]
            if code in table:
                self._at += length
                return table[code]
        raise AssertionError("no such code")

    def number(self, size: int) -> int:
        """Read a number of ``size`` bits; a leading 0 makes it negative (T.81 F.2.2.1 EXTEND)."""
        digits = self._digits[self._at : self._at + size]
        assert len(digits) == size, "the segment is too short"
        self._at += size
        value = int(digits, 2) if size else 0
        return value if size == 0 or digits[0] == "1" else value - (1 << size) + 1

    def end(self) -> None:
        """Nothing is left but ones that fill the last byte (T.81 F.1.2.3)."""
        left = self._digits[self._at :]
        assert len(left) < 8
        assert set(left) <= {"1"}


def _intervals(scan: bytes, restart_mcus: int) -> list[bytes]:
    """Cut a scan at its restart markers, which count from 0 to 7 and again (T.81 B.2.1)."""
    pieces = re.split(rb"\xff([\xd0-\xd7])", scan)
    segments, markers = pieces[::2], pieces[1::2]
    assert [marker[0] & 7 for marker in markers] == [number & 7 for number in range(len(markers))]
    assert restart_mcus or not markers
    assert not any(re.search(rb"\xff([^\x00]|$)", segment) for segment in segments), "a marker in the scan"
    return segments


def _decode_scan(stream: Stream, codes: dict[tuple[int, int], _Codes], scan: bytes) -> None:
    widest, highest = max(c.horizontal for c in stream.components), max(c.vertical for c in stream.components)
    units_down, units_across = -(-stream.rows // (8 * highest)), -(-stream.columns // (8 * widest))
    for component in stream.components:
        component.blocks = np.zeros((units_down * component.vertical, units_across * component.horizontal, 8, 8), np.int64)
    units, interval = units_down * units_across, stream.restart_mcus or units_down * units_across
    segments = _intervals(scan, stream.restart_mcus)
    assert len(segments) == -(-units // interval)
    for number, segment in enumerate(segments):
        bits, previous = _Bits(segment), [0] * len(stream.components)
        for unit in range(number * interval, min((number + 1) * interval, units)):
            _decode_unit(stream, codes, bits, previous, *divmod(unit, units_across))
        bits.end()


def _decode_unit(stream: Stream, codes: dict[tuple[int, int], _Codes], bits: _Bits, previous: list[int], row: int, column: int) -> None:
    for number, component in enumerate(stream.components):
        for v in range(component.vertical):
            for h in range(component.horizontal):
                block = component.blocks[row * component.vertical + v, column * component.horizontal + h]
                previous[number] += bits.number(bits.symbol(codes[0, component.dc]))
                block[0, 0] = previous[number]
                _read_ac(bits, codes[1, component.ac], block)


def _read_ac(bits: _Bits, table: _Codes, block: Array) -> None:
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
