"""J.4: size and region."""

import numpy as np
import pytest

from tests.conformance.client import JPEG, Wado, decoded, stored
from tests.conformance.jpeg import assert_jpeg_shows
from tests.fixtures import build
from tests.reference import render

FULL_RAMP = "windowCenter=2048&windowWidth=4096"


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ("rows=50", (50, 100)), ("columns=50", (25, 50)), ("rows=300&columns=300", (150, 300)), ("rows=1000", (1000, 2000)),
        ("rows=100&columns=200", (100, 200)), ("rows=50&columns=500", (50, 100)), ("rows=1", (1, 2)), ("columns=1", (1, 1)),
        ("rows=33", (33, 66)), ("columns=33", (17, 33)), ("rows=%2050%20", (50, 100)), ("rows=%2B50", (50, 100)),
    ],
)  # fmt: skip
def test_j32_rows_and_columns_are_maxima(wado: Wado, asked: str, shape: tuple[int, int]) -> None:
    """wide is 100x200: aspect kept, one edge alone allowed, as large as possible, enlarging too (A4.40 to A4.45); exact pixels (A4.47)."""
    rows, columns = (_given(asked, name) for name in ("rows", "columns"))
    picture = wado.picture("wide", asked)
    assert picture.shape == shape
    assert np.array_equal(picture, render(build("wide"), rows=rows, columns=columns))
    assert decoded(wado.get("wide", f"{asked}&contentType={JPEG}").content).shape == shape


def _given(asked: str, name: str) -> int | None:
    values = dict(part.split("=") for part in asked.split("&"))
    return int(values[name].replace("%20", " ").replace("%2B", "+")) if name in values else None


@pytest.mark.parametrize("of", ["ct", "rgb0", "pal", "pad", "ybr422", "enh", "mono1_pad", "rle"])
@pytest.mark.parametrize("asked", [{"rows": 37}, {"columns": 100}, {"rows": 200, "columns": 31}, {"rows": 129, "columns": 1000}])
def test_j32_scaled_pictures_are_exact(wado: Wado, of: str, asked: dict[str, int]) -> None:
    """Area averaging to shrink, bilinear to enlarge, on rendered values, rounded once (A4.45, A4.47)."""
    parameters = "&".join(f"{name}={value}" for name, value in asked.items())
    expected = render(build(of), **asked)  # type: ignore[arg-type]
    assert np.array_equal(wado.picture(of, f"frameNumber=1&{parameters}"), expected)


@pytest.mark.parametrize("of", ["jpg", "jpg_rgb", "j2k", "j2k_rgb"])
@pytest.mark.parametrize("rows", [20, 37, 64, 127, 200])
def test_j32_scaled_pictures_of_compressed_frames(wado: Wado, of: str, rows: int) -> None:
    """The sizes are the same; enlarging is exact as well (jpg_rgb within 1 level, the two decoders' rounding).

    A frame that shrinks may be decoded at a lower resolution, whose low pass is that of its transform (T.81 scaled inverse DCT, T.800
    LL band) before VOI, as A4.47 allows: fine detail may differ, the mean level may not.  The wide window clips nothing.
    """
    window = (-200, 2600) if of == "j2k" else None
    parameters = f"rows={rows}" + ("&windowCenter=-200&windowWidth=2600" if window else "")
    expected = render(build(of), rows=rows, window=window)
    picture = wado.picture(of, parameters)
    assert picture.shape == expected.shape
    if rows >= stored(of).Rows:
        assert np.abs(picture.astype(int) - expected).max() <= (1 if of == "jpg_rgb" else 0)
    assert abs(float(picture.mean()) - float(expected.mean())) <= 2


@pytest.mark.parametrize("value", ["0", "-5", "abc", "1.5", "99999999", "8193", "", "%20", "1e2", "0x10", "10,20", "9" * 13, "NaN"])
@pytest.mark.parametrize("name", ["rows", "columns"])
def test_j33_sizes_are_positive_integers_within_the_limit(wado: Wado, name: str, value: str) -> None:
    """Zero, negative, no integer, above 8192: 400 (A4.46); also beside a good one."""
    assert wado.status("wide", f"{name}={value}") == 400
    other = {"rows": "columns", "columns": "rows"}[name]
    assert wado.status("wide", f"{other}=10&{name}={value}") == 400


def test_j33_the_limit_itself_is_served_and_the_edge_that_follows_is_limited_too(wado: Wado) -> None:
    """rows=2, columns=8192 limit each edge; the edge that follows from the aspect ratio may not pass the limit either (A4.46)."""
    assert wado.picture("wide", "columns=8192&rows=2").shape == (2, 4)
    assert wado.status("wide", "rows=8192") == 400


def test_j34_region_is_a_part_of_the_whole_picture(wado: Wado) -> None:
    """region=0.5,0,1,1 of ramp: 64 rows x 32 columns, equal to the right half of the full PNG (A4.50 to A4.53)."""
    right = wado.picture("ramp", f"region=0.5,0,1,1&{FULL_RAMP}")
    assert right.shape == (64, 32)
    assert np.array_equal(right, wado.picture("ramp", FULL_RAMP)[:, 32:])


def test_j35_region_is_cut_before_it_is_scaled(wado: Wado) -> None:
    """region=0,0,0.5,0.5&rows=64&columns=64: the quarter, enlarged to 64x64 (A4.53)."""
    picture = wado.picture("ramp", "region=0,0,0.5,0.5&rows=64&columns=64")
    assert np.array_equal(picture, render(build("ramp"), region=(0, 0, 0.5, 0.5), rows=64, columns=64))
    # The automatic window is that of the whole frame (H2.15): enlarging the quarter of the full picture gives the same.
    assert int(picture.max()) == int(wado.picture("ramp")[:32, :32].max())


@pytest.mark.parametrize(
    "region",
    ["0.5,0.5,0.5,1", "0,0,1", "0,0,1,1.2", "0,0,0,1", "a,b,c,d", "-0.1,0,1,1", "0,0,1,0", "0,0.5,1,0.5", "0.6,0,0.5,1", "0,0,1,1,1",
     "0,0,1,", "", "0,0,1,nan", "0,0,inf,1", "0 0 1 1", "0;0;1;1", "1,1,1,1", "0,0,1,1.0000001"],
)  # fmt: skip
def test_j36_bad_regions_are_refused(wado: Wado, region: str) -> None:
    """Not 0 <= min < max <= 1, fewer or more than four values, no numbers: 400 (A4.51)."""
    assert wado.status("ramp", f"region={region}") == 400


def test_j37_a_region_has_at_least_one_pixel(wado: Wado) -> None:
    """region=0.99999,0.99999,1,1: 1x1, the last pixel (A4.56)."""
    picture = wado.picture("ramp", f"region=0.99999,0.99999,1,1&{FULL_RAMP}")
    assert picture.tolist() == [[255]]


@pytest.mark.parametrize(
    "region",
    [(0, 0, 1, 1), (0.1, 0.2, 0.3, 0.4), (0.333, 0, 0.334, 1), (0, 0.999, 1, 1), (0.015625, 0.5, 0.03125, 0.51), (1e-3, 0, 0.07, 0.29)],
)
@pytest.mark.parametrize("of", ["ramp", "wide", "rgb0", "odd", "pal", "jpg", "pad_auto"])
def test_a4_56_edges_are_rounded_outwards(wado: Wado, of: str, region: tuple[float, float, float, float]) -> None:
    """x0 = floor(xmin C), x1 = ceil(xmax C), of the numbers as written; the pixels of the whole picture (A4.52, A4.56)."""
    asked = ",".join(map(str, region))
    picture = wado.picture(of, f"frameNumber=1&region={asked}")
    assert np.array_equal(picture, render(build(of), region=region))


def test_regions_of_jpeg_answers(wado: Wado) -> None:
    """The same for image/jpeg: size and content of region and scaling (A4.53)."""
    response = wado.get("ct", "region=0.25,0.25,0.75,0.5&rows=64")
    assert_jpeg_shows(response.content, render(build("ct"), region=(0.25, 0.25, 0.75, 0.5), rows=64))
