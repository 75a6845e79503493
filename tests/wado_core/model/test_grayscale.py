"""Values of the grayscale pipeline stand in a plan's digest by their text: equal values, equal text, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from wado_core.model.grayscale import Lut, VoiLutFunction, Window


@given(first=st.integers(-40000, 70000), bits=st.integers(8, 16), entries=st.binary(max_size=40), other=st.binary(max_size=40))
def test_tables_are_told_apart_by_their_text(first: int, bits: int, entries: bytes, other: bytes) -> None:
    one = Lut(first, bits, entries)
    assert repr(one) == repr(Lut(first, bits, bytes(entries)))
    assert (repr(one) == repr(Lut(first, bits, other))) == (entries == other)
    assert repr(one) != repr(Lut(first + 1, bits, entries))
    assert len(repr(one)) < 120
    assert len(one) == len(entries) // 2


def test_a_window_is_linear_unless_it_says_otherwise() -> None:
    assert Window(40, 400) == Window(40, 400, VoiLutFunction.LINEAR) != Window(40, 400, VoiLutFunction.LINEAR_EXACT)
