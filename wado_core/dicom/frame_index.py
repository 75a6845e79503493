"""Where each frame lies: native frames, and fragments by offset tables or by markers (PS3.5 8.2, A.4, H1.5)."""

from collections.abc import Sequence
from struct import unpack

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import UNDEFINED_LENGTH, Element, Scanner
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.frame import ByteRange, FrameLayout

# More fragments than these, in all and for each frame, are no images.
_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME = 65536, 16

# Start of an image in JPEG, JPEG-LS (SOI), JPEG 2000 (SOC, SIZ) and its file format.
_BEGINNINGS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")


def read_frame_layout(
    scanner: Scanner, pixel_data: Element, attributes: Attributes, number_of_frames: int, *, video: bool
) -> FrameLayout:
    """Find the byte ranges of all frames; DamagedObject when fragments cannot be assigned to them.

    video: the fragments are one stream (PS3.5 8.2.5), kept as if it were one frame.
    """
    if pixel_data.length != UNDEFINED_LENGTH:
        return FrameLayout(pixel_data.offset, scanner.end_of_value(pixel_data) - pixel_data.offset)
    most = max(_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME * number_of_frames)
    items: list[Element] = []
    for item in scanner.fragments(pixel_data):
        items.append(item)
        if len(items) > most:
            raise LimitExceeded("The pixel data has more fragments than its frames can need.")
    if len(items) < 2:
        raise DamagedObject("The encapsulated pixel data lacks its offset table.")
    table, *fragments, delimiter = items
    ranges = [ByteRange(item.offset, item.length) for item in fragments]
    offsets = _extended_offsets(attributes) or _basic_offsets(scanner, table)
    grouped = (tuple(ranges),) if video else _group(scanner, ranges, offsets, number_of_frames)
    return FrameLayout(pixel_data.offset, delimiter.offset - pixel_data.offset, grouped)


def _extended_offsets(attributes: Attributes) -> tuple[int, ...]:
    value = attributes.value(tags.EXTENDED_OFFSET_TABLE)
    return unpack(f"<{len(value.data) // 8}Q", value.data[: len(value.data) // 8 * 8]) if value else ()


def _basic_offsets(scanner: Scanner, table: Element) -> tuple[int, ...]:
    count = table.length // 4
    return unpack(f"<{count}L", scanner.read(table.offset, 4 * count)) if count else ()


def _group(
    scanner: Scanner, ranges: Sequence[ByteRange], offsets: Sequence[int], number_of_frames: int
) -> tuple[tuple[ByteRange, ...], ...]:
    """Assign fragments to frames: one frame, one each, by the offset table, or by the markers they begin with."""
    if not ranges:
        raise DamagedObject("The encapsulated pixel data holds no fragment.")
    if number_of_frames == 1:
        return (tuple(ranges),)
    if len(ranges) == number_of_frames:
        return tuple((one,) for one in ranges)
    starts = _starts_by_offset(ranges, offsets) if len(offsets) == number_of_frames else None
    if starts is None:
        starts = [index for index, one in enumerate(ranges) if scanner.read(one.offset, 8).startswith(_BEGINNINGS)]
    if len(starts) != number_of_frames or starts[0] != 0:
        raise DamagedObject(f"{len(ranges)} fragments cannot be assigned to {number_of_frames} frames.")
    return tuple(tuple(ranges[start:end]) for start, end in zip(starts, [*starts[1:], len(ranges)], strict=True))


def _starts_by_offset(ranges: Sequence[ByteRange], offsets: Sequence[int]) -> list[int] | None:
    """Return the first fragment of each frame, None when the table points between fragments. Offsets count from the first item."""
    first = ranges[0].offset
    by_offset = {one.offset - first: index for index, one in enumerate(ranges)}
    starts = [by_offset.get(offset) for offset in offsets]
    found = [start for start in starts if start is not None]
    return found if len(found) == len(starts) and found == sorted(set(found)) else None
