"""The whole oracle on the fixtures, against numbers the requirements state (J.34-J.47, J.64)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.fixtures import build, file_bytes, hu_position, image, lookup_table
from tests.fixtures.color_images import PALETTE_BLUE, PALETTE_FIRST, PALETTE_GREEN, PALETTE_RED
from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.fixtures.gray_images import MODALITY_LUT_ENTRIES, VOI_LUT_ENTRIES
from tests.fixtures.multi_frame_images import ENH_RESCALES, ENH_WINDOWS, enh, enh_shared, set_value_groups
from tests.fixtures.phantom import color_bars, field_of_view, ramp_cells
from tests.reference import render
from tests.reference.color import ybr_full_to_rgb
from tests.reference.pipeline import stored_window
from tests.reference.rounding import Gray

CELLS = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], dtype=np.uint8)


def gray_image(cells: NDArray[Any] = CELLS, **traits: Any) -> Dataset:
    return image(cells, **traits)


def test_ramp_with_window() -> None:
    picture = render(build("ramp"), window=(2048, 4096)).reshape(-1)
    assert picture[[0, 2048, 4095]].tolist() == [0, 128, 255]


def test_ct_with_windows() -> None:
    def shown(hu: int, center: float, width: float) -> int:
        return int(render(build("ct"), window=(center, width), region=REGION_OF_SWEEP)[hu_position(hu)])

    assert [shown(hu, 40, 400) for hu in (-161, -160, 40, 239, 240)] == [0, 0, 128, 255, 255]
    assert [shown(hu, 0, 1) for hu in (-1, 0)] == [0, 255]


REGION_OF_SWEEP = (0, 0, 1, "0.015625")
"""The first 8 of 512 rows."""


def test_ct_uses_its_stored_window() -> None:
    assert (render(build("ct")) == render(build("ct"), window=(40, 400))).all()


def test_automatic_windows() -> None:
    ramp = render(build("ramp")).reshape(-1)
    assert ramp[[0, 4095]].tolist() == [0, 255]
    assert (render(build("mono1")).reshape(-1) == 255 - ramp).all()
    assert render(build("mono1"), window=(2048, 4096)).reshape(-1)[[0, 4095]].tolist() == [255, 0]


def test_the_automatic_window_is_that_of_the_whole_frame() -> None:
    whole = render(build("ramp"))
    assert (render(build("ramp"), region=(0.5, 0.5, 1, 1)) == whole[32:, 32:]).all()


def test_padding_is_black_and_unseen() -> None:
    outside = ~field_of_view(512)
    outside[:8] = False
    for window in ((40, 400), (-3000, 10)):
        assert (render(build("pad"), window=window)[outside] == 0).all()
    inside = render(build("pad_auto"))[field_of_view(128)]
    assert (inside.min(), inside.max()) == (0, 255)
    assert np.count_nonzero(inside > 30) > 1000  # padding at -3024 HU within the range would leave the air at 170


def test_padding_is_black_also_when_inverted() -> None:
    picture = render(build("mono1_pad")).reshape(-1)
    assert picture[[0, 3999, 4000, 4095]].tolist() == [255, 6, 0, 0]


def test_padding_in_a_vr_against_the_pixel_representation() -> None:
    ds = gray_image(np.array([[-2000, 0, 9]], dtype=np.int16), pixel_representation=1)
    ds.add_new("PixelPaddingValue", "US", 63536)
    assert render(ds).tolist() == [[0, 0, 255]]


def test_constant_images_and_nothing_but_padding_are_black() -> None:
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        assert (render(gray_image(np.full((2, 2), 9, dtype=np.uint8), photometric=photometric)) == 0).all()
        assert (render(gray_image(np.full((2, 2), 9, dtype=np.uint8), photometric=photometric, padding=9, window=(9, 1))) == 0).all()


def test_sigmoid_and_exact() -> None:
    assert render(build("sig")).reshape(-1)[[1536, 2048, 2560]].tolist() == [30, 128, 225]
    assert render(build("exact")).reshape(-1)[[1536, 1537, 2048, 2560]].tolist() == [0, 0, 128, 255]
    assert render(build("exact")).reshape(-1)[1539] == 1  # 3 / 1024 * 255 = 0.75


def test_tables_clamp() -> None:
    hu = np.arange(4096) - 3072
    expected = np.array(VOI_LUT_ENTRIES)[np.clip(hu + 128, 0, 255)]
    assert (render(build("lut")).reshape(-1) == np.floor(expected / 4095 * 255 + 0.5)).all()
    modality = np.array(MODALITY_LUT_ENTRIES)[np.clip(np.arange(4096) - 512, 0, 1023)]
    plain = render(gray_image(modality.astype(np.uint16).reshape(64, 64), window=(2500, 3200)))
    assert (render(build("mlut")) == plain).all()
    assert render(build("lut8")).reshape(-1)[[0, 1000, 1001, 1254, 1255, 4095]].tolist() == [255, 255, 254, 1, 1, 1]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_tables_with_a_negative_first_value_are_read_in_every_syntax(syntax: str) -> None:
    table = lookup_table([0, 100, 255], first=-1, bits=8, signed=True)
    traits: dict[str, Any] = {"rescale": (1, -4), "attributes": {"VOILUTSequence": Sequence([table])}, "transfer_syntax": syntax}
    data = file_bytes(gray_image(**traits))
    assert render(data).tolist() == [[0, 0, 0, 0], [100, 255, 255, 255]]


def test_negative_slope_mirrors() -> None:
    assert (render(build("negslope")).reshape(-1) == render(build("ramp"), window=(2048, 4096)).reshape(-1)[::-1]).all()


@pytest.mark.parametrize("name", ["garbage", "highbit", "defl"])
def test_storage_does_not_show(name: str) -> None:
    assert (render(build(name)) == render(build("ramp"), window=(2048, 4096))).all()


@pytest.mark.parametrize("name", ["impl", "noprem"])
def test_endianness_and_missing_preamble_do_not_show(name: str) -> None:
    assert (render(build(name)) == render(build("be"))).all()
    assert render(build(name)).reshape(-1)[[48, 2912, 3104, 3296, 3312]].tolist() == [0, 0, 123, 245, 255]


def test_enhanced_frames_have_their_own_pictures() -> None:
    for number, ((slope, intercept), (center, width)) in enumerate(zip(ENH_RESCALES, ENH_WINDOWS, strict=True), start=1):
        stored = np.roll(ramp_cells(), 100 * number).astype(np.float64)
        y = ((stored * slope + intercept - center + 0.5) / (width - 1) + 0.5) * 255
        assert (np.abs(render(build("enh"), number) - np.clip(np.floor(y + 0.5), 0, 255)) <= 1).all()
    pictures = [render(build("enh"), number).tobytes() for number in range(1, 6)]
    assert len(set(pictures)) == 5


def test_shared_groups_hold_until_a_frame_has_its_own() -> None:
    ds = enh_shared()
    shared = render(ds, 2)
    set_value_groups(ds.PerFrameFunctionalGroupsSequence[1], (1, 0), (2048, 4096))
    assert (render(ds, 2) == render(gray_image(np.roll(ramp_cells(), 200), bits_stored=12), window=(2048, 4096))).all()
    assert (render(ds, 3) == np.roll(shared, 100)).all()


def test_top_level_window_holds_where_the_groups_have_none() -> None:
    ds = enh()
    for item in ds.PerFrameFunctionalGroupsSequence:
        del item.FrameVOILUTSequence
    ds.WindowCenter, ds.WindowWidth = 40, 400
    stored = ds.pixel_array[0].astype(np.int16)
    assert (render(ds, 1) == render(gray_image(stored, pixel_representation=1, rescale=(1, -1024), window=(40, 400)))).all()


def test_palettes() -> None:
    value = np.arange(256) - 128
    index = np.clip(value - PALETTE_FIRST, 0, 99)
    expected = np.stack([np.array(t)[index] for t in (PALETTE_RED, PALETTE_GREEN, PALETTE_BLUE)], axis=-1)
    assert (render(build("pal")).reshape(-1, 3) == expected).all()
    i = np.arange(256)
    wide = np.stack([i, 255 - i, i // 16 * 17], axis=-1)
    assert (render(build("pal16")).reshape(-1, 3) == wide).all()
    assert (render(build("pal16_low")).reshape(-1, 3) == wide).all()
    segmented = render(build("pal_seg")).reshape(-1, 3)
    assert segmented[[0, 1, 2, 128, 255]].tolist() == [[0, 255, 0], [16, 254, 1], [16, 253, 2], [115, 127, 0], [214, 0, 63]]


def test_colour_is_the_picture_that_was_stored() -> None:
    bars = color_bars()
    for name in ("rgb0", "rgb1", "rgb12", "burned", "rle_rgb", "j2k_rgb"):
        assert (render(build(name)) == bars).all()
    assert np.abs(render(build("ybr")).astype(int) - bars).max() <= 2
    assert np.abs(render(build("ybr422"))[:24].astype(int) - bars[:24]).max() <= 2
    assert (render(build("rle_rgb"), 2) == bars[::-1]).all()


def test_a_window_does_not_touch_colour() -> None:
    assert (render(build("rgb0"), window=(10, 20)) == color_bars()).all()


def test_reversible_code_streams_show_the_same_picture() -> None:
    expected = render(build("rle"))
    for name in ("j2k", "jls", "jll", "htj2k_ct"):
        assert (render(build(name)) == expected).all()
    assert (render(build("htj2k")) == thorax_8bit()).all()
    for name, source in (("jls_rgb", color_bars()), ("jll_rgb", color_bars()), ("htj2k_rgb", soft_colors())):
        assert (render(build(name)) == source).all()
    assert np.abs(render(build("jll_ybr")) - np.clip(ybr_full_to_rgb(soft_colors()), 0, 255)).max() <= 1
    for number in (1, 2, 3):
        assert (render(build("j2k_mf"), number) == np.roll(thorax_8bit(), number, axis=0)).all()


@pytest.mark.parametrize("name", ["jpg_ybr", "jpg_422", "jpg_rgb", "jpg_frag", "jpg_bot", "jpg_eot"])
def test_lossy_colour_stays_near_its_source(name: str) -> None:
    assert np.abs(render(build(name)).astype(int) - soft_colors()).max() <= 5


@pytest.mark.parametrize("name", ["jpg_frag", "jpg_bot", "jpg_eot"])
def test_fragmented_frames_are_told_apart(name: str) -> None:
    for number in range(1, 5):
        difference = np.abs(render(build(name), number).astype(int) - soft_colors(number - 1))
        assert difference.max() <= 5
        assert difference.mean() < 1  # the next frame is 4 / 3 away


def test_lossy_gray_stays_near_its_source() -> None:
    for name in ("jpg", "jpg12", "jpg_prog"):
        assert np.abs(render(build(name)).astype(int) - thorax_8bit()).max() <= 8


def test_near_lossless_gray_stays_as_near_as_it_says() -> None:
    difference = np.abs(render(build("jls_near")).astype(int) - thorax_8bit())
    assert 0 < difference.max() <= 2


def test_unaligned_frames() -> None:
    assert (render(build("odd"), 3).reshape(-1) == (np.arange(98, 147) * 5) % 256).all()
    bits = np.random.default_rng(49).integers(0, 2, size=(5, 7, 7))
    for number in range(1, 6):
        assert (render(build("bit1"), number) == bits[number - 1] * 255).all()


def test_region_then_size() -> None:
    whole = render(build("ramp"), window=(2048, 4096))
    assert (render(build("ramp"), window=(2048, 4096), region=(0.5, 0, 1, 1)) == whole[:, 32:]).all()
    assert render(build("ramp"), region=(0, 0, 0.5, 0.5), rows=64, columns=64).shape == (64, 64)
    assert render(build("ramp"), region=(0.99999, 0.99999, 1, 1)).shape == (1, 1)
    assert render(build("wide"), rows=300, columns=300).shape == (150, 300)
    assert render(build("us10"), 3, columns=32).shape == (24, 32, 3)


def test_averaging_is_done_on_the_rendered_values() -> None:
    ds = gray_image(np.array([[0, 0, 200, 100]], dtype=np.uint8), window=(128, 256))
    assert render(ds, columns=2).tolist() == [[0, 150]]
    assert render(gray_image(np.array([[0, 255]], dtype=np.uint8), window=(100, 1)), columns=1).tolist() == [[128]]


def stored_traits(center: object, width: object, function: str | None = None) -> Dataset:
    item = Dataset()
    item.WindowCenter, item.WindowWidth = center, width
    if function:
        item.VOILUTFunction = function
    return item


@pytest.mark.parametrize(
    ("item", "window"),
    [
        (stored_traits(40, 400), (40, 400, "LINEAR")),
        (stored_traits([40, 50], [400, 350]), (40, 400, "LINEAR")),
        (stored_traits(40, 1), (40, 1, "LINEAR")),
        (stored_traits(40, 0.5), None),
        (stored_traits(40, 0.5, "LINEAR_EXACT"), (40, 0.5, "LINEAR_EXACT")),
        (stored_traits(40, 0, "SIGMOID"), None),
        (stored_traits(40, -400), None),
        (stored_traits(40, 400, "CUBIC"), (40, 400, "LINEAR")),
        (stored_traits(None, None), None),
        (stored_traits([], []), None),
        (stored_traits(40, None), None),
        (Dataset(), None),
    ],
)
def test_stored_windows(item: Dataset, window: tuple[float, float, str] | None) -> None:
    assert stored_window(item) == window


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
def test_a_window_of_text_counts_as_absent() -> None:
    data = file_bytes(gray_image(window=(123, 456))).replace(b"456.0 ", b"broken")
    assert (render(data) == render(gray_image())).all()


def test_a_window_goes_before_a_table_and_a_broken_one_leaves_it() -> None:
    table = lookup_table([7] * 8, first=0, bits=8, signed=False)
    attributes = {"VOILUTSequence": Sequence([table])}
    assert (render(gray_image(window=(4, 8), attributes=attributes)) == render(gray_image(window=(4, 8)))).all()
    assert (render(gray_image(window=(4, 0), attributes=attributes)) == 7).all()
    assert (render(gray_image(attributes=attributes), window=(4, 8)) == render(gray_image(window=(4, 8)))).all()


def test_presentation_lut_shape_does_not_invert() -> None:
    def picture(photometric: str, shape: str) -> Gray:
        return render(gray_image(photometric=photometric, attributes={"PresentationLUTShape": shape}))

    assert picture("MONOCHROME2", "IDENTITY")[0, 0] == picture("MONOCHROME2", "INVERSE")[0, 0] == 0
    assert picture("MONOCHROME1", "IDENTITY")[0, 0] == picture("MONOCHROME1", "INVERSE")[0, 0] == 255


def test_float_pixels_with_float_padding() -> None:
    ds = gray_image(np.zeros((1, 4), dtype=np.uint8), attributes={"PixelData": None})
    ds.FloatPixelData = np.array([-1000.0, 0.25, 0.375, 0.5], dtype="<f4").tobytes()
    ds.FloatPixelPaddingValue = -1000.0
    assert render(ds).tolist() == [[0, 0, 128, 255]]


def test_a_path_will_do(tmp_path: Path) -> None:
    path = tmp_path / "object.dcm"
    path.write_bytes(build("wide"))
    assert (render(path) == render(build("wide"))).all()


def test_an_unknown_photometric_interpretation_is_refused() -> None:
    with pytest.raises(ValueError, match="HSV"):
        render(image(np.zeros((2, 2, 3), dtype=np.uint8), photometric="HSV"))
