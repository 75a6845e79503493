"""Attributes in every encoding: what is wanted is found wherever it stands, and nothing that is wrong raises when it is asked for."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wado_core.dicom.written import (
    BIG_ENDIAN,
    ENCODINGS,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    attributes,
    element,
    fragments,
    integers,
    item,
    read,
    sequence,
)
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.tags import PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, VOI_LUT_SEQUENCE
from wado_core.errors import DamagedObject, LimitExceeded

UNWANTED = 0x00081140
PRIVATE = 0x00091010


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_sequences_and_items_of_both_forms(encoding: Encoding, undefined: bool) -> None:
    windows = [element(tags.WINDOW_CENTER, "DS", str(number).encode().ljust(4), encoding) for number in (10, 20)]
    for items_undefined in (False, True):
        written = sequence(
            VOI_LUT_SEQUENCE,
            *(item(window, encoding, undefined=items_undefined) for window in windows),
            encoding=encoding,
            undefined=undefined,
        )
        found, _ = read(written + integers(tags.ROWS, "US", 7, encoding=encoding), encoding)
        assert [one.decimal(tags.WINDOW_CENTER) for one in found.items(VOI_LUT_SEQUENCE)] == [10.0, 20.0]
        assert found.integer(tags.ROWS) == 7


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_not_wanted_is_skipped_however_deeply_it_is_nested(encoding: Encoding) -> None:
    inner = integers(tags.ROWS, "US", 999, encoding=encoding)
    for depth in range(10):
        inner = sequence(UNWANTED, item(inner, encoding, undefined=depth % 2 == 0), encoding=encoding, undefined=depth % 3 != 0)
    private = sequence(PRIVATE, item(inner, encoding), encoding=encoding, undefined=True)
    found = attributes(inner + private + integers(tags.ROWS, "US", 5, encoding=encoding), encoding)
    assert found.integers(tags.ROWS) == (5,)
    assert UNWANTED not in found


def test_un_of_undefined_length_holds_implicit_elements() -> None:
    """PS3.5 6.2.2 note 2; also for sequences that are wanted, and for those of defined length that are known to be sequences."""
    window = element(tags.WINDOW_CENTER, "", b"50", IMPLICIT)
    for undefined in (False, True):
        found = attributes(sequence(VOI_LUT_SEQUENCE, item(window, IMPLICIT, undefined=True), undefined=undefined, vr="UN"))
        assert found.items(VOI_LUT_SEQUENCE)[0].decimal(tags.WINDOW_CENTER) == 50.0
    nested = sequence(
        UNWANTED, item(sequence(PRIVATE, item(window, IMPLICIT), encoding=IMPLICIT, undefined=True), IMPLICIT), undefined=True, vr="UN"
    )
    assert attributes(nested + integers(tags.ROWS, "US", 5)).integer(tags.ROWS) == 5


def test_un_in_big_endian_holds_little_endian_elements() -> None:
    window = element(tags.WINDOW_CENTER, "", b"50", IMPLICIT)
    written = (
        element(VOI_LUT_SEQUENCE, "UN", b"", BIG_ENDIAN, length=UNDEFINED) + item(window, IMPLICIT) + element(0xFFFEE0DD, "", b"", IMPLICIT)
    )
    found = attributes(written + integers(tags.ROWS, "US", 5, encoding=BIG_ENDIAN), BIG_ENDIAN)
    assert found.items(VOI_LUT_SEQUENCE)[0].decimal(tags.WINDOW_CENTER) == 50.0
    assert found.integer(tags.ROWS) == 5


@pytest.mark.parametrize("tag", [0x7FE00010, 0x7FE00008, 0x7FE00009])
def test_reading_ends_at_the_pixel_data(tag: int) -> None:
    found, pixel_data = read(integers(tags.ROWS, "US", 5) + element(tag, "OW", b"\0\0") + integers(tags.COLUMNS, "US", 6))
    assert pixel_data is not None
    assert pixel_data.tag == tag
    assert tags.COLUMNS not in found


def test_pixel_data_in_a_sequence_is_not_that_of_the_image() -> None:
    """An icon, and one that is encapsulated."""
    for pixels in (element(0x7FE00010, "OW", b"\0\0"), fragments(b"ab")):
        icon = sequence(0x00880200, item(integers(tags.ROWS, "US", 9) + pixels, undefined=True), undefined=True)
        found, pixel_data = read(icon + integers(0x00880210, "US", 1) + element(0x7FE00010, "OW", b"\1\0"))
        assert pixel_data is not None
        assert pixel_data.offset > len(icon)
        assert tags.ROWS not in found


def test_group_lengths_and_unknown_elements_are_passed_over() -> None:
    found = attributes(integers(0x00280000, "UL", 12) + element(PRIVATE, "UN", b"xx") + integers(tags.ROWS, "US", 5))
    assert found.integer(tags.ROWS) == 5


def test_the_first_of_a_repeated_tag_counts() -> None:
    assert attributes(integers(tags.ROWS, "US", 5) + integers(tags.ROWS, "US", 6)).integer(tags.ROWS) == 5


def test_nesting_without_end_is_damage() -> None:
    """A hostile object must not exhaust the stack: undefined lengths cost eight bytes a level."""
    opening = element(UNWANTED, "SQ", b"", length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)
    with pytest.raises(DamagedObject, match="nested"):
        attributes(opening * 100_000)
    wanted = element(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, "SQ", b"", length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)
    with pytest.raises(DamagedObject, match="nested"):
        attributes(wanted * 100_000)


@pytest.mark.parametrize(
    "damage",
    [
        sequence(VOI_LUT_SEQUENCE, integers(tags.ROWS, "US", 5)),
        element(VOI_LUT_SEQUENCE, "SQ", item(integers(tags.ROWS, "US", 5)), length=UNDEFINED),
        element(VOI_LUT_SEQUENCE, "SQ", element(0xFFFEE000, "", b"", length=1000), length=UNDEFINED),
        element(tags.ROWS, "US", b"\1\0", length=4),
        element(0x00090010, "UN", b"", length=0xFFFFFFFE),
    ],
)
def test_what_cannot_be_followed_is_damage(damage: bytes) -> None:
    with pytest.raises(DamagedObject):
        attributes(damage)


def test_values_larger_than_the_limit_are_refused_and_those_not_wanted_are_not_even_read() -> None:
    name = element(tags.PATIENT_NAME, "PN", b"x" * 600)
    with pytest.raises(LimitExceeded, match=r"\(0010,0020\)"):
        attributes(name + element(tags.PATIENT_ID, "LO", b"x" * 600), most_bytes=1000)
    found = attributes(element(PRIVATE, "OB", b"x" * 5000) + name, most_bytes=1000)
    assert len(found.text(tags.PATIENT_NAME)) == 600


class TestAccessors:
    """Forgiving: what is absent, empty or unreadable is None or nothing."""

    def test_absent(self) -> None:
        nothing = attributes(b"")
        assert (nothing.text(tags.MODALITY), nothing.texts(tags.MODALITY), nothing.integers(tags.ROWS), nothing.decimals(tags.ROWS)) == (
            "",
            (),
            (),
            (),
        )
        assert (nothing.integer(tags.ROWS), nothing.decimal(tags.ROWS), nothing.whole_number(tags.ROWS), nothing.value(tags.ROWS)) == (
            None,
        ) * 4
        assert (nothing.bulk(tags.LUT_DATA), nothing.items(VOI_LUT_SEQUENCE)) == (None, ())

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_empty(self, encoding: Encoding) -> None:
        empty = attributes(element(tags.ROWS, "US", b"", encoding) + element(tags.WINDOW_CENTER, "DS", b"", encoding), encoding)
        assert tags.ROWS in empty
        assert (empty.integer(tags.ROWS), empty.decimal(tags.WINDOW_CENTER), empty.value(tags.ROWS)) == (None, None, None)

    def test_texts_are_trimmed_of_padding(self) -> None:
        found = attributes(element(tags.MODALITY, "CS", b" CT \\MR\0"))
        assert found.texts(tags.MODALITY) == ("CT", "MR")

    @pytest.mark.parametrize(
        ("vr", "code", "values"),
        [
            ("US", "H", (0, 65535)),
            ("SS", "h", (-32768, 32767)),
            ("UL", "L", (0, 2**32 - 1)),
            ("SL", "l", (-5, 5)),
            ("UV", "Q", (2**64 - 1,)),
        ],
    )
    @pytest.mark.parametrize("encoding", [EXPLICIT, BIG_ENDIAN])
    def test_integers_of_every_width(self, vr: str, code: str, values: tuple[int, ...], encoding: Encoding) -> None:
        data = pack(f"{'>' if encoding.big_endian else '<'}{len(values)}{code}", *values)
        assert attributes(element(tags.ROWS, vr, data, encoding), encoding).integers(tags.ROWS) == values

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_us_or_ss_follows_the_caller_and_ss_itself(self, encoding: Encoding) -> None:
        unsigned = attributes(integers(tags.PIXEL_PADDING_VALUE, "US", 63536, encoding=encoding), encoding)
        assert unsigned.integer(tags.PIXEL_PADDING_VALUE) == 63536
        assert unsigned.integer(tags.PIXEL_PADDING_VALUE, signed=True) == -2000
        if not encoding.implicit_vr:
            assert (
                attributes(integers(tags.PIXEL_PADDING_VALUE, "SS", -2000, encoding=encoding), encoding).integer(tags.PIXEL_PADDING_VALUE)
                == -2000
            )

    @pytest.mark.parametrize("vr", ["IS", "DS"])
    def test_integers_written_as_text(self, vr: str) -> None:
        assert attributes(element(tags.ROWS, vr, b"512\\7 ")).integers(tags.ROWS) == (512, 7)
        for wrong in (b"inf ", b"nan ", b"1e99", b"-1e300", b"x "):
            assert attributes(element(tags.ROWS, vr, wrong)).integer(tags.ROWS) is None

    @pytest.mark.parametrize(
        ("text", "number"), [(b"+12 ", 12), (b" 7", 7), (b"-3", -3), (b"1.5 ", None), (b"x", None), (b"9" * 5000, None)]
    )
    def test_whole_numbers(self, text: bytes, number: int | None) -> None:
        assert attributes(element(tags.NUMBER_OF_FRAMES, "IS", text)).whole_number(tags.NUMBER_OF_FRAMES) == number

    def test_whole_numbers_have_32_bits(self) -> None:
        for text, number in ((b"2147483647", 2**31 - 1), (b"2147483648", None), (b"-2147483649", None), (b"999999999999", None)):
            assert attributes(element(tags.NUMBER_OF_FRAMES, "IS", text)).whole_number(tags.NUMBER_OF_FRAMES) == number

    def test_decimals(self) -> None:
        found = attributes(element(tags.WINDOW_CENTER, "DS", b"40\\-1.5e2 "))
        assert found.decimals(tags.WINDOW_CENTER) == (40.0, -150.0)
        assert attributes(element(tags.WINDOW_CENTER, "DS", b"wide")).decimal(tags.WINDOW_CENTER) is None

    @pytest.mark.parametrize("encoding", [EXPLICIT, BIG_ENDIAN])
    def test_decimals_that_are_binary_floats(self, encoding: Encoding) -> None:
        order = ">" if encoding.big_endian else "<"
        assert attributes(element(tags.WINDOW_CENTER, "FD", pack(f"{order}2d", 0.1, -2.5), encoding), encoding).decimals(
            tags.WINDOW_CENTER
        ) == (0.1, -2.5)
        assert attributes(element(tags.WINDOW_CENTER, "FL", pack(f"{order}f", 0.5), encoding), encoding).decimals(tags.WINDOW_CENTER) == (
            0.5,
        )

    def test_bulk_values_are_left_where_they_lie(self) -> None:
        written = integers(tags.ROWS, "US", 5) + element(tags.LUT_DATA, "OW", b"abcd")
        found = attributes(written, most_bytes=2)
        assert found.bulk(tags.LUT_DATA) == (b"OW", b"", len(written) - 4, 4)
        assert tags.LUT_DATA in found
        assert (found.value(tags.LUT_DATA), found.texts(tags.LUT_DATA), found.integers(tags.LUT_DATA)) == (None, ("",), ())
        assert found.bulk(tags.ROWS) is attributes(element(tags.LUT_DATA, "OW", b"")).bulk(tags.LUT_DATA) is None

    @given(
        vr=st.sampled_from(["US", "SS", "UL", "UV", "DS", "IS", "FD", "FL", "CS", "UI", "OB", "UN", "AT", "ZZ"]),
        value=st.binary(max_size=40),
    )
    def test_no_accessor_ever_raises(self, vr: str, value: bytes) -> None:
        found = attributes(element(tags.ROWS, vr, value))
        assert isinstance(found.texts(tags.ROWS), tuple)
        assert isinstance(found.integers(tags.ROWS), tuple)
        assert isinstance(found.integers(tags.ROWS, signed=True), tuple)
        assert isinstance(found.decimals(tags.ROWS), tuple)
        assert found.whole_number(tags.ROWS) is None or value
