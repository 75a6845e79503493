"""Asynchronous tests run on asyncio, the loop that the server uses; others meet a real server whose pictures a test makes."""

from collections.abc import Iterator

import pytest

from tests.wado_http.doubles import CT
from tests.wado_http.loopback import ONE_PATIENT_SLOT, Loopback, Maker, served


@pytest.fixture
def anyio_backend() -> str:
    """Choose the backend of anyio's pytest plugin."""
    return "asyncio"


@pytest.fixture
def maker() -> Maker:
    """An archive of one CT, whose pictures are made as the test says."""
    return Maker({CT.key: CT})


@pytest.fixture
def server(maker: Maker) -> Iterator[Loopback]:
    """A server of that archive, with one slot and all the time in the world."""
    with served(maker, ONE_PATIENT_SLOT) as running:
        yield running
