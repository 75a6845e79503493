"""Whole objects whose pixel data breaks off, or is not as many frames as stated: what is there is shown, the rest is told (H1.5)."""

import re
import time
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, RLELossless

from tests import reference
from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import jpeg_2000, rle
from tests.reference.rounding import Array
from tests.wado_core.dicom.objects import PYDICOM_DATA
from tests.wado_core.dicom.written import element
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import part_ten
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, MissingFrame, NoSuchFrame
from wado_core.model.instance import Instance
from wado_core.model.render import RenderRequest
from wado_core.rendering.execute import draw
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

LIMITS = Limits()
CELLS = np.random.default_rng(5).integers(0, 256, (3, 16, 20), dtype=np.uint8)


def native(**traits: Any) -> bytes:
    return file_bytes(image(CELLS, window=(128, 256), **traits))


def encapsulated(encode: Any = rle, syntax: str = RLELossless, **traits: Any) -> bytes:
    return native(transfer_syntax=syntax, code_streams=[encode(frame) for frame in CELLS], **traits)


def jpeg_2000_8bit(frame: Array) -> bytes:
    return jpeg_2000(frame, bits_stored=8)


def with_number(data: bytes, text: str) -> bytes:
    """Write another Number of Frames into an object that states 3."""
    value = text.encode() + b" " * (len(text) % 2)
    old, new = element(0x00280008, "IS", b"3 "), element(0x00280008, "IS", value)
    assert data.count(old) == 1
    return data.replace(old, b"" if text == "absent" else new)


def instance(data: bytes) -> Instance:
    return describe(BytesSource(data), "v", LIMITS).instance


def drawn(data: bytes, frame_number: int) -> tuple[Array, tuple[str, ...]]:
    found = instance(data)
    plan = make_plan(found, RenderRequest(frame_number=frame_number), LIMITS)
    return draw(plan, FrameReader(BytesSource(data), found, LIMITS))[0], plan.warnings


def refused(what: str) -> str:
    """Return a pattern of a refusal that blames Number of Frames."""
    return "^" + re.escape(f"(0028,0008) Number of Frames {what}")


def equals_the_frames(data: bytes, numbers: range) -> tuple[str, ...]:
    """See that frames are as they were written, and return the warnings."""
    told: tuple[str, ...] = ()
    for number in numbers:
        picture, told = drawn(data, number)
        np.testing.assert_array_equal(picture, CELLS[number - 1])
    return told


@pytest.mark.parametrize("make", [native, encapsulated])
@pytest.mark.parametrize("text", ["0", "-3", "x", "", "3x", "9" * 12, "absent"])
def test_a_number_of_frames_that_is_none_counts_as_one(make: Any, text: str) -> None:
    data = with_number(make(), text)
    assert instance(data).number_of_frames == 1
    told = equals_the_frames(data, range(1, 2))
    ignored = "(0028,0008) Number of Frames is no positive integer (PS3.3 C.7.6.6) and was ignored."
    assert (ignored in told) == (text not in ("", "absent"))
    assert any("holds 3 frames" in warning for warning in told) == (make is encapsulated)


def other_frames_are_refused(data: bytes, text: str) -> None:
    """Of three frames where others are stated: those are missing, and beyond them there is none."""
    for number in (4, int(text)):
        with pytest.raises(MissingFrame, match=refused(f"is {text} (PS3.3 C.7.6.6); the object holds 3 frames")):
            drawn(data, number)
    for number in (0, int(text) + 1):
        with pytest.raises(NoSuchFrame, match="1 to 3"):
            drawn(data, number)


@pytest.mark.parametrize("text", ["4", "70000", "1000000000", "2147483647"])
def test_more_encapsulated_frames_stated_than_there_are(text: str) -> None:
    data = with_number(encapsulated(), text)
    started = time.perf_counter()
    found = instance(data)
    assert time.perf_counter() - started < 1
    assert found.number_of_frames == 3
    (told,) = equals_the_frames(data, range(1, 4))
    assert told.startswith(f"(0028,0008) Number of Frames asks for {text}; (7FE0,0010) Pixel Data holds 3 frames")
    other_frames_are_refused(data, text)


@pytest.mark.parametrize("text", ["4", "1000000000", "2147483647"])
def test_more_native_frames_stated_than_there_are(text: str) -> None:
    """Pixel data as long as some frames, and not as those that are stated: Number of Frames is wrong."""
    data = with_number(native(), text)
    started = time.perf_counter()
    assert instance(data).number_of_frames == 3
    assert time.perf_counter() - started < 1
    (told,) = equals_the_frames(data, range(1, 4))
    assert told.startswith(f"(7FE0,0010) Pixel Data ends after 3 of {text} frames of (0028,0008) Number of Frames (PS3.5 8.2)")
    other_frames_are_refused(data, text)


@pytest.mark.parametrize("lost", [2, 4, 318])
def test_native_frames_of_another_length_are_a_contradiction(lost: int) -> None:
    """Any attribute may be the wrong one."""
    ds = image(CELLS)
    ds.PixelData = ds.PixelData[:-lost]
    for number in (1, 3):
        with pytest.raises(DamagedObject, match=r"^\(7FE0,0010\) Pixel Data holds \d+ bytes; 3 frames of .* need 960 \(PS3.5 8.2\)\.$"):
            drawn(file_bytes(ds), number)
    with pytest.raises(NoSuchFrame):
        drawn(file_bytes(ds), 4)


@pytest.mark.parametrize("text", ["1", "2"])
def test_fewer_frames_stated_than_there_are(text: str) -> None:
    assert equals_the_frames(with_number(native(), text), range(1, int(text) + 1)) == ()
    (told,) = equals_the_frames(with_number(encapsulated(), text), range(1, int(text) + 1))
    assert "holds 3 frames (PS3.5 A.4): those beyond were ignored" in told


def test_native_frames_of_a_file_that_ends_too_early() -> None:
    data = native()
    for lost in (1, 320, 321, 639):
        (told,) = equals_the_frames(data[:-lost], range(1, 3 - (lost > 320)))
        assert told.startswith(f"(7FE0,0010) Pixel Data ends after {2 - (lost > 320)} of 3 frames")
        with pytest.raises(MissingFrame, match=refused(f"is 3 (PS3.3 C.7.6.6); the object holds {2 - (lost > 320)} frame")):
            drawn(data[:-lost], 3)
    with pytest.raises(DamagedObject, match=r"\(7FE0,0010\)"):
        instance(data[:-641])


@pytest.mark.parametrize(("encode", "syntax"), [(rle, RLELossless), (jpeg_2000_8bit, JPEG2000Lossless)])
@pytest.mark.parametrize("offset_table", ["basic", "empty", "extended"])
def test_encapsulated_frames_of_a_file_that_ends_too_early(encode: Any, syntax: str, offset_table: str) -> None:
    """Frames before the end are right, wherever it is; the one that is cut is refused or shown as far as it goes; others are refused."""
    data = encapsulated(encode, syntax, offset_table=offset_table)
    second, third = (data.index(encode(frame)) for frame in CELLS[1:])
    for length in (second + 1, second + 100, third - 8, third - 1, third + 40, len(data) - 9):
        cut = data[:length]
        equals_the_frames(cut, range(1, 2 if length < third - 8 else 3))
        broken = 2 if length < third - 8 else 3
        try:
            _, told = drawn(cut, broken)
        except DamagedObject:
            pass
        else:
            assert any("(7FE0,0010) Pixel Data ends within" in warning for warning in told)
    assert equals_the_frames(data[:-8], range(1, 4)) == ()


def test_an_object_of_fewer_frames_is_sent_with_their_number() -> None:
    data = with_number(encapsulated(), "7")
    sent = dcmread(BytesIO(b"".join(part_ten(BytesSource(data), instance(data), LIMITS).chunks)))
    assert sent.NumberOfFrames == 3
    np.testing.assert_array_equal(sent.pixel_array, CELLS)


def test_an_object_without_a_delimiter_is_sent() -> None:
    data = encapsulated()[:-8]
    for behind in (b"", bytes(20), element(0xFFFCFFFC, "OB", bytes(6))):
        sent = dcmread(BytesIO(b"".join(part_ten(BytesSource(data + behind), instance(data + behind), LIMITS).chunks)))
        np.testing.assert_array_equal(sent.pixel_array, CELLS)


def test_elements_behind_a_delimiter_are_sent() -> None:
    data = encapsulated() + element(0xFFFCFFFC, "OB", bytes(6))
    sent = dcmread(BytesIO(b"".join(part_ten(BytesSource(data), instance(data), LIMITS).chunks)))
    assert sent[0xFFFCFFFC].value == bytes(6)


def test_a_defined_length_around_fragments_changes_nothing() -> None:
    data = encapsulated()
    at = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 8
    for length in (len(data) - at - 4, len(data) - at - 12):  # with the delimiter, and without
        defined = data[:at] + length.to_bytes(4, "little") + data[at + 4 : at + 4 + length]
        assert equals_the_frames(defined, range(1, 4)) == ()
        np.testing.assert_array_equal(
            dcmread(BytesIO(b"".join(part_ten(BytesSource(defined), instance(defined), LIMITS).chunks))).pixel_array, CELLS
        )


def test_a_frame_whose_fragment_is_empty_is_refused_and_no_other() -> None:
    streams = [rle(CELLS[0]), b"", rle(CELLS[2])]
    items = b"".join(element(0xFFFEE000, "", value) for value in (b"", *streams)) + element(0xFFFEE0DD, "", b"")
    data = encapsulated()
    start = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    data = data[:start] + items
    np.testing.assert_array_equal(drawn(data, 1)[0], CELLS[0])
    np.testing.assert_array_equal(drawn(data, 3)[0], CELLS[2])
    with pytest.raises(DamagedObject, match=re.escape("(7FE0,0010) Pixel Data holds no byte of frame 2 (PS3.5 A.4).")):
        drawn(data, 2)


def test_a_code_stream_that_holds_a_delimiter() -> None:
    """A delimiter was written over Rsiz and the upper half of Xsiz (T.800 A.5.1), so that the width it states is none."""
    data = (PYDICOM_DATA / "test_files" / "JPEG2000-embedded-sequence-delimiter.dcm").read_bytes()
    stream = FrameReader(BytesSource(data), instance(data), LIMITS).frame(1)
    assert len(stream) == 250
    assert stream[6:10] == b"\xfe\xff\xdd\xe0"
    assert stream.endswith(b"\xff\xd9"), "the scan did not stop at the delimiter within"
    with pytest.raises(DamagedObject, match="the code stream of the first frame states 1024 × 3722445056 pixels;"):
        drawn(data, 1)


def test_the_oracle_agrees_about_whole_objects() -> None:
    np.testing.assert_array_equal(reference.render(encapsulated(), 2), CELLS[1])
