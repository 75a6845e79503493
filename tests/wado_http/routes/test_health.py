"""Health."""

from starlette.applications import Starlette

from tests.wado_http.doubles import client_of, serving
from wado_core.settings import Settings
from wado_http.app import application


def test_live_and_ready() -> None:
    with serving() as client:
        for path in ("/health/live", "/health/ready"):
            response = client.get(path)
            assert response.status_code == 200
            assert response.headers["cache-control"] == "no-store"


def test_not_ready_before_there_are_services() -> None:
    app: Starlette = application(Settings(), _nothing)
    with client_of(app) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/", "/wado?requestType=WADO&studyUID=1&seriesUID=1&objectUID=1"):
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
