"""The mark of tests whose subject does not exist yet."""

import pytest


def later(what: str) -> pytest.MarkDecorator:
    """Mark a test that cannot pass yet."""
    return pytest.mark.xfail(reason=f"waits for {what}", strict=True)
