"""The count of unsent bytes: each piece of memory once, and nothing left behind."""

import pytest

from wado_core.errors import Busy
from wado_http.unsent import Unsent

PICTURE = bytes(100)


def test_what_several_hold_counts_once() -> None:
    unsent = Unsent(1000)
    for _ in range(3):
        unsent.hold(PICTURE)
    assert unsent.size_bytes == 100
    for left in (100, 100, 0):
        unsent.give_back(PICTURE)
        assert unsent.size_bytes == left


def test_equal_bytes_in_two_places_count_twice() -> None:
    unsent, again = Unsent(1000), bytes(bytearray(PICTURE))
    unsent.hold(PICTURE)
    unsent.hold(again)
    assert unsent.size_bytes == 200
    unsent.give_back(PICTURE)
    unsent.give_back(again)
    assert unsent.size_bytes == 0


def test_full_admits_only_what_is_held_already() -> None:
    unsent = Unsent(100)
    unsent.admit(PICTURE)
    unsent.hold(PICTURE)
    assert unsent.full
    unsent.admit(PICTURE)
    with pytest.raises(Busy):
        unsent.admit(bytes(1))
    unsent.give_back(PICTURE)
    unsent.admit(bytes(1))


def test_what_is_not_held_cannot_be_given_back() -> None:
    with pytest.raises(KeyError):
        Unsent(100).give_back(PICTURE)
