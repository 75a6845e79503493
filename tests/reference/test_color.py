"""The oracle's colour steps and look-up tables against values worked out by hand."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import _expand_segmented_lut  # an implementation of C.7.9.2 that is not ours

from tests.fixtures.color_images import SEGMENTS_BLUE, SEGMENTS_GREEN, SEGMENTS_RED
from tests.reference.color import entries_to_8bit, palette_to_rgb, to_8bit_samples, ybr_full_to_rgb, ybr_partial_to_rgb
from tests.reference.lut import Lut, expand_segments, read_descriptor, sequence_lut, table_entries


@pytest.mark.parametrize(
    ("ybr", "rgb"),
    [
        ((76, 85, 255), [254, 0, 0]),  # 76 + 178.054 = 254.054; 76 + 14.798 - 90.695 = 0.1; 76 - 76.196 < 0
        ((128, 128, 128), [128, 128, 128]),
        ((0, 0, 0), [0, 135, 0]),  # 0 + 44.049 + 91.409 = 135.46
        ((255, 255, 255), [255, 121, 255]),  # 255 - 43.705 - 90.695 = 120.6
        ((100, 128, 129), [101, 99, 100]),  # 101.402, 99.286
        ((29, 255, 107), [0, 0, 254]),  # 29 - 29.442; 29 - 43.705 + 14.997 = 0.29; 29 + 225.044
    ],
)
def test_ybr_full(ybr: tuple[int, int, int], rgb: list[int]) -> None:
    assert ybr_full_to_rgb(np.array([ybr])).tolist() == [rgb]


@pytest.mark.parametrize(
    ("ybr", "rgb"),
    [
        ((16, 128, 128), [0, 0, 0]),
        ((235, 128, 128), [255, 255, 255]),
        ((0, 128, 128), [0, 0, 0]),
        ((126, 128, 128), [128, 128, 128]),  # 110 * 255 / 219 = 128.08
        ((81, 90, 240), [254, 0, 0]),  # red of BT.601: 75.685 + 178.755 = 254.44; 75.685 + 14.887 - 91.052 = -0.5 -> 0
        ((41, 240, 110), [0, 0, 255]),
    ],
)
def test_ybr_partial(ybr: tuple[int, int, int], rgb: list[int]) -> None:
    assert ybr_partial_to_rgb(np.array([ybr])).tolist() == [rgb]


def test_more_than_eight_bits_are_shifted() -> None:
    assert to_8bit_samples(np.array([0, 15, 16, 4095]), 12).tolist() == [0, 0, 1, 255]
    assert to_8bit_samples(np.array([0, 200]), 8).tolist() == [0, 200]


def test_palette_clamps_on_both_sides() -> None:
    red, green, blue = (Lut(-1, 8, entries) for entries in ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
    assert palette_to_rgb(np.array([[-9, -1, 0, 1, 9]]), red, green, blue).tolist() == [
        [[1, 4, 7], [1, 4, 7], [2, 5, 8], [3, 6, 9], [3, 6, 9]],
    ]


def test_sixteen_bit_entries_keep_the_high_byte_unless_none_needs_it() -> None:
    wide, low, eight = Lut(0, 16, (0x00FF, 0x12FF, 0xFFFF)), Lut(0, 16, (0, 0x12, 0xFF)), Lut(0, 8, (0, 0x12, 0xFF))
    assert [lut.entries for lut in entries_to_8bit(wide)] == [(0, 0x12, 0xFF)]
    assert [lut.entries for lut in entries_to_8bit(low, low, eight)] == [(0, 0x12, 0xFF)] * 3
    assert [lut.entries for lut in entries_to_8bit(eight, low, wide)] == [(0, 0x12, 0xFF), (0, 0, 0), (0, 0x12, 0xFF)]


def test_the_three_tables_of_a_palette_decide_together() -> None:
    dark, bright = Lut(0, 16, (0, 0xFF)), Lut(0, 16, (0, 0xFF00))
    assert palette_to_rgb(np.array([[0, 1]]), dark, bright, dark).tolist() == [[[0, 0, 0], [0, 255, 0]]]
    assert palette_to_rgb(np.array([[0, 1]]), dark, dark, dark).tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("descriptor", "signed", "read"),
    [
        ([256, -128, 12], True, (256, -128, 12)),
        ([256, 65408, 12], True, (256, -128, 12)),
        ([256, 65408, 12], False, (256, 65408, 12)),
        ([0, 0, 16], False, (65536, 0, 16)),
        ([-32768, -5, 16], True, (32768, -5, 16)),
    ],
)
def test_descriptors(descriptor: list[int], signed: bool, read: tuple[int, int, int]) -> None:
    assert read_descriptor(descriptor, signed_input=signed) == read


def test_table_data_in_all_its_forms() -> None:
    assert table_entries([1, 2, 3], 3, 16, big_endian=False) == (1, 2, 3)
    assert table_entries(7, 1, 16, big_endian=False) == (7,)
    assert table_entries(b"\x01\x00\x02\x00", 2, 16, big_endian=False) == (1, 2)
    assert table_entries(b"\x00\x01\x00\x02", 2, 16, big_endian=True) == (1, 2)
    assert table_entries(b"\x01\x02\x03\x00", 3, 8, big_endian=False) == (1, 2, 3)
    assert table_entries(b"\x02\x01\x00\x03", 3, 8, big_endian=True) == (1, 2, 3)
    assert table_entries([0xFF01, 2], 2, 8, big_endian=False) == (1, 2)
    assert table_entries([0xF123], 1, 12, big_endian=False) == (0x123,)
    assert table_entries([5, 6], 4, 16, big_endian=False) == (5, 6, 6, 6)


def test_sequence_item_is_read() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS", [2, -7, 10])
    item.add_new("LUTData", "US", [3, 1023])
    assert sequence_lut(item, big_endian=False, signed_input=True) == Lut(-7, 10, (3, 1023))


@pytest.mark.parametrize("segments", [SEGMENTS_RED, SEGMENTS_GREEN, SEGMENTS_BLUE])
def test_segments_expand_to_a_whole_table(segments: list[int]) -> None:
    expanded = expand_segments(segments)
    assert len(expanded) == 256
    assert expanded == list(_expand_segmented_lut(tuple(segments), "<H"))


def test_segments_by_hand() -> None:
    assert expand_segments([0, 2, 10, 20, 1, 4, 30]) == [10, 20, 23, 25, 28, 30]  # 22.5 and 27.5 round up
    assert expand_segments([0, 1, 8, 1, 2, 0, 2, 2, 0, 0]) == [8, 4, 0, 8, 4, 0]
    with pytest.raises(ValueError, match="type 3"):
        expand_segments([3, 1, 0])
