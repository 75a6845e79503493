"""Contents of files that are, or look like, DICOM objects, written byte by byte and as wrong as they occur."""

import gzip
import tarfile
import zipfile
from io import BytesIO
from random import Random

from tests.wado_core.dicom.written import EXPLICIT, IMPLICIT, UNDEFINED, element, integers, part_ten
from wado_core.dicom.elements import Encoding
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_DEEP = 50_000


def data_set(study: bytes | None, series: bytes | None, object_: bytes | None, encoding: Encoding = EXPLICIT) -> bytes:
    """Write an object without pixels; the UIDs are values as they are to stand, None for an element that is not there."""

    def uid(tag: int, value: bytes | None) -> bytes:
        return b"" if value is None else element(tag, "UI", value + b"\0" * (len(value) % 2), encoding)

    return b"".join(
        (
            uid(0x00080016, CT_IMAGE.encode()),
            uid(0x00080018, object_),
            element(0x00080020, "DA", b"20240115", encoding),
            element(0x00080060, "CS", b"CT", encoding),
            element(0x00100010, "PN", b"DOE^PHANTOM ", encoding),
            element(0x00100020, "LO", b"WADO-0001 ", encoding),
            uid(0x0020000D, study),
            uid(0x0020000E, series),
            element(0x00200013, "IS", b"1 ", encoding),
        )
    )


def object_with(study: bytes | None, series: bytes | None, object_: bytes | None) -> bytes:
    """Write a whole file with these UIDs."""
    return part_ten(data_set(study, series, object_), sop_class_uid=CT_IMAGE)


def without_meta(whole: bytes) -> bytes:
    """Return a Part 10 file without the elements of its File Meta Information: preamble, prefix, data set."""
    return whole[:132] + whole[_end_of_meta(whole) :]


def without_preamble(whole: bytes) -> bytes:
    """Return a Part 10 file that begins with its File Meta Information."""
    return whole[132:]


def bare(whole: bytes) -> bytes:
    """Return the data set of a Part 10 file alone."""
    return whole[_end_of_meta(whole) :]


def with_meta_length(whole: bytes, length: int) -> bytes:
    """State another File Meta Information Group Length (PS3.10 7.1)."""
    return whole[:132] + integers(0x00020000, "UL", length) + whole[144:]


def with_preamble(whole: bytes, first: bytes) -> bytes:
    """Let the preamble begin with these bytes, such as those of a TIFF (PS3.10 7.1)."""
    return first + whole[len(first) :]


def _end_of_meta(whole: bytes) -> int:
    return 144 + int.from_bytes(whole[140:144], "little")


def directory() -> bytes:
    """Write a DICOMDIR (PS3.3 F) of no records."""
    listed = element(0x00041130, "CS", b"ARCHIVE ") + integers(0x00041200, "UL", 0) + integers(0x00041202, "UL", 0)
    return part_ten(listed + integers(0x00041212, "US", 0) + element(0x00041220, "SQ", b""), sop_class_uid=MEDIA_STORAGE_DIRECTORY)


def zipped(*members: bytes) -> bytes:
    """Pack files into a zip archive, not compressed, so that they are to be found in its bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, member in enumerate(members):
            archive.writestr(zipfile.ZipInfo(f"IM{number:06d}", (2017, 7, 14, 2, 40, 0)), member)
    return buffer.getvalue()


def tarred(*members: bytes) -> bytes:
    """Put files one after the other into a tar archive, as they are."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, member in enumerate(members):
            entry = tarfile.TarInfo(f"IM{number:06d}")
            entry.size = len(member)
            archive.addfile(entry, BytesIO(member))
    return buffer.getvalue()


def gzipped(data: bytes) -> bytes:
    """Compress a file."""
    return gzip.compress(data, mtime=0)


def nested(encoding: Encoding = EXPLICIT) -> bytes:
    """Open sequences within sequences, and close none."""
    opening = element(0x00081140, "SQ", b"", encoding, length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)
    return part_ten(opening * _DEEP, IMPLICIT_VR_LITTLE_ENDIAN if encoding == IMPLICIT else EXPLICIT_VR_LITTLE_ENDIAN)


def endless_items() -> bytes:
    """Write a sequence of undefined length that holds the same empty item for ever, and never its end."""
    return part_ten(element(0x00081140, "SQ", element(0xFFFEE000, "", b"") * _DEEP, length=UNDEFINED))


def repeating() -> bytes:
    """Write a header that begins anew again and again, without UIDs."""
    return part_ten((element(0x00080005, "CS", b"ISO_IR 100") + element(0x00080060, "CS", b"CT")) * _DEEP)


def text_like_implicit() -> bytes:
    """Write prose behind what could be the first element of an Implicit VR data set."""
    prose = b"Dear colleague,\nthe images of this patient are on the enclosed disc.\n"
    return element(0x00080005, "CS", b"ISO_IR 100", IMPLICIT) + prose * 40


def text_like_explicit() -> bytes:
    """Write prose that begins with the two bytes of group 0008 and capital letters where a VR may stand."""
    return b"\x08\x00 \x00NO IMAGES HERE. " + b"Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 40


def text(rng: Random) -> bytes:
    """Write a report as it lies beside images."""
    return ("".join(rng.choice(("befund ", "CT ", "ohne ", "Kontrast\r\n", "影像 ", "naïve ")) for _ in range(200))).encode("utf-8")
