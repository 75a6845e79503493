"""Small instances and files for the contract suites: a test states what matters, the rest is filled in."""

from dataclasses import replace
from struct import pack
from typing import Any

from wado_core.model.byte_range import ByteRange
from wado_core.model.color import StoredPalette
from wado_core.model.frame import FrameChunk, FrameLayout
from wado_core.model.grayscale import FrameTransform, Padding, Rescale, StoredLut, VoiLutFunction, Window
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.instance import Described, Instance, Listing, Location
from wado_core.model.uid import InstanceKey
from wado_core.ports import IndexedFile

MONOCHROME = ImagePixel(512, 512, 1, "MONOCHROME2", 16, 12, 11, signed=True)


def key(study: int = 1, series: int = 1, number: int = 1) -> InstanceKey:
    return InstanceKey(f"1.2.{study}", f"1.2.{study}.{series}", f"1.2.{study}.{series}.{number}")


def described(of: InstanceKey | None = None, *, frames: int = 1, version: str = "v1", modality: str = "CT", **listing: Any) -> Described:
    """Make an image; ``listing`` are the fields of Listing that matter."""
    instance = Instance(
        key=of or key(),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        version=version,
        modality=modality,
        number_of_frames=frames,
        image_pixel=MONOCHROME,
        frames=FrameLayout(1000, 512 * 512 * 2 * frames),
        chunks=(FrameChunk(1, frames, transforms=(FrameTransform(Rescale(1.0, -1024.0), window=Window(40.0, 400.0)),)),),
    )
    return Described(instance, Listing(**listing), has_picture=True)


def location(path: bytes, *, size: int = 1000, mtime_ns: int = 1_700_000_000_123_456_789, inode: int = 7) -> Location:
    return Location(path, size, mtime_ns, inode)


def indexed(path: bytes, what: Described | None = None, problem: str | None = None) -> IndexedFile:
    return IndexedFile(location(path), what, problem)


def everything() -> Instance:
    """An instance in which no field has its default, so that a lost one is noticed."""
    table = StoredLut(-1024, 12, 128, ByteRange(2000, 256), packed=True, big_endian=True, segmented=True)
    transforms = (
        FrameTransform(Rescale(0.1, -3.5), table, Window(-600.25, 1500.5, VoiLutFunction.SIGMOID), table, "", "(0028,1050) is broken"),
        FrameTransform(),
    )
    return replace(
        described(frames=2).instance,
        has_preamble=False,
        data_set_offset=340,
        image_problem="Float pixels.",
        code_stream=CodeStream(512, 500, 3, 12, signed=True, color_transform=True),
        frames=FrameLayout(5, 70, encapsulated=True, frames_of_a_chunk=256, words_swapped=True),
        padding=Padding(-2000, -1999),
        palette=StoredPalette(table, StoredLut(0, 8, 2, ByteRange(2**40, 4)), table),
        chunks=(FrameChunk(1, 2, pack("<3q", 13, 41, 2**40), pack("<3L", 20, 8, 2**32 - 1), pack("<2L", 0, 2), transforms, b"\1\0"),),
    )


def many_frames(count: int, of: InstanceKey | None = None, *, frames_of_a_chunk: int = 256) -> Instance:
    """An instance with windows and byte ranges of their own for each frame."""
    chunks = []
    for first in range(1, count + 1, frames_of_a_chunk):
        numbers = range(first, min(first + frames_of_a_chunk, count + 1))
        transforms = tuple(FrameTransform(window=Window(float(number), 400.0)) for number in numbers)
        chunks.append(
            FrameChunk(
                first, len(numbers),
                b"".join((1000 * number).to_bytes(8, "little") for number in numbers), bytes((200, 0, 0, 0)) * len(numbers), b"",
                transforms, b"".join(place.to_bytes(2, "little") for place in range(len(numbers))),
            )
        )  # fmt: skip
    layout = FrameLayout(1000, 1000 * count, encapsulated=True, frames_of_a_chunk=frames_of_a_chunk)
    return replace(described(of, frames=count).instance, frames=layout, chunks=tuple(chunks))
