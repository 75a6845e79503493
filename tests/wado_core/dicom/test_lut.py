"""Lookup tables as they are stored: descriptors, packed entries, segmented palettes (PS3.3 C.11.1.1.1, C.7.9.2; H2.2, H2.3, H3.1)."""

import time
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_palette_files
from pydicom.pixels.processing import _expand_segmented_lut, apply_color_lut  # an implementation of C.7.9.2 that is not ours

from tests.reference.lut import expand_segments
from tests.wado_core.dicom.written import BIG_ENDIAN, ENCODINGS, EXPLICIT, IMPLICIT, attributes, element, integers
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.header import read_header
from wado_core.dicom.lut import find_lut, find_palette, read_lut, read_palette
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.model.color import Palette
from wado_core.model.grayscale import Lut
from wado_core.settings import Limits

CLAUSE = "PS3.3 C.11.2.1.1"


def entries_of(lut: Lut | None) -> list[int]:
    assert lut is not None
    return [int(entry) for entry in np.frombuffer(lut.entries, "<u2")]


def lut(descriptor: bytes, data: bytes, encoding: Encoding = EXPLICIT, *, signed: bool = False) -> Lut | None:
    stored, _ = find_lut(attributes(descriptor + data, encoding), CLAUSE, signed=signed)
    if stored is None:
        return None
    found = read_lut(BytesSource(descriptor + data), stored)
    assert len(found) == stored.count
    return found


def palette_of(data: bytes, encoding: Encoding = EXPLICIT) -> Palette | None:
    stored, _ = find_palette(BytesSource(data), attributes(data, encoding), signed=False)
    return None if stored is None else read_palette(BytesSource(data), stored)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("vr", ["US", "OW"])
def test_16_bit_entries(encoding: Encoding, vr: str) -> None:
    found = lut(
        integers(tags.LUT_DESCRIPTOR, "US", 3, 100, 16, encoding=encoding),
        integers(tags.LUT_DATA, vr, 1, 65535, 513, encoding=encoding),
        encoding,
    )
    assert found is not None
    assert (found.first, found.bits, entries_of(found)) == (100, 16, [1, 65535, 513])


def test_zero_entries_are_65536() -> None:
    data = element(tags.LUT_DATA, "OW", np.arange(65536, dtype="<u2").tobytes())
    assert len(entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 0, 0, 16), data))) == 65536


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_8_bit_entries_two_a_word(encoding: Encoding) -> None:
    """The first entry is the low byte of the first word, whatever the byte order."""
    words = integers(tags.LUT_DATA, "OW", 0x0201, 0x0003, encoding=encoding)
    assert entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 3, 0, 8, encoding=encoding), words, encoding)) == [1, 2, 3]


def test_8_bit_entries_one_a_word() -> None:
    assert entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 3, 0, 8), integers(tags.LUT_DATA, "US", 1, 2, 3))) == [1, 2, 3]


def test_bits_above_the_width_are_ignored() -> None:
    assert entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 2, 0, 12), integers(tags.LUT_DATA, "US", 0xF001, 0x1FFF))) == [1, 0xFFF]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_first_value_mapped_is_signed_when_its_vr_or_the_caller_says_so(encoding: Encoding, signed: bool) -> None:
    data = integers(tags.LUT_DATA, "US", 7, encoding=encoding)
    unsigned = lut(integers(tags.LUT_DESCRIPTOR, "US", 1, 65436, 8, encoding=encoding), data, encoding, signed=signed)
    assert unsigned is not None
    assert unsigned.first == (-100 if signed else 65436)
    if encoding is not IMPLICIT:
        stated = lut(integers(tags.LUT_DESCRIPTOR, "SS", 1, -100, 8, encoding=encoding), data, encoding, signed=signed)
        assert stated is not None
        assert stated.first == -100


def test_a_signed_descriptor_holds_an_unsigned_number_of_entries() -> None:
    """40,000 entries in a descriptor whose VR is SS read as a negative number."""
    descriptor = element(tags.LUT_DESCRIPTOR, "SS", pack("<HhH", 40000, -20000, 16))
    found = lut(descriptor, element(tags.LUT_DATA, "OW", bytes(80000)))
    assert found is not None
    assert (found.first, len(found)) == (-20000, 40000)


def test_too_few_entries_are_taken_as_they_are() -> None:
    assert entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 300, 0, 16), integers(tags.LUT_DATA, "US", 1, 2))) == [1, 2]


def test_a_short_table_of_16_bit_entries_is_not_one_of_8_bit_entries() -> None:
    assert entries_of(lut(integers(tags.LUT_DESCRIPTOR, "US", 4, 0, 16), integers(tags.LUT_DATA, "US", 0x0102, 0x0304, 0x0506))) == [
        258,
        772,
        1286,
    ]


DESCRIPTOR, DATA = "(0028,3002) LUT Descriptor", "(0028,3006) LUT Data"


@pytest.mark.parametrize(
    ("descriptor", "data", "blamed"),
    [
        (b"", integers(tags.LUT_DATA, "US", 1), DESCRIPTOR),
        (integers(tags.LUT_DESCRIPTOR, "US", 1, 0, 8), b"", DATA),
        (integers(tags.LUT_DESCRIPTOR, "US", 1, 0), integers(tags.LUT_DATA, "US", 1), DESCRIPTOR),
        (integers(tags.LUT_DESCRIPTOR, "US", 3, 0, 16), element(tags.LUT_DATA, "OW", b"\1"), DATA),
        (integers(tags.LUT_DESCRIPTOR, "US", 1, 0, 8), element(tags.LUT_DATA, "OW", b""), DATA),
    ],
)
def test_tables_that_cannot_be_used(descriptor: bytes, data: bytes, blamed: str) -> None:
    assert lut(descriptor, data) is None
    problem = find_lut(attributes(descriptor + data), CLAUSE, signed=False).problem
    assert problem.startswith(blamed)
    assert problem.endswith(f"({CLAUSE}): the table was ignored.")


@pytest.mark.parametrize(("stated", "taken"), [(0, 16), (1, 8), (7, 8), (17, 16), (32, 16), (65535, 16)])
def test_widths_that_no_table_has(stated: int, taken: int) -> None:
    """8 to 16 bits are allowed (H2.3): the nearest is taken; without any, the whole word."""
    written = integers(tags.LUT_DESCRIPTOR, "US", 2, 0, stated) + integers(tags.LUT_DATA, "US", 0x1234, 0xFFFF)
    found, problem = find_lut(attributes(written), CLAUSE, signed=False)
    assert found is not None
    assert found.bits == taken
    assert problem == f"{DESCRIPTOR} states {stated} bits an entry ({CLAUSE}): {taken} were taken."
    assert entries_of(read_lut(BytesSource(written), found)) == [0x1234 & ((1 << taken) - 1), (1 << taken) - 1]


@pytest.mark.parametrize(("stated", "warned"), [(8, False), (0, True), (12, True), (16, True)])
def test_half_as_many_words_as_entries_are_two_entries_a_word(stated: int, warned: bool) -> None:
    """A writer that states the width of its words is likelier than one that leaves out the second half of its table (H2.3)."""
    written = integers(tags.LUT_DESCRIPTOR, "US", 5, 0, stated) + integers(tags.LUT_DATA, "OW", 0x0201, 0x0403, 0x0005)
    found, problem = find_lut(attributes(written), CLAUSE, signed=False)
    assert found is not None
    assert (found.bits, entries_of(read_lut(BytesSource(written), found)), bool(problem)) == (8, [1, 2, 3, 4, 5], warned)


def test_too_few_entries_are_warned_of() -> None:
    written = integers(tags.LUT_DESCRIPTOR, "US", 0, 0, 16) + integers(tags.LUT_DATA, "US", 1, 2, 3)
    found, problem = find_lut(attributes(written), CLAUSE, signed=False)
    assert found is not None
    assert (found.count, problem) == (3, f"{DATA} holds 3 of 65536 entries ({CLAUSE}): those that are there were used.")


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_nothing_is_said_of_tables_that_are_as_they_should_be(bits: int) -> None:
    written = integers(tags.LUT_DESCRIPTOR, "US", 3, 0, bits) + integers(tags.LUT_DATA, "US", 1, 2, 3)
    assert find_lut(attributes(written), CLAUSE, signed=False).problem == ""


def palette(*segments: list[int], count: int, bits: int = 16, tag: int = tags.SEGMENTED_RED_PALETTE_DATA) -> bytes:
    written = b"".join(integers(tags.RED_PALETTE_DESCRIPTOR + i, "US", count & 0xFFFF, 0, bits) for i in range(3))
    return written + b"".join(integers(tag + i, "OW", *words) for i, words in enumerate(segments))


def test_three_plain_tables() -> None:
    found = palette_of(palette([0x100, 2], [3, 4], [5, 6], count=2, tag=tags.RED_PALETTE_DATA))
    assert found is not None
    assert [entries_of(table) for table in (found.red, found.green, found.blue)] == [[0x100, 2], [3, 4], [5, 6]]
    assert {table.bits for table in (found.red, found.green, found.blue)} == {16}


def test_16_bit_tables_without_an_entry_above_255_hold_8_bit_entries() -> None:
    """H3.1; all three decide together, or a colour that is dark throughout one channel would become bright in it."""
    dark = palette_of(palette([1, 255], [3, 4], [5, 6], count=2, tag=tags.RED_PALETTE_DATA))
    assert dark is not None
    assert {table.bits for table in (dark.red, dark.green, dark.blue)} == {8}


def problem_of(data: bytes) -> str:
    return find_palette(BytesSource(data), attributes(data), signed=False).problem


def test_a_missing_table_makes_the_palette_unusable() -> None:
    written = palette([1, 2], [3, 4], count=2, tag=tags.RED_PALETTE_DATA)
    assert palette_of(written) is None
    assert problem_of(written).startswith("(0028,1203) Blue Palette Color Lookup Table Data is missing or empty (PS3.3 C.7.6.3.1.5)")


def test_a_missing_descriptor_makes_the_palette_unusable() -> None:
    written = palette([1, 2], [3, 4], [5, 6], count=2, tag=tags.RED_PALETTE_DATA).replace(b"\x28\0\x02\x11", b"\x28\0\x04\x11")
    assert palette_of(written) is None
    assert problem_of(written).startswith("(0028,1102) Green Palette Color Lookup Table Descriptor is missing")


def test_descriptors_that_differ_are_each_used_as_they_are() -> None:
    written = b"".join(integers(tags.RED_PALETTE_DESCRIPTOR + i, "US", 2, i, 16) for i in range(3))
    written += b"".join(integers(tags.RED_PALETTE_DATA + i, "OW", 256 * i, 512) for i in range(3))
    found = palette_of(written)
    assert found is not None
    assert [table.first for table in (found.red, found.green, found.blue)] == [0, 1, 2]
    assert "not that of green and blue" in problem_of(written)


@pytest.mark.parametrize(("words", "bits"), [([0x0100, 0xFF00], 16), ([0x0101, 0xFFFF], 8), ([0x00FF, 0xFF00], 8), ([0, 0], 8)])
def test_tables_of_8_bits_may_hold_them_in_the_high_bytes(words: list[int], bits: int) -> None:
    """H3.1: where no low byte of any table is used, and some high byte is; other high bytes are none of the table (H2.3)."""
    written = palette(words, words, words, count=2, bits=8, tag=tags.RED_PALETTE_DATA)
    found = palette_of(written)
    assert found is not None
    assert {table.bits for table in (found.red, found.green, found.blue)} == {bits}
    assert entries_of(found.red) == [word & ((1 << bits) - 1) for word in words]
    assert bool(problem_of(written)) == (bits == 16)


def test_a_palette_of_12_bits_keeps_its_width() -> None:
    written = palette([0, 4095], [0, 4095], [0, 4095], count=2, bits=12, tag=tags.RED_PALETTE_DATA)
    found = palette_of(written)
    assert found is not None
    assert (found.red.bits, entries_of(found.red)) == (12, [0, 4095])


@pytest.mark.parametrize("segmented", [False, True])
def test_tables_that_have_become_shorter_are_damage(segmented: bool) -> None:
    """The file was looked at when it was described; it may be another when it is read."""
    words, tag = ([0, 2, 7, 9], tags.SEGMENTED_RED_PALETTE_DATA) if segmented else ([7, 9], tags.RED_PALETTE_DATA)
    data = palette(words, words, words, count=2, tag=tag)
    stored, _ = find_palette(BytesSource(data), attributes(data), signed=False)
    assert stored is not None
    assert len(read_palette(BytesSource(data), stored).red) == 2
    with pytest.raises(DamagedObject):
        read_palette(BytesSource(data[:-1]), stored)


def test_a_table_is_left_where_it_lies_whatever_it_claims() -> None:
    """Only as many bytes as it can have entries are read later, and none when the object is described."""
    written = integers(tags.LUT_DESCRIPTOR, "US", 2, 0, 16) + element(tags.LUT_DATA, "OW", bytes(3_000_000))
    stored, _ = find_lut(attributes(written, most_bytes=100), CLAUSE, signed=False)
    assert stored is not None
    assert (stored.count, stored.data.length) == (2, 4)


SEGMENTED = [0, 2, 0, 0x1000, 1, 254, 0x1000 + 254 * 200]


@pytest.mark.parametrize("encoding", [EXPLICIT, BIG_ENDIAN])
def test_discrete_and_linear_segments(encoding: Encoding) -> None:
    written = b"".join(integers(tags.RED_PALETTE_DESCRIPTOR + i, "US", 256, 0, 16, encoding=encoding) for i in range(3))
    written += b"".join(integers(tags.SEGMENTED_RED_PALETTE_DATA + i, "OW", *SEGMENTED, encoding=encoding) for i in range(3))
    found = palette_of(written, encoding)
    assert found is not None
    assert entries_of(found.green) == [0, *(0x1000 + 200 * i for i in range(255))]


def test_the_example_of_an_indirect_segment() -> None:
    """PS3.3 C.7.9.2.3: earlier segments repeated from a byte offset, whose low word stands first."""
    words = [0, 2, 100, 300, 1, 3, 0, 2, 2, 0, 0]
    found = palette_of(palette(words, words, words, count=10))
    assert found is not None
    assert entries_of(found.red) == [100, 300, 200, 100, 0, 100, 300, 200, 100, 0]


def octets(numbers: list[int]) -> bytes:
    return bytes(numbers) + b"\0" * (len(numbers) % 2)


def palette_of_octets(numbers: list[int], count: int) -> bytes:
    written = b"".join(integers(tags.RED_PALETTE_DESCRIPTOR + i, "US", count, 0, 8) for i in range(3))
    return written + b"".join(element(tags.SEGMENTED_RED_PALETTE_DATA + i, "OW", octets(numbers)) for i in range(3))


@pytest.mark.parametrize(
    "numbers",
    [[0, 1, 255, 1, 255, 255], [0, 1, 0, 1, 127, 0, 1, 128, 127, 0], [0, 2, 10, 20, 1, 3, 0, 2, 2, 0, 0, 0, 0, 0, 1, 9]],
)
def test_segments_of_8_bit_tables_are_bytes(numbers: list[int]) -> None:
    """As in the palettes of PS3.6 B.1; pydicom expands them so too. An odd number of bytes ends with one of padding."""
    expected = _expand_segmented_lut(tuple(numbers), "<B")
    found = palette_of(palette_of_octets(numbers, len(expected)))
    assert found is not None
    assert entries_of(found.green) == expected


@pytest.mark.parametrize("name", ["spring", "summer", "fall", "winter"])
def test_the_well_known_palettes_are_those_of_pydicom(name: str) -> None:
    """SPRING to WINTER are stored as segments (PS3.6 B.1); halves of a line are rounded up here and to even numbers there."""
    path = next(Path(found) for found in get_palette_files(f"{name}.dcm"))
    ds = dcmread(path)
    with path.open("rb") as file:
        source = BytesSource(file.read())
    stored, problem = find_palette(source, read_header(source, Limits()).attributes, signed=False)
    assert stored is not None
    found = read_palette(source, stored)
    colors = np.stack([entries_of(table) for table in (found.red, found.green, found.blue)], axis=-1)
    assert problem == ""
    np.testing.assert_allclose(colors, apply_color_lut(np.arange(256, dtype=np.uint8), ds), rtol=0, atol=1)


def test_segments_of_8_bit_tables_written_as_words_are_read_as_words() -> None:
    """Only where the words fill the table and the bytes do not."""
    words = [0, 2, 7, 9, 1, 4, 17]
    found = palette_of(palette(words, words, words, count=6, bits=8))
    assert found is not None
    assert entries_of(found.red) == [7, 9, 11, 13, 15, 17]


def test_segments_that_expand_to_too_few_entries_are_warned_of() -> None:
    words = [0, 2, 0x700, 0x900]
    written = palette(words, words, words, count=256)
    found = palette_of(written)
    assert found is not None
    assert len(found.red) == 2
    assert "expands to 2 of 256 entries (PS3.3 C.7.9.2)" in problem_of(written)


segments = st.one_of(
    st.lists(st.integers(0, 65535), min_size=1, max_size=20).map(lambda entries: [0, len(entries), *entries]),
    st.tuples(st.integers(1, 300), st.integers(0, 65535)).map(lambda line: [1, line[0], line[1]]),
)


@settings(max_examples=150, deadline=None)
@given(written=st.lists(segments, min_size=1, max_size=8), repeats=st.lists(st.integers(1, 8), max_size=3))
def test_any_segments_expand_as_the_oracle_s(written: list[list[int]], repeats: list[int]) -> None:
    words = [0, 1, 256, *(word for one in written for word in one)]
    for count in repeats:
        words += [2, min(count, len(written) + 1), 0, 0]
    expected = expand_segments(words)
    found = palette_of(palette(words, words, words, count=len(expected)))
    assert found is not None
    assert entries_of(found.blue) == expected


@pytest.mark.parametrize(
    "words",
    [
        [1, 3, 100],  # a line from nowhere
        [0, 1, 5, 3, 1, 1],  # no such segment
        [0, 1, 5, 2, 1, 0],  # cut short
        [0, 1, 5, 2, 9, 0, 0],  # repeats more segments than there are
        [0, 1, 5, 2, 1, 6, 0],  # repeats itself
        [0],
    ],
)
def test_broken_segments_make_the_palette_unusable(words: list[int]) -> None:
    written = palette(words, words, words, count=256)
    assert palette_of(written) is None
    assert "is broken (PS3.3 C.7.9.2)" in problem_of(written)


def test_hostile_segments_end_soon() -> None:
    """Empty segments repeated for ever, and lines that would fill the memory."""
    empty = [0, 1, 5, *[0, 0] * 20_000, *[2, 20_000, 6, 0] * 3_000]
    long = [0, 1, 5, *[1, 65535, 7] * 5_000, *[2, 5_000, 0, 0] * 1_000]
    start = time.perf_counter()
    for words in (empty, long):
        palette_of(palette(words, words, words, count=256))
    assert time.perf_counter() - start < 5
