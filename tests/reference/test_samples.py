"""The oracle's reading of stored bytes against byte strings written by hand, and against pydicom."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from tests.fixtures import build, image
from tests.reference.samples import expand_422, frame_samples, native_cells, read_cells, sample_values, unpack_bits


def test_samples_are_cut_out_of_their_cells() -> None:
    cells = np.array([0xF801, 0x07FF, 0xFFFF])
    assert sample_values(cells, 12, 11, 0).tolist() == [0x801, 0x7FF, 0xFFF]
    assert sample_values(cells, 12, 11, 1).tolist() == [-2047, 2047, -1]
    assert sample_values(np.array([0xC007, 0x3FFF]), 12, 13, 0).tolist() == [1, 0xFFF]


def test_cells_of_one_bit_cross_bytes() -> None:
    data = bytes([0b1000_0001, 0b0000_0010])
    assert read_cells(data, 1, 1, 5).tolist() == [1, 0, 0, 0, 0]
    assert read_cells(data, 1, 2, 5).tolist() == [0, 0, 1, 0, 1]


def test_cells_of_bytes_begin_with_the_least() -> None:
    data = bytes([1, 2, 3, 4, 5, 6, 7, 8])
    assert read_cells(data, 8, 2, 3).tolist() == [4, 5, 6]
    assert read_cells(data, 16, 2, 2).tolist() == [0x0605, 0x0807]
    assert read_cells(data, 32, 1, 2).tolist() == [0x04030201, 0x08070605]


def test_422_units_share_their_chroma() -> None:
    assert expand_422(np.array([[1, 2, 8, 9, 3, 4, 6, 7]])).tolist() == [[[1, 8, 9], [2, 8, 9], [3, 6, 7], [4, 6, 7]]]


def test_pack_bits_of_the_standard() -> None:
    # PS3.5 G.3: literal run, replicate run, and the byte -128 that means nothing
    assert unpack_bits(bytes([2, 10, 11, 12, 0x80, 254, 7]), 6) == bytes([10, 11, 12, 7, 7, 7])


@pytest.mark.parametrize(
    "name",
    [
        *("ct", "ramp", "garbage", "signed_garbage", "impl", "be", "be8", "enh", "rle"),
        *("rgb0", "rgb1", "rgb12", "rle_rgb", "us10", "odd", "bit1"),
    ],
)
def test_every_frame_equals_pydicom(name: str) -> None:
    ds = dcmread(BytesIO(build(name)))
    frames: Any = ds.pixel_array if "NumberOfFrames" in ds else ds.pixel_array[None]
    for number, frame in enumerate(frames, start=1):
        samples, photometric = frame_samples(ds, number)
        assert photometric == ds.PhotometricInterpretation
        mask = (1 << ds.BitsStored) - 1  # pydicom's plain arrays may keep what lies above
        assert ((samples & mask) == (frame.astype(np.int64) & mask)).all()


@pytest.mark.parametrize("frame_number", [0, 11, -1])
def test_frames_that_do_not_exist_are_refused(frame_number: int) -> None:
    with pytest.raises(IndexError, match=str(frame_number)):
        frame_samples(dcmread(BytesIO(build("us10"))), frame_number)


def test_wide_big_endian_cells_are_turned_round_as_a_whole() -> None:
    ds = image(np.array([[0x01020304, 5]], dtype=np.uint32), transfer_syntax=ExplicitVRBigEndian)
    assert ds.PixelData == bytes([1, 2, 3, 4, 0, 0, 0, 5])
    assert native_cells(ds, 1).tolist() == [[0x01020304, 5]]


def test_big_endian_bits_are_swapped_by_words() -> None:
    cells = np.zeros((1, 16), dtype=np.uint8)
    cells[0, 0] = 1
    ds = image(cells, bits_allocated=1, transfer_syntax=ExplicitVRBigEndian, pixel_vr="OW")
    assert ds.PixelData == b"\x00\x01"
    assert native_cells(ds, 1).tolist() == cells.tolist()


def test_float_pixels_are_read_by_frame() -> None:
    ds: Dataset = image(np.zeros((2, 1, 2), dtype=np.uint8))
    del ds.PixelData
    ds.FloatPixelData = np.array([0.5, 1.5, -2.5, 3.0], dtype="<f4").tobytes()
    assert frame_samples(ds, 2)[0].tolist() == [[-2.5, 3.0]]
