"""Regions and sizes in exact arithmetic, against the oracle (A4.40 to A4.56)."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import geometry
from wado_core.model.geometry import Rectangle, Region, fit, pixels_of

edges = st.decimals(0, 1, places=4).map(float)
sizes = st.integers(1, 10_000)


@given(x=st.tuples(edges, edges), y=st.tuples(edges, edges), rows=sizes, columns=sizes)
def test_regions_are_rounded_outwards(x: tuple[float, float], y: tuple[float, float], rows: int, columns: int) -> None:
    if x[0] >= x[1] or y[0] >= y[1]:
        with pytest.raises(ValueError, match="must hold"):
            Region(x[0], y[0], x[1], y[1])
        return
    found = pixels_of(Region(x[0], y[0], x[1], y[1]), rows, columns)
    x0, y0, x1, y1 = geometry.region_pixels((x[0], y[0], x[1], y[1]), rows, columns)
    assert found == Rectangle(x0, y0, x1, y1)
    assert 0 <= found.left < found.right <= columns
    assert 0 <= found.top < found.bottom <= rows


def test_decimal_edges_are_the_numbers_that_were_written() -> None:
    """In binary 0.07 * 100 is a little above 7, and a region would gain a ninth column."""
    assert pixels_of(Region(0.0, 0.0, 0.07, 0.29), 100, 100) == Rectangle(0, 0, 7, 29)
    assert pixels_of(Region(0.57, 0.58, 1.0, 1.0), 100, 100) == Rectangle(57, 58, 100, 100)


def test_no_region_is_the_whole_and_the_smallest_is_a_pixel() -> None:
    assert pixels_of(None, 40, 60) == Rectangle(0, 0, 60, 40)
    assert pixels_of(Region(0.99999, 0.99999, 1.0, 1.0), 40, 60) == Rectangle(59, 39, 60, 40)
    assert (Rectangle(2, 3, 5, 9).rows, Rectangle(2, 3, 5, 9).columns) == (6, 3)


@pytest.mark.parametrize(
    "region",
    [
        (0.5, 0.5, 0.5, 1),
        (0, 0, 1, 1.2),
        (0, 0, 0, 1),
        (-0.1, 0, 1, 1),
        (nan, 0, 1, 1),
        (0, 0, nan, 1),
        (0, 0, inf, 1),
        (0.6, 0, 0.5, 1),
        (0, 1, 1, 1),
    ],
)
def test_what_is_no_region(region: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="must hold"):
        Region(*region)


@given(rows=sizes, columns=sizes, most_rows=st.none() | sizes, most_columns=st.none() | sizes)
def test_pictures_are_the_largest_that_fit(rows: int, columns: int, most_rows: int | None, most_columns: int | None) -> None:
    assert fit(rows, columns, most_rows, most_columns) == geometry.target_size(rows, columns, most_rows, most_columns)


@pytest.mark.parametrize(
    ("most", "size"),
    [
        ((50, None), (50, 100)),
        ((None, 50), (25, 50)),
        ((300, 300), (150, 300)),
        ((1000, None), (1000, 2000)),
        ((None, None), (100, 200)),
        ((None, 1), (1, 1)),
    ],
)
def test_the_examples_of_the_requirements(most: tuple[int | None, int | None], size: tuple[int, int]) -> None:
    """J.4 32: 100 rows x 200 columns; the edge that binds meets its maximum, the other is rounded half up, at least 1."""
    assert fit(100, 200, *most) == size
