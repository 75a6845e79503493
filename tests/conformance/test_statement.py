"""The conformance statement is what the code's own tables say (A9.4)."""

from conformance.statement import PATH, statement


def test_the_statement_is_up_to_date() -> None:
    assert PATH.read_text() == statement(), "write it again: python -m conformance.statement --write"
