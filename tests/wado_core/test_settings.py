"""Settings and their way to a spawned worker."""

from pathlib import Path

import pytest

from wado_core.settings import Limits, Settings, default_state_folder, from_json, to_json


def test_settings_survive_the_way_through_text() -> None:
    paths = (Path("/a b/é%20"), Path("/头部"), Path("/gbk-\udcb2\udce9/\udcff"))
    settings = Settings(paths=paths, state=Path("/s"), host="::1", port=1, workers=3, queue_wait_s=0.5, limits=Limits(picture_edge=7))
    text = to_json(settings)
    assert text.isascii()
    assert "\n" not in text
    assert from_json(text) == settings
    assert from_json("{}") == Settings()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"port": "8080"}', '{"paths": [1]}', '{"limits": {"picture_edge": null}}'])
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_state_folder_follows_the_xdg_base_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert default_state_folder() == Path("/x/wado")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    assert default_state_folder() == Path.home() / ".local" / "state" / "wado"
