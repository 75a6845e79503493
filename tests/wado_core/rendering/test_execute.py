"""Whole pictures equal those of the oracle, byte for byte, for random objects and for every fixture that can be rendered."""

from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless

from tests import reference
from tests.fixtures import FIXTURES, build, file_bytes, image, lookup_table
from tests.fixtures.code_streams import jpeg_2000
from tests.reference.rounding import Array
from wado_core.codecs.decoded import Decoded
from wado_core.codecs.registry import decode as decode_here
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.model.geometry import Lattice, Region
from wado_core.model.grayscale import ValueRange, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.rendering.execute import draw, execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits

EXACT = (
    "ct", "ramp", "mono1", "pad", "pad_auto", "mono1_pad", "sig", "exact", "lut", "lut8", "mlut", "negslope", "garbage",
    "signed_garbage", "highbit", "wide", "impl", "noprem", "be", "be8", "defl", "deid", "pal", "pal16", "pal16_low", "pal_seg", "rgb0",
    "rgb1", "rgb12", "ybr", "ybr422", "burned", "us10", "mf1", "odd", "enh", "enh_shared", "rle", "rle_rgb", "j2k", "j2k_rgb", "j2k_mf",
    "jls", "jls_near", "jls_rgb", "jll", "jll_rgb", "jll_ybr", "htj2k", "htj2k_ct", "htj2k_rgb",
    "pal_seg8", "supp", "icc", "ybr_part", "seg_frac", "dose", "bit1", "seg",
    "gray32", "gray32_be", "gray64", "float32", "float64", "rgb32", "rle32", "rle_bit1",
    "ovl", "ovl_frames", "ovl_bits", "ovl_broken",
)  # fmt: skip
"""Fixtures whose pictures follow from the equations alone: stored without loss, or with one that every decoder undoes alike."""
JPEG = ("jpg", "jpg_prog", "jpg12", "jpg_ybr", "jpg_422", "jpg_rgb", "jpg_frag", "jpg_bot", "jpg_eot")


def planned(data: bytes, **asked: Any) -> tuple[RenderPlan, FrameReader]:
    source, limits = BytesSource(data), Limits()
    instance = describe(source, "v1", limits).instance
    plan = make_plan(instance, RenderRequest(media_type=MediaType.PNG, **asked), limits)
    return plan, FrameReader(source, instance, limits)


def drawn(data: bytes, **asked: Any) -> Array:
    plan, reader = planned(data, **asked)
    return draw(plan, reader)[0]


@pytest.mark.parametrize("name", EXACT)
def test_every_frame_of_a_fixture_equals_the_oracle(name: str) -> None:
    data = build(name)
    frames = int(reference.pipeline.read(data).get("NumberOfFrames") or 1)
    for number in range(1, frames + 1):
        np.testing.assert_array_equal(drawn(data, frame_number=number), reference.render(data, number))


@pytest.mark.parametrize("name", ["ct", "mono1_pad", "pad_auto", "pal", "rgb1", "ybr422", "rle", "enh"])
def test_region_window_and_size_equal_the_oracle(name: str) -> None:
    data, region = build(name), (0.07, 0.33, 0.61, 0.9)
    for rows, columns in ((None, None), (20, None), (None, 45), (33, 90)):
        found = drawn(data, window=Window(-20.5, 333), region=Region(*region), rows=rows, columns=columns)
        np.testing.assert_array_equal(found, reference.render(data, 1, (-20.5, 333), region, rows, columns))


@pytest.mark.parametrize("name", ["ct", "wide", "us10", "pal16", "rle_rgb"])
@pytest.mark.parametrize("rows", [1, 31, 500])
def test_frames_that_cannot_be_reduced_are_resampled_whole(name: str, rows: int) -> None:
    np.testing.assert_array_equal(drawn(build(name), rows=rows), reference.render(build(name), rows=rows))


@pytest.mark.parametrize("name", JPEG)
def test_jpeg_frames_equal_another_decoder_s_within_what_inverse_transforms_may_differ(name: str) -> None:
    """The oracle's decoder is another program; T.83 lets inverse transforms differ by one level, colour conversion adds to it."""
    found, expected = drawn(build(name)).astype(int), reference.render(build(name)).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= (1 if found.ndim == 2 else 3)


@pytest.mark.parametrize("name", ["jpg", "jpg_ybr", "j2k_rgb"])
def test_reduced_frames_show_the_same_picture(name: str) -> None:
    """A decoder's own reduction is another filter than the mean: the pictures agree on the whole, not in each pixel (A4.47)."""
    found, expected = drawn(build(name), rows=16).astype(float), reference.render(build(name), rows=16).astype(float)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 12
    assert abs(found.mean() - expected.mean()) < 4


class Counting(BytesSource):
    """Counts the bytes that are read."""

    count = 0

    def read(self, offset: int, length: int) -> bytes:
        data = super().read(offset, length)
        self.count += len(data)
        return data


@pytest.mark.parametrize("fragments", [1, 7])
def test_of_a_large_frame_no_more_is_read_than_a_small_picture_needs(fragments: int) -> None:
    """And it is the picture that the whole frame gives (PS3.5 A.4: of any number of fragments)."""
    cells = np.random.default_rng(2).integers(0, 4096, (1024, 1024)).astype(np.uint16)
    ds = image(
        cells, bits_stored=12, transfer_syntax=JPEG2000Lossless, code_streams=[jpeg_2000(cells, bits_stored=12)],
        fragments_per_frame=fragments, window=(2048, 4096),
    )  # fmt: skip
    source, limits = Counting(file_bytes(ds)), Limits()
    instance = describe(source, "v1", limits).instance
    for edge, share in ((32, 0.06), (128, 0.3), (512, 1.2)):
        plan = make_plan(instance, RenderRequest(media_type=MediaType.PNG, rows=edge), limits)
        source.count = 0
        found = draw(plan, FrameReader(source, instance, limits))[0]
        assert 10_000 < source.count < share * cells.size * 1.5
        reader = FrameReader(source, instance, limits)
        expected = draw(plan, reader, None, lambda _, *rest, whole=reader: decode_here(whole.frame(1), *rest))[0]
        np.testing.assert_array_equal(found, expected)


def j2k_object(**traits: Any) -> Dataset:
    cells = (np.arange(64 * 64, dtype=np.uint16) * 37 % 4096).reshape(64, 64)
    stream = jpeg_2000(cells, bits_stored=12)
    return image(cells, bits_stored=12, transfer_syntax=JPEG2000Lossless, code_streams=[stream], **traits)


@pytest.mark.parametrize("kind", ["padding", "VOI LUT", "Modality LUT", "region"])
def test_frames_whose_stored_values_have_no_mean_are_not_reduced(kind: str) -> None:
    """Padding must not bleed into its neighbours, nor may inputs of a table be averaged before it: equal to the oracle, exactly."""
    ds = j2k_object(padding=(0, 2000), window=(2048, 4096)) if kind == "padding" else j2k_object(window=None)
    table = lookup_table([number * 97 % 256 for number in range(256)], first=1000, bits=8, signed=False)
    if kind == "VOI LUT":
        ds.VOILUTSequence = Sequence([table])
    if kind == "Modality LUT":
        ds.ModalityLUTSequence = Sequence([table])
        ds.WindowCenter, ds.WindowWidth = 128, 256
    asked = {"region": Region(0, 0, 1, 0.5)} if kind == "region" else {}
    found = drawn(file_bytes(ds), rows=8, **asked)
    np.testing.assert_array_equal(found, reference.render(ds, region=(0, 0, 1, 0.5) if asked else None, rows=8))


@st.composite
def gray_objects(draw_from: st.DrawFn) -> Dataset:
    """A random grayscale object: depth, place in the cell, sign, rescale or LUT, window or LUT, padding, polarity, garbage."""
    allocated = draw_from(st.sampled_from([8, 16]))
    stored = draw_from(st.integers(1, allocated))
    high = draw_from(st.integers(stored - 1, allocated - 1))
    signed = draw_from(st.booleans())
    low, top = (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if signed else (0, (1 << stored) - 1)
    values = st.integers(low, top)
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32 - 1)))
    cells = rng.integers(low, top + 1, (draw_from(st.integers(1, 9)), draw_from(st.integers(1, 9))))
    padding = draw_from(st.none() | values | st.tuples(values, values))
    window = draw_from(st.none() | st.tuples(st.integers(-2000, 2000).map(float), st.integers(1, 3000).map(float)))
    ds = image(
        cells, bits_allocated=allocated, bits_stored=stored, high_bit=high, pixel_representation=int(signed), garbage=7,
        photometric=draw_from(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])), padding=padding, window=window,
        voi_function=draw_from(st.sampled_from([None, "LINEAR", "LINEAR_EXACT"])),
        rescale=draw_from(st.none() | st.tuples(st.sampled_from([1.0, -1.0, 0.5, 2.0]), st.integers(-2000, 2000).map(float))),
        transfer_syntax=draw_from(st.sampled_from(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])),
    )  # fmt: skip
    if draw_from(st.booleans()) and ds.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.2":
        entries = rng.integers(0, 4096, draw_from(st.integers(1, 50))).tolist()
        slope, intercept = float(ds.get("RescaleSlope", 1.0)), float(ds.get("RescaleIntercept", 0.0))
        of_modality = draw_from(st.booleans())
        negative = signed if of_modality else min(slope * low, slope * top) + intercept < 0  # whether the table's input can be
        first = draw_from(st.integers(-100 if negative else 0, 100))
        table = lookup_table(entries, first=first, bits=12, signed=negative)
        if of_modality:
            ds.ModalityLUTSequence = Sequence([table])
            if "RescaleSlope" in ds:
                del ds.RescaleSlope, ds.RescaleIntercept
        else:
            ds.VOILUTSequence = Sequence([table])
    return ds


@settings(max_examples=250, deadline=None)
@given(ds=gray_objects(), rows=st.none() | st.integers(1, 12))
def test_random_grayscale_objects_equal_the_oracle(ds: Dataset, rows: int | None) -> None:
    data = file_bytes(ds)
    np.testing.assert_array_equal(drawn(data, rows=rows), reference.render(data, rows=rows))


def test_the_range_is_found_once_and_belongs_to_the_whole_frame() -> None:
    """H2.15: whatever region is asked, all pictures of a frame agree."""
    plan, reader = planned(build("ramp"), region=Region(0, 0, 0.5, 0.5))
    picture, found = draw(plan, reader)
    assert found == ValueRange(0.0, 4095.0)
    whole = reference.render(build("ramp"))
    np.testing.assert_array_equal(picture, whole[:32, :32])
    again, unknown = draw(plan, reader, found)
    assert unknown is None
    np.testing.assert_array_equal(again, picture)
    assert draw(*planned(build("ct")))[1] is None, "a stored window needs no range"


@pytest.mark.parametrize("name", ["j2k_mf", "jpg"])
@pytest.mark.parametrize("rows", [None, 10])
def test_the_bytes_do_not_depend_on_whether_the_range_was_known(name: str, rows: int | None) -> None:
    ds = reference.pipeline.read(build(name))
    if "WindowCenter" in ds:
        del ds.WindowCenter, ds.WindowWidth
    plan, reader = planned(file_bytes(ds), rows=rows)
    first, found = execute(plan, reader)
    assert found is not None
    assert execute(plan, reader, found) == (first, None)


def test_a_constant_image_is_black_also_when_inverted() -> None:
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        data = file_bytes(image(np.full((3, 4), 9, np.uint8), photometric=photometric))
        assert not drawn(data).any()


def test_the_picture_is_encoded_as_the_plan_says() -> None:
    plan, reader = planned(build("rgb0"))
    encoded, _ = execute(plan, reader)
    assert encoded.media_type == "image/png"
    np.testing.assert_array_equal(imagecodecs.png_decode(encoded.data), reference.render(build("rgb0")))


def test_frames_of_another_form_than_the_header_s_are_damage() -> None:
    plan, reader = planned(build("jpg"))
    gray_of_other_size = Decoded(np.zeros((5, 5), np.uint8), ImagePixel(5, 5, 1, "MONOCHROME2", 8, 8, 7))
    colors = Decoded(np.zeros((128, 128, 3), np.uint8), ImagePixel(128, 128, 3, "RGB", 8, 8, 7))
    for decoded in (gray_of_other_size, colors):
        with pytest.raises(DamagedObject):
            draw(plan, reader, None, lambda *_, answer=decoded: answer)


def test_every_fixture_is_either_drawn_here_or_no_picture_of_this_version() -> None:
    """No fixture escapes the comparison with the oracle by being forgotten."""
    left = set(FIXTURES) - set(EXACT) - set(JPEG)
    assert left == {
        "j2k_part2", "mpg", "sr", "kos", "pdf", "ecg",
        "gsps", "gsps_area", "gsps_magnify", "gsps_wide", "gsps_elsewhere",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ct", "rgb0", "j2k", "j2k_rgb", "gray32"])
@pytest.mark.parametrize("media_type", list(MediaType))
def test_a_decoder_that_gives_less_than_the_whole_is_not_believed(name: str, media_type: MediaType) -> None:
    """Kernels look at no bounds: of cells that are not there they would take what lies behind them in memory."""

    def decode(*given: Any) -> Decoded:
        whole = decode_here(*given)
        return Decoded(np.ascontiguousarray(whole.cells[::4, ::4]), whole.pixel, Lattice(4))

    plan, reader = planned(build(name))
    with pytest.raises(DamagedObject, match="another size"):
        execute(replace(plan, media_type=media_type), reader, ValueRange(0.0, 1.0), decode)
