"""Copies, moves, deletions and what comes back, as clients see them."""

import os
import random
import signal
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures import file_bytes, image
from tests.load.content import KINDS, Subject, content, version_of_object
from tests.load.serving import Watched, address, watched
from tests.wado_http.cli.server import until
from wado_core.model.uid import InstanceKey

LONG_AGO = 1_600_000_000
SOON_S = 10.0
SUBJECT = Subject("copied", KINDS["native"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def version(run: Watched) -> int:
    """Return the version of the object that is sent, minus the status when none is."""
    status, body = run.server.get(address(SUBJECT.key, contentType="application/dicom"))
    return version_of_object(body, SUBJECT) if status == 200 else -status


def test_two_copies(root: Path, tmp_path: Path) -> None:
    """They differ, so that answers tell them apart; the one with the smaller path comes first."""
    first, second = put(root / "a" / "1", content(SUBJECT, 1)), put(root / "b" / "2", content(SUBJECT, 2))
    put(root / "other", content(Subject("other", KINDS["jpeg"]), 0))
    with watched(root, tmp_path / "state", tmp_path / "log", "--workers", "2", "--rescan", "0") as run:
        run.server.wait_until_indexed()
        assert version(run) == 1
        first.unlink()
        assert [version(run) for _ in range(10)] == [2] * 10
        second.unlink()
        found = [version(run)]
        until(lambda: _next(found, version(run)) == -410, SOON_S)
        assert set(found) == {-503, -410}
        assert found == sorted(found)  # 503 before 410, and never between
        assert run.status(SUBJECT.key) == 410
        for data, path in ((3, second), (4, first)):
            put(path, content(SUBJECT, data))
            # The last one that was known is looked for where it was; whatever lies elsewhere is found by the next look.
            run.server.process.send_signal(signal.SIGHUP)
            until(partial(_is_version, run, data), SOON_S)
        assert run.end() == 0
    assert run.lines(having="Traceback") == []


def _next(found: list[int], one: int) -> int:
    found.append(one)
    return one


def _is_version(run: Watched, number: int) -> bool:
    return version(run) == number


def test_a_deleted_object_that_comes_back_to_its_place_is_served_at_once(root: Path, tmp_path: Path) -> None:
    path = put(root / "a" / "1", content(SUBJECT, 1))
    put(root / "other", content(Subject("other", KINDS["jpeg"]), 0))
    with watched(root, tmp_path / "state", tmp_path / "log", "--rescan", "0") as run:
        run.server.wait_until_indexed()
        for number in (2, 3):
            path.unlink()
            until(lambda: version(run) == -410, SOON_S)
            put(path, content(SUBJECT, number))
            assert version(run) == number
        assert run.end() == 0


def test_one_object_uid_in_two_studies(root: Path, tmp_path: Path) -> None:
    objects = [image(np.full((4, 4), 10, np.uint8), name="twice", study=study) for study in ("one", "two")]
    for number, one in enumerate(objects):
        put(root / str(number), file_bytes(one))
    keys = [InstanceKey(one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID) for one in objects]
    assert keys[0].object_uid == keys[1].object_uid
    with watched(root, tmp_path / "state", tmp_path / "log", "--rescan", "0") as run:
        run.server.wait_until_indexed()
        assert [run.status(key) for key in keys] == [200, 200]
        (root / "0").unlink()
        until(lambda: run.status(keys[0]) == 410, SOON_S)
        assert run.status(keys[1]) == 200
        assert run.end() == 0


def test_a_moved_file_is_never_missing(root: Path, tmp_path: Path) -> None:
    """Files and folders are moved about, one after the other; each is 200 again within seconds, and 503 meanwhile at most."""
    chance = random.Random(5)
    for name in "abcd":
        (root / name).mkdir()
    path = put(root / "a" / "1", content(SUBJECT, 0))
    for number in range(20):
        put(root / "abcd"[number % 4] / f"other {number}", content(Subject(f"other {number}", KINDS["jpeg"]), 0))
    answers: Counter[int] = Counter()
    stopped = threading.Event()
    with watched(root, tmp_path / "state", tmp_path / "log", "--workers", "2", "--rescan", "0") as run:
        run.server.wait_until_indexed()

        def ask() -> None:
            while not stopped.is_set():
                answers[run.status(SUBJECT.key, contentType="application/dicom")] += 1

        asking = [threading.Thread(target=ask) for _ in range(2)]
        for thread in asking:
            thread.start()
        try:
            for step in range(8):
                if step % 3 == 2:
                    folder = path.parent.with_name(f"folder {step}")
                    path = path.parent.rename(folder) / path.name
                else:
                    others = [entry for entry in root.iterdir() if entry.is_dir() and entry != path.parent]
                    path = path.rename(chance.choice(sorted(others)) / f"moved {step}")
                until(lambda: version(run) == 0, SOON_S)
        finally:
            stopped.set()
            for thread in asking:
                thread.join()
        assert run.end() == 0
    assert set(answers) <= {200, 503}
    assert answers[200] > 0
    assert run.lines(having="Traceback") == []
