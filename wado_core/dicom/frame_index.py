"""Where each frame lies: native frames, and fragments by offset tables or by markers (PS3.5 8.2, A.4, H1.5)."""

from collections.abc import Callable, Sequence
from struct import pack, unpack

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import UNDEFINED_LENGTH, Element, Scanner
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.byte_range import ByteRange
from wado_core.model.frame import FrameChunk, FrameLayout

# More fragments than these, in all and for each frame, are no images.
_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME = 65536, 16

# Start of an image in JPEG, JPEG-LS (SOI), JPEG 2000 (SOC, SIZ), JPEG XL, and the file formats of the last two.
_BEGINNINGS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP", b"\xff\x0a", b"\x00\x00\x00\x0cJXL")


def read_frame_layout(
    scanner: Scanner, pixel_data: Element, attributes: Attributes, number_of_frames: int, *, video: bool
) -> tuple[FrameLayout, FrameChunk]:
    """Find the byte ranges of all frames: their layout, and one chunk with the fragments of all (of none when they are native).

    video: the fragments are one stream (PS3.5 8.2.5), kept as if it were one frame.
    Raises DamagedObject when fragments cannot be assigned to frames, LimitExceeded.
    """
    if pixel_data.length != UNDEFINED_LENGTH:
        return FrameLayout(pixel_data.offset, scanner.end_of_value(pixel_data) - pixel_data.offset), FrameChunk(1, number_of_frames)
    most = max(_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME * number_of_frames)
    items: list[Element] = []
    for item in scanner.fragments(pixel_data):
        items.append(item)
        if len(items) > most:
            raise LimitExceeded("The pixel data has more fragments than its frames can need.")
    if len(items) < 2:
        raise DamagedObject("The encapsulated pixel data lacks its offset table.")
    table, *fragments, delimiter = items
    if not fragments:
        raise DamagedObject("The encapsulated pixel data holds no fragment.")
    ranges = [ByteRange(item.offset, item.length) for item in fragments]
    number_of_frames = 1 if video else number_of_frames
    starts = _starts(scanner, ranges, lambda: _extended_offsets(attributes) or _basic_offsets(scanner, table), number_of_frames)
    columns = FrameChunk(
        first=1,
        count=number_of_frames,
        offsets=pack(f"<{len(ranges)}q", *[one.offset for one in ranges]),
        lengths=pack(f"<{len(ranges)}L", *[one.length for one in ranges]),
        first_fragments=pack(f"<{len(starts)}L", *starts) if len(ranges) > number_of_frames else b"",
    )
    return FrameLayout(pixel_data.offset, delimiter.offset - pixel_data.offset, encapsulated=True), columns


def _extended_offsets(attributes: Attributes) -> tuple[int, ...]:
    value = attributes.value(tags.EXTENDED_OFFSET_TABLE)
    return unpack(f"<{len(value.data) // 8}Q", value.data[: len(value.data) // 8 * 8]) if value else ()


def _basic_offsets(scanner: Scanner, table: Element) -> tuple[int, ...]:
    count = table.length // 4
    return unpack(f"<{count}L", scanner.read(table.offset, 4 * count)) if count else ()


def _starts(
    scanner: Scanner, ranges: Sequence[ByteRange], read_offsets: Callable[[], Sequence[int]], number_of_frames: int
) -> Sequence[int]:
    """Return the first fragment of each frame: of one frame, of one each, by the offset table, or by the markers they begin with."""
    if number_of_frames == 1:
        return (0,)
    if len(ranges) == number_of_frames:
        return range(number_of_frames)
    offsets = read_offsets()
    starts = _starts_by_offset(ranges, offsets) if len(offsets) == number_of_frames else None
    if starts is None:
        starts = [index for index, one in enumerate(ranges) if scanner.read(one.offset, 8).startswith(_BEGINNINGS)]
    if len(starts) != number_of_frames or starts[0] != 0:
        raise DamagedObject(f"{len(ranges)} fragments cannot be assigned to {number_of_frames} frames.")
    return starts


def _starts_by_offset(ranges: Sequence[ByteRange], offsets: Sequence[int]) -> list[int] | None:
    """Return the first fragment of each frame, None when the table points between fragments. Offsets count from the first item."""
    first = ranges[0].offset
    by_offset = {one.offset - first: index for index, one in enumerate(ranges)}
    starts = [by_offset.get(offset) for offset in offsets]
    found = [start for start in starts if start is not None]
    return found if len(found) == len(starts) and found == sorted(set(found)) else None
