"""Settings, what is said of each field, and their way to a spawned worker."""

import subprocess
import sys
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path

import pytest

from wado_core.settings import Field, Limits, Setting, Settings, default_settings_file, default_state_folder, described, from_json, to_json


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
    for not_absolute in ("", "x", "./x"):  # which the specification asks to ignore
        monkeypatch.setenv("XDG_STATE_HOME", not_absolute)
        assert default_state_folder() == Path.home() / ".local" / "state" / "wado"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_state_folder() == Path.home() / ".local" / "state" / "wado"


def test_file_of_settings_follows_the_xdg_base_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x")
    assert default_settings_file() == Path("/x/wado/wado.toml")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert default_settings_file() == Path.home() / ".config" / "wado" / "wado.toml"


def test_every_field_is_described() -> None:
    names = [entry.name for entry in fields(Settings) if entry.name != "limits"]
    assert list(described()) == names + [f"limits.{entry.name}" for entry in fields(Limits)]
    for name, field in described().items():
        assert field.setting.meaning[0].isupper(), name
        assert field.setting.meaning.endswith("."), name
        default = attrgetter(name)(Settings())
        assert field.default() == default
        assert field.allows(default), name
        assert field.optional or isinstance(default, tuple if name == "paths" else field.type), name


@pytest.mark.parametrize("field", [field for field in described().values() if field.type in {int, float}], ids=lambda field: field.name)
def test_every_number_has_bounds_and_both_are_allowed(field: Field) -> None:
    least, most = field.setting.least, field.setting.most
    assert least is not None
    assert most is not None
    assert 0 <= least < most
    assert [field.allows(value) for value in (least, most, least - 1, most + 1)] == [True, True, False, False]
    assert not field.allows(float("nan"))
    assert not field.allows(float("inf"))


def test_bounds_may_be_open_and_text_is_printable() -> None:
    number = Field("x", int, False, Setting("X.", most=3), int)
    assert [number.allows(value) for value in (-1_000_000, 3, 4)] == [True, True, False]
    assert [described()["host"].allows(text) for text in ("::1", "", "a\0", "a\n", "\udcff")] == [True, False, False, False, False]


def test_values_out_of_bounds_are_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"workers"):
        from_json(to_json(replace(Settings(), workers=0)))
    with pytest.raises(ValueError, match=r"limits\.decode_s"):
        from_json(to_json(replace(Settings(), limits=Limits(decode_s=float("nan")))))


def test_none_survives_the_way_through_text() -> None:
    assert from_json(to_json(Settings())).index_processes is None
    assert from_json(to_json(replace(Settings(), index_processes=3))).index_processes == 3


def test_settings_are_light() -> None:
    code = "import sys, wado_core, wado_core.settings; wado_core.settings.described(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(done.stdout.split()) & {"msgspec", "numpy", "tomllib", "typing_extensions"}
