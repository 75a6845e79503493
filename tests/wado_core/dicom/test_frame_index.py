"""Where each frame lies: native, by offset tables, by markers, and what cannot be assigned (PS3.5 8.2, A.4; H1.5)."""

from struct import pack

import pytest

from tests.fixtures import build
from tests.wado_core.dicom.written import UNDEFINED, element, fragments, read, scanner
from wado_core.dicom import tags
from wado_core.dicom.frame_index import read_frame_layout
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, LimitExceeded
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.settings import Limits

JPEG = b"\xff\xd8"
JPEG_2000 = b"\xff\x4f\xff\x51"
JP2 = b"\x00\x00\x00\x0cjP  "


def layout(data: bytes, frames: int, *, video: bool = False) -> tuple[FrameLayout, FrameChunk]:
    attributes, pixel_data = read(data)
    assert pixel_data is not None
    return read_frame_layout(scanner(data), pixel_data, attributes, frames, video=video)


def frames_of(data: bytes, frames: int, *, video: bool = False) -> list[bytes]:
    """Read every frame by its fragments."""
    found, columns = layout(data, frames, video=video)
    assert found.encapsulated
    numbers = range(1, columns.count + 1)
    return [b"".join(data[one.offset : one.offset + one.length] for one in columns.fragments(number)) for number in numbers]


def offsets(*numbers: int) -> bytes:
    return pack(f"<{len(numbers)}L", *numbers)


def extended(*numbers: int) -> bytes:
    return element(tags.EXTENDED_OFFSET_TABLE, "OV", pack(f"<{len(numbers)}Q", *numbers))


def test_native_frames_follow_each_other() -> None:
    data = element(0x00280008, "IS", b"3 ") + element(0x7FE00010, "OB", b"abcdef")
    assert layout(data, 3) == (FrameLayout(len(data) - 6, 6), FrameChunk(1, 3))


def test_one_frame_in_any_number_of_fragments() -> None:
    assert frames_of(fragments(b"ab", b"", b"cd"), 1) == [b"abcd"]
    assert frames_of(fragments(b"ab"), 1) == [b"ab"]


def test_as_many_fragments_as_frames_need_no_table() -> None:
    assert frames_of(fragments(b"ab", b"cd", b"ef"), 3) == [b"ab", b"cd", b"ef"]
    assert frames_of(fragments(b"ab", b"cd", b"ef", table=offsets(5, 5, 5)), 3) == [b"ab", b"cd", b"ef"]


def test_a_basic_offset_table_counts_from_the_first_item() -> None:
    parts = (b"ab", b"cd", b"efgh", b"ij")
    assert frames_of(fragments(*parts, table=offsets(0, 20)), 2) == [b"abcd", b"efghij"]
    assert frames_of(fragments(*parts, table=offsets(0, 10)), 2) == [b"ab", b"cdefghij"]


def test_an_extended_offset_table() -> None:
    assert frames_of(extended(0, 20) + fragments(b"ab", b"cd", b"efgh", b"ij"), 2) == [b"abcd", b"efghij"]


@pytest.mark.parametrize("beginning", [JPEG, JPEG_2000, JP2])
@pytest.mark.parametrize("table", [b"", offsets(0, 7), offsets(0), offsets(20, 0), offsets(0, 0), b"\1\2\3"])
def test_without_a_usable_table_frames_begin_where_a_marker_stands(beginning: bytes, table: bytes) -> None:
    """Empty, pointing between fragments, too short, falling, repeated, or no table at all."""
    parts = (beginning + b"ab", b"cd", beginning + b"ef", b"gh")
    assert frames_of(fragments(*parts, table=table), 2) == [beginning + b"abcd", beginning + b"efgh"]


@pytest.mark.parametrize(
    ("parts", "frames"),
    [
        ((), 1),
        ((), 2),
        ((b"ab", b"cd", b"ef"), 2),
        ((b"ab",), 2),
        ((JPEG, JPEG, JPEG), 2),
        ((b"ab", JPEG, b"cd"), 2),
        ((JPEG, b"ab", JPEG), 2**31 - 1),
    ],
)
def test_fragments_that_cannot_be_assigned_are_damage(parts: tuple[bytes, ...], frames: int) -> None:
    with pytest.raises(DamagedObject):
        layout(fragments(*parts), frames)


def test_encapsulated_data_without_any_item_is_damage() -> None:
    data = element(0x7FE00010, "OB", b"", length=UNDEFINED) + element(0xFFFEE0DD, "", b"")
    with pytest.raises(DamagedObject):
        layout(data, 1)


def test_encapsulated_data_cut_anywhere_is_damage() -> None:
    data = fragments(b"ab", b"cdef", table=offsets(0, 10))
    for length in range(13, len(data)):
        with pytest.raises(DamagedObject):
            layout(data[:length], 2)


def test_video_is_one_stream_whatever_its_number_of_frames() -> None:
    assert frames_of(fragments(b"ab", b"cd", b"ef"), 25, video=True) == [b"abcdef"]


def test_video_of_no_fragment_is_damage() -> None:
    with pytest.raises(DamagedObject):
        layout(fragments(), 25, video=True)


def test_more_fragments_than_any_frames_need_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        layout(fragments(*[b""] * 70_000), 1)


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
