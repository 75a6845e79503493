"""Where each frame lies: which fragments are which frame, by offset tables, by markers, or one each (PS3.5 A.4, H1.5, docs/adr/0019)."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import unpack
from sys import byteorder

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import Element, Scanner
from wado_core.dicom.fragments import TOO_MANY, Fragments, beginnings_of, scan_fragments
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.transfer_syntax import TransferSyntax

# More fragments than these, in all and for each frame, are no images.
_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME = 65536, 16

_ITEM_HEADER = 8

NUMBER_IGNORED = "(0028,0008) Number of Frames is no positive integer (PS3.3 C.7.6.6) and was ignored."


@dataclass(frozen=True, slots=True)
class FoundFrames:
    """Encapsulated frames.

    columns: the byte ranges of all of them, ``columns.count`` frames; a video is one.
    closed: elements may follow behind them, at ``layout.offset + layout.length``.
    warnings: what is wrong with them, tag first.
    """

    layout: FrameLayout
    columns: FrameChunk
    closed: bool
    warnings: tuple[str, ...]


def stated_frames(attributes: Attributes) -> tuple[int, str]:
    """Return (0028,0008) Number of Frames, 1 where it is absent or nonsense, and a warning of the latter."""
    number = attributes.whole_number(tags.NUMBER_OF_FRAMES)
    if number is not None and number > 0:
        return number, ""
    return 1, NUMBER_IGNORED if attributes.text(tags.NUMBER_OF_FRAMES) else ""


def find_frames(scanner: Scanner, pixel_data: Element, attributes: Attributes, syntax: TransferSyntax) -> FoundFrames:
    """Find the byte ranges of all encapsulated frames that there are, as many as Number of Frames states or fewer.

    Raises DamagedObject when there is no fragment, or fragments cannot be assigned to frames; LimitExceeded.
    """
    stated = 1 if syntax.video else stated_frames(attributes)[0]
    beginnings = beginnings_of(syntax.uid)
    found = scan_fragments(scanner, pixel_data, beginnings, _most_fragments(stated))
    if not any(found.lengths):
        raise DamagedObject("(7FE0,0010) Pixel Data holds no fragment, or only empty ones (PS3.5 A.4).")
    warnings = [found.problem] if found.problem else []
    starts, stop, there = _Assignment(scanner, found, attributes, stated).frames(marked=bool(beginnings))
    if stop - starts[0] > _most_fragments(len(starts)):  # a number that is stated and not there allows no more of them
        raise LimitExceeded(TOO_MANY)
    if there != stated:
        rest = "the others are refused" if there < stated else "those beyond were ignored"
        holds = f"{there} frame" if there == 1 else f"{there} frames"
        warnings.append(f"(0028,0008) Number of Frames asks for {stated}; (7FE0,0010) Pixel Data holds {holds} (PS3.5 A.4): {rest}.")
    layout = FrameLayout(pixel_data.offset, found.end - pixel_data.offset, encapsulated=True)
    return FoundFrames(layout, _columns(found, starts, stop), found.closed, tuple(warnings))


def _most_fragments(frames: int) -> int:
    return max(_FEW_FRAGMENTS, _FRAGMENTS_OF_A_FRAME * frames)


def _columns(found: Fragments, starts: Sequence[int], stop: int) -> FrameChunk:
    first, count = starts[0], len(starts)
    one_each = stop - first == count
    return FrameChunk(
        first=1,
        count=count,
        offsets=_little_endian(found.offsets[first:stop]),
        lengths=_little_endian(array("I", found.lengths[first:stop])),
        first_fragments=b"" if one_each else _little_endian(array("I", [start - first for start in starts])),
    )


def _little_endian(numbers: "array[int]") -> bytes:
    if byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


class _Assignment:
    """Decides which fragments are which frame, the surest way first (docs/adr/0019)."""

    __slots__ = ("_attributes", "_found", "_scanner", "_stated")

    def __init__(self, scanner: Scanner, found: Fragments, attributes: Attributes, stated: int) -> None:
        self._scanner = scanner
        self._found = found
        self._attributes = attributes
        self._stated = stated

    def frames(self, *, marked: bool) -> tuple[Sequence[int], int, int]:
        """Return the first fragment of each frame, the end of the last one's, and how many frames there seem to be.

        marked: frames of the transfer syntax begin with something by which they are known.
        Fragments are counted from 0; each frame goes on to where the next begins. Raises DamagedObject.
        """
        found, stated, fragments = self._found, self._stated, len(self._found.offsets)
        solid = [place for place, length in enumerate(found.lengths) if length] if 0 in found.lengths else range(fragments)
        beginnings = found.beginnings if found.beginnings and found.beginnings[0] == solid[0] else ()
        if len(beginnings) == stated:
            return beginnings, fragments, stated
        if stated == 1 and not beginnings:
            return (0,), fragments, 1
        for offsets, lengths in self._tables():
            if starts := self._by_table(offsets, lengths):
                return starts, fragments, stated
        if found.closed or not beginnings:  # what broke off may end with any number of fragments
            for places in (range(fragments), solid):
                if len(places) == stated:
                    return places, fragments, stated
        if marked and not beginnings and len(solid) > stated:
            what = f"{fragments} fragments that cannot be assigned to {stated} frames"
            raise DamagedObject(f"(7FE0,0010) Pixel Data holds {what} (PS3.5 A.4).")
        starts = beginnings or solid
        return starts[:stated], starts[stated] if len(starts) > stated else fragments, len(starts)

    def _tables(self) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Yield the offset tables that have an entry for each frame: offsets, and lengths of frames or nothing."""
        stated, table = self._stated, self._found.table
        if stated > len(self._found.offsets):
            return
        extended = self._numbers(tags.EXTENDED_OFFSET_TABLE)
        if len(extended) == stated:
            yield extended, self._numbers(tags.EXTENDED_OFFSET_TABLE_LENGTHS)
        if table is not None and table.length // 4 == stated:
            yield unpack(f"<{stated}L", self._scanner.read(table.offset, 4 * stated)), ()

    def _numbers(self, tag: int) -> Sequence[int]:
        value = self._attributes.value(tag)
        count = len(value.data) // 8 if value else 0
        return unpack(f"<{count}Q", value.data[: 8 * count]) if value and count else ()

    def _by_table(self, offsets: Sequence[int], lengths: Sequence[int]) -> Sequence[int] | None:
        """Return the first fragment of each frame; None where the table is wrong.

        Right is one whose first entry is 0 and whose others each hit the item of a later fragment, and which markers do not contradict:
        where code streams begin elsewhere and not there, it was shifted.
        """
        found = self._found
        starts, place, fragments = array("q"), 0, len(found.offsets)
        for offset in offsets:
            target = found.origin + offset + _ITEM_HEADER
            while place < fragments and found.offsets[place] < target:
                place += 1
            if place == fragments or found.offsets[place] != target:
                return None
            starts.append(place)
            place += 1
        begun = set(found.beginnings)
        if starts[0] != 0 or (begun - set(starts) and any(start not in begun and found.lengths[start] for start in starts)):
            return None
        return starts if not lengths or self._fits(starts, lengths) else None

    def _fits(self, starts: Sequence[int], lengths: Sequence[int]) -> bool:
        """Whether frames have the lengths that (7FE0,0002) Extended Offset Table Lengths states, padding counted or not."""
        found = self._found
        ends = (*starts[1:], len(found.offsets))
        return len(lengths) == len(starts) and all(
            0 <= sum(found.lengths[start:end]) - length <= 1 for start, end, length in zip(starts, ends, lengths, strict=True)
        )
