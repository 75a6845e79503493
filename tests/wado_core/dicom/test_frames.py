"""The encoded bytes of one frame, also where frames begin within a byte or a swapped word (PS3.5 8.1.1, 8.2)."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fixtures import build, file_bytes, image
from tests.fixtures.gray_images import be8
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, NotSupported
from wado_core.settings import Limits


def frames(data: bytes) -> list[bytes]:
    source = BytesSource(data)
    instance = describe(source, "", Limits()).instance
    return [FrameReader(source, instance, Limits()).frame(number) for number in range(1, instance.number_of_frames + 1)]


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"])
@pytest.mark.parametrize("pixel_vr", ["OB", "OW"])
def test_odd_frames_of_bytes(transfer_syntax: str, pixel_vr: str) -> None:
    """Frames of 7 x 7 bytes: every second one begins in the middle of a word, which big endian OW turns round."""
    cells = np.random.default_rng(1).integers(0, 256, (5, 7, 7), dtype=np.uint8)
    data = file_bytes(image(cells, transfer_syntax=transfer_syntax, pixel_vr=pixel_vr))
    assert frames(data) == [frame.tobytes() for frame in cells]


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_frames_of_words_stay_in_the_byte_order_of_the_file(transfer_syntax: str) -> None:
    cells = np.random.default_rng(2).integers(0, 65536, (3, 5, 4), dtype=np.uint16)
    order = ">u2" if transfer_syntax.endswith(".2.2") else "<u2"
    assert frames(file_bytes(image(cells, transfer_syntax=transfer_syntax))) == [frame.astype(order).tobytes() for frame in cells]


def test_the_fixture_of_swapped_words() -> None:
    ds = be8()
    swapped = bytearray(ds.PixelData)
    swapped[0::2], swapped[1::2] = ds.PixelData[1::2], ds.PixelData[0::2]
    assert frames(build("be8")) == [bytes(swapped[:63])]


def test_bits_are_given_as_the_bytes_that_hold_them() -> None:
    """Five frames of 49 bits: the last begins at bit 196 and ends at bit 245."""
    source = BytesSource(build("bit1"))
    instance = describe(source, "", Limits()).instance
    layout = instance.frames
    assert layout is not None
    assert FrameReader(source, instance, Limits()).frame(5) == source.read(layout.offset + 24, 7)


def test_objects_without_pixels_have_no_frames() -> None:
    source = BytesSource(build("sr"))
    with pytest.raises(NotSupported, match="no image"):
        FrameReader(source, describe(source, "", Limits()).instance, Limits()).frame(1)


@pytest.mark.parametrize("name", ["ct", "rle", "be8"])
def test_a_source_that_has_become_shorter_is_damage(name: str) -> None:
    data = build(name)
    instance = describe(BytesSource(data), "", Limits()).instance
    with pytest.raises(DamagedObject):
        FrameReader(BytesSource(data[:-40]), instance, Limits()).frame(1)


def test_the_layout_decides_and_not_the_file() -> None:
    source = BytesSource(build("odd"))
    instance = describe(source, "", Limits()).instance
    assert instance.frames is not None
    moved = replace(instance, frames=replace(instance.frames, offset=instance.frames.offset + 49))
    assert FrameReader(source, moved, Limits()).frame(1) == FrameReader(source, instance, Limits()).frame(2)
