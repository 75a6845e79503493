"""Instances: their frames' transformations, and the category that decides how they are served (A.3, A4.71)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.wado_core.codecs.pixels import pixel
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.grayscale import FrameTransform, Rescale
from wado_core.model.instance import Instance
from wado_core.model.sop_class import MULTI_FRAME_CLASSES, TEXT_CLASSES, Category
from wado_core.model.uid import InstanceKey

CT, MULTI_FRAME_GRAYSCALE, SR, PDF = (
    f"1.2.840.10008.5.1.4.1.1.{suffix}" for suffix in ("2", "7.2", "88.33", "104.1")
)  # fmt: skip


def instance(sop_class: str = CT, *, image: bool = True, **traits: Any) -> Instance:
    made = Instance(InstanceKey("1", "2", "3"), sop_class, "1.2.840.10008.1.2.1", "v", image_pixel=pixel(4, 4) if image else None)
    return replace(made, **traits)


@pytest.mark.parametrize(
    ("made", "category", "multi_frame"),
    [
        (instance(), Category.SINGLE_FRAME, False),
        (instance(number_of_frames=2), Category.MULTI_FRAME, True),
        (instance(MULTI_FRAME_GRAYSCALE), Category.SINGLE_FRAME, True),
        (instance(MULTI_FRAME_GRAYSCALE, number_of_frames=9), Category.MULTI_FRAME, True),
        (instance(SR, image=False), Category.TEXT, False),
        (instance(PDF, image=False), Category.OTHER, False),
        (instance(PDF, image=False, number_of_frames=5), Category.OTHER, False),
        (instance(image=False, image_problem="Float pixels."), Category.SINGLE_FRAME, False),
    ],
)
def test_categories(made: Instance, category: Category, multi_frame: bool) -> None:
    assert made.category is category
    assert made.multi_frame is multi_frame


def test_transformations_of_frames() -> None:
    first, second = FrameTransform(Rescale(1, 2)), FrameTransform(Rescale(3, 4))
    assert instance().transform(1) == FrameTransform()
    shared = instance(chunks=(FrameChunk(1, 3, transforms=(first,)),), number_of_frames=3)
    assert [shared.transform(number) for number in (1, 2, 3)] == [first] * 3
    own = instance(chunks=(FrameChunk(1, 3, transforms=(first, second), transform_of_frame=b"\1\0\1"),), number_of_frames=3)
    assert [own.transform(number) for number in (1, 2, 3)] == [second, first, second]


def test_the_chunk_of_a_frame_follows_from_the_fixed_part() -> None:
    chunks = tuple(FrameChunk(first, count, transforms=(FrameTransform(Rescale(first, 0)),)) for first, count in ((1, 4), (5, 4), (9, 2)))
    whole = instance(frames=FrameLayout(0, 0, frames_of_a_chunk=4), number_of_frames=10, chunks=chunks)
    assert whole.number_of_chunks == 3
    for number in range(1, 11):
        chunk = chunks[whole.chunk_number(number)]
        assert number in chunk
        for loaded in (chunks, (chunk,), (chunks[0], chunk)):
            one = replace(whole, chunks=loaded)
            assert one.chunk_of(number) is chunk
            assert one.transform(number) == chunk.transforms[0]
    for number in (0, 11):
        with pytest.raises(LookupError):
            whole.chunk_of(number)
    with pytest.raises(LookupError):
        replace(whole, chunks=chunks[:1]).transform(5)
    with pytest.raises(LookupError):
        replace(whole, chunks=()).transform(1)


def test_one_chunk_covers_all_frames_when_none_are_cut() -> None:
    one = instance(frames=FrameLayout(0, 0), number_of_frames=2**31 - 1, chunks=(FrameChunk(1, 2**31 - 1),))
    assert (one.number_of_chunks, one.chunk_number(2**31 - 1)) == (1, 0)
    assert one.chunk_of(2**31 - 1) is one.chunks[0]
    assert instance(image=False).number_of_chunks == 0


def test_classes_are_either_texts_or_images_of_many_frames() -> None:
    assert not TEXT_CLASSES & MULTI_FRAME_CLASSES
