"""Health."""

import os
import time
from dataclasses import asdict

from starlette.applications import Starlette

from tests.wado_http.doubles import Board, client_of, serving
from wado_core.model.cache_counts import CacheCounts
from wado_core.model.index_status import IndexStatus, Phase, Progress
from wado_core.settings import Settings
from wado_http.app import application


def test_live_and_ready() -> None:
    with serving() as client:
        for path in ("/health/live", "/health/ready"):
            response = client.get(path)
            assert response.status_code == 200
            assert response.headers["cache-control"] == "no-store"


def test_ready_says_how_far_the_indexing_is() -> None:
    now = time.time()
    counts = Progress(files_seen=12345, files_read=9000, instances=8000)
    status = IndexStatus(Phase.INDEXING, counts=counts, started_s=now - 60, updated_s=now - 2, trouble="The index cannot be written.")
    with serving(indexer=Board(status)) as client:
        response = client.get("/health/ready")
        first, *others = response.text.splitlines()
        assert first == "ready"
        said = dict(line.split(": ", 1) for line in others)
        assert 2.0 <= float(said.pop("seconds_since")) < 60.0
        assert said == {
            "phase": "indexing", "complete": "no", "files_seen": "12345", "files_read": "9000", "instances": "3",
            "unreadable_files": "0", "unreadable_folders": "0",
            "trouble": "The index cannot be written.",
        }  # fmt: skip
        assert response.headers["cache-control"] == "no-store"


def test_ready_is_json_for_those_who_prefer_it() -> None:
    now = time.time()
    status = IndexStatus(Phase.WAITING, complete=True, updated_s=now - 5, finished_s=now - 30, duration_s=1.25)
    with serving(indexer=Board(status)) as client:
        preferences = {"application/json": True, "application/json, text/plain;q=0.5": True, "*/*": False, "text/*": False}
        for accept, expected in preferences.items():
            response = client.get("/health/ready", {"accept": accept})
            assert response.headers["content-type"].startswith("application/json") == expected
            assert response.headers["vary"] == "accept"
        answer = client.get("/health/ready", {"accept": "application/json"}).json()
        assert answer["status"] == "ready"
        indexing = answer["indexing"]
        assert (indexing["phase"], indexing["complete"], indexing["look_seconds"], indexing["trouble"]) == ("waiting", True, 1.2, "")
        assert 30.0 <= indexing["looked_seconds_ago"] < 90.0


def test_ready_without_an_indexer_or_before_it_has_said_anything() -> None:
    for board in (None, Board()):
        with serving(indexer=board) as client:
            assert client.get("/health/ready").text == "ready\n"
            assert client.get("/health/ready", {"accept": "application/json"}).json() == {"status": "ready", "indexing": None}


def test_caches_say_what_they_are_good_for() -> None:
    counts = CacheCounts(hits=5, misses=3, evictions=1, refused=2, entries=4, size_bytes=1000, most_bytes=2000)
    with serving(caches=lambda: {"pictures": counts}) as client:
        response = client.get("/health/caches")
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "no-store"
        plans = asdict(CacheCounts(most_bytes=Settings().plan_cache_bytes))
        assert response.json() == {"worker": os.getpid(), "caches": {"plans": plans, "pictures": asdict(counts)}}


def test_not_ready_before_there_are_services() -> None:
    app: Starlette = application(Settings(), _nothing)
    with client_of(app) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/health/caches", "/", "/wado?requestType=WADO&studyUID=1&seriesUID=1&objectUID=1"):
            response = client.get(path)
            assert response.status_code == 503
            assert "retry-after" in response.headers


class _nothing:  # noqa: N801 - stands for a function
    """A lifespan that starts nothing."""

    def __init__(self, app: Starlette) -> None:
        pass

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *error: object) -> None:
        return None
