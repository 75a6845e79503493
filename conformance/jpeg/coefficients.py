"""Entropy-coded data read bit by bit, apart from all libraries: quantised coefficients (T.81 F.2) and lossless samples (T.81 H.2).

Every bit has to be accounted for: after the last code of an interval at most seven bits may follow, all of them 1 (T.81 F.1.2.3).
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy import ndindex

from conformance.jpeg.streams import AC, DC, SOF0, SOF1, SOF3, Array, Frame, HuffmanSpecification, Scan, Stream


@cache
def _lengths_and_symbols(specification: HuffmanSpecification) -> list[int]:
    """Return length << 8 | symbol for every value of the next 16 bits, 0 where no code begins so."""
    found = np.zeros(1 << 16, np.int64)
    for length, code, symbol in specification.codes():
        found[code << (16 - length) : (code + 1) << (16 - length)] = length << 8 | symbol
    return [int(value) for value in found]


class _Bits:
    """The bits of one restart interval."""

    __slots__ = ("_at", "_octets", "_size")

    def __init__(self, interval: bytes) -> None:
        octets = interval.replace(b"\xff\x00", b"\xff")
        if interval.count(b"\xff") != len(interval) - len(octets):
            raise ValueError("a byte FF is not stuffed")
        self._octets, self._at, self._size = octets + bytes(3), 0, 8 * len(octets)

    def symbol(self, table: list[int]) -> int:
        octets, at = self._octets, self._at >> 3
        entry = table[(octets[at] << 16 | octets[at + 1] << 8 | octets[at + 2]) >> (8 - (self._at & 7)) & 0xFFFF]
        if entry == 0:
            raise ValueError("no Huffman code begins with the next bits")
        self._advance(entry >> 8)
        return entry & 255

    def number(self, size: int) -> int:
        """Read ``size`` bits, up to 16; a leading 0 makes the number negative (T.81 F.2.2.1 EXTEND)."""
        if size == 0:
            return 0
        octets, at = self._octets, self._at >> 3
        value = (octets[at] << 16 | octets[at + 1] << 8 | octets[at + 2]) >> (24 - (self._at & 7) - size) & ((1 << size) - 1)
        self._advance(size)
        return value if value >> (size - 1) else value - (1 << size) + 1

    def _advance(self, bits: int) -> None:
        self._at += bits
        if self._at > self._size:
            raise ValueError("the entropy-coded data end within a code")

    def finish(self) -> None:
        left = self._size - self._at
        if left >= 8 or self._octets[self._at >> 3] & ((1 << left) - 1) != (1 << left) - 1:
            raise ValueError("after the last code of an interval there is more than padding by 1-bits")


def unit_order(frame: Frame, scan: Scan, side: int = 8) -> Iterator[list[tuple[int, int, int]]]:
    """Yield the data units of each MCU of a scan: position in the scan, row and column within the component (T.81 A.2)."""
    if len(scan.components) == 1:
        rows, columns = frame.size(scan.components[0].index)
        for row in range(-(-rows // side)):
            for column in range(-(-columns // side)):
                yield [(0, row, column)]
        return
    of_scan = [frame.components[component.index] for component in scan.components]
    (widest, highest) = frame.factors
    across, down = -(-frame.columns // (side * widest)), -(-frame.rows // (side * highest))
    for row, column in ndindex(down, across):
        yield [
            (position, row * c.vertical + v, column * c.horizontal + h)
            for position, c in enumerate(of_scan)
            for v in range(c.vertical)
            for h in range(c.horizontal)
        ]


def _in_intervals(frame: Frame, scan: Scan, side: int) -> Iterator[tuple[_Bits, list[list[tuple[int, int, int]]]]]:
    """Yield the bits of each restart interval and the MCUs it holds; ValueError when their numbers do not fit."""
    units = list(unit_order(frame, scan, side))
    each = scan.tables.restart_interval or len(units)
    if len(scan.intervals) != -(-len(units) // each):
        raise ValueError(f"{len(scan.intervals)} restart intervals where {-(-len(units) // each)} belong")
    for number, interval in enumerate(scan.intervals):
        bits = _Bits(interval)
        yield bits, units[number * each : (number + 1) * each]
        bits.finish()


def read_coefficients(stream: Stream) -> tuple[Array, ...]:
    """Return the quantised coefficients of every component of a sequential stream.

    Each (block rows, block columns, 64) int64, zigzag order, with the blocks that complete an MCU; these are zero where the scan
    is not interleaved, and so is a component that no scan holds.
    """
    frame = stream.only_frame
    if frame.marker not in (SOF0, SOF1):
        raise ValueError("the stream is not sequential DCT")
    planes = tuple(np.zeros((*frame.units(index), 64), np.int64) for index in range(len(frame.components)))
    for scan in stream.scans:
        if scan.parameters != (0, 63, 0, 0):
            raise ValueError("the scan is not of a sequential process")
        tables = [
            (_lengths_and_symbols(scan.tables.huffman[DC, c.dc]), _lengths_and_symbols(scan.tables.huffman[AC, c.ac]))
            for c in scan.components
        ]
        for bits, mcus in _in_intervals(frame, scan, 8):
            previous = [0] * len(scan.components)
            for mcu in mcus:
                for position, row, column in mcu:
                    block = _read_block(bits, *tables[position])
                    block[0] = previous[position] = previous[position] + block[0]
                    planes[scan.components[position].index][row, column] = block
    return planes


def without_completing(stream: Stream, planes: tuple[Array, ...]) -> tuple[Array, ...]:
    """Leave out the blocks that only complete an MCU; those that the edge of the component cuts remain."""
    sizes = [stream.only_frame.size(index) for index in range(len(planes))]
    return tuple(plane[: -(-rows // 8), : -(-columns // 8)] for plane, (rows, columns) in zip(planes, sizes, strict=True))


def _read_block(bits: _Bits, dc: list[int], ac: list[int]) -> list[int]:
    block = [0] * 64
    block[0] = bits.number(bits.symbol(dc))
    k = 1
    while k < 64:
        run, size = divmod(bits.symbol(ac), 16)
        if size == 0:
            if run == 0:
                return block
            if run != 15:
                raise ValueError(f"run {run} of size 0 means nothing in a sequential scan")
        k += run
        if k > 63:
            raise ValueError("a run of zeros leaves the block")
        block[k] = bits.number(size)
        k += 1
    return block


def read_samples(stream: Stream) -> tuple[Array, ...]:
    """Decode the components of a lossless stream (T.81 Annex H): each (rows, columns) int64, without completing samples."""
    frame = stream.only_frame
    if frame.marker != SOF3:
        raise ValueError("the stream is not lossless")
    planes = [np.zeros(frame.units(index, 1), np.int64).tolist() for index in range(len(frame.components))]
    for scan in stream.scans:
        tables = [_lengths_and_symbols(scan.tables.huffman[DC, component.dc]) for component in scan.components]
        predictor, _, _, transform = scan.parameters
        first = 1 << (frame.precision - transform - 1)
        for bits, mcus in _in_intervals(frame, scan, 1):
            begun: dict[int, int] = {}  # the row in which the interval began, for every component
            for mcu in mcus:
                for position, row, column in mcu:
                    plane = planes[scan.components[position].index]
                    size = bits.symbol(tables[position])
                    difference = 32768 if size == 16 else bits.number(size)
                    guess = _predict(plane, row, column, predictor, first, begun.setdefault(position, row))
                    plane[row][column] = (guess + difference) & 0xFFFF
    shift = stream.scans[0].parameters[3]
    return tuple(np.array(plane, np.int64)[tuple(map(slice, frame.size(index)))] << shift for index, plane in enumerate(planes))


def _predict(plane: list[list[int]], row: int, column: int, predictor: int, first: int, begun: int) -> int:
    """Return the prediction of a sample (T.81 H.1.2.1); after a restart as at the beginning, of its row."""
    if row == begun:
        return plane[row][column - 1] if column else first
    if column == 0:
        return plane[row - 1][0]
    a, b, c = plane[row][column - 1], plane[row - 1][column], plane[row - 1][column - 1]
    return (a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1)[predictor - 1]
