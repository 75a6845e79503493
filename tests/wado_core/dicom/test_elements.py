"""Headers of elements in every encoding, and where they end (PS3.5 section 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wado_core.dicom.written import BIG_ENDIAN, ENCODINGS, EXPLICIT, IMPLICIT, LONG, element, fragments, scanner
from wado_core.dicom.elements import UNDEFINED_LENGTH, Element, Encoding, name_of, swapped
from wado_core.errors import DamagedObject, LimitExceeded

SHORT = ("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US")


@pytest.mark.parametrize("vr", [*SHORT, *LONG])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_value_representation(vr: str, encoding: Encoding) -> None:
    data = b"--" + element(0x00280010, vr, b"\1\2\3\4", encoding)
    found = scanner(data).element(2, encoding)
    assert found == Element(0x00280010, b"" if encoding.implicit_vr else vr.encode(), len(data) - 4, 4)
    assert scanner(data).end_of_value(found) == len(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_items_and_delimiters_have_no_vr_in_any_encoding(encoding: Encoding) -> None:
    data = element(0xFFFEE000, "", b"", encoding, length=UNDEFINED_LENGTH)
    assert scanner(data).element(0, encoding) == Element(0xFFFEE000, b"", 8, UNDEFINED_LENGTH)


@pytest.mark.parametrize("vr", [b"\0\0", b"  ", b"us", b"A1", b"\xff\xff"])
def test_implicit_elements_among_explicit_ones(vr: bytes) -> None:
    """Some writers slip: where no VR stands, the four bytes are a length."""
    data = b"\x28\0\x10\0" + vr + b"\0\0"
    found = scanner(data + bytes(4)).element(0, EXPLICIT)
    assert (found.vr, found.offset, found.length) == (b"", 8, int.from_bytes(vr, "little"))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("vr", ["US", "OB"])
def test_a_header_cut_short_is_damage(vr: str, encoding: Encoding) -> None:
    data = element(0x00280010, vr, b"", encoding)
    for length in range(len(data)):
        with pytest.raises(DamagedObject):
            scanner(data[:length]).element(0, encoding)


def test_a_value_that_runs_past_the_end_is_damage_and_named() -> None:
    data = element(0x00280010, "US", b"\1\0", length=4)
    reader = scanner(data)
    with pytest.raises(DamagedObject, match=r"\(0028,0010\)"):
        reader.end_of_value(reader.element(0, EXPLICIT))


def test_fragments_are_yielded_to_the_delimiter() -> None:
    data = fragments(b"ab", b"", b"cdef", table=b"\0\0\0\0")
    reader = scanner(data)
    found = reader.element(0, EXPLICIT)
    assert [(one.tag, one.length) for one in reader.fragments(found)] == [
        (0xFFFEE000, 4), (0xFFFEE000, 2), (0xFFFEE000, 0), (0xFFFEE000, 4), (0xFFFEE0DD, 0),
    ]  # fmt: skip
    assert reader.end_of_fragments(found) == len(data)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        element(0x00280010, "US", b"\1\0"),
        element(0xFFFEE000, "", b"", length=UNDEFINED_LENGTH),
        element(0xFFFEE000, "", b"", length=100),
    ],
)
def test_what_is_no_fragment_is_damage(content: bytes) -> None:
    data = element(0x7FE00010, "OB", content, length=UNDEFINED_LENGTH)
    reader = scanner(data)
    with pytest.raises(DamagedObject):
        reader.end_of_fragments(reader.element(0, EXPLICIT))


def test_a_hostile_number_of_elements_is_refused() -> None:
    data = element(0x00080000, "CS", b"") * 11
    reader = scanner(data, most_elements=10)
    for number in range(10):
        reader.element(8 * number, EXPLICIT)
    with pytest.raises(LimitExceeded):
        reader.element(80, EXPLICIT)


@given(data=st.binary(min_size=1, max_size=30_000), reads=st.lists(st.tuples(st.integers(0, 31_000), st.integers(0, 20_000)), max_size=20))
def test_reads_are_those_of_the_source_in_any_order(data: bytes, reads: list[tuple[int, int]]) -> None:
    reader = scanner(data)
    for offset, length in reads:
        assert reader.read(offset, length) == data[offset : offset + length]


def test_names_are_written_as_in_the_standard() -> None:
    assert name_of(0x7FE00010) == "(7FE0,0010)"
    assert name_of(0x00080005) == "(0008,0005)"


@given(st.binary(max_size=50))
def test_words_are_swapped_there_and_back(data: bytes) -> None:
    even = data[: len(data) // 2 * 2]
    turned = swapped(even, 2)
    assert swapped(turned, 2) == even
    assert [turned[i : i + 2][::-1] for i in range(0, len(even), 2)] == [even[i : i + 2] for i in range(0, len(even), 2)]


def test_big_endian_headers_by_hand() -> None:
    assert scanner(b"\x00\x28\x00\x10US\x00\x02\x01\x00----").element(0, BIG_ENDIAN) == Element(0x00280010, b"US", 8, 2)
    assert scanner(b"\x28\x00\x10\x00\x02\x00\x00\x00----").element(0, IMPLICIT) == Element(0x00280010, b"", 8, 2)
