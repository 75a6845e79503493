"""Items that are written alike: scanned once, then known again by the bytes of their element headers.

The items of a Per-Frame Functional Groups Sequence are thousands, and most have the same elements of the same lengths. Scanning
one costs some seventy element headers; comparing it with one that was scanned costs a single comparison of those bytes. What the
scanner finds follows from the headers alone, so where they are equal, so is what it would find (docs/adr/0013).
"""

from collections.abc import Callable
from operator import itemgetter

from wado_core.dicom.attributes import Attributes, Value
from wado_core.dicom.elements import MOST_RECORDED, Element, Recording, Scanner
from wado_core.dicom.tags import BULK

# Items of one sequence come in several forms, as decimal strings have several lengths; those of defined length are told apart by it.
_MOST_LENGTHS, _MOST_OF_A_LENGTH = 64, 8
# Items of new forms after which, if no more were known again, none is learned any more.
_PATIENCE = 32
# Larger items are no functional groups of a frame; nothing that an object may hold is recorded without a bound.
_LONGEST_ITEM = 1 << 16
_ITEM_HEADER = 8
# Functional groups of a frame and their items share attributes; what is nested more deeply would cost more than it saves.
_DEEPEST_SHARED = 2

_Slices = Callable[[bytes], tuple[bytes, ...]]


class _Form:
    """Where the values of an item lie, counted from its start: tag, VR, begin and end; and the forms of its sequences' items."""

    __slots__ = ("_big_endian", "_known", "_sequences", "_values", "_values_of")

    def __init__(self, attributes: Attributes, start: int, depth: int = 0) -> None:
        """attributes: as they were found in an item at ``start``.  depth: how many items this one is nested in, of those recorded."""
        self._big_endian = attributes.big_endian
        self._values = [(tag, one.vr, one.offset - start, one.offset - start + one.length) for tag, one in attributes.values.items()]
        self._sequences = [(tag, [_Form(item, start, depth + 1) for item in items]) for tag, items in attributes.sequences.items()]
        leaves: list[tuple[int, bytes, int, int]] = []
        if depth < _DEEPEST_SHARED:
            self.add_leaves(leaves)
        self._values_of = _slices([(begin, end) for _, _, begin, end in leaves])
        # Items with equal values share their attributes; not where bulk values lie, each at an offset of its own.
        shared = depth < _DEEPEST_SHARED and all(tag not in BULK for tag, *_ in leaves)
        self._known: dict[tuple[bytes, ...], Attributes] | None = {} if shared else None

    def add_leaves(self, leaves: list[tuple[int, bytes, int, int]]) -> None:
        """Add all values of the item and of those in it, in a fixed order."""
        leaves += self._values
        for _, forms in self._sequences:
            for form in forms:
                form.add_leaves(leaves)

    def attributes(self, item: bytes, start: int) -> Attributes:
        """Return the attributes of an item of this form that lies at ``start``."""
        if self._known is None:
            return self._build(item, start)
        values = self._values_of(item)
        found = self._known.get(values)
        if found is None:
            found = self._known[values] = self._build(item, start)
        return found

    def _build(self, item: bytes, start: int) -> Attributes:
        return Attributes(
            self._big_endian,
            {tag: Value(vr, b"" if tag in BULK else item[begin:end], start + begin, end - begin) for tag, vr, begin, end in self._values},
            {tag: tuple([form.attributes(item, start) for form in forms]) for tag, forms in self._sequences},
        )


class _Pattern:
    """Items of one form, and the bytes of their headers by which they are known."""

    __slots__ = ("elements", "form", "headers_of", "length", "reach", "stated", "value_bytes")

    def __init__(self, item: bytes, recording: Recording, attributes: Attributes, value_bytes: int) -> None:
        """item: its bytes.  recording: of its scanning.  attributes, value_bytes: what came of that."""
        start = recording.start
        self.value_bytes = value_bytes
        self.length = len(item)
        self.reach = recording.reach - start
        self.elements = len(recording.headers)
        self.headers_of = _slices([(begin - start, end - start) for begin, end in recording.headers])
        self.stated = self.headers_of(item)
        self.form = _Form(attributes, start)


class AlikeItems:
    """Knows the forms of the items of one sequence."""

    __slots__ = ("_misses", "_patterns", "_recording", "_scanner")

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._recording: Recording | None = None
        self._patterns: dict[bytes, list[_Pattern]] = {}  # by the item's own header; of each, the one used last first
        self._misses = 0

    def match(self, offset: int, most_bytes: int) -> tuple[Attributes, int, int] | None:
        """Return the attributes of the item at ``offset``, the offset behind it and the bytes of its values; None when unknown.

        most_bytes: what its values may take. Where that, the source or the elements that may be read would not suffice, the item
        is unknown too, and scanning it tells why.
        """
        scanner = self._scanner
        patterns = self._patterns.get(scanner.read(offset, _ITEM_HEADER), [])
        for place, pattern in enumerate(patterns):
            item = scanner.read(offset, pattern.length)
            if pattern.headers_of(item) == pattern.stated:
                value_bytes = pattern.value_bytes
                if offset + pattern.reach > scanner.size or value_bytes > most_bytes or not scanner.spend(pattern.elements):
                    return None
                if place:
                    patterns.insert(0, patterns.pop(place))
                self._misses = 0
                return pattern.form.attributes(item, offset), offset + pattern.length, value_bytes
        return None

    def record(self, start: int, item: Element) -> None:
        """Record how an item that is not known is scanned, if that is worth while; ``item`` is its header, read already."""
        self._misses += 1
        if self._misses <= _PATIENCE:
            self._recording = self._scanner.recording = Recording(start, item.offset)

    def learn(self, end: int, attributes: Attributes, value_bytes: int) -> None:
        """Remember the form of the item whose scanning has been recorded, and ended at ``end``.

        attributes: what it holds.  value_bytes: of its wanted values, repeated ones too.
        """
        recording, self._recording, self._scanner.recording = self._recording, None, None
        if recording is None or len(recording.headers) > MOST_RECORDED or end - recording.start > _LONGEST_ITEM:
            return
        item = self._scanner.read(recording.start, end - recording.start)
        patterns = self._patterns.setdefault(item[:_ITEM_HEADER], [])
        patterns.insert(0, _Pattern(item, recording, attributes, value_bytes))
        del patterns[_MOST_OF_A_LENGTH:]
        if len(self._patterns) > _MOST_LENGTHS:
            del self._patterns[next(iter(self._patterns))]


def _slices(ranges: list[tuple[int, int]]) -> _Slices:
    """Return what cuts ranges out of bytes, ranges that touch as one; it always returns a tuple."""
    joined: list[tuple[int, int]] = []
    for begin, end in ranges:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    slices = [slice(begin, end) for begin, end in joined]
    if len(slices) < 2:
        slices += [slice(0, 0)] * (2 - len(slices))
    return itemgetter(*slices)
