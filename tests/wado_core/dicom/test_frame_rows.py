"""Rows of native frames, read one part after the other."""

import numpy as np
import pytest

from tests.fixtures import file_bytes, image
from wado_core.dicom.frame_rows import FrameRows, has_rows
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.model.image_pixel import ImagePixel
from wado_core.settings import Limits


def reader_of(data: bytes) -> FrameReader:
    source = BytesSource(data)
    return FrameReader(source, describe(source, "v1", Limits()).instance, Limits())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("columns", [1, 7, 8])
def test_any_rows_of_any_frame(dtype: type[np.uint8 | np.uint16], columns: int) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (3, 9, columns)).astype(dtype)
    reader = reader_of(file_bytes(image(frames)))
    for number, frame in enumerate(frames, 1):
        rows = reader.rows(number)
        assert rows.row_bytes == frame[0].nbytes
        for first, end in ((0, 9), (0, 1), (8, 9), (2, 7), (4, 4)):
            assert rows.read(first, end) == frame[first:end].tobytes()


def test_rows_of_colors() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    rows = reader_of(file_bytes(image(frame, photometric="RGB"))).rows(1)
    assert rows.read(1, 4) == frame[1:4].tobytes()


def test_a_frame_that_is_not_there_is_damage_before_anything_is_read() -> None:
    """PS3.5 8.2: said at once, not when half of a picture has been sent."""
    data = file_bytes(image(np.zeros((2, 40, 50), np.uint8)))
    reader = reader_of(data)
    assert reader.rows(2).read(39, 40) == bytes(50)
    with pytest.raises(DamagedObject, match=r"\(7FE0,0010\) Pixel Data holds 4000 bytes; 3 frames"):
        reader.rows(3)
    pixel = ImagePixel(40, 50, 1, "MONOCHROME2", 8, 8, 7)
    FrameRows(BytesSource(data), len(data) - 2000, pixel)
    with pytest.raises(DamagedObject, match="ends within"):
        FrameRows(BytesSource(data), len(data) - 1999, pixel)


def test_an_object_that_ends_sooner_than_it_said_is_damage() -> None:
    class Shorter(BytesSource):
        size = 10_000

    rows = FrameRows(Shorter(bytes(100)), 0, ImagePixel(40, 50, 1, "MONOCHROME2", 8, 8, 7))
    assert rows.read(0, 2) == bytes(100)
    with pytest.raises(DamagedObject, match="ends within"):
        rows.read(1, 3)


@pytest.mark.parametrize(
    ("pixel", "has"),
    [
        (ImagePixel(4, 4, 1, "MONOCHROME2", 8, 8, 7), True),
        (ImagePixel(4, 4, 1, "MONOCHROME1", 16, 12, 11, planar_configuration=1), True),
        (ImagePixel(4, 4, 3, "RGB", 8, 8, 7), True),
        (ImagePixel(4, 4, 3, "RGB", 8, 8, 7, planar_configuration=1), False),
        (ImagePixel(4, 4, 1, "MONOCHROME2", 1, 1, 0), False),
        (ImagePixel(4, 4, 3, "YBR_FULL_422", 8, 8, 7), False),
    ],
)
def test_planes_bits_and_shared_chroma_are_no_rows(pixel: ImagePixel, has: bool) -> None:
    assert has_rows(pixel) is has
