"""Code streams say the same of themselves here as elsewhere, and no bytes whatever make the reader raise."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fixtures.code_streams import htj2k, jpeg, jpeg_12bit, jpeg_2000, jpeg_lossless, jpeg_ls
from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.reference.jpeg import take_apart
from tests.wado_core.codecs.markers import JFIF, adobe, rebuilt, segment, split
from wado_core.codecs.code_stream import read_code_stream
from wado_core.codecs.jpeg_markers import JpegFacts, read_jpeg_facts, with_adobe_transform
from wado_core.model.image_pixel import CodeStream

GRAY = thorax_8bit()
DEEP = GRAY.astype(np.uint16) * 16
COLOR = soft_colors()
STREAMS = {
    "gray": jpeg(GRAY), "ycbcr": jpeg(COLOR), "422": jpeg(COLOR, subsampling="422"), "420": jpeg(COLOR, subsampling="420"),
    "rgb": jpeg(COLOR, transform=False), "12 bit": jpeg_12bit(DEEP), "lossless": jpeg_lossless(DEEP), "jpeg-ls": jpeg_ls(DEEP),
    "j2k": jpeg_2000(DEEP, bits_stored=12), "j2k colour": jpeg_2000(COLOR, bits_stored=8), "htj2k": htj2k(GRAY),
}  # fmt: skip


def described(stream: bytes) -> tuple[object, ...]:
    found = read_code_stream(stream)
    assert found is not None
    return astuple(found)[:6]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gray", (128, 128, 1, 8, False, False)), ("ycbcr", (48, 64, 3, 8, False, False)), ("422", (48, 64, 3, 8, False, False)),
        ("12 bit", (128, 128, 1, 12, False, False)), ("lossless", (128, 128, 1, 12, False, False)),
        ("jpeg-ls", (128, 128, 1, 16, False, False)), ("j2k", (128, 128, 1, 12, False, False)),
        ("j2k colour", (48, 64, 3, 8, False, True)), ("htj2k", (128, 128, 1, 8, False, False)),
    ],
)  # fmt: skip
def test_rows_columns_components_precision_sign_and_transform(name: str, expected: tuple[object, ...]) -> None:
    assert described(STREAMS[name]) == expected


@pytest.mark.parametrize("bits", [2, 8, 12, 16])
def test_the_sign_of_a_jpeg_2000_stream(bits: int) -> None:
    import imagecodecs

    signed = np.zeros((8, 8), np.int8 if bits <= 8 else np.int16)
    stream = bytes(imagecodecs.jpeg2k_encode(signed, level=0, codecformat="J2K", reversible=True, bitspersample=bits))
    assert described(stream) == (8, 8, 1, bits, True, False)


def test_jpeg_facts() -> None:
    facts = {name: read_jpeg_facts(STREAMS[name]) for name in ("gray", "ycbcr", "422", "420", "rgb", "12 bit", "lossless")}
    assert facts["gray"] == JpegFacts(0xC0, 8, 128, 128, (1,), None, True, False)
    assert facts["ycbcr"] == JpegFacts(0xC0, 8, 48, 64, (1, 2, 3), None, True, False)
    assert facts["rgb"] == JpegFacts(0xC0, 8, 48, 64, (82, 71, 66), 0, False, False)
    for name, subsampled in (("422", True), ("420", True), ("ycbcr", False)):
        found = facts[name]
        assert found is not None
        assert found.subsampled is subsampled
    deep, lossless = facts["12 bit"], facts["lossless"]
    assert deep is not None
    assert lossless is not None
    assert (deep.sof, deep.precision, lossless.sof) == (0xC1, 12, 0xC3)


@pytest.mark.parametrize("transform", [0, 1, 2])
def test_application_segments_are_read(transform: int) -> None:
    stream = rebuilt(STREAMS["ycbcr"], applications=[(0xE1, b"Exif\0\0"), (0xEE, adobe(transform)), (0xE0, JFIF)])
    facts = read_jpeg_facts(stream)
    assert facts is not None
    assert (facts.adobe_transform, facts.jfif) == (transform, True)
    assert described(stream)[5] is (transform == 1)
    bare = read_jpeg_facts(rebuilt(STREAMS["ycbcr"], applications=[(0xEE, b"Adobe"), (0xE0, b"JFXX\0")]))
    assert bare is not None
    assert (bare.adobe_transform, bare.jfif) == (None, False)


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    stream = STREAMS["gray"]
    assert read_jpeg_facts(stream[:2] + b"\xff\xff\xff" + stream[2:]) == read_jpeg_facts(stream)


@pytest.mark.parametrize("name", STREAMS)
def test_a_head_that_ends_too_early_is_none_and_enough_of_it_is_enough(name: str) -> None:
    stream = STREAMS[name]
    found = [read_code_stream(stream[:length]) for length in range(min(len(stream), 2000))]
    assert found[0] is None
    first = next(i for i, one in enumerate(found) if one is not None)
    assert {None if one is None else astuple(one)[:5] for one in found[first:]} == {described(stream)[:5]}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xd8\xff\xc0\x00\x00")
@example(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 10)
@example(b"\xff\x4f\xff\x51" + b"\xff" * 60)
@example(b"\x00\x00\x00\x0cjP" + b"\xff\x4f\xff\x51" * 20)
def test_random_bytes_behind_each_beginning(data: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"\xff\xd8\xff\xc0", b"\xff\x4f\xff\x51\x00\x29", b"\x00\x00\x00\x0cjP  "):
        found = read_code_stream(start + data)
        assert found is None or isinstance(found, CodeStream)


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(STREAMS)), flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_heads_never_raise(name: str, flips: list[tuple[int, int]]) -> None:
    data = bytearray(STREAMS[name][:1000])
    for place, value in flips:
        data[place % len(data)] = value
    found = read_code_stream(bytes(data))
    assert found is None or (found.rows >= 0 and found.columns >= 0)
    assert with_adobe_transform(bytes(data), 0)[:4] == b"\xff\xd8\xff\xee"


@pytest.mark.parametrize("offsets", [(48, 0), (0, 64), (2**32 - 1, 2**32 - 1)])
def test_a_jpeg_2000_image_of_no_area_is_none(offsets: tuple[int, int]) -> None:
    stream = bytearray(STREAMS["j2k colour"])
    stream[16:24] = offsets[1].to_bytes(4, "big") + offsets[0].to_bytes(4, "big")
    assert read_code_stream(bytes(stream)) is None


@pytest.mark.parametrize("transform", [0, 1])
@pytest.mark.parametrize(
    "applications", [[], [(0xE0, JFIF)], [(0xEE, adobe(2))], [(0xE0, JFIF), (0xE1, b"x" * 9), (0xEE, adobe(0)), (0xE0, b"JFXX\0")]]
)
def test_the_one_statement_of_the_color_model(transform: int, applications: list[tuple[int, bytes]]) -> None:
    """Everything but JFIF and Adobe segments stays, in its order; the scan too."""
    stream = rebuilt(STREAMS["ycbcr"], applications=applications)
    stated = with_adobe_transform(stream, transform)
    before, scan = split(stream)
    after, same_scan = split(stated)
    assert after == [(0xEE, adobe(transform)), *((marker, content) for marker, content in before if marker not in (0xE0, 0xEE))]
    assert same_scan == scan
    assert (take_apart(stated).components[1].blocks == take_apart(stream).components[1].blocks).all()


def test_a_segment_that_claims_no_length_does_not_stop_the_reader() -> None:
    broken = b"\xff\xd8" + b"\xff\xe5\x00\x00" + segment(0xE0, JFIF) + STREAMS["gray"][2:]
    assert with_adobe_transform(broken, 1)
    assert read_code_stream(broken) is None or described(broken)[:2] == (128, 128)
