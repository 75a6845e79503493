"""Asynchronous tests run on asyncio, the loop that the server uses."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Choose the backend of anyio's pytest plugin."""
    return "asyncio"
