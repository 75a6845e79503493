"""T4: what the product writes keeps to the syntax of baseline and JFIF, and the checker notices what does not (T.83 clause 5.1)."""

import re
from collections.abc import Callable

import numpy as np
import pytest

import wado_core
from conformance.files import PYDICOM, files_of
from conformance.jpeg import vectors
from conformance.jpeg.encodings import encodings, huffman_tables_are_typical, qualities_with_other_tables
from conformance.jpeg.streams import DRI, EOI, SOI, read_stream
from conformance.jpeg.syntax import OF_JFIF, violations

needs_vectors = pytest.mark.skipif(not vectors.present(), reason=vectors.absence())


def test_every_encoding_is_baseline_and_jfif() -> None:
    intervals = set()
    for name, data in encodings():
        assert violations(data) == [], name
        stream = read_stream(data)
        markers = [marker for marker, _ in stream.segments]
        assert set(markers) <= OF_JFIF, name
        assert (DRI in markers) == ("None rows" not in name), name
        assert len(stream.only_frame.components) == (1 if name.startswith("gray") else 3), name
        intervals.add(len(stream.scans[0].intervals))
    assert {1, 2, 9} <= intervals  # more than eight: the numbers of restart markers begin anew


@pytest.mark.parametrize("file", ["CT_small", "examples_rgb_color", "examples_ybr_color", "SC_rgb_small_odd"])
@pytest.mark.parametrize("quality", [20, 90])
def test_pictures_of_objects_are_baseline_and_jfif(file: str, quality: int) -> None:
    path = files_of(PYDICOM)[f"{PYDICOM}: test_files/{file}.dcm"]
    assert violations(wado_core.render(path, media_type="image/jpeg", quality=quality)) == []


def test_quantization_tables_are_those_of_the_ijg() -> None:
    assert qualities_with_other_tables() == []


def test_huffman_tables_are_typical() -> None:
    assert huffman_tables_are_typical()


@needs_vectors
def test_the_checker_judges_the_streams_of_the_set() -> None:
    """A1 is baseline interchange format and no JFIF; the tables of B2 are elsewhere; the others are of other processes."""
    assert violations(vectors.data("A1"), jfif=False) == []
    assert violations(vectors.data("A1")) == ["the first segment is not JFIF's APP0"]
    assert "a scan uses a Huffman table that is not there" in violations(vectors.data("B2"), jfif=False)
    for name in ("C1", "C2", "E1", "E2", "O1", "O2"):
        assert any("not SOF0 with 8" in found for found in violations(vectors.data(name), jfif=False)), name


def _valid() -> bytes:
    picture = np.random.default_rng(1).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    return wado_core.encode_jpeg(picture, quality=50, restart_rows=1)


def _with_byte(marker: int, place: int, value: int) -> Callable[[bytes], bytes]:
    """Replace a byte of the content of the first segment of a kind."""

    def changed(data: bytes) -> bytes:
        at = data.index(bytes((0xFF, marker))) + 4 + place
        return data[:at] + bytes((value,)) + data[at + 1 :]

    return changed


def _moved(marker: int, behind: int) -> Callable[[bytes], bytes]:
    """Move the first segment of a kind behind the first of another."""

    def cut(data: bytes, marker: int) -> tuple[int, int]:
        at = data.index(bytes((0xFF, marker)))
        return at, at + 2 + int.from_bytes(data[at + 2 : at + 4])

    def changed(data: bytes) -> bytes:
        begin, end = cut(data, marker)
        rest = data[:begin] + data[end:]
        _, place = cut(rest, behind)
        return rest[:place] + data[begin:end] + rest[place:]

    return changed


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bytes after EOI": (lambda data: data + b"\0", "there are bytes after EOI"),
    "no EOI": (lambda data: data[:-2], "without a marker"),
    "no SOI": (lambda data: data[2:], "does not begin with SOI"),
    "restart marker out of sequence": (lambda data: data.replace(b"\xff\xd1", b"\xff\xd2"), "out of sequence"),
    "restart marker missing": (
        lambda data: data.replace(b"\xff\xd1", b""),
        "leaves the block|than padding|within a code|no Huffman code|intervals",
    ),
    "DRI of another number": (_with_byte(0xDD, 1, 1), "restart intervals where"),
    "DRI of none": (_with_byte(0xDD, 1, 0), "restart markers without"),
    "extended": (lambda data: data.replace(b"\xff\xc0", b"\xff\xc1"), "not SOF0"),
    "progressive": (lambda data: data.replace(b"\xff\xc0", b"\xff\xc2"), "not SOF0"),
    "12 bits": (_with_byte(0xC0, 0, 12), "not SOF0 with 8"),
    "no lines": (lambda data: _with_byte(0xC0, 1, 0)(_with_byte(0xC0, 2, 0)(data)), "no lines"),
    "other lines": (_with_byte(0xC0, 2, 80), "restart intervals where"),
    "too many units": (_with_byte(0xC0, 7, 0x44), "more than ten"),
    "factor 0": (_with_byte(0xC0, 7, 0x02), "sampling factor"),
    "component twice": (_with_byte(0xC0, 9, 1), "one identifier"),
    "component that is not in the frame": (_with_byte(0xDA, 1, 9), "the frame has not"),
    "components of other numbers": (lambda data: _with_byte(0xC0, 12, 7)(_with_byte(0xDA, 5, 7)(data)), "not those of JFIF"),
    "quantization table that is not there": (_with_byte(0xC0, 8, 3), "a component uses a quantization table"),
    "Huffman table that is not there": (_with_byte(0xDA, 2, 0x22), "a scan uses a Huffman table"),
    "other Huffman tables": (_with_byte(0xDA, 2, 0x11), "."),
    "step 0": (_with_byte(0xDB, 1, 0), "holds 0"),
    "destination of a quantization table": (_with_byte(0xDB, 0, 4), "malformed"),
    "third Huffman table": (_with_byte(0xC4, 0, 0x02), "beyond 1"),
    "code of all ones": (_with_byte(0xC4, 1, 2), "all ones|malformed|twice"),
    "symbol of 12 bits": (_with_byte(0xC4, 28, 12), "that baseline does not have"),
    "symbol twice": (_with_byte(0xC4, 28, 0), "twice"),
    "spectral selection": (_with_byte(0xDA, 8, 5), "from 0 to 63"),
    "scan before the frame": (_moved(0xC0, 0xDA), "before the frame header"),
    "JFIF later": (_moved(0xE0, 0xDB), "is not JFIF's APP0"),
    "JFIF of another name": (_with_byte(0xE0, 0, 0x6A), "is not JFIF's APP0"),
    "JFIF of version 2": (_with_byte(0xE0, 5, 2), "another version"),
    "JFIF without density": (_with_byte(0xE0, 9, 0), "density"),
    "JFIF with half a thumbnail": (_with_byte(0xE0, 12, 1), "half a thumbnail"),
    "marker of no meaning": (lambda data: data[:2] + b"\xff\xf0\x00\x02" + data[2:], "none of a Huffman-coded"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_checker_notices(name: str) -> None:
    change, says = BROKEN[name]
    data = _valid()
    assert violations(data) == []
    changed = change(data)
    assert changed != data
    found = violations(changed)
    assert any(re.search(says, violation) for violation in found), found


def test_the_checker_accounts_for_every_bit() -> None:
    """The last byte before EOI: padding that is not of 1-bits, a byte too many, a byte FF that is not stuffed."""
    data = wado_core.encode_jpeg(np.full((8, 8), 128, np.uint8))
    assert violations(data) == []
    assert data[-3] & 1
    assert violations(data[:-3] + bytes((data[-3] & 0xFE,)) + data[-2:])
    assert violations(data[:-2] + b"\0" + data[-2:])
    assert violations(data[:-2] + b"\xff\x01" + data[-2:])
    assert read_stream(data).segments[0] == (SOI, b"")
    assert read_stream(data).segments[-1] == (EOI, b"")
