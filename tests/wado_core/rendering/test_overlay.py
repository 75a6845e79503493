"""Overlays equal the oracle's, whatever their origin, size, packing, frame and window (PS3.3 C.9.2, C.9.3; H5.14, H5.15)."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, RLELossless

import wado_core
from tests import reference
from tests.fixtures import build, file_bytes, image
from tests.fixtures.code_streams import jpeg, jpeg_2000, rle
from tests.fixtures.overlays import add_overlay, cross
from tests.fixtures.phantom import ramp_cells
from tests.reference.rounding import Array
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Window
from wado_core.model.instance import Instance
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.rendering.execute import draw
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

LIMITS = Limits()


def instance(data: bytes) -> Instance:
    return describe(BytesSource(data), "v", LIMITS).instance


def planned(data: bytes, **asked: Any) -> RenderPlan:
    return make_plan(instance(data), RenderRequest(**{"overlays": True} | asked), LIMITS)


def drawn(data: bytes, **asked: Any) -> Array:
    return draw(planned(data, **asked), FrameReader(BytesSource(data), instance(data), LIMITS))[0]


def problems(ds: Dataset) -> tuple[str, ...]:
    return instance(file_bytes(ds)).overlay_problems


@pytest.mark.parametrize("name", ["ovl", "ovl_frames", "ovl_bits"])
def test_overlays_of_a_fixture_equal_the_oracle(name: str) -> None:
    data = build(name)
    frames = instance(data).number_of_frames
    for number in range(1, frames + 1):
        found = drawn(data, frame_number=number)
        np.testing.assert_array_equal(found, reference.render(data, number, overlays=True))
    assert (reference.render(data, overlays=True) != reference.render(data)).any(), "there is something to be seen"


def test_overlays_are_off_by_default() -> None:
    data = build("ovl")
    np.testing.assert_array_equal(drawn(data, overlays=False), reference.render(data))
    assert planned(data, overlays=False).overlays == ()
    assert RenderRequest().overlays is False


@pytest.mark.parametrize("name", ["ovl", "ovl_bits"])
@pytest.mark.parametrize("rows", [None, 13, 100])
def test_they_lie_on_the_image_matrix_before_region_and_size(name: str, rows: int | None) -> None:
    region = (0.3, 0.1, 0.95, 0.9)
    found = drawn(build(name), region=Region(*region), rows=rows, window=Window(1000.0, 777.0))
    np.testing.assert_array_equal(found, reference.render(build(name), 1, (1000.0, 777.0), region, rows, overlays=True))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2", "RGB"])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"])
@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_in_every_native_transfer_syntax(photometric: str, syntax: str, vr: str) -> None:
    cells = np.random.default_rng(1).integers(0, 200, (9, 11, 3) if photometric == "RGB" else (9, 11), dtype=np.uint8)
    ds = image(cells, photometric=photometric, transfer_syntax=syntax)
    add_overlay(ds, cross(7, 9), origin=(2, 3), vr="OW" if syntax == "1.2.840.10008.1.2" else vr)
    np.testing.assert_array_equal(drawn(file_bytes(ds)), reference.render(file_bytes(ds), overlays=True))


def test_overlays_are_white_whatever_padding_and_constant_images_are() -> None:
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        ds = image(np.full((9, 9), 7, np.uint8), photometric=photometric, padding=7)
        add_overlay(ds, cross(9, 9))
        np.testing.assert_array_equal(drawn(file_bytes(ds)), cross(9, 9) * 255)


def test_embedded_overlays_in_rle_frames() -> None:
    cells = np.random.default_rng(2).integers(0, 1 << 16, (3, 20, 30)).astype(np.uint16)
    ds = image(cells, bits_allocated=16, bits_stored=10, high_bit=11, transfer_syntax=RLELossless, code_streams=[rle(one) for one in cells])
    for group, bit in ((0x6000, 0), (0x6002, 15)):
        add_overlay(ds, None, shape=(20, 30), group=group, bits_allocated=16, bit_position=bit, origin=(3, -2))
    for number in (1, 2, 3):
        np.testing.assert_array_equal(drawn(file_bytes(ds), frame_number=number), reference.render(ds, number, overlays=True))


def test_over_and_in_cells_of_32_bits() -> None:
    cells = np.random.default_rng(3).integers(0, 1 << 32, (9, 12)).astype(np.uint32)
    ds = image(cells & 0xFFFFF, bits_allocated=32, bits_stored=20, garbage=4, window=(1 << 19, 1 << 20))
    add_overlay(ds, cross(5, 7), origin=(2, 3))
    add_overlay(ds, None, shape=(9, 12), group=0x6002, bits_allocated=32, bit_position=31)
    np.testing.assert_array_equal(drawn(file_bytes(ds)), reference.render(ds, overlays=True))


def test_frames_with_overlays_are_not_decoded_at_a_lower_resolution() -> None:
    cells = ramp_cells()
    stream = jpeg_2000(cells, bits_stored=12)
    ds = image(cells, bits_stored=12, transfer_syntax=JPEG2000Lossless, code_streams=[stream], window=(2048, 4096))
    add_overlay(ds, cross(30, 40), origin=(5, 6))
    np.testing.assert_array_equal(drawn(file_bytes(ds), rows=16), reference.render(ds, rows=16, overlays=True))


def test_a_stored_jpeg_stream_is_no_picture_with_overlays() -> None:
    """A4.83 hands it out where nothing changes a pixel."""
    cells = (np.arange(64 * 64) // 32).astype(np.uint8).reshape(64, 64)
    ds = image(cells, transfer_syntax="1.2.840.10008.1.2.4.50", code_streams=[jpeg(cells)], window=(128, 256))
    add_overlay(ds, cross(30, 40), origin=(5, 6))
    assert planned(file_bytes(ds), overlays=False).as_stored
    shown = imagecodecs.jpeg8_decode(wado_core.render(file_bytes(ds), overlays=True)).astype(int)
    assert np.abs(shown - reference.render(ds, overlays=True)).mean() < 3
    assert shown[4, 5] > 200


@st.composite
def overlaid(draw_from: st.DrawFn) -> Dataset:
    """A small image of some frames with some overlays anywhere over it."""
    frames, rows, columns = (draw_from(st.integers(1, most)) for most in (3, 12, 12))
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32 - 1)))
    cells = rng.integers(0, 1 << 16, (frames, rows, columns)).astype(np.uint16)
    ds = image(cells, bits_stored=16, photometric=draw_from(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])), window=(30000, 60000))
    for number in range(draw_from(st.integers(1, 3))):
        planes = draw_from(st.none() | st.integers(1, 4))
        shape = (planes or 1, draw_from(st.integers(1, 20)), draw_from(st.integers(1, 20)))
        add_overlay(
            ds, rng.integers(0, 2, shape), group=0x6000 + 2 * number, frames=planes,
            first_frame=draw_from(st.none() | st.integers(1, 3)), origin=(draw_from(st.integers(-15, 15)), draw_from(st.integers(-15, 15))),
        )  # fmt: skip
    return ds


@settings(max_examples=150, deadline=None)
@given(ds=overlaid(), rows=st.none() | st.integers(1, 20))
def test_random_overlays_equal_the_oracle(ds: Dataset, rows: int | None) -> None:
    data = file_bytes(ds)
    for number in range(1, int(ds.NumberOfFrames) + 1):
        np.testing.assert_array_equal(drawn(data, frame_number=number, rows=rows), reference.render(data, number, rows=rows, overlays=True))


def test_the_digest_covers_overlays_that_are_drawn_and_no_others() -> None:
    with_them, without = planned(build("ovl")), planned(build("ovl"), overlays=False)
    assert with_them.digest != without.digest
    asked, plain = (planned(build("ct"), overlays=asked) for asked in (True, False))
    assert asked.digest == plain.digest, "where there is none it is the same picture"


@pytest.mark.parametrize(
    ("first_frame", "frames", "over"),
    [(None, None, [1, 2, 3, 4]), (2, None, [2]), (None, 1, [1]), (2, 1, [2]), (1, 1, [1]), (None, 2, [1, 2]), (3, 9, [3, 4]), (5, 1, [])],
)
def test_frames_that_an_overlay_lies_over(first_frame: int | None, frames: int | None, over: list[int]) -> None:
    """PS3.3 C.9.3; where neither is said, every frame."""
    ds = image(np.zeros((4, 5, 5), np.uint8), window=(128, 256))
    add_overlay(ds, np.ones((frames or 1, 5, 5), np.uint8), first_frame=first_frame, frames=frames)
    assert [number for number in range(1, 5) if drawn(file_bytes(ds), frame_number=number).all()] == over


def test_the_last_even_group_may_hold_one() -> None:
    ds = image(np.zeros((5, 6), np.uint8), window=(128, 256))
    add_overlay(ds, cross(5, 6), group=0x60FE)
    np.testing.assert_array_equal(drawn(file_bytes(ds)), cross(5, 6) * 255)


def test_broken_overlays_are_left_out_and_told_to_who_asks_for_overlays() -> None:
    data = build("ovl_broken")
    np.testing.assert_array_equal(drawn(data) == 255, (reference.render(data) == 255) | _at(cross(20, 31), 10, 22))
    told = planned(data).warnings
    assert [warning[:11] for warning in told] == ["(6000,3000)", "(6002,0040)", "(6004,0102)"]
    assert all("(PS3.3 C.9.2): the overlay was ignored." in warning for warning in told)
    assert planned(data, overlays=False).warnings == ()


def _at(plane: Array, top: int, left: int) -> Array:
    out = np.zeros((64, 64), bool)
    out[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return out


PLANE = cross(8, 8)


@pytest.mark.parametrize(
    ("element", "value", "tag"),
    [
        (0x0010, 0, "0010) Overlay Rows"), (0x0010, None, "0010) Overlay Rows"), (0x0011, 0, "0011) Overlay Columns"),
        (0x0010, 65535, "3000) Overlay Data"), (0x0050, [1], "0050) Overlay Origin"), (0x0050, [], "0050) Overlay Origin"),
        (0x0050, None, "0050) Overlay Origin"),
        (0x0050, [1, 2, 3], "0050) Overlay Origin"), (0x0040, "X", "0040) Overlay Type"), (0x0040, None, "0040) Overlay Type"),
        (0x0051, 0, "0051) Image Frame Origin"), (0x0015, 0, "0015) Number of Frames in Overlay"),
        (0x0015, -1, "0015) Number of Frames in Overlay"), (0x0015, 2, "3000) Overlay Data"), (0x3000, None, "3000) Overlay Data"),
        (0x3000, b"", "3000) Overlay Data"), (0x3000, b"\0" * 6, "3000) Overlay Data"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named(element: int, value: Any, tag: str) -> None:
    ds = image(np.zeros((8, 8), np.uint8), window=(128, 256))
    add_overlay(ds, PLANE, first_frame=1, frames=1)
    assert problems(ds) == ()
    if value is None:
        del ds[0x6000, element]
    else:
        ds[0x6000, element].value = value
    (problem,) = problems(ds)
    assert problem.startswith("(6000," + tag)
    assert problem.endswith("(PS3.3 C.9.2): the overlay was ignored.")
    assert not (drawn(file_bytes(ds)) == 255).any()


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({0x0100: 8}, "(6000,0100)"), ({0x0102: 16}, "(6000,0102)"), ({0x0102: 11}, "(6000,0102)"), ({0x0102: 2}, "(6000,0102)"),
        ({0x0010: 4}, "(6000,0010)"), ({0x0102: None}, "(6000,0102)"),
    ],
)  # fmt: skip
def test_what_is_broken_of_an_embedded_one_is_named(changes: dict[int, int | None], tag: str) -> None:
    ds = image(np.zeros((8, 8), np.uint16), bits_stored=10, high_bit=11)
    add_overlay(ds, None, shape=(8, 8), bits_allocated=16, bit_position=12)
    assert problems(ds) == ()
    for element, value in changes.items():
        if value is None:
            del ds[0x6000, element]
        else:
            ds[0x6000, element].value = value
    assert [problem[:11] for problem in problems(ds)] == [tag]


def test_embedded_overlays_that_a_codec_does_not_keep_are_told() -> None:
    stream = jpeg_2000(ramp_cells(), bits_stored=12)
    ds = image(ramp_cells(), bits_stored=12, transfer_syntax=JPEG2000Lossless, code_streams=[stream])
    add_overlay(ds, None, shape=(64, 64), bits_allocated=16, bit_position=12)
    assert problems(ds) == (
        "(6000,0102) Overlay Bit Position is an unused bit, not kept by JPEG 2000 (Lossless Only) (PS3.3 C.9.2): the overlay was ignored.",
    )


def test_groups_without_an_overlay_and_regions_of_interest_are_nothing() -> None:
    ds = image(np.zeros((8, 8), np.uint8), window=(128, 256))
    ds.add_new((0x6000, 0x1001), "CS", "LAYER")
    ds.add_new((0x6002, 0x0022), "LO", "a description")
    ds.add_new((0x6001, 0x0010), "LO", "PRIVATE")
    for element, vr in ((0x0010, "US"), (0x0011, "US"), (0x0040, "CS"), (0x0102, "US"), (0x3000, "OW")):
        ds.add_new((0x6008, element), vr, None)
    add_overlay(ds, np.ones((8, 8)), group=0x6004, kind="R")
    found = instance(file_bytes(ds))
    assert (found.overlays, found.overlay_problems) == ((), ())


def test_a_plane_larger_than_the_limit_is_not_read() -> None:
    ds = image(np.zeros((8, 8), np.uint8))
    add_overlay(ds, PLANE)
    data = file_bytes(ds)
    assert describe(BytesSource(data), "", Limits(frame_pixels=64)).instance.overlay_problems == ()
    (problem,) = describe(BytesSource(data), "", Limits(frame_pixels=63)).instance.overlay_problems
    assert problem.startswith("(6000,0010) Overlay Rows and Columns ask for 8 × 8 bits")


def test_nothing_of_an_overlay_is_kept_in_the_description() -> None:
    """Of 32 MB in an overlay, a description holds the place (docs/adr/0013)."""
    (overlay,) = [one for one in instance(build("ovl")).overlays if one.group == 0x6004]
    assert overlay.data is not None
    assert (
        build("ovl")[overlay.data.offset : overlay.data.offset + overlay.data.length]
        == np.packbits(cross(40, 33).reshape(-1), bitorder="little").tobytes()
    )


def test_the_python_interface_draws_them_on_request() -> None:
    with_them = imagecodecs.png_decode(wado_core.render(build("ovl"), overlays=True, media_type="image/png"))
    np.testing.assert_array_equal(with_them, reference.render(build("ovl"), overlays=True))
    thumbnail = imagecodecs.jpeg8_decode(wado_core.thumbnail(build("ovl"), 64)).astype(int)
    assert np.abs(thumbnail - reference.render(build("ovl"))).max() < 40, "never in a thumbnail"
