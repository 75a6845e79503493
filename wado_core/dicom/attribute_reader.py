"""Reading attributes: the wanted elements of a data set, found in one pass (PS3.5 section 7)."""

from collections.abc import Collection

from wado_core.dicom.alike_items import AlikeItems
from wado_core.dicom.attributes import Attributes, Value
from wado_core.dicom.elements import (
    ITEM,
    ITEM_DELIMITER,
    PIXEL_DATA,
    SEQUENCE_DELIMITER,
    UNDEFINED_LENGTH,
    Element,
    Encoding,
    Scanner,
    check_depth,
    inner_encoding,
    name_of,
)
from wado_core.dicom.tags import BULK, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, SEQUENCES
from wado_core.errors import DamagedObject, LimitExceeded


class AttributeReader:
    """Reads the wanted attributes of data sets in a single pass, however deeply others are nested."""

    __slots__ = ("_most_bytes", "_scanner", "_wanted")

    def __init__(self, scanner: Scanner, wanted: Collection[int], most_bytes: int) -> None:
        """wanted: tags, at whatever level they occur below wanted sequences.  most_bytes: bound on the sum of their values."""
        self._scanner = scanner
        self._wanted = frozenset(wanted)
        self._most_bytes = most_bytes

    def data_set(self, offset: int, encoding: Encoding) -> tuple[Attributes, Element | None]:
        """Read from ``offset`` to the pixel data or the end; return the attributes, and the header of the pixel data."""
        attributes = Attributes(encoding.big_endian, {}, {})
        pixel_data: list[Element] = []
        self._read(attributes, offset, self._scanner.size, encoding, 0, pixel_data)
        return attributes, pixel_data[0] if pixel_data else None

    def end_of(self, element: Element, encoding: Encoding) -> int:
        """Return the offset behind an element of whatever length."""
        if element.length == UNDEFINED_LENGTH:
            return self._read_items(None, element, encoding, 1)
        return self._scanner.end_of_value(element)

    def _read(
        self, into: Attributes | None, offset: int, end: int | None, encoding: Encoding, depth: int, pixel_data: list[Element] | None = None
    ) -> int:
        """Read elements up to ``end`` (None: the item delimiter) and return the offset behind them; ``into`` None skips."""
        scanner, wanted = self._scanner, self._wanted
        check_depth(depth)
        while end is None or offset < end:
            element = scanner.element(offset, encoding)
            tag = element.tag
            if tag == ITEM_DELIMITER and end is None:
                return element.offset
            if pixel_data is not None:
                if tag in (PIXEL_DATA, 0x7FE00008, 0x7FE00009):
                    pixel_data.append(element)
                    return offset
                if not tag >> 16:  # of messages, not of stored objects (PS3.5 7.1): zeros where the rest has not been written yet
                    raise DamagedObject(f"Element {name_of(tag)} stands where the data set should go on (PS3.5 7.1).")
            keep = into if tag in wanted else None
            if element.length == UNDEFINED_LENGTH or (keep is not None and self._is_sequence(element)):
                offset = self._read_items(keep, element, encoding, depth + 1)
                continue
            offset = scanner.end_of_value(element)
            if keep is not None and tag in BULK:
                keep.add(tag, Value(element.vr, b"", element.offset, element.length))
            elif keep is not None:
                self._most_bytes -= element.length
                if self._most_bytes < 0:
                    raise LimitExceeded(f"Element {name_of(tag)} is larger than the configured limit (PS3.5 7.1).")
                keep.add(tag, Value(element.vr, scanner.read(element.offset, element.length), element.offset, element.length))
        return offset

    @staticmethod
    def _is_sequence(element: Element) -> bool:
        return element.vr == b"SQ" or (element.vr in (b"", b"UN") and element.tag in SEQUENCES)

    def _read_items(self, into: Attributes | None, sequence: Element, encoding: Encoding, depth: int) -> int:
        scanner = self._scanner
        if sequence.vr in (b"OB", b"OW"):
            return scanner.end_of_fragments(sequence)
        inner = inner_encoding(sequence, encoding)
        end = None if sequence.length == UNDEFINED_LENGTH else scanner.end_of_value(sequence)
        offset, items = sequence.offset, []
        alike = AlikeItems(scanner) if into is not None and depth == 1 and sequence.tag == PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE else None
        while end is None or offset < end:
            if alike is not None and (known := alike.match(offset, self._most_bytes)):
                attributes, offset, value_bytes = known
                self._most_bytes -= value_bytes
                items.append(attributes)
                continue
            item = scanner.element(offset, inner)
            if item.tag == SEQUENCE_DELIMITER:
                offset = item.offset
                break
            if item.tag != ITEM:
                raise DamagedObject(f"Sequence {name_of(sequence.tag)} holds {name_of(item.tag)} where an item should begin (PS3.5 7.5).")
            if into is None:
                offset = self._read_item(None, item, inner, depth)
                continue
            start, room, found = offset, self._most_bytes, Attributes(inner.big_endian, {}, {})
            if alike is not None:
                alike.record(start, item)
            offset = self._read_item(found, item, inner, depth)
            if alike is not None:
                alike.learn(offset, found, room - self._most_bytes)
            items.append(found)
        if into is not None:
            into.add_items(sequence.tag, tuple(items))
        return offset

    def _read_item(self, into: Attributes | None, item: Element, encoding: Encoding, depth: int) -> int:
        """Read one item and return the offset behind it."""
        if item.length == UNDEFINED_LENGTH:
            return self._read(into, item.offset, None, encoding, depth)
        end = self._scanner.end_of_value(item)
        return end if into is None else self._read(into, item.offset, end, encoding, depth)
