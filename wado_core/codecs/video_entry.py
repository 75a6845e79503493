"""Where in an elementary stream of video decoding may begin, so that a picture is reached soon, and which picture it is from there.

What is counted must be what a decoder that begins at the beginning shows. Where that is not sure, the answer is None: fields that are coded
apart, numbers that do not add up, streams that begin with pictures nobody can decode, pictures that are told not to be shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from wado_core.codecs.video_parameters import h264_pictures_before_are_shown, hevc_pictures_may_be_hidden, is_of_frames
from wado_core.codecs.video_stream import Coding


@dataclass(slots=True)
class _Group:
    """Pictures from one that needs none before it, in the order of the stream.

    head: parameters that stand before it in the part that is cut out.
    begin: where its own begin.  first: how many pictures the groups before it have.
    count: of its pictures.  leading: (begin, end) of those that are shown before the key picture and may need pictures before it.
    """

    head: bytes
    begin: int
    first: int
    count: int = 0
    leading: list[tuple[int, int]] = field(default_factory=list)

    @property
    def key(self) -> int:
        """Number of the key picture, from 1, in the order in which pictures are shown."""
        return self.first + len(self.leading) + 1


class _Unsure(Exception):
    """The pictures of a stream cannot be counted."""


# More start codes than these are not gone through, which takes half a second: pictures of hours, in several slices.
_MOST_CODES = 1 << 20
# Bytes of a stream that are searched with the lock of the interpreter held: some ten milliseconds where they are all zeros.
_SEARCHED = 1 << 22
_MOST_PARAMETER_BYTES = 1 << 16


class _Parameters:
    """Parameter sets, which must all be there before the first picture, and stay what they are: any group can do with these."""

    def __init__(self) -> None:
        self._units = dict[bytes, None]()
        self._left = _MOST_PARAMETER_BYTES
        self._complete: bytes | None = None

    def add(self, unit: bytes) -> None:
        """Take one, start code included."""
        unit = unit.rstrip(b"\0")
        if unit not in self._units:
            self._left -= len(unit)
            if self._complete is not None or self._left < 0:
                raise _Unsure
            self._units[unit] = None

    def complete(self) -> bytes:
        """Return all of them, always the same bytes: a picture begins."""
        if self._complete is None:
            self._complete = b"".join(b"\0" + unit for unit in self._units)
        return self._complete


def entry(stream: bytes, coding: Coding, picture: int) -> tuple[bytes, int] | None:
    """Return a part of a stream that shows a picture, and the number of the picture in it; None where that is not sure.

    stream: an elementary one.  picture: from 1, in the order in which pictures are shown.
    The part begins with the last key picture that is shown before the picture or is it, without those that lead it, and ends with the
    group after it, some of whose pictures may be shown earlier.
    """
    try:
        groups = _GROUPS[coding](stream)
    except (_Unsure, IndexError):
        return None
    if not groups or groups[0].leading or picture > groups[-1].first + groups[-1].count:
        return None
    place = max((place for place, group in enumerate(groups) if group.key <= picture), default=None)
    if place is None:
        return None
    chosen = groups[place]
    end = groups[place + 2].begin if place + 2 < len(groups) else len(stream)
    pieces, at = [chosen.head], chosen.begin
    for begin, finish in chosen.leading:
        pieces.append(stream[at:begin])
        at = finish
    return b"".join([*pieces, stream[at:end]]), picture - chosen.key + 1


class _Counting:
    """Groups as they are found, place by place."""

    def __init__(self) -> None:
        self.groups: list[_Group] = []
        self._total = 0
        self._leading = -1

    def group(self, head: bytes, begin: int) -> None:
        """Begin a group at a place."""
        self.groups.append(_Group(head, begin, self._total))

    def picture(self, begin: int, *, leading: bool = False) -> None:
        """Count a picture of the last group that begins at a place, parameters included."""
        if not self.groups:
            raise _Unsure
        self.groups[-1].count += 1
        self._total += 1
        if leading:
            self._leading = begin

    def ends(self, at: int) -> None:
        """Say that whatever picture came last ends at a place."""
        if self._leading >= 0:
            self.groups[-1].leading.append((self._leading, at))
            self._leading = -1


_MPEG_2_CODES = re.compile(rb"\x00\x00\x01([\x00\xb3\xb5\xb8])", re.DOTALL)
_PICTURE, _SEQUENCE, _EXTENSION, _GROUP_HEADER = 0x00, 0xB3, 0xB5, 0xB8
_CODING_EXTENSION, _FRAME_PICTURE, _INTRA = 8, 3, 1


def _mpeg_2(stream: bytes) -> list[_Group]:
    """Groups of pictures that follow a sequence header (H.262 6.1.1.6); temporal references number the pictures of each."""
    counting, size = _Counting(), b""
    sequence, numbers = -1, list[int]()
    for at, code in _codes(_MPEG_2_CODES, stream):
        if code == _EXTENSION:
            if stream[at + 4] >> 4 == _CODING_EXTENSION and stream[at + 6] & 3 != _FRAME_PICTURE:
                raise _Unsure
            continue
        counting.ends(at)
        if code == _SEQUENCE:
            size, sequence = size or stream[at + 4 : at + 8], at
            if stream[at + 4 : at + 8] != size:
                raise _Unsure  # another size or rate
        elif code == _GROUP_HEADER:
            _check_numbers(numbers)
            if sequence < 0:
                raise _Unsure
            counting.group(b"", sequence)
            sequence, numbers = -1, []
        else:
            number, kind = stream[at + 4] << 2 | stream[at + 5] >> 6, stream[at + 5] >> 3 & 7
            if not numbers and kind != _INTRA:
                raise _Unsure
            counting.picture(at, leading=bool(numbers) and number < numbers[0])
            numbers.append(number)
    _check_numbers(numbers)
    counting.ends(len(stream))
    return counting.groups


def _check_numbers(numbers: list[int]) -> None:
    if sorted(numbers) != list(range(len(numbers))):
        raise _Unsure


_UNITS = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)
# Kinds of NAL units of H.264 (table 7-1).
_SLICE, _PARTITIONS, _IDR_SLICE, _SEI, _SPS, _PPS, _DELIMITER = 1, (2, 3, 4), 5, 6, 7, 8, 9
_OTHER_SETS = (13, 15)


def _h264(stream: bytes) -> list[_Group]:
    """Pictures from one IDR picture to the next, which all pictures before it precede (H.264 7.4.1.2.4, 8.2.1)."""
    counting, known, sets = _Counting(), _Parameters(), dict[int, bytes]()
    before = -1  # where what belongs to the next picture begins
    for at, end, code in _units(stream):
        kind = code & 31
        if kind in _PARTITIONS:
            raise _Unsure
        if kind in (_SPS, _PPS, *_OTHER_SETS):
            known.add(stream[at:end])
            unit = stream[at + 3 : end].rstrip(b"\0")
            if sets.setdefault(kind, unit) != unit:
                raise _Unsure  # which one a picture is of is not looked at: one may tell of fields, the other of frames
        if kind in (_SEI, _SPS, _PPS, _DELIMITER) and before < 0:
            before = at
        elif kind in (_SLICE, _IDR_SLICE):
            if stream[at + 4] & 0x80:  # first_mb_in_slice is 0
                head, sequence = known.complete(), sets.get(_SPS, b"")
                if kind == _IDR_SLICE:
                    shown = h264_pictures_before_are_shown(stream[at + 3 : at + 35], sequence, sets.get(_PPS, b""))
                    if not (shown and is_of_frames(sequence)):
                        raise _Unsure
                    counting.group(head, before if before >= 0 else at)
                counting.picture(at)
            before = -1
    return counting.groups


# Kinds of NAL units of H.265 (table 7-1).
_IRAP, _BROKEN_LINKS, _LEADING, _ENDS = range(16, 24), (16, 17, 18), range(6, 10), (36, 37)
_HEVC_SETS, _HEVC_BEFORE, _PICTURE_SET = (32, 33, 34), range(32, 36), 34
_PREFIX_SEI, _FIRST_OTHER = 39, 32


def _hevc(stream: bytes) -> list[_Group]:
    """Pictures from one intra random access point to the next (H.265 7.4.2.2): leading ones say that they are."""
    counting, known, before = _Counting(), _Parameters(), -1
    for at, end, code in _units(stream):
        kind, layer = code >> 1 & 63, (code & 1) << 5 | stream[at + 4] >> 3
        if kind in _BROKEN_LINKS or kind in _ENDS:
            raise _Unsure
        if layer:
            continue
        if kind in _HEVC_BEFORE or kind == _PREFIX_SEI:
            if kind in _HEVC_SETS:
                known.add(stream[at:end])
                if kind == _PICTURE_SET and hevc_pictures_may_be_hidden(stream[at + 3 : min(end, at + 64)]):
                    raise _Unsure
            counting.ends(at)
            before = before if before >= 0 else at
        elif kind < _FIRST_OTHER:
            if stream[at + 5] & 0x80:  # first_slice_segment_in_pic_flag
                begin, head = before if before >= 0 else at, known.complete()
                counting.ends(begin)
                if kind in _IRAP:
                    if stream[at + 5] & 0x40:  # no_output_of_prior_pics_flag
                        raise _Unsure
                    counting.group(head, begin)
                counting.picture(begin, leading=kind in _LEADING)
            before = -1
    counting.ends(len(stream))
    return counting.groups


def _codes(pattern: re.Pattern[bytes], stream: bytes) -> Iterator[tuple[int, int]]:
    """Yield place and code of each start code; _Unsure where there are very many."""
    found = at = 0
    while at < len(stream):
        end = at + _SEARCHED
        for match in pattern.finditer(stream, at, end + 3):  # those that begin before the end
            found += 1
            if found > _MOST_CODES:
                raise _Unsure
            yield match.start(), match[1][0]
            end = max(end, match.end())
        at = end


def _units(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield begin and end of each NAL unit, start code included, and the first byte of its header."""
    before: tuple[int, int] | None = None
    for at, code in _codes(_UNITS, stream):
        if before is not None:
            yield before[0], at, before[1]
        before = at, code
    if before is not None:
        yield before[0], len(stream), before[1]


_GROUPS = {Coding.MPEG_2: _mpeg_2, Coding.H264: _h264, Coding.HEVC: _hevc}
