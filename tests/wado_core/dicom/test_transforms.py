"""Which transformations hold for a frame: its own groups, then the shared, then the image's; broken windows (H2.1, H2.16, H2.17)."""

from struct import pack

import numpy as np
import pytest

from tests.wado_core.dicom.written import BIG_ENDIAN, ENCODINGS, attributes, element, integers, item, sequence
from tests.wado_core.rendering.pixels import gray
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.lut import read_lut
from wado_core.dicom.source import BytesSource
from wado_core.dicom.tags import (
    FRAME_VOI_LUT_SEQUENCE,
    MODALITY_LUT_SEQUENCE,
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    VOI_LUT_SEQUENCE,
)
from wado_core.dicom.transforms import (
    FUNCTION_UNKNOWN,
    INTERCEPT_INVALID,
    SLOPE_INVALID,
    WINDOW_IGNORED,
    read_padding,
    read_transforms,
)
from wado_core.model.grayscale import FrameTransform, Lut, Padding, Rescale, StoredLut, VoiLutFunction, Window


def text(tag: int, value: str) -> bytes:
    return element(tag, "DS", value.encode() + b" " * (len(value) % 2))


def rescale(slope: str, intercept: str) -> bytes:
    return text(tags.RESCALE_INTERCEPT, intercept) + text(tags.RESCALE_SLOPE, slope)


def window(center: str, width: str, function: str = "") -> bytes:
    written = text(tags.WINDOW_CENTER, center) + text(tags.WINDOW_WIDTH, width)
    return written + (element(tags.VOI_LUT_FUNCTION, "CS", function.encode().ljust(len(function) + len(function) % 2)) if function else b"")


def table(*entries: int, first: int = 0, bits: int = 8) -> bytes:
    return item(integers(tags.LUT_DESCRIPTOR, "US", len(entries), first & 0xFFFF, bits) + integers(tags.LUT_DATA, "US", *entries))


def groups(modality: bytes = b"", voi: bytes = b"") -> bytes:
    content = sequence(FRAME_VOI_LUT_SEQUENCE, item(voi)) if voi else b""
    content += sequence(PIXEL_VALUE_TRANSFORMATION_SEQUENCE, item(modality)) if modality else b""
    return item(content)


def lut(*entries: int, first: int = 0, bits: int = 8) -> Lut:
    return Lut(first, bits, np.array(entries, "<u2").tobytes())


def transforms(data: bytes, frames: int = 1, *, signed: bool = False) -> list[FrameTransform]:
    """Read the transformation of every frame."""
    distinct, of_frame = read_transforms(attributes(data), gray(12, signed=signed), frames)
    assert len(set(distinct)) == len(distinct)
    return [distinct[place] for place in of_frame] + [distinct[0]] * (frames - len(of_frame))


def read(data: bytes, stored: StoredLut | None) -> Lut:
    assert stored is not None
    return read_lut(BytesSource(data), stored)


def only(data: bytes, *, signed: bool = False) -> FrameTransform:
    (found,) = transforms(data, signed=signed)
    return found


def test_nothing_stored_is_the_identity_and_the_full_range() -> None:
    assert only(b"") == FrameTransform()


@pytest.mark.parametrize(
    ("slope", "intercept", "expected", "problem"),
    [("2", "-1024", Rescale(2.0, -1024.0), ""), ("0", "5", Rescale(1.0, 5.0), SLOPE_INVALID),
     ("nan", "5", Rescale(1.0, 5.0), SLOPE_INVALID),
     ("-0.5", "inf", Rescale(-0.5, 0.0), INTERCEPT_INVALID),
     ("x", "3", Rescale(1.0, 3.0), SLOPE_INVALID), ("1.5", "", Rescale(1.5, 0.0), ""), ("", "3", Rescale(1.0, 3.0), ""),
     ("1e308", "y", Rescale(1.0, 0.0), f"{SLOPE_INVALID} {INTERCEPT_INVALID}"), ("1,5", "0", Rescale(1.0, 0.0), SLOPE_INVALID),
     ("1_0", "0", Rescale(1.0, 0.0), SLOPE_INVALID), (" 2 \\3", "+1.5E1\n", Rescale(2.0, 15.0), "")],
)  # fmt: skip
def test_rescales_also_broken_ones(slope: str, intercept: str, expected: Rescale, problem: str) -> None:
    """A slope of 0 occurs in broken files and counts as 1 (H2.1)."""
    found = only(rescale(slope, intercept))
    assert (found.rescale, found.modality_problem) == (expected, problem)


def test_a_frame_s_own_rescale_ends_what_was_wrong_with_the_image_s() -> None:
    per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(rescale("3", "300")), groups())
    first, second = transforms(rescale("0", "0") + per_frame, 2)
    assert (first.modality_problem, second.modality_problem) == ("", SLOPE_INVALID)


def test_a_modality_lut_goes_before_a_rescale() -> None:
    data = rescale("2", "3") + sequence(MODALITY_LUT_SEQUENCE, table(5, 6, first=1))
    found = only(data)
    assert (read(data, found.modality_lut), found.rescale) == (lut(5, 6, first=1), None)


def test_a_modality_lut_that_cannot_be_used_gives_way() -> None:
    found = only(rescale("2", "3") + sequence(MODALITY_LUT_SEQUENCE, item(b"")))
    assert found.rescale == Rescale(2.0, 3.0)
    assert found.modality_problem.startswith("(0028,3000) Modality LUT Sequence: (0028,3002) LUT Descriptor is missing")
    alone = only(sequence(MODALITY_LUT_SEQUENCE, item(b"")))
    assert (alone.rescale, alone.modality_problem) == (None, found.modality_problem)


def test_a_modality_lut_that_is_too_short_is_used_and_warned_of() -> None:
    short = item(integers(tags.LUT_DESCRIPTOR, "US", 9, 0, 16) + integers(tags.LUT_DATA, "US", 1, 2))
    found = only(sequence(MODALITY_LUT_SEQUENCE, short))
    assert found.modality_lut is not None
    assert "holds 2 of 9 entries (PS3.3 C.11.1.1.1)" in found.modality_problem


def test_a_voi_lut_that_cannot_be_used_is_warned_of_where_it_would_be_used() -> None:
    """Beside a window it is not (A4.63)."""
    broken = sequence(VOI_LUT_SEQUENCE, item(b""))
    found = only(broken)
    assert (found.window, found.voi_lut) == (None, None)
    assert found.voi_problem.startswith("(0028,3010) VOI LUT Sequence: (0028,3002) LUT Descriptor is missing or too short (PS3.3 C.11.2.")
    assert only(window("40", "400") + broken).voi_problem == ""
    both = only(window("40", "0") + broken)
    assert both.voi_problem == f"{WINDOW_IGNORED} {found.voi_problem}"


@pytest.mark.parametrize(
    ("function", "expected"),
    [("", VoiLutFunction.LINEAR), ("LINEAR", VoiLutFunction.LINEAR), ("LINEAR_EXACT", VoiLutFunction.LINEAR_EXACT),
     ("SIGMOID", VoiLutFunction.SIGMOID), ("sigmoid", VoiLutFunction.SIGMOID), ("CURVED", VoiLutFunction.LINEAR)],
)  # fmt: skip
def test_voi_lut_functions(function: str, expected: VoiLutFunction) -> None:
    """Absent or unknown is LINEAR (H2.8)."""
    found = only(window("40", "400", function))
    assert (found.window, found.voi_problem) == (Window(40.0, 400.0, expected), FUNCTION_UNKNOWN if function == "CURVED" else "")


def test_the_first_of_several_windows_and_tables_counts() -> None:
    data = window("40\\50", "400\\500") + sequence(VOI_LUT_SEQUENCE, table(1), table(2))
    found = only(data)
    assert (found.window, read(data, found.voi_lut)) == (Window(40.0, 400.0), lut(1))


@pytest.mark.parametrize(
    ("center", "width", "function"),
    [("40", "0", ""), ("40", "0.5", ""), ("40", "-400", "SIGMOID"), ("40", "0", "LINEAR_EXACT"), ("x", "400", ""), ("40", "nan", ""),
     ("40", "", ""), ("", "400", ""), ("inf", "400", ""), ("40", "1e301", ""), ("40,5", "400", ""), ("x\\50", "400\\500", ""),
     ("40", "4_0", "")],
)  # fmt: skip
def test_a_broken_window_counts_as_absent_and_is_warned_of(center: str, width: str, function: str) -> None:
    """H2.17."""
    found = only(window(center, width, function))
    assert (found.window, found.voi_problem) == (None, WINDOW_IGNORED)
    data = window(center, width, function) + sequence(VOI_LUT_SEQUENCE, table(1))
    with_table = only(data)
    assert (with_table.window, read(data, with_table.voi_lut), with_table.voi_problem) == (None, lut(1), WINDOW_IGNORED)


@pytest.mark.parametrize(("center", "width"), [(" 40\n", "400 "), ("+4.0E1", "4e2"), ("40\\x", "400"), ("40.", "400\0")])
def test_windows_as_writers_write_them(center: str, width: str) -> None:
    found = only(window(center, width))
    assert (found.window, found.voi_problem) == (Window(40.0, 400.0), "")


@pytest.mark.parametrize("tag", [tags.WINDOW_CENTER, tags.WINDOW_WIDTH])
def test_half_a_window_is_broken(tag: int) -> None:
    found = only(text(tag, "400"))
    assert (found.window, found.voi_problem) == (None, WINDOW_IGNORED)


def test_an_empty_window_is_simply_absent() -> None:
    assert only(window("", "")) == FrameTransform()


def test_narrow_windows_are_right_where_the_function_allows_them() -> None:
    assert only(window("40", "0.5", "LINEAR_EXACT")).window == Window(40.0, 0.5, VoiLutFunction.LINEAR_EXACT)
    assert only(window("40", "1")).window == Window(40.0, 1.0)


class TestPrecedence:
    TOP = window("1", "10") + rescale("1", "100")

    def test_per_frame_then_shared_then_the_image(self) -> None:
        shared = sequence(SHARED_FUNCTIONAL_GROUPS_SEQUENCE, groups(rescale("2", "200"), window("2", "20")))
        per_frame = sequence(
            PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(rescale("3", "300"), window("3", "30")), groups(), groups(voi=window("4", "40"))
        )
        found = transforms(self.TOP + shared + per_frame, 4)
        assert [one.rescale for one in found] == [Rescale(3.0, 300.0), *[Rescale(2.0, 200.0)] * 3]
        assert [one.window for one in found] == [Window(3.0, 30.0), Window(2.0, 20.0), Window(4.0, 40.0), Window(2.0, 20.0)]
        assert [one.rescale for one in transforms(self.TOP + per_frame, 3)] == [Rescale(3.0, 300.0), *[Rescale(1.0, 100.0)] * 2]

    def test_a_frame_s_own_rescale_replaces_a_modality_lut_of_the_image(self) -> None:
        per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(rescale("3", "300")), groups())
        data = sequence(MODALITY_LUT_SEQUENCE, table(5)) + per_frame
        first, second = transforms(data, 2)
        assert (first.rescale, first.modality_lut) == (Rescale(3.0, 300.0), None)
        assert read(data, second.modality_lut) == lut(5)

    def test_a_frame_s_own_table_replaces_a_window_of_the_image(self) -> None:
        per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(voi=sequence(VOI_LUT_SEQUENCE, table(9))))
        found = only(self.TOP + per_frame)
        assert (found.window, read(self.TOP + per_frame, found.voi_lut)) == (None, lut(9))

    def test_a_broken_window_of_a_frame_leaves_the_image_s(self) -> None:
        found = only(self.TOP + sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups(voi=window("3", "0"))))
        assert (found.window, found.voi_problem) == (Window(1.0, 10.0), WINDOW_IGNORED)

    def test_more_groups_than_frames_and_fewer(self) -> None:
        per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *(groups(rescale(str(number), "0")) for number in (2, 3, 4)))
        assert [one.rescale for one in transforms(per_frame, 2)] == [Rescale(2.0, 0.0), Rescale(3.0, 0.0)]
        assert [one.rescale for one in transforms(per_frame, 5)] == [Rescale(2.0, 0.0), Rescale(3.0, 0.0), Rescale(4.0, 0.0), None, None]

    def test_equal_frames_share_one_transformation(self) -> None:
        per_frame = sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *[groups(rescale("2", "0"))] * 50)
        assert read_transforms(attributes(per_frame), gray(), 50) == ((FrameTransform(Rescale(2.0, 0.0)),), ())


@pytest.mark.parametrize(
    ("modality", "signed", "first"), [("", False, 65436), ("", True, -100), ("-1024", False, -100), ("0", False, 65436)]
)
def test_the_first_value_of_a_voi_lut_is_signed_when_its_input_can_be_negative(modality: str, signed: bool, first: int) -> None:
    """H2.2: signed pixels, or a rescale that leads below zero."""
    data = (rescale("1", modality) if modality else b"") + sequence(VOI_LUT_SEQUENCE, table(7, first=-100))
    found = only(data, signed=signed).voi_lut
    assert found is not None
    assert found.first == first


@pytest.mark.parametrize("vr", ["US", "SS"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_padding_follows_the_sign_of_the_pixels(encoding: Encoding, vr: str) -> None:
    """H1.4, H2.13; whichever bound is the lower, and whatever VR the writer gave."""

    def padding(*numbers: int, signed: bool) -> Padding | None:
        sign = 0x8000 if vr == "SS" else 0
        tagged = zip((tags.PIXEL_PADDING_VALUE, tags.PIXEL_PADDING_RANGE_LIMIT), numbers, strict=False)
        data = b"".join(integers(tag, vr, (number + sign & 0xFFFF) - sign, encoding=encoding) for tag, number in tagged)
        return read_padding(attributes(data, encoding), gray(signed=signed))

    assert padding(signed=False) is None
    assert padding(-2000, signed=True) == Padding(-2000, -2000)
    assert padding(-2000, signed=False) == Padding(63536, 63536)
    assert padding(100, 50, signed=False) == padding(50, 100, signed=False) == Padding(50, 100)


def test_binary_windows_of_private_writers() -> None:
    data = element(tags.WINDOW_CENTER, "FD", pack(">d", 40.0), BIG_ENDIAN) + element(tags.WINDOW_WIDTH, "FD", pack(">d", 400.0), BIG_ENDIAN)
    distinct, _ = read_transforms(attributes(data, BIG_ENDIAN), gray(), 1)
    assert distinct[0].window == Window(40.0, 400.0)
