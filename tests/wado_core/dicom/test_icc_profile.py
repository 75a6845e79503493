"""Which stored ICC profile pictures carry, and why others are left out (PS3.3 C.11.15, C.8.12.5; H3.6)."""

from struct import pack

import pytest

from tests.fixtures.icc import icc_profile
from tests.wado_core.dicom.written import ENCODINGS, attributes, element, item, sequence
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.icc_profile import LARGEST_BYTES, find_icc_profile
from wado_core.dicom.source import BytesSource
from wado_core.dicom.tags import OPTICAL_PATH_SEQUENCE

RGB, GRAY = icc_profile(), icc_profile("GRAY")


def even(profile: bytes) -> bytes:
    return profile + b"\0" * (len(profile) % 2)


def found(data: bytes, encoding: Encoding, *, gray: bool = False) -> tuple[bytes | None, str]:
    where, problem = find_icc_profile(BytesSource(data), attributes(data, encoding), gray=gray)
    return None if where is None else data[where.offset : where.offset + where.length], problem


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("profile", [RGB, GRAY])
def test_a_profile_of_the_picture_is_found_where_it_lies(profile: bytes, encoding: Encoding) -> None:
    data = element(tags.ICC_PROFILE, "OB", even(profile), encoding)
    assert found(data, encoding, gray=profile is GRAY) == (profile, "")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_profile_of_the_only_optical_path_is_found(encoding: Encoding) -> None:
    path = item(element(tags.ICC_PROFILE, "OB", even(RGB), encoding), encoding)
    assert found(sequence(OPTICAL_PATH_SEQUENCE, path, encoding=encoding), encoding) == (RGB, "")


def test_the_object_s_own_profile_comes_first() -> None:
    own, other = with_bytes(RGB, 60, b"own "), RGB
    path = item(element(tags.ICC_PROFILE, "OB", even(other)))
    data = element(tags.ICC_PROFILE, "OB", even(own)) + sequence(OPTICAL_PATH_SEQUENCE, path)
    assert found(data, ENCODINGS[0]) == (own, "")


def test_of_several_optical_paths_none_is_the_frame_s() -> None:
    paths = [item(element(tags.ICC_PROFILE, "OB", even(RGB)))] * 2
    profile, problem = found(sequence(OPTICAL_PATH_SEQUENCE, *paths), ENCODINGS[0])
    assert profile is None
    assert problem.startswith("(0048,0105) Optical Path Sequence has 2 items (PS3.3 C.8.12.5)")
    assert found(sequence(OPTICAL_PATH_SEQUENCE, item(b""), item(b"")), ENCODINGS[0]) == (None, "")


@pytest.mark.parametrize("data", [b"", element(tags.ICC_PROFILE, "OB", b"")])
def test_nothing_is_said_where_there_is_none(data: bytes) -> None:
    assert found(data, ENCODINGS[0]) == (None, "")


def with_bytes(profile: bytes, place: int, replacement: bytes) -> bytes:
    return profile[:place] + replacement + profile[place + len(replacement) :]


@pytest.mark.parametrize(
    ("profile", "gray", "words"),
    [
        (RGB[:130], False, "is shorter than the header"),
        (with_bytes(RGB, 36, b"ascp"), False, "does not begin like one"),
        (with_bytes(RGB, 0, pack(">L", len(RGB) + 2)), False, f"states {len(RGB) + 2}"),
        (with_bytes(RGB, 0, pack(">L", len(RGB) - 4)), False, f"states {len(RGB) - 4}"),
        (with_bytes(RGB, 0, pack(">L", 2**32 - 1)), False, "states 4294967295"),
        (with_bytes(RGB, 12, b"link"), False, "does not describe colours"),
        (with_bytes(RGB, 16, b"CMYK"), False, "is not one of RGB"),
        (RGB, True, "is not one of gray values"),
        (GRAY, False, "is not one of RGB"),
        (with_bytes(RGB + bytes(LARGEST_BYTES), 0, pack(">L", len(RGB) + LARGEST_BYTES)), False, "is larger than 1,048,576 bytes"),
    ],
)
def test_profiles_that_cannot_be_used_are_left_out(profile: bytes, gray: bool, words: str) -> None:
    left_out, problem = found(element(tags.ICC_PROFILE, "OB", even(profile)), ENCODINGS[0], gray=gray)
    assert left_out is None
    assert problem.startswith("(0028,2000) ICC Profile ")
    assert words in problem
    assert problem.endswith("(PS3.3 C.11.15) and was left out.")


@pytest.mark.parametrize("padding", [0, 1, 2, 3])
def test_the_padding_of_an_element_is_no_part_of_the_profile(padding: int) -> None:
    assert found(element(tags.ICC_PROFILE, "OB", RGB + bytes(padding)), ENCODINGS[0]) == (RGB, "")


def test_the_largest_profile_is_found_without_being_read() -> None:
    large = with_bytes(RGB + bytes(LARGEST_BYTES - len(RGB)), 0, pack(">L", LARGEST_BYTES))
    data = element(tags.ICC_PROFILE, "OB", large)
    reads: list[int] = []

    class Counting(BytesSource):
        def read(self, offset: int, length: int) -> bytes:
            reads.append(length)
            return super().read(offset, length)

    where, _ = find_icc_profile(Counting(data), attributes(data), gray=False)
    assert where is not None
    assert where.length == LARGEST_BYTES
    assert reads == [132]
