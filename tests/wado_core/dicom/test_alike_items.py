"""Items known again by their headers are what scanning them would have found, to the last value, limit and error."""

from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.enhanced_headers import enhanced_ct, enhanced_mr, mr_slope_of, mr_window_of, window_of
from tests.wado_core.dicom.written import EXPLICIT, IMPLICIT, attributes, element, fragments, integers, item, scanner, sequence
from wado_core.dicom import tags
from wado_core.dicom.alike_items import AlikeItems
from wado_core.dicom.attribute_reader import AttributeReader
from wado_core.dicom.attributes import Attributes
from wado_core.dicom.elements import Encoding, Scanner
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import WadoError
from wado_core.model.grayscale import Rescale, Window
from wado_core.settings import Limits

UNWANTED = 0x00209113


def flat(found: Attributes) -> Any:
    """Return everything that attributes hold; offsets of bulk values only, as only these are used."""
    values = [(tag, one.vr, one.data, one.length, one.offset if tag in tags.BULK else None) for tag, one in found.values.items()]
    return found.big_endian, values, [(tag, [flat(one) for one in items]) for tag, items in found.sequences.items()]


def outcome(data: bytes, encoding: Encoding, most_elements: int, most_bytes: int) -> Any:
    """Return what reading comes to: attributes and what is left of the limits, or the error."""
    reader = scanner(data, most_elements)
    try:
        found, pixel_data = (attribute_reader := AttributeReader(reader, tags.WANTED | tags.SEQUENCES, most_bytes)).data_set(0, encoding)
    except WadoError as error:
        return type(error), str(error)
    return flat(found), pixel_data, reader._elements_left, attribute_reader._most_bytes, reader.recording


def check(data: bytes, encoding: Encoding = EXPLICIT, most_elements: int = 100_000, most_bytes: int = 1 << 20) -> Any:
    found = outcome(data, encoding, most_elements, most_bytes)
    with patch.object(AlikeItems, "match", lambda *_: None), patch.object(AlikeItems, "record", lambda *_: None):
        assert found == outcome(data, encoding, most_elements, most_bytes)
    return found


@st.composite
def written_items(draw: st.DrawFn) -> tuple[Encoding, bytes]:
    """A per-frame sequence of items of a few forms in any order: windows, rescales, tables, what is not wanted, and delimiters."""
    encoding = draw(st.sampled_from([EXPLICIT, IMPLICIT]))
    rng = Random(draw(st.integers(0, 2**32 - 1)))
    undefined = [rng.random() < 0.5 for _ in range(4)]

    def group(tag: int, content: bytes) -> bytes:
        return sequence(tag, item(content, encoding, undefined=undefined[0]), encoding=encoding, undefined=undefined[1])

    def one(form: int) -> bytes:
        number = str(rng.choice([1, 2, 33, 444])).encode().ljust(4 if form < 4 else 2)
        window = element(tags.WINDOW_CENTER, "DS", number, encoding) + element(tags.WINDOW_WIDTH, "DS", b"40", encoding)
        position = group(UNWANTED, element(0x00200032, "DS", rng.randbytes(6), encoding))
        content = {
            0: group(tags.FRAME_VOI_LUT_SEQUENCE, window) + position,
            1: position + group(tags.FRAME_VOI_LUT_SEQUENCE, window) + group(tags.PIXEL_VALUE_TRANSFORMATION_SEQUENCE, b""),
            2: group(tags.FRAME_VOI_LUT_SEQUENCE, group(tags.VOI_LUT_SEQUENCE, element(tags.LUT_DATA, "OW", rng.randbytes(4), encoding))),
            3: group(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, group(tags.FRAME_VOI_LUT_SEQUENCE, window)) + position,
            4: group(tags.FRAME_VOI_LUT_SEQUENCE, window + window),
            5: b"",
        }[form]
        return item(content, encoding, undefined=undefined[2])

    forms = draw(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    items = [one(rng.choice(forms)) for _ in range(draw(st.integers(0, 30)))]
    whole = sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *items, encoding=encoding, undefined=undefined[3])
    return encoding, whole + integers(0x52009999, "US", 7, encoding=encoding)


@settings(max_examples=300, deadline=None)
@given(written=written_items(), most_elements=st.integers(0, 400) | st.just(100_000), most_bytes=st.integers(0, 400) | st.just(1 << 20))
def test_reading_comes_to_the_same_under_any_limits(written: tuple[Encoding, bytes], most_elements: int, most_bytes: int) -> None:
    encoding, data = written
    check(data, encoding, most_elements, most_bytes)


@settings(max_examples=500, deadline=None)
@given(written=written_items(), seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_reading_damaged_items_comes_to_the_same(written: tuple[Encoding, bytes], seed: int, cut: bool) -> None:
    encoding, whole = written
    rng, data = Random(seed), bytearray(whole)
    for _ in range(rng.choice([1, 1, 3])):
        data[rng.randrange(len(data))] = rng.choice([0, 0xFF, 1, 2, rng.randrange(256)])
    check(bytes(data[: rng.randrange(len(data)) if cut else len(data)]), encoding)


def test_what_the_scanner_looks_at_beyond_an_item_counts_too() -> None:
    """A delimiter within a sequence of defined length ends it early; whether its stated end lies within the object is still checked."""
    inner = element(tags.FRAME_VOI_LUT_SEQUENCE, "SQ", element(0xFFFEE0DD, "", b""), length=70)
    one = element(0xFFFEE000, "", inner + element(0xFFFEE00D, "", b""), length=0xFFFFFFFF)
    head = element(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, "SQ", b"", length=0xFFFFFFFF)
    data = head + one * 6 + element(0xFFFEE0DD, "", b"")
    for length in range(len(head), len(data) + 80):
        check((data + bytes(80))[:length])


def test_encapsulated_pixels_of_an_icon_in_every_item() -> None:
    icon = sequence(0x00880200, item(fragments(b"abcd"), undefined=True), undefined=True)
    one = item(icon + sequence(tags.FRAME_VOI_LUT_SEQUENCE, item(element(tags.WINDOW_WIDTH, "DS", b"4 "))), undefined=True)
    values, *_ = check(sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *[one] * 5))
    assert len(values[2][0][1]) == 5


@pytest.mark.parametrize("undefined", [False, True])
def test_items_that_are_alike_are_scanned_once_and_shared(undefined: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = 0
    scan = Scanner.element

    def counted(self: Scanner, offset: int, encoding: Encoding) -> Any:
        nonlocal scanned
        scanned += 1
        return scan(self, offset, encoding)

    monkeypatch.setattr(Scanner, "element", counted)
    windows = [element(tags.WINDOW_CENTER, "DS", b"%02d" % (number % 10)) for number in range(1000)]
    items = [item(sequence(tags.FRAME_VOI_LUT_SEQUENCE, item(one, undefined=undefined)), undefined=undefined) for one in windows]
    found = attributes(sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *items)).items(tags.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
    assert len(found) == 1000
    assert len({id(one) for one in found}) <= 11
    assert [one.items(tags.FRAME_VOI_LUT_SEQUENCE)[0].decimal(tags.WINDOW_CENTER) for one in found] == [n % 10 for n in range(1000)]
    assert scanned < 20


@pytest.mark.parametrize("varied", [False, True])
@pytest.mark.parametrize("undefined", [False, True])
def test_every_frame_of_an_enhanced_image_has_its_own_window(undefined: bool, varied: bool) -> None:
    instance = describe(BytesSource(enhanced_ct(600, undefined=undefined, varied=varied)), "", Limits()).instance
    assert (instance.number_of_frames, instance.number_of_chunks, len(instance.chunks)) == (600, 3, 3)
    for number in range(1, 601):
        transform, (center, width) = instance.transform(number), window_of(number - 1, varied=varied)
        assert transform.rescale == Rescale(1.0, -1024.0)
        assert transform.window == Window(float(f"{center:g}"), width)


@pytest.mark.parametrize("undefined", [False, True])
def test_every_frame_of_an_enhanced_mr_has_its_own_window_and_slope(undefined: bool) -> None:
    instance = describe(BytesSource(enhanced_mr(600, undefined=undefined)), "", Limits()).instance
    for number in range(1, 601):
        transform = instance.transform(number)
        assert transform.rescale == Rescale(mr_slope_of(number - 1), 0.0)
        assert transform.window == Window(*mr_window_of(number - 1))
