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


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"])
@pytest.mark.parametrize("pixel_vr", ["OB", "OW"])
@pytest.mark.parametrize("shape", [(9, 7, 7), (5, 1, 3), (3, 1, 1), (4, 3, 8), (3, 5, 13)])
def test_frames_of_bits_begin_with_the_lowest_bit_of_their_first_byte(
    transfer_syntax: str, pixel_vr: str, shape: tuple[int, int, int]
) -> None:
    """Frames follow each other without gaps, and begin at any bit of any byte of a word (PS3.5 8.1.1)."""
    cells = np.random.default_rng(3).integers(0, 2, shape, dtype=np.uint8)
    data = file_bytes(image(cells, bits_allocated=1, transfer_syntax=transfer_syntax, pixel_vr=pixel_vr))
    for frame, expected in zip(frames(data), cells, strict=True):
        bits = [frame[i // 8] >> (i % 8) & 1 for i in range(expected.size)]
        assert bits == expected.reshape(-1).tolist()
        assert len(frame) == (expected.size + 7) // 8


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("signed", [False, True])
def test_wide_big_endian_words_are_read_as_they_were_written(bits: int, signed: bool) -> None:
    """Cells turned round as a whole, and cells whose words are, the lowest first: both are given as whole big endian cells."""
    smooth = np.add.outer(np.arange(40), np.arange(50)) * 977 - (30_000 if signed else 0)
    cells = np.stack([smooth, smooth * 3]).astype(f"i{bits // 8}" if signed else f"u{bits // 8}")
    whole = cells.astype(cells.dtype.newbyteorder(">")).tobytes()
    by_words = cells.astype(cells.dtype.newbyteorder("<")).view("<u2").astype(">u2").tobytes()
    for stored in (whole, by_words):
        ds = image(cells, transfer_syntax="1.2.840.10008.1.2.2", pixel_representation=int(signed))
        ds.PixelData = stored
        assert b"".join(frames(file_bytes(ds))) == whole


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_read_as_whole_cells(seed: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 2**32, (1, 60, 60), dtype=np.uint32)
    assert frames(file_bytes(image(cells, transfer_syntax="1.2.840.10008.1.2.2"))) == [cells.astype(">u4").tobytes()]


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
