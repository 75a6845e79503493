"""JPEG streams of any Huffman process read marker by marker (T.81 Annex B): tables, frame, scans and their restart intervals.

Strict: what T.81 does not allow raises ValueError, and nothing is skipped. Tables may be handed in, as the abbreviated format has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SOI, EOI, SOS, DQT, DHT, DRI, COM, APP0 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0xE0
SOF0, SOF1, SOF3 = 0xC0, 0xC1, 0xC3
RST0, RST7 = 0xD0, 0xD7
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
APPLICATION = frozenset(range(0xE0, 0xF0))

DC, AC = 0, 1


@dataclass(frozen=True, slots=True)
class HuffmanSpecification:
    """How a Huffman table is written (T.81 B.2.4.2): the number of codes of each length 1 … 16, and the symbols by ascending code."""

    counts: tuple[int, ...]
    symbols: tuple[int, ...]

    def codes(self) -> Iterator[tuple[int, int, int]]:
        """Yield length, code and symbol of every entry (T.81 Annex C); ValueError where a code does not fit or is all ones."""
        code, symbols = 0, iter(self.symbols)
        for length, count in enumerate(self.counts, 1):
            for _ in range(count):
                if code + 1 >= 1 << length:
                    raise ValueError(f"the Huffman codes of length {length} run over, or into the code of all ones")
                yield length, code, next(symbols)
                code += 1
            code <<= 1

    def content(self, table_class: int, destination: int) -> bytes:
        """Return the table as a DHT segment holds it."""
        return bytes((table_class << 4 | destination, *self.counts, *self.symbols))


@dataclass(frozen=True, slots=True)
class FrameComponent:
    """A component as the frame header names it: Ci, Hi, Vi, Tqi."""

    identifier: int
    horizontal: int
    vertical: int
    quantization: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame header (T.81 B.2.2)."""

    marker: int
    precision: int
    rows: int
    columns: int
    components: tuple[FrameComponent, ...]

    @property
    def factors(self) -> tuple[int, int]:
        """Hmax, Vmax."""
        return max(c.horizontal for c in self.components), max(c.vertical for c in self.components)

    def size(self, component: int) -> tuple[int, int]:
        """Return rows and columns of a component (T.81 A.1.1)."""
        (widest, highest), of = self.factors, self.components[component]
        return -(-self.rows * of.vertical // highest), -(-self.columns * of.horizontal // widest)

    def units(self, component: int, side: int = 8) -> tuple[int, int]:
        """Return the data units of a component, down and across, with those that complete an interleaved MCU (T.81 A.2.4).

        side: edge of a data unit in samples, 8 for blocks and 1 for the lossless process.
        """
        (widest, highest), of = self.factors, self.components[component]
        return -(-self.rows // (side * highest)) * of.vertical, -(-self.columns // (side * widest)) * of.horizontal


@dataclass(slots=True)
class Tables:
    """The tables in force: DQT in zigzag order (64,) by destination, DHT by class and destination, and the restart interval."""

    quantization: dict[int, Array] = field(default_factory=dict)
    huffman: dict[tuple[int, int], HuffmanSpecification] = field(default_factory=dict)
    restart_interval: int = 0
    wide: set[int] = field(default_factory=set)

    def copy(self) -> "Tables":
        """Return tables that stay as they are when these change."""
        return Tables(dict(self.quantization), dict(self.huffman), self.restart_interval, set(self.wide))


@dataclass(frozen=True, slots=True)
class ScanComponent:
    """A component as a scan header names it: its index in the frame, Tdj, Taj."""

    index: int
    dc: int
    ac: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan: its header (T.81 B.2.3), the tables in force, and its entropy-coded data.

    parameters: Ss, Se, Ah, Al.  data: as it stands in the stream, restart markers included.
    intervals: the data between restart markers, whose numbers were in sequence, with stuffed bytes.
    """

    components: tuple[ScanComponent, ...]
    parameters: tuple[int, int, int, int]
    tables: Tables
    data: bytes
    intervals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """A whole stream.

    segments: marker and content of every marker segment in order, those without content included; restart markers left out.
    tables: in force at the end.
    """

    segments: tuple[tuple[int, bytes], ...]
    frame: Frame | None
    scans: tuple[Scan, ...]
    tables: Tables

    @property
    def only_frame(self) -> Frame:
        """The frame; ValueError for a stream of tables only."""
        if self.frame is None:
            raise ValueError("the stream has no frame")
        return self.frame


def read_stream(data: bytes, tables: Tables | None = None) -> Stream:
    """Read a stream from SOI to EOI; ``tables`` are those that an earlier stream has loaded (T.81 B.5)."""
    if data[:2] != b"\xff\xd8":
        raise ValueError("the stream does not begin with SOI")
    in_force = Tables() if tables is None else tables.copy()
    segments: list[tuple[int, bytes]] = [(SOI, b"")]
    scans: list[Scan] = []
    frame: Frame | None = None
    at = 2
    while True:
        at, marker = _marker(data, at)
        if marker == EOI:
            if at != len(data):
                raise ValueError("there are bytes after EOI")
            segments.append((EOI, b""))
            return Stream(tuple(segments), frame, tuple(scans), in_force)
        length = int.from_bytes(data[at : at + 2])
        content = data[at + 2 : at + length]
        if length < 2 or len(content) != length - 2:
            raise ValueError(f"the segment of marker {marker:02X} is longer than the stream")
        segments.append((marker, content))
        at += length
        if marker == DQT:
            _read_quantization(content, in_force)
        elif marker == DHT:
            _read_huffman(content, in_force)
        elif marker == DRI:
            _expect(len(content) == 2, "DRI has another length than 4")
            in_force.restart_interval = int.from_bytes(content)
        elif marker in FRAMES:
            _expect(frame is None, "there are two frame headers")
            frame = _read_frame(marker, content)
        elif marker == SOS:
            scan, at = _read_scan(data, at, content, frame, in_force)
            scans.append(scan)
        elif marker != COM and marker not in APPLICATION:
            raise ValueError(f"marker {marker:02X} is none of a Huffman-coded sequential or lossless stream")


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return where a marker ends, and its low byte; fill bytes may precede it (T.81 B.1.1.2)."""
    _expect(at + 1 < len(data) and data[at] == 0xFF, f"there is no marker at byte {at}")
    while at + 1 < len(data) and data[at + 1] == 0xFF:
        at += 1
    _expect(at + 1 < len(data), "the stream ends without EOI")
    return at + 2, data[at + 1]


def _read_quantization(content: bytes, tables: Tables) -> None:
    while content:
        wide, destination = content[0] >> 4, content[0] & 15
        size = 64 << wide
        _expect(wide <= 1 and destination <= 3 and len(content) > size, "a quantization table is malformed")
        table = np.frombuffer(content[1 : 1 + size], ">u2" if wide else "u1").astype(np.int64)
        _expect(bool(table.all()), "a quantization table holds 0")
        tables.quantization[destination] = table
        (tables.wide.add if wide else tables.wide.discard)(destination)
        content = content[1 + size :]


def _read_huffman(content: bytes, tables: Tables) -> None:
    while content:
        _expect(len(content) >= 17, "a Huffman table is cut off")
        table_class, destination, counts = content[0] >> 4, content[0] & 15, tuple(content[1:17])
        end = 17 + sum(counts)
        _expect(table_class <= 1 and destination <= 3 and len(content) >= end, "a Huffman table is malformed")
        specification = HuffmanSpecification(counts, tuple(content[17:end]))
        _expect(len(set(specification.symbols)) == len(list(specification.codes())), "a Huffman table codes a symbol twice")
        tables.huffman[table_class, destination] = specification
        content = content[end:]


def _read_frame(marker: int, content: bytes) -> Frame:
    _expect(len(content) >= 9 and len(content) == 6 + 3 * content[5], "the frame header has a wrong length")
    components = tuple(FrameComponent(c, hv >> 4, hv & 15, tq) for c, hv, tq in (content[6 + 3 * i : 9 + 3 * i] for i in range(content[5])))
    _expect(all(1 <= c.horizontal <= 4 and 1 <= c.vertical <= 4 for c in components), "a sampling factor is none of 1 … 4")
    _expect(len({c.identifier for c in components}) == len(components), "two components have one identifier")
    rows, columns = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
    _expect(rows > 0 and columns > 0, "the frame has no lines or no samples a line")
    return Frame(marker, content[0], rows, columns, components)


def _read_scan(data: bytes, at: int, content: bytes, frame: Frame | None, tables: Tables) -> tuple[Scan, int]:
    if frame is None:
        raise ValueError("a scan comes before the frame header")
    _expect(len(content) >= 6 and len(content) == 4 + 2 * content[0] and content[0] <= 4, "a scan header has a wrong length")
    numbers = {component.identifier: index for index, component in enumerate(frame.components)}
    pairs = [content[1 + 2 * i : 3 + 2 * i] for i in range(content[0])]
    _expect(all(identifier in numbers for identifier, _ in pairs), "a scan names a component that the frame has not")
    components = tuple(ScanComponent(numbers[identifier], tables_ >> 4, tables_ & 15) for identifier, tables_ in pairs)
    indices = [component.index for component in components]
    _expect(sorted(set(indices)) == indices, "the components of a scan are not in the order of the frame")
    of_frame = [frame.components[index] for index in indices]
    _expect(len(components) == 1 or sum(c.horizontal * c.vertical for c in of_frame) <= 10, "an MCU has more than ten data units")
    start, end, approximation = content[-3:]
    intervals, stop = _intervals(data, at)
    scan = Scan(components, (start, end, approximation >> 4, approximation & 15), tables.copy(), data[at:stop], intervals)
    return scan, stop


def _intervals(data: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """Cut entropy-coded data at its restart markers; return the parts, and where the next other marker stands."""
    parts: list[bytes] = []
    begin = at
    while True:
        at = data.find(b"\xff", at)
        _expect(0 <= at < len(data) - 1, "the entropy-coded data end without a marker")
        following = data[at + 1]
        if following == 0:
            at += 2
        elif RST0 <= following <= RST7:
            _expect(following == RST0 + len(parts) % 8, f"restart marker {len(parts)} is out of sequence")
            parts.append(data[begin:at])
            begin = at = at + 2
        else:
            parts.append(data[begin:at])
            return tuple(parts), at


def segment(marker: int, content: bytes) -> bytes:
    """Return a marker segment."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content
