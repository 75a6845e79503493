"""``wado index --status``: what is said in every state of an index and its server."""

import time
from pathlib import Path

from wado_core import assemble
from wado_core.model.index_status import IndexStatus, Phase, Progress
from wado_core.settings import Settings
from wado_http.cli.index_status import status_lines
from wado_http.cli.lock import holder, holding


def test_while_the_first_look_goes_on(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    counts = Progress(files_seen=12345, files_read=8000, instances=7990)
    assemble.status(settings).write(IndexStatus(Phase.INDEXING, counts=counts, started_s=time.time() - 61))
    assemble.index_to_write(settings).close()
    with holding(tmp_path, "serve"):
        keeper, indexing, incomplete, held = status_lines(settings)
        assert keeper == f"{holder(tmp_path)} keeps the index of these PATHs."
        assert indexing.startswith("Indexing for 6")
        assert indexing.endswith(" s: 12,345 files seen, 8,000 read, 7,990 instances so far")
        assert incomplete == "Not all files have been seen yet."
        assert held == "The index holds 0 instances in 0 series of 0 studies; 0 not DICOM, 0 damaged."
    # Nobody is indexing any more, whatever was said last.
    assert list(status_lines(settings)) == ["No server runs that keeps the index of these PATHs.", held]


def test_trouble_and_the_last_look(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    status = IndexStatus(Phase.WAITING, complete=True, finished_s=time.time(), duration_s=3.21, trouble="The disk is full.")
    assemble.status(settings).write(status)
    with holding(tmp_path, "serve"):
        _, phase, trouble, last, held = status_lines(settings)
    assert phase == "The indexer is waiting."
    assert trouble == "Indexing does not get on: The disk is full."
    assert last.startswith("The last look of a server ended at 20")
    assert last.endswith(" and took 3.2 s.")
    assert held == "There is no index."
    with holding(tmp_path, "index"):
        keeper, *_ = status_lines(settings)
        assert keeper == f"{holder(tmp_path)} is writing the index of these PATHs."


def test_a_damaged_index_is_not_mended(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"no database" * 1000)
    assert list(status_lines(Settings(state=tmp_path)))[-1] == "There is no index."
    assert (tmp_path / "index.sqlite").read_bytes() == b"no database" * 1000
    assert [path.name for path in tmp_path.iterdir()] == ["index.sqlite"]
