"""Serving before everything is indexed: what is not known yet may be there, and who asks is told how far it is."""

import os
from pathlib import Path

from tests.fixtures.enhanced_headers import enhanced_ct
from tests.load.serving import address, watched
from tests.wado_core.services.plain_ct import ct_key, plain_ct
from tests.wado_http.cli.server import until

LONG_AGO = 1_600_000_000
# Objects that take long to be read: together some seconds.
FRAMES, FILES = 2000, 80


def test_what_is_not_known_yet_is_503_and_afterwards_404(tmp_path: Path) -> None:
    root = tmp_path / "served"
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    for path, data in ((root / "a" / "1", plain_ct(number=1)), (root / "b" / "0", enhanced_ct(FRAMES, varied=True))):
        path.write_bytes(data)
        os.utime(path, (LONG_AGO, LONG_AGO))
    for number in range(1, FILES):
        os.link(root / "b" / "0", root / "b" / str(number))
    with watched(root, tmp_path / "state", tmp_path / "log", WADO_INDEX_PROCESSES="0") as run:
        unknown = ct_key(number=2)
        status, headers, body = run.answer(address(unknown))
        assert not run.server.indexing()["complete"], "the first look was too short for this test"
        assert status == 503
        assert int(headers["retry-after"]) > 0
        assert b"indexed" in body
        assert "complete: no" in run.server.get("health/ready")[1].decode().splitlines()
        assert b"Indexing: " in run.server.get("")[1]
        until(lambda: run.status(ct_key(number=1)) == 200)
        assert not run.server.indexing()["complete"], "the first look was too short for this test"
        assert run.status(unknown) == 503
        run.server.wait_until_indexed()
        assert run.status(unknown) == 404
        assert run.status(ct_key(number=1)) == 200
        assert "complete: yes" in run.server.get("health/ready")[1].decode().splitlines()
        assert b"Indexing: " not in run.server.get("")[1]
        assert run.end() == 0
    assert run.lines(having="Traceback") == []
