"""Per-frame columns in chunks: every frame has what it had in one piece (docs/adr/0013)."""

import sys
from itertools import accumulate, pairwise
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.dicom.frame_chunks import chunk_size, in_chunks
from wado_core.model.byte_range import ByteRange
from wado_core.model.frame import FRAMES_OF_A_CHUNK, FrameChunk, frames_of_a_chunk
from wado_core.model.grayscale import FrameTransform, Rescale


def transform(number: int) -> FrameTransform:
    return FrameTransform(Rescale(float(number), 0.0))


def columns_of(fragments_of_frames: list[int]) -> tuple[FrameChunk, list[list[ByteRange]]]:
    """Make the columns of frames of so many fragments each, and what is in them."""
    starts = list(accumulate(fragments_of_frames, initial=0))
    ranges = [ByteRange(2**33 * place, 2**32 - 1 - place) for place in range(starts[-1])]
    columns = FrameChunk(
        first=1,
        count=len(fragments_of_frames),
        offsets=pack(f"<{len(ranges)}q", *[one.offset for one in ranges]),
        lengths=pack(f"<{len(ranges)}L", *[one.length for one in ranges]),
        first_fragments=pack(f"<{len(starts) - 1}L", *starts[:-1]) if len(ranges) > len(fragments_of_frames) else b"",
    )
    return columns, [ranges[start:end] for start, end in pairwise(starts)]


@given(
    fragments=st.lists(st.integers(1, 3), min_size=1, max_size=40) | st.lists(st.just(1), min_size=1, max_size=40),
    of_frame=st.lists(st.integers(0, 5), max_size=40),
    size=st.integers(0, 9),
)
def test_every_frame_keeps_its_fragments_and_its_transformation(fragments: list[int], of_frame: list[int], size: int) -> None:
    columns, ranges = columns_of(fragments)
    of_frame = of_frame[: len(fragments)]
    chunks = in_chunks(columns, tuple(transform(number) for number in range(6)), of_frame, size)
    assert sum(chunk.count for chunk in chunks) == len(fragments)
    assert all(chunk.count == size for chunk in chunks[:-1])
    expected = of_frame + [0] * (len(fragments) - len(of_frame))
    numbers = [(number, chunk) for chunk in chunks for number in range(chunk.first, chunk.first + chunk.count)]
    assert [number for number, _ in numbers] == list(range(1, len(fragments) + 1))
    for number, chunk in numbers:
        assert number in chunk
        assert list(chunk.fragments(number)) == ranges[number - 1] == list(columns.fragments(number))
        assert chunk.transform(number) == transform(expected[number - 1])
    for chunk in chunks:
        assert len(set(chunk.transforms)) == len(chunk.transforms)
        assert {chunk.transform(number) for number in range(chunk.first, chunk.first + chunk.count)} == set(chunk.transforms)
        assert bool(chunk.transform_of_frame) == (len(chunk.transforms) > 1)
        assert bool(chunk.first_fragments) == (len(chunk.lengths) > 4 * chunk.count)


@pytest.mark.parametrize("distinct", [256, 257, 65536, 65537])
def test_columns_are_as_wide_as_needed(distinct: int) -> None:
    (chunk,) = in_chunks(FrameChunk(1, distinct), tuple(transform(number) for number in range(distinct)), range(distinct), 0)
    assert len(chunk.transform_of_frame) == distinct * {256: 1, 257: 2, 65536: 2, 65537: 4}[distinct]
    for number in (1, 2, 256, distinct):
        assert chunk.transform(number) == transform(number - 1)


def test_frames_of_colour_have_no_transformation() -> None:
    assert in_chunks(FrameChunk(1, 7), (), (), 0) == (FrameChunk(1, 7),)
    assert FrameChunk(1, 7).transform(3) == FrameTransform()


@pytest.mark.parametrize(
    ("frames", "encapsulated", "differ", "size"),
    [
        (1, True, False, 0), (256, True, True, 0), (257, True, False, 256), (257, False, True, 256), (257, False, False, 0),
        (2**31 - 1, False, False, 0), (200_000, True, False, 256),
    ],
)  # fmt: skip
def test_frames_are_cut_when_they_are_many_and_differ(frames: int, encapsulated: bool, differ: bool, size: int) -> None:
    columns = FrameChunk(1, frames, offsets=bytes(8) if encapsulated else b"")
    assert chunk_size(columns, [0, 1] if differ else ()) == size


def test_endless_frames_are_never_cut_into_endless_chunks() -> None:
    assert frames_of_a_chunk(4_000_000) == FRAMES_OF_A_CHUNK
    frames = 2**31 - 1
    chunks = in_chunks(FrameChunk(1, frames), (transform(0), transform(1)), [1, 0, 1], frames_of_a_chunk(frames))
    assert len(chunks) <= 16384
    assert chunks[0].transform(3) == transform(1)
    assert chunks[-1].transform(frames) == chunks[0].transform(4) == transform(0)
    assert sum(sys.getsizeof(chunk.transform_of_frame) for chunk in chunks) < 2_000_000
