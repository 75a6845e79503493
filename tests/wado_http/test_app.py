"""The application: its lifespan, and settings that come by the environment."""

import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from tests.wado_http.doubles import CT, Archive, Catalogue, archive_of, client_of, query
from wado_core.archive.cache_memory import MemoryCache
from wado_core.model.cache_counts import CacheCounts
from wado_core.services.sheets import Sheets
from wado_core.settings import Limits, Settings, to_json
from wado_http.app import create_app, create_app_from_environment
from wado_http.environment import SETTINGS_VARIABLE


@dataclass
class Assembly:
    """Stands for wado_core.assemble, and notes what is done."""

    archive: Archive = field(default_factory=lambda: archive_of(CT))
    done: list[str] = field(default_factory=list)
    settings: Settings | None = None
    failing: bool = False

    def services(self, settings: Settings, notices: socket.socket | None) -> Any:
        assert notices is None  # no indexer belongs to an application of its own
        self.done.append("services")
        self.settings = settings
        return self

    def warm_up(self) -> None:
        self.done.append("warm_up")
        if self.failing:
            raise OSError("no kernels")

    def close(self) -> None:
        self.done.append("close")

    def caches(self) -> dict[str, CacheCounts]:
        return {}

    @property
    def locating(self) -> Archive:
        return self.archive

    @property
    def rendering(self) -> Archive:
        return self.archive

    @property
    def retrieval(self) -> Archive:
        return self.archive

    @property
    def browsing(self) -> Catalogue:
        return Catalogue()

    @property
    def sheets(self) -> Sheets:
        held = cast("Any", self.archive)
        return Sheets(cast("Any", self.browsing), held, held, MemoryCache(0), Limits())


@pytest.fixture
def assembly(monkeypatch: pytest.MonkeyPatch) -> Assembly:
    """Put the double in the place of the module."""
    import wado_core

    made = Assembly()
    module = ModuleType("wado_core.assemble")
    module.services, module.warm_up = made.services, made.warm_up  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wado_core.assemble", module)
    monkeypatch.setattr(wado_core, "assemble", module, raising=False)
    return made


def test_services_and_kernels_stand_before_the_first_request_and_fall_after_the_last(assembly: Assembly) -> None:
    with client_of(create_app(Settings())) as client:
        assert assembly.done == ["services", "warm_up"]
        assert client.get("/health/ready").status_code == 200
        assert client.get(query(CT)).status_code == 200
    assert assembly.done == ["services", "warm_up", "close"]


def test_services_are_closed_when_the_kernels_fail(assembly: Assembly) -> None:
    assembly.failing = True
    with pytest.raises(OSError, match="no kernels"), client_of(create_app(Settings())):
        pass
    assert assembly.done == ["services", "warm_up", "close"]


def test_settings_come_by_the_environment(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(paths=(Path("/data/\udcff\udcfe"), Path("/影像")), state=Path("/state"), port=9000, workers=3)
    monkeypatch.setenv(SETTINGS_VARIABLE, to_json(settings))
    with client_of(create_app_from_environment()):
        assert assembly.settings == settings


def test_there_are_no_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTINGS_VARIABLE, raising=False)
    with pytest.raises(KeyError, match=SETTINGS_VARIABLE):
        create_app_from_environment()
