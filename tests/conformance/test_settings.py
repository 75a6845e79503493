"""The page about settings is what their definition says."""

from conformance.settings import PATH, document


def test_the_page_is_up_to_date() -> None:
    assert PATH.read_text() == document(), "write it again: python -m conformance.settings --write"
