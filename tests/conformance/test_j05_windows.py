"""J.5: windows, and all gray pictures against the oracle. PNG throughout: equal to the oracle, whose arithmetic is exact (H2.9)."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.client import JPEG, Wado
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build, hu_position
from tests.fixtures.gray_images import MODALITY_LUT_ENTRIES, MODALITY_LUT_FIRST, VOI_LUT_ENTRIES, VOI_LUT_FIRST
from tests.fixtures.multi_frame_images import ENH_RESCALES, ENH_WINDOWS
from tests.fixtures.phantom import CT_PADDING, ramp_cells
from tests.reference import render

FULL_RAMP = "windowCenter=2048&windowWidth=4096"


def at(picture: NDArray[np.uint8], value: int) -> int:
    """Return the gray level of a value of ``ramp``, whose row r, column c holds 64 r + c."""
    return int(picture[divmod(value, 64)])


def hu(picture: NDArray[np.uint8], value: int) -> int:
    """Return the gray level of a Hounsfield value in the sweep of ``ct``."""
    return int(picture[hu_position(value)])


def test_j38_ramp_over_its_full_range(wado: Wado) -> None:
    """ramp, c=2048, w=4096: 0 -> 0, 4095 -> 255, 2048 -> 128 (127.53) (H2.5, H2.10)."""
    picture = wado.picture("ramp", FULL_RAMP)
    assert [at(picture, value) for value in (0, 2048, 4095)] == [0, 128, 255]
    assert np.array_equal(picture, render(build("ramp"), window=(2048, 4096)))


def test_j39_ct_in_a_soft_tissue_window(wado: Wado) -> None:
    """ct, c=40, w=400: HU -161 -> 0, -160 -> 0, 40 -> 128 (127.82), 239 -> 255, 240 -> 255 (H2.5, H2.10, A4.60)."""
    picture = wado.picture("ct", "windowCenter=40&windowWidth=400")
    assert [hu(picture, value) for value in (-161, -160, 40, 239, 240)] == [0, 0, 128, 255, 255]


def test_j40_a_width_of_one_is_a_threshold(wado: Wado) -> None:
    """ct, c=0, w=1: HU -1 -> 0, 0 -> 255, and no division by zero (H2.5)."""
    picture = wado.picture("ct", "windowCenter=0&windowWidth=1")
    assert [hu(picture, value) for value in (-1, 0)] == [0, 255]
    assert set(np.unique(picture)) == {0, 255}


@pytest.mark.parametrize(
    "window",
    ["windowCenter=0&windowWidth=0.5", "windowCenter=0&windowWidth=-5", "windowCenter=0&windowWidth=nan",
     "windowCenter=nan&windowWidth=400",
     "windowCenter=inf&windowWidth=400", "windowCenter=40&windowWidth=inf", "windowCenter=forty&windowWidth=400",
     "windowCenter=&windowWidth=",
     "windowCenter=40&windowWidth=0", "windowCenter=40,50&windowWidth=400,500", "windowCenter=40%5C50&windowWidth=400%5C500",
     "windowCenter=1e400&windowWidth=1", "windowCenter=4,0&windowWidth=400", "windowCenter=0x10&windowWidth=400",
     "windowCenter=40&windowWidth=400" + "0" * 40],
)  # fmt: skip
def test_j40_broken_windows_are_refused(wado: Wado, window: str) -> None:
    """A width below 1, and what is no decimal number of reasonable length: 400 (A4.61, A.4)."""
    assert wado.status("ct", window) == 400


@pytest.mark.parametrize(
    ("center", "width"),
    [("-600", "1500"), ("40.5", "400.25"), ("1e2", "4E2"), ("+40", "400"), ("-0", "1.0"), ("%2040%20", "400"), (".5", "7."), ("-1024", "1"),
     ("1e9", "1"), ("0", "1e9"), ("1023", "2"), ("-99999", "100"),
     ("33.333333333333336", "400.6666666666667")],
)  # fmt: skip
def test_j40_any_decimal_is_a_window(wado: Wado, center: str, width: str) -> None:
    """Negative, broken and huge numbers, exponents, spaces around, the 18 characters JavaScript writes of a third: exact (A4.60, H2.5)."""
    picture = wado.picture("ct", f"windowCenter={center}&windowWidth={width}")
    exact = tuple(text.replace("%20", "").removeprefix("+") for text in (center, width))
    assert np.array_equal(picture, render(build("ct"), window=(exact[0], exact[1])))


def test_j41_no_window_is_the_stored_window(wado: Wado) -> None:
    """ct without window parameters equals windowCenter=40&windowWidth=400 (A4.63), as PNG and as JPEG."""
    stored = "windowCenter=40&windowWidth=400"
    assert np.array_equal(wado.picture("ct"), wado.picture("ct", stored))
    assert wado.get("ct").content == wado.get("ct", stored).content


def test_j42_no_window_anywhere_is_the_full_range(wado: Wado) -> None:
    """ramp without window: min -> 0, max -> 255 (A4.63, H2.15)."""
    picture = wado.picture("ramp")
    assert (at(picture, 0), at(picture, 4095)) == (0, 255)
    assert np.array_equal(picture, wado.picture("ramp", FULL_RAMP))


def test_j43_the_minimum_of_monochrome1_is_white(wado: Wado) -> None:
    """mono1, c=2048, w=4096: 0 -> 255, 4095 -> 0 (H2.12)."""
    picture = wado.picture("mono1", FULL_RAMP)
    assert (at(picture, 0), at(picture, 4095)) == (255, 0)
    assert np.array_equal(picture, 255 - wado.picture("ramp", FULL_RAMP))


@pytest.mark.parametrize(
    "window", ["", "windowCenter=40&windowWidth=400", "windowCenter=-3030&windowWidth=1", "windowCenter=-2000&windowWidth=9"]
)
def test_j44_padding_is_black(wado: Wado, window: str) -> None:
    """pad: padding pixels are 0 whatever the window, also where their value would be white (H2.13)."""
    picture = wado.picture("pad", window)
    hole = hu_position(CT_PADDING - 1024)
    assert picture[hole] == 0
    assert picture[-1, 0] == 0
    if window.startswith("windowCenter=-3030"):
        assert picture[hole[0], hole[1] + 1] == 255
        assert picture[256, 256] == 255


@pytest.mark.parametrize("window", ["", FULL_RAMP, "windowCenter=0&windowWidth=1"])
def test_j44_padding_of_monochrome1_stays_black(wado: Wado, window: str) -> None:
    """mono1_pad: the range 4000..4095 is black, not inverted to white; the padding value is its upper bound (H2.13)."""
    picture = wado.picture("mono1_pad", window)
    assert not picture.reshape(-1)[4000:].any()
    assert np.array_equal(picture, render(build("mono1_pad"), window=_window(window)))


def test_j44_padding_is_not_in_the_automatic_window(wado: Wado) -> None:
    """pad_auto has no window: what is not padding spans 0..255 (H2.13, H2.15), whatever region or size is asked (H2.15)."""
    picture = wado.picture("pad_auto")
    cells = render(build("pad_auto"))
    assert np.array_equal(picture, cells)
    assert (picture[64, 64:].max(), picture.max()) == (cells[64, 64:].max(), 255)
    assert np.array_equal(wado.picture("pad_auto", "region=0.25,0.25,0.75,0.75"), cells[32:96, 32:96])


def test_j45_sigmoid(wado: Wado) -> None:
    """sig, c=2048, w=1024: x=c -> 128, c + w/2 -> 225 (224.6), c - w/2 -> 30 (30.4): the factor is 4 (H2.7)."""
    picture = wado.picture("sig")
    assert [at(picture, value) for value in (2048, 2048 + 512, 2048 - 512)] == [128, 225, 30]
    assert np.array_equal(picture, render(build("sig")))


def test_j45_a_given_window_is_linear(wado: Wado) -> None:
    """windowCenter and windowWidth are applied with LINEAR, also where the stored function is SIGMOID (A4.62)."""
    picture = wado.picture("sig", "windowCenter=2048&windowWidth=1024")
    assert [at(picture, value) for value in (2048 - 512, 2048, 2048 + 511)] == [0, 128, 255]


def test_j45_linear_exact(wado: Wado) -> None:
    """exact, c=2048, w=1024: y = ((x - c) / w + 1/2) 255; x=c -> 128 (127.5), c - w/2 -> 0, c + w/2 -> 255 (H2.6)."""
    picture = wado.picture("exact")
    assert [at(picture, value) for value in (1536, 1538, 2048, 2560, 2558)] == [0, 0, 128, 255, 255]
    assert np.array_equal(picture, render(build("exact")))


def test_j46_voi_table_ends_are_held(wado: Wado) -> None:
    """lut: below the first value mapped (-128 HU) the first entry, beyond the 256th the last; scaled to 0..255 (H2.2, H2.11)."""
    picture = wado.picture("lut")
    levels = dict(zip(range(-3072, 1024), picture.reshape(-1).tolist(), strict=True))
    for value in (-3072, -1000, -129, -128, -127, 0, 60, 127, 128, 1000, 1023):
        entry = VOI_LUT_ENTRIES[min(max(value - VOI_LUT_FIRST, 0), 255)]
        assert levels[value] == int(entry * 255 / 4095 + 0.5)
    assert (levels[-129], levels[128]) == (0, 255)
    assert np.array_equal(wado.picture("lut8"), render(build("lut8")))


def test_j46_modality_table_ends_are_held(wado: Wado) -> None:
    """mlut: stored values below 512 take the first entry, above 1535 the last, then the window 2500/3200 (H2.1, H2.2)."""
    picture = wado.picture("mlut")
    for value in (0, 511, 512, 513, 1000, 1535, 1536, 4095):
        x = MODALITY_LUT_ENTRIES[min(max(value - MODALITY_LUT_FIRST, 0), 1023)]
        assert at(picture, value) == int(min(255, max(0, ((x - 2499.5) / 3199 + 0.5) * 255 + 0.5)))
    assert np.array_equal(picture, render(build("mlut")))


def test_j46_a_given_window_replaces_the_table_and_keeps_the_modality_step(wado: Wado) -> None:
    """A window of the request replaces the VOI LUT; rescale and Modality LUT stay (A4.65)."""
    for of in ("lut", "mlut", "negslope"):
        assert np.array_equal(wado.picture(of, "windowCenter=100&windowWidth=900"), render(build(of), window=(100, 900)))


@pytest.mark.parametrize("frame", range(1, 6))
def test_j47_each_frame_has_its_own_rescale_and_window(wado: Wado, frame: int) -> None:
    """enh: per-frame Pixel Value Transformation and Frame VOI LUT; five different pictures (A4.63, H2.16)."""
    picture = wado.picture("enh", f"frameNumber={frame}")
    (slope, intercept), (center, width) = ENH_RESCALES[frame - 1], ENH_WINDOWS[frame - 1]
    stored = np.roll(ramp_cells(), 100 * frame).astype(float)
    display = (stored * slope + intercept - (center - 0.5)) / (width - 1) + 0.5
    by_hand = np.floor(np.clip(display, 0, 1) * 255 + 0.5)
    assert np.abs(picture - by_hand).max() <= 1  # float64 here; the oracle is exact
    assert np.array_equal(picture, render(build("enh"), frame))
    assert_jpeg_shows(wado.get("enh", f"frameNumber={frame}").content, render(build("enh"), frame))


def test_j47_frames_differ(wado: Wado) -> None:
    """Five frames, five pictures; and five again under one window, because the rescales differ (H2.1, H2.16)."""
    for more in ("", "&windowCenter=200&windowWidth=2000"):
        pictures = {wado.picture("enh", f"frameNumber={frame}{more}").tobytes() for frame in range(1, 6)}
        assert len(pictures) == 5


@pytest.mark.parametrize("frame", [1, 5])
def test_j47_shared_groups_hold_for_all_frames(wado: Wado, frame: int) -> None:
    """enh_shared: rescale and window of the Shared Functional Groups (H2.16)."""
    assert np.array_equal(wado.picture("enh_shared", f"frameNumber={frame}"), render(build("enh_shared"), frame))


def test_h2_14_fractions_reach_white_at_their_maximum(wado: Wado) -> None:
    """seg_frac: 0 is black, 200 and what is above it white, and half of it gray, also in a frame that holds nothing else."""
    first = wado.picture("seg_frac", "frameNumber=1").reshape(-1)
    assert first[[0, 100, 200, 255]].tolist() == [0, 128, 255, 255]
    assert np.unique(wado.picture("seg_frac", "frameNumber=2")).tolist() == [128]


def test_h2_14_masks_are_black_and_white(wado: Wado) -> None:
    """seg: nothing in frame 1, everything in frame 2, half in frame 3; one window for all, and no warning."""
    levels = [np.unique(wado.picture("seg", f"frameNumber={frame}")).tolist() for frame in (1, 2, 3)]
    assert levels == [[0], [255], [0, 255]]
    assert np.array_equal(wado.picture("seg", "frameNumber=3"), render(build("seg"), 3))
    assert "warning" not in wado.get("seg", "frameNumber=2").headers


def test_h2_14_doses_are_in_their_unit(wado: Wado) -> None:
    """dose: 0.0025 Gy a value, so a window of 2 to 4 Gy has its middle at 1000 and ends at 600 and 1400 (H2.5)."""
    picture = wado.picture("dose", "frameNumber=1&windowCenter=3&windowWidth=3").reshape(-1)
    assert picture[[600, 602, 1000, 1400, 4095]].tolist() == [0, 1, 128, 255, 255]


GRAY = ["ct", "ramp", "mono1", "pad", "pad_auto", "mono1_pad", "sig", "exact", "lut", "lut8", "mlut", "negslope", "garbage",
        "signed_garbage",
        "highbit", "wide", "impl", "noprem", "be", "be8", "defl", "deid", "mf1", "odd", "seg_frac",
        "dose", "enh", "rle", "jpg", "j2k", "j2k_mf"]  # fmt: skip
WINDOWS = [None, (40, 400), (-600, 1500), (2048, 4096), (0, 1), (127.5, 255.75)]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("of", GRAY)
def test_every_gray_fixture_in_every_window(wado: Wado, of: str, window: tuple[float, float] | None) -> None:
    """Part H as a whole: PNG equal to the oracle, also ``jpg``, whose one component libjpeg decodes to the same bytes for both."""
    given = f"windowCenter={window[0]}&windowWidth={window[1]}&" if window else ""
    assert np.array_equal(wado.picture(of, f"{given}frameNumber=1"), render(build(of), window=window))


@pytest.mark.parametrize("of", GRAY)
def test_every_gray_fixture_as_jpeg(wado: Wado, of: str) -> None:
    """image/jpeg shows what image/png shows, as one component of baseline JPEG (A3.5, A3.7)."""
    response = wado.get(of, f"frameNumber=1&contentType={JPEG}")
    assert assert_jpeg_shows(response.content, wado.picture(of, "frameNumber=1")).components == 1


def _window(parameters: str) -> tuple[int, int] | None:
    if not parameters:
        return None
    values = dict(part.split("=") for part in parameters.split("&"))
    return int(values["windowCenter"]), int(values["windowWidth"])
