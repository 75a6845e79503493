"""Where each frame lies: by offset tables, by markers, one each, and what cannot be assigned (PS3.5 A.4; H1.5)."""

import tracemalloc
from struct import pack

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.fixtures import build
from tests.reference import encapsulation as reference
from tests.reference.encapsulation import JP2, JPEG, JPEG_2000, RLE, Table
from tests.wado_core.dicom.written import UNDEFINED, element, fragments, read, scanner
from wado_core.dicom import tags
from wado_core.dicom.frame_index import FoundFrames, find_frames
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.settings import Limits

JPEG_BASELINE, RLE_LOSSLESS, DEFLATED, VIDEO = (
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.4.102",
)  # fmt: skip
DELIMITER = element(0xFFFEE0DD, "", b"")


def number_of_frames(number: int | str) -> bytes:
    text = str(number).encode()
    return element(tags.NUMBER_OF_FRAMES, "IS", text + b" " * (len(text) % 2))


def found(data: bytes, syntax: str = JPEG_BASELINE) -> FoundFrames:
    """Find the frames of a data set that begins at byte 0."""
    attributes, pixel_data = read(data)
    assert pixel_data is not None
    return find_frames(scanner(data), pixel_data, attributes, transfer_syntax(syntax))


def frames_of(data: bytes, frames: int, syntax: str = JPEG_BASELINE) -> list[bytes]:
    """Read every frame by its fragments."""
    data = number_of_frames(frames) + data
    columns = found(data, syntax).columns
    numbers = range(1, columns.count + 1)
    return [b"".join(data[one.offset : one.offset + one.length] for one in columns.fragments(number)) for number in numbers]


def warnings_of(data: bytes, frames: int, syntax: str = JPEG_BASELINE) -> tuple[str, ...]:
    return found(number_of_frames(frames) + data, syntax).warnings


def offsets(*numbers: int) -> bytes:
    return pack(f"<{len(numbers)}L", *numbers)


def extended(*numbers: int, lengths: tuple[int, ...] | None = None) -> bytes:
    table = element(tags.EXTENDED_OFFSET_TABLE, "OV", pack(f"<{len(numbers)}Q", *numbers))
    return table if lengths is None else table + element(tags.EXTENDED_OFFSET_TABLE_LENGTHS, "OV", pack(f"<{len(lengths)}Q", *lengths))


def test_one_frame_in_any_number_of_fragments() -> None:
    assert frames_of(fragments(b"ab", b"", b"cd"), 1) == [b"abcd"]
    assert frames_of(fragments(JPEG, b"", b"cd"), 1) == [JPEG + b"cd"]
    assert frames_of(fragments(b"ab"), 1) == [b"ab"]


def test_as_many_fragments_as_frames_need_no_table() -> None:
    assert frames_of(fragments(b"ab", b"cd", b"ef"), 3) == [b"ab", b"cd", b"ef"]
    assert frames_of(fragments(b"ab", b"cd", b"ef", table=offsets(5, 5, 5)), 3) == [b"ab", b"cd", b"ef"]


def test_a_basic_offset_table_counts_from_the_first_item() -> None:
    parts = (b"ab", b"cd", b"efgh", b"ij")
    assert frames_of(fragments(*parts, table=offsets(0, 20)), 2) == [b"abcd", b"efghij"]
    assert frames_of(fragments(*parts, table=offsets(0, 10)), 2) == [b"ab", b"cdefghij"]


def test_an_extended_offset_table() -> None:
    parts = (b"ab", b"cd", b"efgh", b"ij")
    assert frames_of(extended(0, 20) + fragments(*parts), 2) == [b"abcd", b"efghij"]
    assert frames_of(extended(0, 20) + fragments(*parts, table=offsets(0, 10)), 2) == [b"abcd", b"efghij"], "it comes before the basic one"


@pytest.mark.parametrize("lengths", [(4, 6), (3, 6), (4, 5)])
def test_lengths_of_an_extended_offset_table_may_count_padding_or_not(lengths: tuple[int, int]) -> None:
    assert frames_of(extended(0, 20, lengths=lengths) + fragments(b"ab", b"cd", b"efgh", b"ij"), 2) == [b"abcd", b"efghij"]


@pytest.mark.parametrize(
    "wrong",
    [
        extended(0, 20, lengths=(4, 8)), extended(0, 20, lengths=(4,)), extended(0, 20, lengths=(2, 6)), extended(0, 2**63),
        extended(0, 2**64 - 1), extended(20, 0), extended(0, 19), extended(0), extended(0, 10, 20), extended(10, 20),
    ],
)  # fmt: skip
def test_where_the_extended_table_is_wrong_the_basic_one_counts(wrong: bytes) -> None:
    assert frames_of(wrong + fragments(b"ab", b"cd", b"efgh", b"ij", table=offsets(0, 10)), 2) == [b"ab", b"cdefghij"]


@pytest.mark.parametrize("beginning", [JPEG, JPEG_2000, JP2])
@pytest.mark.parametrize(
    "table", [b"", offsets(0, 7), offsets(0), offsets(20, 0), offsets(0, 0), b"\1\2\3", offsets(0, 8 + 5), offsets(8, 21)]
)
def test_without_a_usable_table_frames_begin_where_a_marker_stands(beginning: bytes, table: bytes) -> None:
    """Empty, pointing between fragments, too short, falling, repeated, no table at all, shifted by a fragment, by its own header."""
    parts = (beginning + b"ab", b"cd", beginning + b"ef", b"gh")
    assert frames_of(fragments(*parts, table=table), 2) == [beginning + b"abcd", beginning + b"efgh"]


def test_a_table_that_hits_fragments_but_no_beginning_is_shifted() -> None:
    """Three frames begin, two are stated; the table points behind the second beginning."""
    parts = (JPEG + b"a", b"bc", JPEG + b"d", b"ef", JPEG + b"g")
    shifted = offsets(0, 12 + 10 + 12)
    assert frames_of(fragments(*parts, table=shifted), 2) == [JPEG + b"abc", JPEG + b"def"]


def test_a_table_is_trusted_where_a_frame_has_lost_its_beginning() -> None:
    """By markers alone the third frame would be shown as the second."""
    parts = (JPEG + b"a", b"bc", b"lost", b"de", JPEG + b"f", b"gh")
    assert frames_of(fragments(*parts, table=offsets(0, 22, 44)), 3) == [JPEG + b"abc", b"lostde", JPEG + b"fgh"]


@pytest.mark.parametrize("beginning", [JPEG, JPEG_2000, JP2, RLE[0], RLE[14]])
@pytest.mark.parametrize("cut", range(1, 5))
def test_frames_split_in_the_middle_of_their_first_marker(beginning: bytes, cut: int) -> None:
    first, second = beginning + bytes(9), beginning + bytes(range(9))
    parts = (first[:cut], b"", first[cut:], second[:1], second[1:cut], second[cut:])
    syntax = RLE_LOSSLESS if beginning in RLE else JPEG_BASELINE
    assert frames_of(fragments(*parts), 2, syntax) == [first, second]


def test_more_frames_than_stated() -> None:
    data = fragments(JPEG, b"ab", JPEG, JPEG, b"cd")
    assert frames_of(data, 2) == [JPEG + b"ab", JPEG]
    (warning,) = warnings_of(data, 2)
    assert warning.startswith("(0028,0008) Number of Frames asks for 2; (7FE0,0010) Pixel Data holds 3 frames")
    assert frames_of(data, 1) == [JPEG + b"ab"]
    assert "holds 3 frames" in warnings_of(data, 1)[0]


@pytest.mark.parametrize("stated", [3, 65_537, 2**31 - 1])
def test_fewer_frames_than_stated(stated: int) -> None:
    for data in (fragments(JPEG, b"ab", JPEG), fragments(JPEG, JPEG), fragments(JPEG, b"", JPEG)):
        if stated > 3 or data == fragments(JPEG, JPEG):
            assert len(frames_of(data, stated)) == 2
            assert "holds 2 frames (PS3.5 A.4): the others are refused" in warnings_of(data, stated)[0]
    assert frames_of(fragments(JPEG), stated) == [JPEG]
    assert "holds 1 frame (" in warnings_of(fragments(JPEG), stated)[0]


def test_rle_frames_are_known_by_their_headers() -> None:
    """One fragment a frame (PS3.5 A.4.2); what a writer added to one belongs to it, and harms nobody."""
    frame = RLE[1] + bytes(60)
    assert frames_of(fragments(frame, frame), 2, RLE_LOSSLESS) == [frame, frame]
    assert frames_of(fragments(frame, b"more", frame), 2, RLE_LOSSLESS) == [frame + b"more", frame]
    assert frames_of(fragments(frame, frame, frame), 2, RLE_LOSSLESS) == [frame, frame]
    assert len(warnings_of(fragments(frame, frame, frame), 2, RLE_LOSSLESS)) == 1


def test_frames_without_markers_are_one_fragment_each() -> None:
    parts = (b"ab", b"", b"cd", b"ef")
    assert frames_of(fragments(*parts), 3, DEFLATED) == [b"ab", b"cd", b"ef"]
    assert frames_of(fragments(*parts), 4, DEFLATED) == list(parts)
    assert frames_of(fragments(*parts), 2, DEFLATED) == [b"ab", b"cd"]
    assert frames_of(fragments(*parts), 9, DEFLATED) == [b"ab", b"cd", b"ef"]


def test_an_empty_fragment_may_be_a_frame_that_got_lost() -> None:
    assert frames_of(fragments(JPEG, b"", JPEG), 3) == [JPEG, b"", JPEG]
    assert frames_of(fragments(b"", JPEG, b"", JPEG, b""), 2) == [JPEG, JPEG]


@pytest.mark.parametrize(
    ("parts", "frames"), [((), 1), ((), 2), ((b"", b""), 1), ((b"", b""), 2), ((b"ab", b"cd", b"ef"), 2), ((b"ab", JPEG, b"cd"), 2)]
)
def test_fragments_that_cannot_be_assigned_are_damage(parts: tuple[bytes, ...], frames: int) -> None:
    with pytest.raises(DamagedObject, match=r"^\(7FE0,0010\) Pixel Data holds .* \(PS3.5 A.4\)\.$"):
        frames_of(fragments(*parts), frames)


def test_encapsulated_data_without_any_item_is_damage() -> None:
    data = element(0x7FE00010, "OB", b"", length=UNDEFINED) + DELIMITER
    with pytest.raises(DamagedObject):
        found(data)


def test_encapsulated_data_cut_anywhere_keeps_what_is_there() -> None:
    parts = (JPEG + b"abc", b"defg", JPEG + b"hij")
    data = fragments(*parts, table=offsets(0, 26))
    begin = data.index(parts[0])
    whole = b"".join(parts)
    for length in range(13, len(data) + 1):
        cut = data[:length]
        if length <= begin:
            with pytest.raises(DamagedObject):
                frames_of(cut, 2)
            continue
        there = frames_of(cut, 2)
        begun = length >= data.index(parts[2])  # its item is there, and the table hits it
        assert len(there) == (2 if begun else 1)
        assert whole.startswith(b"".join(there))
        assert there[0] == JPEG + b"abcdefg" or not begun
        lost = length < len(data) - 8
        assert bool(warnings_of(cut, 2)) == lost, "the delimiter alone is missed by nobody"


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (b"", None),
        (DELIMITER, None),
        (DELIMITER[:5], None),
        (DELIMITER[:2] + b"\0", "ends within the header of a fragment"),
        (bytes(6), None),
        (b"\x00\x01\x02", "ends within the header of a fragment"),
        (bytes(16), "holds (0000,0000) where a fragment should begin"),
        (element(0xFFFCFFFC, "OB", bytes(20)), "holds (FFFC,FFFC) where a fragment should begin"),
        (element(0xFFFEE00D, "", b"") + DELIMITER, "holds (FFFE,E00D) where a fragment should begin"),
        (element(0xFFFEE000, "", b"ab", length=UNDEFINED) + DELIMITER, "holds a fragment of undefined length"),
        (element(0xFFFEE000, "", b"ab", length=3), "ends within a fragment"),
        (DELIMITER + b"garbage of any kind, even " + element(0xFFFEE000, "", b"an item"), None),
    ],
)
def test_what_follows_the_last_whole_fragment(rest: bytes, told: str | None) -> None:
    """A delimiter, none, or something else; frames before it are as they are, and what was lost is told."""
    data = fragments(JPEG + b"a", b"bcde", JPEG + b"f")[: -len(DELIMITER)] + rest
    there = frames_of(data, 2)
    assert there[0] == JPEG + b"abcde"
    assert there[1] == JPEG + (b"fab" if told == "ends within a fragment" else b"f")
    assert [(told or "nothing") in warning for warning in warnings_of(data, 2)] == ([] if told is None else [True])


def test_elements_may_follow_a_delimiter_and_nothing_else() -> None:
    data = number_of_frames(1) + fragments(JPEG)
    for rest, closed in ((b"", True), (element(0xFFFCFFFC, "OB", b""), True)):
        layout = found(data + rest)
        assert (layout.closed, layout.layout.offset + layout.layout.length) == (closed, len(data))
    assert not found(data[:-8]).closed


def test_odd_lengths_count_their_padding_or_not() -> None:
    odd = element(0xFFFEE000, "", JPEG)
    for data in (odd + odd + DELIMITER, odd + b"\0" + odd + b"\0" + DELIMITER, odd + b"\0" + odd + DELIMITER):
        whole = element(0x7FE00010, "OB", element(0xFFFEE000, "", b"") + data, length=UNDEFINED)
        assert frames_of(whole, 2) == [JPEG, JPEG]
        assert warnings_of(whole, 2) == ()


def test_fragments_that_look_like_tags() -> None:
    """Only where an item ends is its successor looked for."""
    tags_inside = JPEG + DELIMITER + element(0xFFFEE000, "", b"ab")
    assert frames_of(fragments(tags_inside, DELIMITER, tags_inside), 2) == [tags_inside + DELIMITER, tags_inside]


@pytest.mark.parametrize(("beginning", "syntax"), [(JPEG, JPEG_BASELINE), (JPEG_2000, JPEG_BASELINE), (RLE[2], RLE_LOSSLESS)])
def test_the_offset_table_may_be_missing(beginning: bytes, syntax: str) -> None:
    frame = beginning + bytes(60)
    items = element(0xFFFEE000, "", frame) + element(0xFFFEE000, "", frame)
    assert frames_of(element(0x7FE00010, "OB", items, length=UNDEFINED) + DELIMITER, 2, syntax) == [frame, frame]


def test_a_wrong_table_may_look_like_the_header_of_an_rle_frame() -> None:
    assert frames_of(fragments(*[RLE[0]] * 2, table=offsets(8, 64)), 2, RLE_LOSSLESS) == [RLE[0]] * 2


def test_a_defined_length_may_hold_fragments() -> None:
    items = b"".join(element(0xFFFEE000, "", value) for value in (b"", JPEG + b"a", b"bc", JPEG + b"d"))
    for rest in (b"", DELIMITER):
        data = element(0x7FE00010, "OB", items + rest) + element(0xFFFCFFFC, "OB", b"ab")
        assert frames_of(data, 2) == [JPEG + b"abc", JPEG + b"d"]
        assert warnings_of(data, 2) == ()


def test_a_defined_length_may_hold_a_bare_frame() -> None:
    assert frames_of(element(0x7FE00010, "OB", JPEG + b"abc"), 1) == [JPEG + b"abc"]
    short = element(0x7FE00010, "OB", JPEG + b"abc", length=20)
    assert frames_of(short, 1) == [JPEG + b"abc"]
    assert "ends within its only frame" in warnings_of(short, 1)[0]


def test_video_is_one_stream_whatever_its_number_of_frames() -> None:
    assert frames_of(fragments(b"ab", b"cd", b"ef"), 25, VIDEO) == [b"abcdef"]
    assert warnings_of(fragments(b"ab", b"cd", b"ef"), 25, VIDEO) == ()
    start = b"\0\0\0\1abc"
    assert frames_of(element(0x7FE00010, "OB", element(0xFFFEE000, "", start), length=UNDEFINED) + DELIMITER, 9, VIDEO) == [start]


def test_video_of_no_fragment_is_damage() -> None:
    with pytest.raises(DamagedObject):
        frames_of(fragments(), 25, VIDEO)


def test_more_fragments_than_any_frames_need_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        frames_of(fragments(*[b""] * 70_000), 1)


def test_frames_that_are_stated_and_not_there_allow_no_more_fragments() -> None:
    with pytest.raises(LimitExceeded):
        frames_of(fragments(JPEG, *[b""] * 70_000), 2**31 - 1)
    assert len(frames_of(fragments(*[b""] * 70_000, JPEG), 2**31 - 1)) == 1, "these belong to no frame"


def test_fragments_are_elements_of_which_an_object_may_have_so_many() -> None:
    data = fragments(*[b""] * 300)
    attributes, pixel_data = read(data)
    assert pixel_data is not None
    with pytest.raises(LimitExceeded):
        find_frames(scanner(data, 200), pixel_data, attributes, transfer_syntax(JPEG_BASELINE))


def test_memory_stays_small_whatever_the_number_of_frames() -> None:
    data = number_of_frames(2**31 - 1) + fragments(*[JPEG + b"a"] * 100_000)
    tracemalloc.start()
    try:
        assert found(data).columns.count == 100_000
        assert tracemalloc.get_traced_memory()[1] < 24_000_000
    finally:
        tracemalloc.stop()


SYNTAXES = [((JPEG,), JPEG_BASELINE), ((JPEG_2000, JP2, JPEG), JPEG_BASELINE), (RLE, RLE_LOSSLESS), ((), DEFLATED)]


@st.composite
def mixtures(draw: st.DrawFn) -> tuple[list[bytes], list[bytes], tuple[bytes, ...], str]:
    """Frames; their fragments, split anywhere, empty ones in between; what they begin with; their transfer syntax."""
    beginnings, syntax = draw(st.sampled_from(SYNTAXES))
    start = st.sampled_from(beginnings) if beginnings else st.just(b"")
    body = st.binary(max_size=12).filter(lambda data: not any(one[:1] in data for one in (*beginnings, b"\xfe")))
    frames = draw(st.lists(st.tuples(start, body).map(b"".join).filter(bool), min_size=1, max_size=5))
    parts: list[bytes] = []
    for frame in frames:
        cuts = sorted(draw(st.lists(st.integers(1, max(len(frame) - 1, 1)), max_size=3)))
        parts += [frame[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(frame)], strict=True)]
        parts += [b""] * draw(st.sampled_from([0, 0, 0, 1, 2]))
    return frames, parts, beginnings, syntax


def right_table(frames: list[bytes], parts: list[bytes]) -> list[int]:
    """Return the offset of each frame's first fragment, empty ones in between belonging to the frame before."""
    items, out, place = reference.item_offsets(parts), [], 0
    for number, frame in enumerate(frames):
        while number and not parts[place]:
            place += 1
        out.append(items[place])
        joined = b""
        while joined != frame:
            joined += parts[place]
            place += 1
    return out


def wrong(table: list[int], how: str) -> list[int]:
    return {
        "right": table, "empty": [], "truncated": table[:-1], "falling": table[::-1], "huge": [*table[:-1], 2**32 - 2],
        "doubled": [offset for offset in table for _ in (0, 1)], "shifted": [offset + 8 for offset in table],
        "between": [offset + (offset > 0) for offset in table],
    }[how]  # fmt: skip


HOW = st.sampled_from(["right", "empty", "truncated", "falling", "doubled", "shifted", "between", "huge"])


@settings(max_examples=600, deadline=None)
@given(mixture=mixtures(), basic=HOW, long=HOW, lengths=st.sampled_from(["absent", "right", "wrong"]), excess=st.integers(-3, 3))
def test_mixtures_equal_the_oracle(
    mixture: tuple[list[bytes], list[bytes], tuple[bytes, ...], str], basic: str, long: str, lengths: str, excess: int
) -> None:
    frames, parts, beginnings, syntax = mixture
    stated = len(frames) + excess
    assume(stated > 0 and any(parts))
    table = right_table(frames, parts)
    of_frames = {"absent": (), "right": tuple(map(len, frames)), "wrong": tuple(len(frame) + 2 for frame in frames)}[lengths]
    tables = [Table(wrong(table, long), of_frames), Table(wrong(table, basic))]
    data = extended(*tables[0].offsets, lengths=of_frames) + fragments(*parts, table=offsets(*tables[1].offsets))
    expected = reference.frames(parts, stated, beginnings, tables)
    if expected is None:
        with pytest.raises(DamagedObject):
            frames_of(data, stated, syntax)
        return
    assert frames_of(data, stated, syntax) == expected


@settings(max_examples=300, deadline=None)
@given(mixture=mixtures(), basic=HOW, long=HOW)
def test_frames_that_begin_with_markers_are_whole_whatever_the_tables_say(
    mixture: tuple[list[bytes], list[bytes], tuple[bytes, ...], str], basic: str, long: str
) -> None:
    """The truth is what the fragments were cut from."""
    frames, parts, beginnings, syntax = mixture
    assume(beginnings)
    table = right_table(frames, parts)
    data = extended(*wrong(table, long)) + fragments(*parts, table=offsets(*wrong(table, basic)))
    assert frames_of(data, len(frames), syntax) == frames
    assert warnings_of(data, len(frames), syntax) == ()


@settings(max_examples=300, deadline=None)
@given(mixture=mixtures())
def test_frames_of_any_kind_are_whole_with_a_right_table(mixture: tuple[list[bytes], list[bytes], tuple[bytes, ...], str]) -> None:
    frames, parts, _, syntax = mixture
    table = right_table(frames, parts)
    assert frames_of(fragments(*parts, table=offsets(*table)), len(frames), syntax) == frames
    assert frames_of(extended(*table, lengths=tuple(map(len, frames))) + fragments(*parts), len(frames), syntax) == frames


@pytest.mark.parametrize("name", ["jpg_frag", "jpg_bot", "jpg_eot"])
def test_the_frames_of_a_fixture_are_whole_streams(name: str) -> None:
    source = BytesSource(build(name))
    instance = describe(source, "", Limits()).instance
    assert instance.number_of_frames == 4
    for number in range(1, 5):
        frame = FrameReader(source, instance, Limits()).frame(number).rstrip(b"\0")
        assert frame.startswith(JPEG)
        assert frame.endswith(b"\xff\xd9")
        assert frame.count(b"\xff\xd8\xff") == 1
