"""410: an object that was here and is known to be deleted, over two runs of a server on one state folder."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx

from tests.conformance.client import Wado, check_log
from tests.conformance.server import serving
from tests.fixtures import build


def _until_gone(wado: Wado, name: str) -> Iterator[int]:
    """Yield each status, up to the first 410 or the end of our patience; other pictures each time, as those made before are kept."""
    end = time.monotonic() + 20
    for rows in count(5):
        status = wado.status(name, f"rows={rows}")
        yield status
        if status == 410 or time.monotonic() > end:
            return
        time.sleep(0.1)


def test_j05_deleted_objects_are_gone(tmp_path: Path) -> None:
    """Its file deleted and the folder read again: 410, not 404; the others stay, and a file that comes back is served (A.6)."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("wide", "odd", "mf1"):
        (folder / f"{name}.dcm").write_bytes(build(name))
    with httpx.Client(trust_env=False, timeout=60) as http:
        with serving(folder, tmp_path / "state") as server:
            wado = Wado(server, http)
            assert [wado.status(name) for name in ("wide", "odd", "mf1", "ct")] == [200, 200, 200, 404]
            # Deleted while it is served and already described in memory: what is asked for next finds it out, and then all folders
            # are looked through, as it may have been moved.
            (folder / "mf1.dcm").unlink()
            answers = list(_until_gone(wado, "mf1"))
            assert set(answers[:-1]) <= {200, 503}
            assert answers[-1] == 410
        (folder / "wide.dcm").unlink()
        with serving(folder, tmp_path / "state") as server:
            wado = Wado(server, http)
            assert [wado.status(name) for name in ("wide", "odd", "mf1", "ct")] == [410, 200, 410, 404]
            assert wado.status("wide", "contentType=image/tiff") == 410  # the look-up comes before the media type (A6.2)
            assert wado.status("wide", "rows=0") == 400
            check_log(server)
        (folder / "wide.dcm").write_bytes(build("wide"))
        with serving(folder, tmp_path / "state") as server:
            assert Wado(server, http).status("wide") == 200
