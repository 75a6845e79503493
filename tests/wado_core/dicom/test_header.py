"""Where a data set begins and how it is written, with and without preamble and File Meta Information (PS3.10 7, H1.1)."""

import zlib

import pytest

from tests.fixtures import build
from tests.wado_core.dicom.written import BIG_ENDIAN, ENCODINGS, EXPLICIT, IMPLICIT, element, integers, part_ten
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.header import Header, encoding_of, read_header
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, LimitExceeded, NotDicom
from wado_core.model.transfer_syntax import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000,
)
from wado_core.settings import Limits

SYNTAXES = {EXPLICIT: EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT: IMPLICIT_VR_LITTLE_ENDIAN, BIG_ENDIAN: EXPLICIT_VR_BIG_ENDIAN}


def data_set(encoding: Encoding) -> bytes:
    return element(tags.SOP_CLASS_UID, "UI", b"1.2.3.40", encoding) + integers(tags.ROWS, "US", 5, encoding=encoding)


def header(data: bytes, limits: Limits | None = None) -> Header:
    return read_header(BytesSource(data), limits or Limits())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_part_10_file(encoding: Encoding) -> None:
    found = header(part_ten(data_set(encoding), SYNTAXES[encoding]))
    assert found.has_preamble
    assert (found.transfer_syntax_uid, found.encoding) == (SYNTAXES[encoding], encoding)
    assert found.data_set_offset == len(part_ten(b"", SYNTAXES[encoding]))
    assert found.attributes.integer(tags.ROWS) == 5
    assert found.pixel_data is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bare_data_set_is_read_as_it_looks(encoding: Encoding) -> None:
    found = header(data_set(encoding))
    assert not found.has_preamble
    assert (found.encoding, found.data_set_offset, found.transfer_syntax_uid) == (encoding, 0, SYNTAXES[encoding])
    assert found.attributes.text(tags.SOP_CLASS_UID) == "1.2.3.40"


def test_file_meta_information_without_preamble() -> None:
    found = header(part_ten(data_set(EXPLICIT))[132:])
    assert not found.has_preamble
    assert found.attributes.integer(tags.ROWS) == 5


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_file_meta_information_that_names_no_transfer_syntax(encoding: Encoding) -> None:
    found = header(part_ten(data_set(encoding), ""))
    assert found.encoding == encoding
    assert found.attributes.integer(tags.ROWS) == 5


@pytest.mark.parametrize(
    ("declared", "written"), [(IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT), (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT), (JPEG_2000, IMPLICIT)]
)
def test_a_data_set_that_plainly_contradicts_its_syntax_is_read_as_it_is(declared: str, written: Encoding) -> None:
    found = header(part_ten(data_set(written), declared))
    assert (found.transfer_syntax_uid, found.encoding) == (declared, written)
    assert found.attributes.integer(tags.ROWS) == 5


def test_a_wrong_group_length_does_not_matter() -> None:
    data = bytearray(part_ten(data_set(EXPLICIT)))
    data[140:144] = b"\xff\xff\0\0"
    assert header(bytes(data)).attributes.integer(tags.ROWS) == 5


def test_deflated_offsets_count_in_the_inflated_form() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    inner = data_set(EXPLICIT) + element(0x7FE00010, "OW", b"\1\2\3\4")
    found = header(part_ten(packer.compress(inner) + packer.flush(), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN))
    assert found.pixel_data is not None
    assert found.source.read(found.pixel_data.offset, 4) == b"\1\2\3\4"
    with pytest.raises(LimitExceeded):
        header(build("defl"), Limits(inflated_bytes=100))


@pytest.mark.parametrize(
    "data",
    [b"", b"DICM", bytes(128), bytes(128) + b"DICX" + bytes(100), b"\xff\xd8\xff\xe0" + bytes(200), b"%PDF-1.4" + bytes(200),
     b"{\"a\": 1}" * 30, b"\x08\x00\x05\x00\xff\xff\xff\x7f" + bytes(200), b"\x10\x00\x10\x00PN\x04\x00AB^C" * 20],
)  # fmt: skip
def test_other_files_are_no_objects(data: bytes) -> None:
    with pytest.raises(NotDicom):
        header(data)


def test_a_dicomdir_is_none_either() -> None:
    with pytest.raises(NotDicom, match="DICOMDIR"):
        header(part_ten(data_set(EXPLICIT), sop_class_uid="1.2.840.10008.1.3.10"))


@pytest.mark.parametrize("data", [part_ten(b""), bytes(128) + b"DICM", part_ten(data_set(EXPLICIT))[:150]])
def test_objects_that_end_before_their_data_set_are_damage(data: bytes) -> None:
    with pytest.raises(DamagedObject):
        header(data)


def test_encodings_of_syntaxes() -> None:
    assert encoding_of("1.2.840.10008.1.2.4.50") == encoding_of("1.2.3.4.5") == EXPLICIT
    assert {encoding: encoding_of(uid) for encoding, uid in SYNTAXES.items()} == {encoding: encoding for encoding in ENCODINGS}
