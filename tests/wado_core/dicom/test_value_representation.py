"""Value representations of elements written without one (PS3.6; PS3.5 Annex A.1)."""

import pytest
from pydicom import datadict

from wado_core.dicom.value_representation import implied_vr, unit_bytes


@pytest.mark.parametrize(
    ("tag", "unsigned", "signed"),
    [
        (0x00280010, b"US", b"US"),  # Rows
        (0x00280120, b"US", b"SS"),  # Pixel Padding Value
        (0x00283002, b"US", b"SS"),  # LUT Descriptor
        (0x00283006, b"OW", b"OW"),  # LUT Data
        (0x00281201, b"OW", b"OW"),  # Red Palette Color Lookup Table Data
        (0x7FE00010, b"OW", b"OW"),
        (0x60003000, b"OW", b"OW"),  # Overlay Data, in any of its groups
        (0x60103000, b"OW", b"OW"),
        (0x00081140, b"SQ", b"SQ"),
        (0x00100010, b"PN", b"PN"),
        (0x00280000, b"UL", b"UL"),  # a group length
        (0x00090010, b"LO", b"LO"),  # a private creator
        (0x00091001, b"UN", b"UN"),
        (0x00090001, b"UN", b"UN"),
        (0x00081199 + 0x100000, b"UN", b"UN"),  # nothing known
    ],
)
def test_implied(tag: int, unsigned: bytes, signed: bytes) -> None:
    assert implied_vr(tag, signed=False) == unsigned
    assert implied_vr(tag, signed=True) == signed


def test_every_standard_element_has_one_definite_vr() -> None:
    """But for items and their delimiters, which have none in any encoding."""
    tags = [datadict.tag_for_keyword(keyword) for keyword in datadict.keyword_dict]
    vrs = {implied_vr(tag, signed=False) for tag in tags if tag is not None and tag >> 16 != 0xFFFE}
    assert all(len(vr) == 2 and vr.isupper() for vr in vrs)
    assert len(vrs) > 25


@pytest.mark.parametrize(
    ("vr", "width"),
    [(b"US", 2), (b"SS", 2), (b"OW", 2), (b"AT", 2), (b"UL", 4), (b"SL", 4), (b"FL", 4), (b"OF", 4), (b"OL", 4), (b"FD", 8),
     (b"OD", 8), (b"SV", 8), (b"UV", 8), (b"OV", 8), (b"OB", 1), (b"UN", 1), (b"PN", 1), (b"UI", 1), (b"SQ", 1)],
)  # fmt: skip
def test_units_of_the_byte_order(vr: bytes, width: int) -> None:
    """PS3.5 7.3."""
    assert unit_bytes(vr) == width
