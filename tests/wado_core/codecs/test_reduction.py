"""How far a frame may be reduced: without remainder, and never below what is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.codecs.reduction import reduction_steps

sizes = st.integers(1, 5000)


@given(rows=sizes, columns=sizes, smallest=st.tuples(sizes, sizes), most=st.integers(0, 8))
def test_the_most_steps_that_keep_every_rule(rows: int, columns: int, smallest: tuple[int, int], most: int) -> None:
    def allowed(steps: int) -> bool:
        divisor = 1 << steps
        return rows % divisor == columns % divisor == 0 and rows // divisor >= smallest[0] and columns // divisor >= smallest[1]

    expected = 0
    while expected < most and allowed(expected + 1):
        expected += 1
    assert reduction_steps(rows, columns, smallest, most) == expected


@pytest.mark.parametrize(("smallest", "most", "expected"), [(None, 9, 0), ((1, 1), 9, 6), ((16, 1), 9, 2), ((1, 1), 3, 3), ((65, 1), 9, 0)])
def test_examples(smallest: tuple[int, int] | None, most: int, expected: int) -> None:
    assert reduction_steps(64, 128, smallest, most) == expected
