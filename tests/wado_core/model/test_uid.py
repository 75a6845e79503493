"""UIDs as they are looked up (PS3.5 9.1, A4.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.model.uid import LONGEST_UID, is_uid


@pytest.mark.parametrize("uid", ["1", "1.2", "1.2.840.10008.1.2", "2.25." + "9" * 39, "1.02.003", "0.0", "1" * 64])
def test_uids(uid: str) -> None:
    """Leading zeros break the rules but exist in real archives."""
    assert is_uid(uid)


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".1", "1..2", "1.2.x", "1.2 ", " 1.2", "1.2\n", "1.2\0", "-1.2", "1.+2", "1_0.2", "1" * 65, "1.2.٣", "1.²"]
)
def test_what_is_none(text: str) -> None:
    assert not is_uid(text)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_any_row_of_numbers_that_is_short_enough(components: list[int]) -> None:
    text = ".".join(map(str, components))
    assert is_uid(text) == (len(text) <= LONGEST_UID)
