"""Packet headers of JPEG 2000, bit by bit (T.800 B.10)."""


class BrokenPacket(Exception):
    """A stream is broken, or of a form that is not taken apart here."""


class PacketBits:
    """Reads the bits of one packet header; a byte behind 0xFF has seven (B.10.1). Past the end of the data IndexError is raised."""

    __slots__ = ("_at", "_byte", "_data", "_left", "_limit")

    def __init__(self, data: bytes, at: int, most_bytes: int = 1 << 62) -> None:
        """Begin at a byte of the data. Beyond ``most_bytes`` BrokenPacket is raised."""
        self._data, self._at, self._byte, self._left, self._limit = data, at, 0, 0, at + most_bytes

    def take(self) -> int:
        """Return the next bit."""
        if not self._left:
            if self._at == self._limit:
                raise BrokenPacket
            self._left = 7 if self._byte == 0xFF else 8
            self._byte = self._data[self._at]
            self._at += 1
        self._left -= 1
        return self._byte >> self._left & 1

    def number(self, bits: int) -> int:
        """Return the next bits, the highest first."""
        value = 0
        for _ in range(bits):
            value = value << 1 | self.take()
        return value

    def passes(self) -> int:
        """Return a number of coding passes, 1 to 164 (table B.4)."""
        if not self.take():
            return 1
        if not self.take():
            return 2
        for bits, first in ((2, 3), (5, 6), (7, 37)):
            value = self.number(bits)
            if value < (1 << bits) - 1 or bits == 7:
                return first + value
        raise AssertionError

    def end(self) -> int:
        """Return where the header ends: behind a whole byte, and behind one more where that is 0xFF."""
        return self._at + (self._byte == 0xFF)


class TagTree:
    """A tree of numbers, each no smaller than that of its parent, which become known step by step (B.10.2)."""

    __slots__ = ("_known", "_sizes", "_values")

    def __init__(self, rows: int, columns: int) -> None:
        """Make a tree over a matrix of leaves."""
        self._sizes = [(rows, columns)]
        while rows * columns > 1:
            rows, columns = (rows + 1) // 2, (columns + 1) // 2
            self._sizes.append((rows, columns))
        # What each number is at least, and whether it is just that; leaves first.
        self._values = [[0] * (high * wide) for high, wide in self._sizes]
        self._known = [[False] * (high * wide) for high, wide in self._sizes]

    def below(self, bits: PacketBits, row: int, column: int, threshold: int) -> bool:
        """Read as much as tells whether the number of a leaf is below a threshold."""
        least = 0
        for level in self._unknown(row, column):
            index = (row >> level) * self._sizes[level][1] + (column >> level)
            values, known = self._values[level], self._known[level]
            value = values[index]
            if value < least:
                value = least
            while value < threshold and not known[index]:
                if bits.take():
                    known[index] = True
                else:
                    value += 1
            values[index] = least = value
        return least < threshold

    def number(self, bits: PacketBits, row: int, column: int, most: int) -> int:
        """Read the number of a leaf: the bits that ``below`` reads with one threshold after the other. BrokenPacket beyond ``most``."""
        value = 0
        for level in self._unknown(row, column):
            index = (row >> level) * self._sizes[level][1] + (column >> level)
            values, known = self._values[level], self._known[level]
            value = max(value, values[index])
            while not known[index]:
                if bits.take():
                    known[index] = True
                else:
                    value += 1
                    if value > most:
                        raise BrokenPacket
            values[index] = value
        return value

    def _unknown(self, row: int, column: int) -> range:
        """Return the levels from the lowest node that is known down to a leaf: what is above a known node is known, and no larger."""
        level, top = 0, len(self._sizes) - 1
        while level < top and not self._known[level][(row >> level) * self._sizes[level][1] + (column >> level)]:
            level += 1
        return range(level, -1, -1)
