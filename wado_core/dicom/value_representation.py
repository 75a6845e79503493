"""Value representations: of elements written without one, and the width of the units that byte order applies to (PS3.5 6.2)."""

from functools import lru_cache

from wado_core.dicom import tags

_UNIT = {
    **dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OF", b"OL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"SV", b"UV", b"OV"), 8),
}


def unit_bytes(vr: bytes) -> int:
    """Return how many bytes form one unit of the byte order; 1 for text and bytes (PS3.5 7.3)."""
    return _UNIT.get(vr, 1)


@lru_cache(maxsize=4096)
def implied_vr(tag: int, *, signed: bool) -> bytes:
    """Return the VR of an element written without one (PS3.6; PS3.5 Annex A.1 for those that depend on the image).

    signed: Pixel Representation is 1. Private elements are UN, their creators LO (PS3.5 7.8.1); unknown ones UN.
    """
    group, element = tag >> 16, tag & 0xFFFF
    if group % 2:
        return b"LO" if 0x10 <= element <= 0xFF else b"UN"
    if element == 0:
        return b"UL"
    if tag in (tags.LUT_DATA, *range(tags.RED_PALETTE_DATA, tags.RED_PALETTE_DATA + 3)):
        return b"OW"
    from pydicom.datadict import dictionary_VR

    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return b"UN"
    if " or " not in vr:
        return vr.encode()
    if "OW" in vr:
        return b"OW"
    return b"SS" if signed else b"US"
