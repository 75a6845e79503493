"""Packets of JPEG 2000: how long each is, which its header tells bit by bit (T.800 B.9, B.10).

In plain Python, 5 µs a code block: what is decoded of a block takes a hundred times as long.
"""

from dataclasses import dataclass

from wado_core.codecs.jpeg_2000_bits import BrokenPacket, PacketBits, TagTree

# So many packets and inclusions of code blocks in them are read, and so many bytes of headers: a tenth of a second each.
_MOST_BLOCKS = 20_000
_MOST_HEADER_BYTES = 1 << 17
# No block has more bit planes that are zero, nor longer lengths.
_MOST_BIT_PLANES = 74
_MOST_LENGTH_BITS = 32
_SOP, _EPH = b"\xff\x91", b"\xff\x92"
_HAS_SOP, _HAS_EPH = 0x02, 0x04  # of Scod


@dataclass(frozen=True, slots=True)
class _Band:
    """A subband: its (rows, columns), and logarithms of those of its precincts and code blocks."""

    size: tuple[int, int]
    precinct: tuple[int, int]
    block: tuple[int, int]

    def blocks(self, row: int, column: int) -> tuple[int, int]:
        """Return how many rows and columns of code blocks a precinct has; none where it lies beyond the subband."""
        high, wide = (self._span(0, row), self._span(1, column))
        return (high, wide) if high and wide else (0, 0)

    def _span(self, way: int, place: int) -> int:
        begin, end = place << self.precinct[way], min(self.size[way], (place + 1) << self.precinct[way])
        return max(0, -(-(end - begin) >> self.block[way]))


class Resolution:
    """One resolution of a tile that begins at 0,0 (T.800 B.5 to B.7)."""

    __slots__ = ("_across", "_bands", "precincts")

    def __init__(self, size: tuple[int, int], above: int, precinct: tuple[int, int], block: tuple[int, int], *, lowest: bool) -> None:
        """Make it.

        size: (rows, columns) of the tile.  above: how many resolutions there are above this one.  lowest: it is the lowest.
        precinct, block: logarithms of (rows, columns) of precincts of this resolution, and of the largest code blocks.
        """
        rows, columns = -(-size[0] >> above), -(-size[1] >> above)
        self._across = -(-columns >> precinct[1])
        self.precincts = -(-rows >> precinct[0]) * self._across
        high, wide = rows // 2, columns // 2
        sizes = [(rows, columns)] if lowest else [(rows - high, wide), (high, columns - wide), (high, wide)]
        inner = precinct if lowest else (precinct[0] - 1, precinct[1] - 1)
        if min(inner) < 0:
            raise BrokenPacket
        blocks = min(block[0], inner[0]), min(block[1], inner[1])
        self._bands = tuple(_Band(one, inner, blocks) for one in sizes)

    def blocks(self, precinct: int) -> list[tuple[int, int]]:
        """Return rows and columns of code blocks of a precinct in each subband; precincts count by rows."""
        row, column = divmod(precinct, self._across)
        return [band.blocks(row, column) for band in self._bands]


class _Blocks:
    """What is known of the code blocks of one precinct of a subband after some packets."""

    __slots__ = ("columns", "inclusion", "lengths", "planes", "rows")

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.inclusion, self.planes = TagTree(rows, columns), TagTree(rows, columns)
        self.lengths = [0] * (rows * columns)  # Lblock; 0: not included yet


class Packets:
    """Finds the ends of packets, which must be asked for in their order."""

    def __init__(self, data: bytes, style: int, *, high_throughput: bool) -> None:
        """Make it.

        data: the stream, or its beginning.  style: Scod.  high_throughput: its code blocks are those of T.814.
        """
        self._data = data
        self._style = style
        self._high_throughput = high_throughput
        self._known: dict[tuple[int, int, int], list[_Blocks]] = {}
        self._left = _MOST_BLOCKS
        self._bytes_left = _MOST_HEADER_BYTES

    def end(self, at: int, place: tuple[int, int, int], resolution: Resolution, layer: int) -> int:
        """Return where the packet ends that begins at ``at``.

        place: component, resolution and precinct.  Raises BrokenPacket, IndexError where the header goes on beyond the data.
        """
        data = self._data
        if self._style & _HAS_SOP and data[at : at + 2] == _SOP:
            at += 6
        self._spend(1)
        if place not in self._known:
            sizes = resolution.blocks(place[2])
            self._spend(sum(rows * columns for rows, columns in sizes))
            self._known[place] = [_Blocks(*size) for size in sizes]
        bits, begin, length = PacketBits(data, at, self._bytes_left), at, 0
        if bits.take():
            for blocks in self._known[place]:
                length += self._length(bits, blocks, layer)
        at = bits.end()
        self._bytes_left = max(self._bytes_left - (at - begin), 0)
        if self._style & _HAS_EPH and data[at : at + 2] == _EPH:
            at += 2
        return at + length

    def _spend(self, blocks: int) -> None:
        self._left -= blocks
        if self._left < 0:
            raise BrokenPacket

    def _length(self, bits: PacketBits, blocks: _Blocks, layer: int) -> int:
        """Read what a packet header says of the code blocks of a subband; return how many bytes they have in it."""
        if layer:
            self._spend(len(blocks.lengths))
        total = 0
        for row in range(blocks.rows):
            for column in range(blocks.columns):
                index = row * blocks.columns + column
                if blocks.lengths[index]:
                    if not bits.take():
                        continue
                else:
                    if not blocks.inclusion.below(bits, row, column, layer + 1):
                        continue
                    blocks.planes.number(bits, row, column, _MOST_BIT_PLANES)
                    blocks.lengths[index] = 3
                passes = bits.passes()
                if self._high_throughput and passes > 1:
                    raise BrokenPacket  # the length of the cleanup pass stands apart then (T.814 B.3); nobody writes it
                while bits.take():
                    blocks.lengths[index] += 1
                    if blocks.lengths[index] > _MOST_LENGTH_BITS:
                        raise BrokenPacket
                total += bits.number(blocks.lengths[index] + passes.bit_length() - 1)
        return total
