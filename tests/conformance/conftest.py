"""One server a test process, which serves every fixture and one damaged object, and a client of it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conformance.client import DAMAGED, Wado, check_log
from tests.conformance.server import Server, serving
from tests.fixtures import file_bytes, image, write_all
from tests.fixtures.identity import series_uid
from tests.fixtures.phantom import color_bars


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the fixtures; at the end the server must have stopped cleanly and must have said nothing it should not."""
    root = tmp_path_factory.mktemp("conformance")
    write_all(root / "served")
    stream = b"\xff\xd8\xff\xe0" + bytes(range(200))
    damaged = image(color_bars(), name=DAMAGED, photometric="YBR_FULL_422", transfer_syntax="1.2.840.10008.1.2.4.50", code_streams=[stream])
    damaged.SeriesInstanceUID = series_uid(DAMAGED)
    (root / "served" / "broken.dcm").write_bytes(file_bytes(damaged))
    with serving(root / "served", root / "state") as running:
        yield running
    check_log(running)


@pytest.fixture(scope="session")
def wado(server: Server) -> Iterator[Wado]:
    """A client without any header of its own."""
    with httpx.Client(trust_env=False, timeout=60) as http:
        http.headers.clear()
        yield Wado(server, http)
