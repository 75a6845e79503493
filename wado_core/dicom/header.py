"""The header of a stored object: Part 10 preamble, File Meta Information, and the attributes that rendering needs."""

from dataclasses import dataclass

from wado_core.dicom import tags
from wado_core.dicom.attribute_reader import AttributeReader
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import Element, Encoding, Scanner
from wado_core.dicom.source import Inflate, inflated
from wado_core.errors import DamagedObject, NotDicom
from wado_core.model.transfer_syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from wado_core.model.uid import LONGEST_UID
from wado_core.ports import ByteSource
from wado_core.settings import Limits

PREAMBLE_LENGTH = 132
_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_META_ENCODING = Encoding(implicit_vr=False, big_endian=False)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the pixel data.

    source: in which all offsets count; the inflated form for a deflated data set.
    transfer_syntax_uid: as stated, or guessed from the data set where nothing ("") is stated.
    pixel_data: the header of the (float, double) pixel data element, None without one.
    """

    source: ByteSource
    scanner: Scanner
    transfer_syntax_uid: str
    stated_transfer_syntax_uid: str
    has_preamble: bool
    data_set_offset: int
    encoding: Encoding
    attributes: Attributes
    pixel_data: Element | None


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Return how the elements of a data set in this transfer syntax are written."""
    syntax = transfer_syntax(transfer_syntax_uid)
    return Encoding(implicit_vr=syntax.implicit_vr, big_endian=syntax.big_endian)


def read_header(source: ByteSource, limits: Limits, inflate: Inflate = inflated) -> Header:
    """Read the header of an object, with or without preamble and File Meta Information (H1.1).

    inflate: how a deflated object is inflated.
    Raises NotDicom when the bytes do not begin like an object, DamagedObject, LimitExceeded, Unavailable.
    """
    scanner = Scanner(source, limits.elements)
    has_preamble = scanner.read(128, 4) == b"DICM"
    start = PREAMBLE_LENGTH if has_preamble else 0
    if not has_preamble and not _begins_like_a_data_set(scanner.read(0, 8)):
        raise NotDicom("The bytes are not a DICOM object.")
    sop_class_uid, stated, offset = _read_meta(scanner, start)
    if sop_class_uid == _MEDIA_STORAGE_DIRECTORY:
        raise NotDicom("A DICOMDIR lists objects and is none itself.")
    transfer_syntax_uid = stated or _guess(scanner.read(offset, 6))
    if transfer_syntax(transfer_syntax_uid).deflated:
        source = inflate(source, offset, limits.inflated_bytes)
        scanner = Scanner(source, limits.elements)
    encoding = _encoding(transfer_syntax_uid, scanner.read(offset, 6))
    reader = AttributeReader(scanner, tags.WANTED | tags.SEQUENCES, limits.element_bytes)
    attributes, pixel_data = reader.data_set(offset, encoding)
    return Header(source, scanner, transfer_syntax_uid, stated, has_preamble, offset, encoding, attributes, pixel_data)


def _read_meta(scanner: Scanner, offset: int) -> tuple[str, str, int]:
    """Return Media Storage SOP Class UID, Transfer Syntax UID ("" where not given) and the offset behind group 0002 (PS3.10 7.1)."""
    uids = {tags.MEDIA_STORAGE_SOP_CLASS_UID: "", tags.TRANSFER_SYNTAX_UID: ""}
    while offset < scanner.size:
        head = scanner.read(offset, 4)
        if head[:2] != b"\x02\x00":
            break
        element = scanner.element(offset, _META_ENCODING)
        offset = scanner.end_of_value(element)
        if element.tag in uids:
            uids[element.tag] = scanner.read(element.offset, min(element.length, LONGEST_UID)).decode("latin-1").strip(" \0")
    if offset >= scanner.size:
        raise DamagedObject("No data set follows (0002,0010) Transfer Syntax UID (PS3.10 7).")
    return uids[tags.MEDIA_STORAGE_SOP_CLASS_UID], uids[tags.TRANSFER_SYNTAX_UID], offset


def _encoding(transfer_syntax_uid: str, first: bytes) -> Encoding:
    """Return the encoding of a data set: the declared one, unless the first element plainly has, or lacks, a VR."""
    declared, guessed = encoding_of(transfer_syntax_uid), encoding_of(_guess(first))
    return guessed if declared.implicit_vr != guessed.implicit_vr and not declared.big_endian else declared


def _guess(first: bytes) -> str:
    """Guess the encoding of a data set from the start of its first element."""
    if first[4:6].isalpha() and first[4:6].isupper():
        return EXPLICIT_VR_BIG_ENDIAN if first[0] == 0 and first[1] != 0 else EXPLICIT_VR_LITTLE_ENDIAN
    return IMPLICIT_VR_LITTLE_ENDIAN


def _begins_like_a_data_set(first: bytes) -> bool:
    """Whether bytes without preamble may be a data set: group 0002 or 0008, and a short first value or a VR."""
    if len(first) < 8 or first[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08"):
        return False
    if first[4:6].isalpha() and first[4:6].isupper():
        return True
    return first[:2] == b"\x08\x00" and int.from_bytes(first[4:8], "little") <= 128
