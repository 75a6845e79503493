"""Truncated, altered and built-to-hurt objects: refusals of ours and pictures, nothing else, and always soon."""

import random
import time

import pytest

import wado_core
from tests.wado_core.dicom.objects import names, stored
from tests.wado_core.dicom.written import IMPLICIT, UNDEFINED, element, fragments, integers, item, part_ten, sequence
from wado_core.dicom import tags
from wado_core.dicom.attributes import PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import part_ten as lay_out
from wado_core.dicom.source import BytesSource
from wado_core.errors import WadoError
from wado_core.settings import Limits

LIMITS = Limits(frame_pixels=1 << 22, inflated_bytes=1 << 24)
LONGEST_S = 5.0
"""Far above what any of these takes on a slow machine, far below what a loop without end would."""

SMALL = [name for name in names() if len(stored(name)) <= 25_000]
STEP = 97


def attempt(data: bytes, *, picture: bool = True) -> None:
    """Describe an object, render it and send it; only WadoError may stop any of these, and none may take long."""
    start = time.perf_counter()
    try:
        instance = describe(BytesSource(data), "", LIMITS).instance
    except WadoError as error:
        assert str(error)
        return
    if picture:
        try:
            wado_core.render(data, rows=16, media_type="image/png")
        except WadoError as error:
            assert str(error)
    try:
        file = lay_out(BytesSource(data), instance, LIMITS)
        assert sum(map(len, file.chunks)) == file.length
    except WadoError as error:
        assert str(error)
    assert time.perf_counter() - start < LONGEST_S


@pytest.mark.parametrize("part", range(8))
def test_objects_cut_at_every_97th_byte(part: int) -> None:
    for name in SMALL[part::8]:
        data = stored(name)
        for length in range(0, len(data), STEP if len(data) < 6000 else 5 * STEP):
            attempt(data[:length], picture=length % 2 == 0)


@pytest.mark.parametrize("name", ["ct", "us10", "sr", "enh", "pad_auto"])
def test_larger_objects_cut_in_their_header_and_at_their_end(name: str) -> None:
    data = stored(name)
    for length in (*range(0, 4000, STEP), *range(len(data) - 300, len(data), 37)):
        attempt(data[:length])


@pytest.mark.parametrize("seed", range(8))
def test_altered_bytes(seed: int) -> None:
    """Flipped bits, extreme bytes and noise, most of them in headers, where lengths and numbers stand."""
    rng = random.Random(seed)
    for _ in range(350):
        data = bytearray(stored(rng.choice(SMALL)))
        for _ in range(rng.choice([1, 1, 2, 5, 20])):
            at = rng.randrange(min(len(data), 3000) if rng.random() < 0.7 else len(data))
            data[at] = rng.choice([rng.randrange(256), 0xFF, 0x00, data[at] ^ (1 << rng.randrange(8))])
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        attempt(bytes(data), picture=rng.random() < 0.5)


def image(*more: bytes, pixels: bytes = element(0x7FE00010, "OW", bytes(32)), **numbers: int) -> bytes:
    """A 4 x 4 image, a number of which may be another."""
    module = {"rows": 4, "columns": 4, "bits_allocated": 16, "bits_stored": 16, "high_bit": 15, "samples_per_pixel": 1} | numbers
    written = [
        (getattr(tags, name.upper()), integers(getattr(tags, name.upper()), "US", number & 0xFFFF)) for name, number in module.items()
    ]
    return b"".join(one for _, one in sorted(written)) + b"".join(more) + pixels


NESTED = element(0x00081140, "SQ", b"", length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)
HOSTILE = {
    "nested for ever": part_ten(NESTED * 50_000),
    "nested for ever, implicit": part_ten((element(0x00081140, "", b"", IMPLICIT, length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)) * 50_000,
                                          "1.2.840.10008.1.2"),
    "nested in UN": part_ten((element(0x00081140, "UN", b"", length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)) * 50_000),
    "a million empty elements": part_ten(element(0x00091000, "LO", b"") * 1_000_000),
    "a million empty items": part_ten(element(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, "SQ", element(0xFFFEE000, "", b"") * 500_000) + image()),
    "lengths past the end": part_ten(element(0x00090010, "OB", b"", length=0xFFFFFFFE)),
    "an item past the end": part_ten(sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, element(0xFFFEE000, "", b"", length=0x7FFFFFFF))),
    "a huge image of no bytes": part_ten(image(rows=0xFFFF, columns=0xFFFF)),
    "a huge RLE image of no bytes": part_ten(image(rows=0xFFFF, columns=0xFFFF, pixels=fragments(bytes(64))), "1.2.840.10008.1.2.5"),
    "a huge JPEG image of no bytes": part_ten(image(pixels=fragments(bytes.fromhex("ffd8ffc0000b08ffffffff01011100ffda0008010100003f00"))), "1.2.840.10008.1.2.4.50"),
    "two thousand million frames": part_ten(element(tags.NUMBER_OF_FRAMES, "IS", b"2147483647") + image()),
    "frames without number": part_ten(element(tags.NUMBER_OF_FRAMES, "IS", b"9" * 60_000) + image()),
    "video of endless frames": part_ten(element(tags.NUMBER_OF_FRAMES, "IS", b"2147483647") + element(tags.PHOTOMETRIC_INTERPRETATION, "CS", b"MONOCHROME2 ")
                                        + image(pixels=fragments(b"ab")), "1.2.840.10008.1.2.4.102"),
    "no samples": part_ten(image(samples_per_pixel=0)),
    "many samples": part_ten(image(samples_per_pixel=0xFFFF, pixels=fragments(bytes(64))), "1.2.840.10008.1.2.5"),
    "cells of 65535 bits": part_ten(image(sequence(tags.WINDOW_CENTER, item(b"")), bits_allocated=0xFFFF, bits_stored=0xFFFF, high_bit=0xFFFE)),
    "window of nothing": part_ten(image(element(tags.WINDOW_CENTER, "DS", b"nan "), element(tags.WINDOW_WIDTH, "DS", b"inf "))),
    "rescale without end": part_ten(image(element(tags.RESCALE_INTERCEPT, "DS", b"-1e299"), element(tags.RESCALE_SLOPE, "DS", b"1e299 "))),
    "window beyond all values": part_ten(image(element(tags.WINDOW_CENTER, "DS", b"1e299 "), element(tags.WINDOW_WIDTH, "DS", b"1e299 "))),
    "64 kB of names": part_ten(element(tags.PATIENT_NAME, "PN", b"\x1b$B" * 20_000) + image()),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_built_to_hurt(name: str) -> None:
    attempt(HOSTILE[name])


def test_the_image_that_the_hostile_ones_are_made_of_is_a_right_one() -> None:
    """Otherwise each of them would be refused for a reason of its own."""
    assert wado_core.render(part_ten(image()))[:2] == b"\xff\xd8"
