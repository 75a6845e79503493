"""Elements written byte by byte, in any encoding and as wrong as a test wants them (PS3.5 section 7)."""

from struct import pack

from wado_core.dicom.attribute_reader import AttributeReader
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import Element, Encoding, Scanner
from wado_core.dicom.source import BytesSource
from wado_core.dicom.tags import SEQUENCES, WANTED

EXPLICIT = Encoding(implicit_vr=False, big_endian=False)
IMPLICIT = Encoding(implicit_vr=True, big_endian=False)
BIG_ENDIAN = Encoding(implicit_vr=False, big_endian=True)
ENCODINGS = [EXPLICIT, IMPLICIT, BIG_ENDIAN]

UNDEFINED = 0xFFFFFFFF
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")


def element(tag: int, vr: str, value: bytes, encoding: Encoding = EXPLICIT, *, length: int | None = None) -> bytes:
    """Write one element; ``length`` states another length than that of the value."""
    order = ">" if encoding.big_endian else "<"
    stated = len(value) if length is None else length
    head = pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if encoding.implicit_vr or tag >> 16 == 0xFFFE:
        return head + pack(f"{order}L", stated) + value
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + pack(f"{order}L", stated) + value
    return head + vr.encode() + pack(f"{order}H", stated) + value


def integers(tag: int, vr: str, *values: int, encoding: Encoding = EXPLICIT) -> bytes:
    """Write an element of binary integers of the VR's own width."""
    code = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "OV": "Q", "UV": "Q", "OW": "H"}[vr]
    return element(tag, vr, pack(f"{'>' if encoding.big_endian else '<'}{len(values)}{code}", *values), encoding)


def item(content: bytes, encoding: Encoding = EXPLICIT, *, undefined: bool = False) -> bytes:
    if undefined:
        return element(0xFFFEE000, "", content, encoding, length=UNDEFINED) + element(0xFFFEE00D, "", b"", encoding)
    return element(0xFFFEE000, "", content, encoding)


def sequence(tag: int, *items: bytes, encoding: Encoding = EXPLICIT, undefined: bool = False, vr: str = "SQ") -> bytes:
    """Write a sequence of items that are written already."""
    content = b"".join(items)
    if undefined:
        return element(tag, vr, content, encoding, length=UNDEFINED) + element(0xFFFEE0DD, "", b"", encoding)
    return element(tag, vr, content, encoding)


def scanner(data: bytes, most_elements: int = 1_000_000) -> Scanner:
    return Scanner(BytesSource(data), most_elements)


def attributes(data: bytes, encoding: Encoding = EXPLICIT, *, most_bytes: int = 1 << 20) -> Attributes:
    """Read the attributes of a data set that begins at byte 0."""
    return read(data, encoding, most_bytes=most_bytes)[0]


def read(data: bytes, encoding: Encoding = EXPLICIT, *, most_bytes: int = 1 << 20) -> tuple[Attributes, Element | None]:
    return AttributeReader(scanner(data), WANTED | SEQUENCES, most_bytes).data_set(0, encoding)


def part_ten(data_set: bytes, transfer_syntax_uid: str = "1.2.840.10008.1.2.1", sop_class_uid: str = "1.2.840.10008.5.1.4.1.1.7") -> bytes:
    """Put preamble and File Meta Information before a data set (PS3.10 7.1)."""

    def uid(text: str) -> bytes:
        return text.encode() + b"\0" * (len(text) % 2)

    meta = element(0x00020002, "UI", uid(sop_class_uid)) + element(0x00020003, "UI", uid("1.2.3.4"))
    meta += element(0x00020010, "UI", uid(transfer_syntax_uid)) if transfer_syntax_uid else b""
    return bytes(128) + b"DICM" + integers(0x00020000, "UL", len(meta)) + meta + data_set


def fragments(*values: bytes, table: bytes = b"") -> bytes:
    """Write encapsulated pixel data: the offset table, then one item each (PS3.5 A.4)."""
    items = b"".join(element(0xFFFEE000, "", value) for value in (table, *values))
    return element(0x7FE00010, "OB", items, length=UNDEFINED) + element(0xFFFEE0DD, "", b"")
