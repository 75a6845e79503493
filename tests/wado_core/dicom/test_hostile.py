"""Truncated, altered and built-to-hurt objects: refusals of ours and pictures, nothing else, and always soon."""

import random
import time
from contextlib import suppress

import pytest

import wado_core
from tests.wado_core.dicom.objects import names, stored
from tests.wado_core.dicom.written import EXPLICIT, IMPLICIT, UNDEFINED, element, fragments, integers, part_ten, sequence
from wado_core.dicom import tags
from wado_core.dicom.elements import Encoding
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import part_ten as lay_out
from wado_core.dicom.source import BytesSource
from wado_core.dicom.tags import PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE
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
    with suppress(WadoError):
        instance = describe(BytesSource(data), "", LIMITS).instance
        if picture:
            with suppress(WadoError):
                wado_core.render(data, rows=16, media_type="image/png")
        file = lay_out(BytesSource(data), instance, LIMITS)
        assert sum(map(len, file.chunks)) == file.length
    assert time.perf_counter() - start < LONGEST_S


@pytest.mark.parametrize("part", range(8))
def test_objects_cut_at_every_97th_byte(part: int) -> None:
    for name in SMALL[part::8]:
        data = stored(name)
        for length in range(0, len(data), STEP):
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
    for _ in range(1500):
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


def nested(vr: str, encoding: Encoding = EXPLICIT) -> bytes:
    """Open sequences within sequences, eight or twelve bytes each, and close none."""
    opening = element(0x00081140, vr, b"", encoding, length=UNDEFINED) + element(0xFFFEE000, "", b"", length=UNDEFINED)
    return part_ten(opening * 50_000, "1.2.840.10008.1.2" if encoding.implicit_vr else "1.2.840.10008.1.2.1")


def text(tag: int, vr: str, value: bytes) -> bytes:
    return element(tag, vr, value + b" " * (len(value) % 2))


EMPTY_ITEM = element(0xFFFEE000, "", b"")
HUGE_JPEG = bytes.fromhex("ffd8ffc0000b08ffffffff01011100ffda0008010100003f00")
RLE, JPEG, VIDEO = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"
ENDLESS = text(tags.NUMBER_OF_FRAMES, "IS", b"2147483647")
HOSTILE = {
    "nested for ever": nested("SQ"),
    "nested for ever, implicit": nested("SQ", IMPLICIT),
    "nested in UN": nested("UN"),
    "many empty elements": part_ten(element(0x00091000, "LO", b"") * 200_000),
    "many empty items": part_ten(image(element(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, "SQ", EMPTY_ITEM * 200_000))),
    "lengths past the end": part_ten(element(0x00090010, "OB", b"", length=0xFFFFFFFE)),
    "an item past the end": part_ten(sequence(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, element(0xFFFEE000, "", b"", length=0x7FFFFFFF))),
    "a huge image of no bytes": part_ten(image(rows=0xFFFF, columns=0xFFFF)),
    "a huge RLE image of no bytes": part_ten(image(rows=0xFFFF, columns=0xFFFF, pixels=fragments(bytes(64))), RLE),
    "a huge JPEG image of no bytes": part_ten(image(pixels=fragments(HUGE_JPEG)), JPEG),
    "two thousand million frames": part_ten(ENDLESS + image()),
    "frames without number": part_ten(text(tags.NUMBER_OF_FRAMES, "IS", b"9" * 60_000) + image()),
    "video of endless frames": part_ten(text(0x00280004, "CS", b"MONOCHROME2") + ENDLESS + image(pixels=fragments(b"ab")), VIDEO),
    "no samples": part_ten(image(samples_per_pixel=0)),
    "many samples": part_ten(image(samples_per_pixel=0xFFFF, pixels=fragments(bytes(64))), RLE),
    "cells of 65535 bits": part_ten(image(bits_allocated=0xFFFF, bits_stored=0xFFFF, high_bit=0xFFFE)),
    "a window of nothing": part_ten(image(text(tags.WINDOW_CENTER, "DS", b"nan"), text(tags.WINDOW_WIDTH, "DS", b"inf"))),
    "a window beyond all values": part_ten(image(text(tags.WINDOW_CENTER, "DS", b"1e299"), text(tags.WINDOW_WIDTH, "DS", b"1e299"))),
    "a rescale beyond all values": part_ten(image(text(tags.RESCALE_INTERCEPT, "DS", b"-1e299"), text(tags.RESCALE_SLOPE, "DS", b"1e299"))),
    "60 kB of escapes for a name": part_ten(text(tags.PATIENT_NAME, "PN", b"\x1b$B" * 20_000) + image()),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_built_to_hurt(name: str) -> None:
    attempt(HOSTILE[name])


def test_the_image_that_the_hostile_ones_are_made_of_is_a_right_one() -> None:
    """Otherwise each of them would be refused for a reason of its own."""
    assert wado_core.render(part_ten(image()))[:2] == b"\xff\xd8"
