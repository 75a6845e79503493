"""Overlay planes of an image, found and checked (PS3.3 C.9.2, C.9.3; H5.15). A broken one is left out, and told."""

from dataclasses import replace

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import name_of, swapped
from wado_core.errors import DamagedObject
from wado_core.model.byte_range import ByteRange
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.overlay import StoredOverlay
from wado_core.model.transfer_syntax import RLE_LOSSLESS, TransferSyntax
from wado_core.ports import ByteSource

_GRAPHICS, _REGION_OF_INTEREST = "G", "R"
_CLAUSE = "PS3.3 C.9.2"


class _Broken(Exception):
    """Why an overlay cannot be drawn."""


def find_overlays(
    attributes: Attributes, pixel: ImagePixel, syntax: TransferSyntax, most_pixels: int
) -> tuple[tuple[StoredOverlay, ...], tuple[str, ...]]:
    """Return the overlays of type G that can be drawn, in the order of their groups, and what is wrong with others.

    most_pixels: of a plane, more are not read.
    """
    overlays, problems = [], []
    for group in sorted({tag >> 16 for tag in attributes.values} & tags.OVERLAY_GROUPS):
        of_group = _Group(attributes, group)
        kind = attributes.text(of_group.tag(tags.OVERLAY_TYPE)).upper()
        if kind == _REGION_OF_INTEREST or not of_group.is_there:
            continue
        try:
            if kind != _GRAPHICS:
                raise of_group.broken(tags.OVERLAY_TYPE, "Overlay Type is neither G nor R")
            overlays.append(of_group.overlay(pixel, syntax, most_pixels))
        except _Broken as problem:
            problems.append(str(problem))
    return tuple(overlays), tuple(problems)


class _Group:
    """The elements of one group 60xx."""

    __slots__ = ("_attributes", "_group")

    def __init__(self, attributes: Attributes, group: int) -> None:
        self._attributes = attributes
        self._group = group

    def tag(self, of_first: int) -> int:
        """Return the tag in this group of an element that is named by its tag in group 6000."""
        return self._group << 16 | (of_first & 0xFFFF)

    def broken(self, of_first: int, what: str) -> _Broken:
        """Return the refusal of this overlay, for an element that is named by its tag in group 6000."""
        return _Broken(f"{name_of(self.tag(of_first))} {what} ({_CLAUSE}): the overlay was ignored.")

    @property
    def is_there(self) -> bool:
        """Whether there is an overlay: a group may hold nothing but empty elements, or what a presentation state says of it."""
        essential = (tags.OVERLAY_ROWS, tags.OVERLAY_COLUMNS, tags.OVERLAY_BIT_POSITION)
        data = self._attributes.bulk(self.tag(tags.OVERLAY_DATA))
        return data is not None or any(self._attributes.value(self.tag(one)) for one in essential)

    def overlay(self, pixel: ImagePixel, syntax: TransferSyntax, most_pixels: int) -> StoredOverlay:
        """Return the overlay. Raises _Broken."""
        embedded = self._attributes.bulk(self.tag(tags.OVERLAY_DATA)) is None
        rows, columns = (self._edge(tag, name) for tag, name in ((tags.OVERLAY_ROWS, "Rows"), (tags.OVERLAY_COLUMNS, "Columns")))
        if rows * columns > most_pixels:
            raise self.broken(tags.OVERLAY_ROWS, f"Overlay Rows and Columns ask for {rows} × {columns} bits, more than is read")
        row, column = self._origin()
        first, frames = self._frames()
        found = StoredOverlay(self._group, rows, columns, row, column, first, frames)
        return self._embedded(found, pixel, syntax) if embedded else self._stored(found)

    def _edge(self, of_first: int, name: str) -> int:
        edge = self._attributes.integer(self.tag(of_first))
        if not edge:
            raise self.broken(of_first, f"Overlay {name} is missing or 0")
        return edge

    def _origin(self) -> tuple[int, int]:
        """Return row and column of the first bit."""
        origin = self._attributes.integers(self.tag(tags.OVERLAY_ORIGIN), signed=True)
        if len(origin) != 2:
            raise self.broken(tags.OVERLAY_ORIGIN, "Overlay Origin is not a row and a column")
        return origin[0], origin[1]

    def _frames(self) -> tuple[int, int | None]:
        """Return the first frame of the image that the overlay lies over, and how many it does; None: every one (PS3.3 C.9.3).

        Every one where neither attribute is there, as DCMTK has it; one where only the first is said.
        """
        attributes, number_tag, origin_tag = self._attributes, tags.NUMBER_OF_FRAMES_IN_OVERLAY, tags.IMAGE_FRAME_ORIGIN
        origin_is_there, number_is_there = (attributes.value(self.tag(tag)) is not None for tag in (origin_tag, number_tag))
        if not origin_is_there and not number_is_there:
            return 1, None
        first = attributes.integer(self.tag(origin_tag)) if origin_is_there else 1
        if not first:
            raise self.broken(origin_tag, "Image Frame Origin is no frame number")
        number = attributes.whole_number(self.tag(number_tag)) if number_is_there else 1
        if number is None or number < 1:
            raise self.broken(number_tag, "Number of Frames in Overlay is no positive integer")
        return first, number

    def _stored(self, found: StoredOverlay) -> StoredOverlay:
        data = self._attributes.bulk(self.tag(tags.OVERLAY_DATA))
        assert data is not None  # noqa: S101 - overlay() has looked
        needed = (found.rows * found.columns * (found.frames or 1) + 7) // 8
        if data.length < needed:
            raise self.broken(tags.OVERLAY_DATA, f"Overlay Data holds {data.length} bytes; Rows, Columns and frames ask for {needed}")
        swapped = self._attributes.big_endian and data.vr != b"OB"
        return replace(found, data=ByteRange(data.offset, needed), words_swapped=swapped)

    def _embedded(self, found: StoredOverlay, pixel: ImagePixel, syntax: TransferSyntax) -> StoredOverlay:
        """Check an overlay in unused bits of the pixel cells (retired, PS3.3-2004 C.9.2)."""
        allocated = self._attributes.integer(self.tag(tags.OVERLAY_BITS_ALLOCATED))
        position = self._attributes.integer(self.tag(tags.OVERLAY_BIT_POSITION))
        if allocated is None or allocated <= 1:
            raise self.broken(tags.OVERLAY_DATA, "Overlay Data is missing")
        if allocated != pixel.bits_allocated or pixel.samples_per_pixel != 1 or pixel.floating:
            raise self.broken(tags.OVERLAY_BITS_ALLOCATED, "Overlay Bits Allocated is not (0028,0100) Bits Allocated of a single sample")
        if (found.rows, found.columns) != (pixel.rows, pixel.columns):
            raise self.broken(tags.OVERLAY_ROWS, "Overlay Rows and Columns are not those of the image that it is embedded in")
        if position is None or position >= allocated or pixel.high_bit - pixel.bits_stored < position <= pixel.high_bit:
            raise self.broken(tags.OVERLAY_BIT_POSITION, "Overlay Bit Position is not an unused bit of the pixel cells")
        if not syntax.native_cells and syntax.uid != RLE_LOSSLESS:
            raise self.broken(tags.OVERLAY_BIT_POSITION, f"Overlay Bit Position is an unused bit, not kept by {syntax.name}")
        return replace(found, bit_position=position)


def read_overlay(source: ByteSource, stored: StoredOverlay, plane: int, first_row: int, rows: int) -> tuple[bytes, int]:
    """Return bytes that hold ``rows`` rows of a plane, counted from 0, and the place of the first of their bits in them."""
    assert stored.data is not None  # noqa: S101 - embedded overlays are in the cells
    first_bit = (plane * stored.rows + first_row) * stored.columns
    unit = 16 if stored.words_swapped else 8
    begin, end = first_bit // unit * unit // 8, -(-(first_bit + rows * stored.columns) // unit) * unit // 8
    data = source.read(stored.data.offset + begin, end - begin)
    if len(data) < min(end, stored.data.length) - begin:
        raise DamagedObject(f"({stored.group:04X},3000) Overlay Data ends too early ({_CLAUSE}).")
    return swapped(data, 2) if stored.words_swapped else data, first_bit - 8 * begin
