"""ICC profiles of stored objects: where one lies, and whether pictures can carry it (PS3.3 C.11.15, ICC.1 clause 7.2, H3.6)."""

from wado_core.dicom import tags
from wado_core.dicom.attributes import Attributes, Value
from wado_core.model.byte_range import ByteRange
from wado_core.ports import ByteSource

LARGEST_BYTES = 1 << 20

# A header and the number of tags.
_SHORTEST_BYTES = 128 + 4
# Elements have an even length, and profiles one that four divides.
_MOST_PADDING = 3
# Of input, display and output devices, and of colour spaces; links, abstract profiles and named colours describe no picture.
_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")


def find_icc_profile(source: ByteSource, attributes: Attributes, *, gray: bool) -> tuple[ByteRange | None, str]:
    """Return where (0028,2000) ICC Profile lies, without its padding, and what is wrong with one that cannot be used, tag first.

    The object's own comes before that of its optical path (PS3.3 C.8.12.5).
    gray: whether pictures of it are gray. A profile for others says nothing of them.
    """
    value = attributes.bulk(tags.ICC_PROFILE)
    paths = attributes.items(tags.OPTICAL_PATH_SEQUENCE) if value is None else ()
    of_paths = [found for item in paths if (found := item.bulk(tags.ICC_PROFILE))]
    if of_paths and len(paths) > 1:
        return None, f"(0048,0105) Optical Path Sequence has {len(paths)} items (PS3.3 C.8.12.5): the ICC Profile was left out."
    value = value or (of_paths[0] if of_paths else None)
    if value is None:
        return None, ""
    size, problem = _examined(source, value, b"GRAY" if gray else b"RGB ")
    if problem:
        return None, f"(0028,2000) ICC Profile {problem} (PS3.3 C.11.15) and was left out."
    return ByteRange(value.offset, size), ""


def _examined(source: ByteSource, value: Value, color_space: bytes) -> tuple[int, str]:
    """Return the size of a profile by its header, and why it cannot be used."""
    if value.length > LARGEST_BYTES:
        return 0, f"is larger than {LARGEST_BYTES:,} bytes"
    if value.length < _SHORTEST_BYTES:
        return 0, "is shorter than the header of one"
    header = source.read(value.offset, _SHORTEST_BYTES)
    size = int.from_bytes(header[:4], "big")
    if header[36:40] != b"acsp":
        return 0, "does not begin like one"
    if not _SHORTEST_BYTES <= size <= value.length <= size + _MOST_PADDING:
        return 0, f"has {value.length} bytes and states {size}"
    if header[12:16] not in _CLASSES:
        return 0, "does not describe colours of a device or a space"
    if header[16:20] != color_space:
        return 0, f"is not one of {'gray values' if color_space == b'GRAY' else 'RGB'}, which the picture has"
    return size, ""
