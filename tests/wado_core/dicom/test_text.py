"""Text in the character sets of patients' names, and what is none of them (PS3.3 C.12.1.1.2, PS3.5 6.1)."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.data import get_charset_files

from tests.fixtures import build
from tests.fixtures.documents import SR_PATIENT_NAME
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.dicom.text import decode_text
from wado_core.settings import Limits


@pytest.mark.parametrize(
    ("data", "character_sets", "text"),
    [
        (b"DOE^JOHN ", (), "DOE^JOHN"),
        (b"DOE^JOHN\0", ("",), "DOE^JOHN"),
        ("Äneas^Rüdiger".encode("latin-1"), ("ISO_IR 100",), "Äneas^Rüdiger"),
        ("王^小东".encode("gb18030"), ("GB18030",), "王^小东"),
        ("王^小东".encode("gbk"), ("GBK",), "王^小东"),
        ("王^小东".encode(), ("ISO_IR 192",), "王^小东"),
        ("Διονυσιος".encode("iso8859-7"), ("ISO_IR 126",), "Διονυσιος"),
        ("Люкceмбypг".encode("iso8859-5"), ("ISO_IR 144",), "Люкceмбypг"),
        (b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", ("", "ISO 2022 IR 87"), "Yamada^Tarou=山田^太郎"),
        (b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", ("", "ISO 2022 IR 149"), "Hong^Gildong=洪^吉洞"),
    ],
)
def test_names(data: bytes, character_sets: tuple[str, ...], text: str) -> None:
    assert decode_text(data, character_sets, person_name=True) == text


@pytest.mark.parametrize("character_sets", [("NO SUCH SET",), ("ISO 2022 IR 999", "x"), ("",), ()])
def test_unknown_character_sets_still_give_text(character_sets: tuple[str, ...]) -> None:
    """Never an error: a listing with a strange name is better than no listing."""
    assert "Doe" in decode_text(b"Doe \xe4\xff", character_sets)


def test_a_wrong_character_set_never_raises() -> None:
    assert decode_text("王^小东".encode("gb18030"), ("ISO_IR 192",))


@given(
    data=st.binary(max_size=60),
    character_sets=st.lists(
        st.sampled_from(["", "ISO_IR 100", "ISO 2022 IR 87", "ISO 2022 IR 149", "ISO_IR 192", "GB18030", "nonsense"]), max_size=3
    ),
    person_name=st.booleans(),
)
def test_any_bytes_in_any_set(data: bytes, character_sets: list[str], person_name: bool) -> None:
    assert isinstance(decode_text(data, character_sets, person_name=person_name), str)


SETS = (
    "", "ISO_IR 13", "ISO_IR 100", "ISO-IR 100", "ISO_IR 144", "ISO 2022 IR 13", "ISO 2022 IR 87", "ISO 2022-IR 87", "ISO 2022 IR 149",
    "ISO 2022 IR 58", "ISO_IR 192", "GB18030", "GBK", "utf-8", "hex", "nonsense",
)  # fmt: skip
PARTS = (
    b"\x1b(B", b"\x1b-A", b"\x1b)I", b"\x1b(J", b"\x1b$B;3ED", b"\x1b-F\xe1", b"\x1b$)C\xfb\xf3", b"\x1b$)A", b"\x1b!",
    b"^", b"=", b"\r\n", b"Doe", "王".encode(), "王".encode("gb18030"), b"\xc4",
)  # fmt: skip


@settings(max_examples=500)
@given(
    data=st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join) | st.binary(max_size=30),
    character_sets=st.lists(st.sampled_from(SETS), max_size=3),
    person_name=st.booleans(),
)
def test_text_is_what_pydicom_s_decoder_makes_of_it(data: bytes, character_sets: list[str], person_name: bool) -> None:
    """Ours never warns: warnings cannot be silenced safely in threads."""
    found = decode_text(data, character_sets, person_name=person_name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encodings = convert_encodings([one if one != "hex" else "nonsense" for one in character_sets] or [""])
        expected = decode_bytes(data, encodings, {0x5E, 0x3D, 0x5C} if person_name else {0x5C, 0x0A, 0x0C, 0x0D, 0x09})
    assert found == expected.strip(" \0\r\n\t")


def test_only_the_first_kilobyte_is_shown() -> None:
    assert len(decode_text(b"x" * 5000, ())) == len(decode_text(b"\xe4" * 5000, ("ISO_IR 100",))) == 1024


@pytest.mark.parametrize("path", sorted(path for path in get_charset_files("chr[!SQ]*.dcm")))
def test_names_of_other_makers_are_those_that_pydicom_reads(path: str) -> None:
    expected = dcmread(path).PatientName
    with open(path, "rb") as file:
        listing = describe(BytesSource(file.read()), "", Limits()).listing
    assert listing.patient_name.rstrip("=") == str(expected)  # pydicom leaves out empty groups at the end


def test_the_listing_of_a_chinese_report() -> None:
    assert describe(BytesSource(build("sr")), "", Limits()).listing.patient_name == SR_PATIENT_NAME
