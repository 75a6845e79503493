"""How far a frame may be reduced: never below what is asked, the last cell being smaller or not."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.codecs.reduction import reduction_steps

sizes = st.integers(1, 5000)


@given(rows=sizes, columns=sizes, smallest=st.tuples(sizes, sizes), most=st.integers(0, 8))
def test_the_most_steps_that_keep_every_rule(rows: int, columns: int, smallest: tuple[int, int], most: int) -> None:
    def allowed(steps: int) -> bool:
        return ceil(rows / 2**steps) >= smallest[0] and ceil(columns / 2**steps) >= smallest[1] and min(rows, columns) >= 8

    expected = 0
    while expected < most and allowed(expected + 1):
        expected += 1
    assert reduction_steps(rows, columns, smallest, most) == expected


@pytest.mark.parametrize(
    ("smallest", "most", "expected"),
    [(None, 9, 0), ((1, 1), 9, 9), ((16, 1), 9, 2), ((9, 1), 9, 2), ((1, 1), 3, 3), ((65, 1), 9, 0)],
)
def test_examples(smallest: tuple[int, int] | None, most: int, expected: int) -> None:
    assert reduction_steps(64, 128, smallest, most) == expected


def test_edges_that_are_too_short_or_too_long() -> None:
    assert reduction_steps(7, 100, (1, 1), 3) == 0
    assert reduction_steps(100, 32_769, (1, 1), 3) == 0
    assert reduction_steps(100, 32_768, (1, 1), 3) == 3


@given(rows=st.integers(8, 5000), columns=st.integers(8, 5000), steps=st.integers(0, 3))
def test_of_frames_reduced_up_to_three_times_the_size_tells_how_often(rows: int, columns: int, steps: int) -> None:
    assert reduction_steps(rows, columns, (ceil(rows / 2**steps), ceil(columns / 2**steps)), 3) == steps
