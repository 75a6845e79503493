"""``wado config``: what it prints is a file of settings that says the same."""

import subprocess
import tomllib
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from tests.wado_http.cli.running import SCRIPT, environment, wado
from wado_core.settings import Field, Limits, Settings, described
from wado_http.cli.config import COLUMNS, toml
from wado_http.cli.configuration import Configuration, configuration
from wado_http.cli.main import run
from wado_http.cli.options import default_text

ODD = (Path("/a b/é%20#"), Path("/头部"), Path("/gbk-\udcb2\udce9/\udcff"), Path('/"\\\n\x1b\x7f'), Path("/file:/x"), Path("/~"))


def _read_back(text: str, tmp_path: Path) -> Configuration:
    file = tmp_path / "printed.toml"
    file.write_bytes(text.encode())
    return configuration((), str(file), {})


def _beyond_default(field: Field) -> Any:
    """Return a value within the bounds that is not the default."""
    if field.type in {int, float}:
        return field.type(field.setting.most)
    return {"paths": ODD, "state": Path("/s \udcff"), "host": "::1"}[field.name]


def test_printed_settings_say_the_same_again(tmp_path: Path) -> None:
    values = {name: _beyond_default(field) for name, field in described().items()}
    limits = Limits(**{name.removeprefix("limits."): values.pop(name) for name in described() if "." in name})
    settings = Settings(**values, limits=limits)
    for name in described():
        assert attrgetter(name)(settings) != attrgetter(name)(Settings()), name
    printed = "\n".join(toml(Configuration(settings, dict.fromkeys(described(), "a test"), None)))
    assert _read_back(printed, tmp_path).settings == settings


def test_printed_defaults_say_the_same_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config"]) == 0
    printed = capsys.readouterr().out
    again = _read_back(printed, tmp_path)
    assert again.settings == Settings()
    assert set(again.origins.values()) == {str(tmp_path / "printed.toml")}  # every field stands in it
    assert max(map(len, printed.splitlines())) <= COLUMNS


def test_each_field_stands_under_what_is_to_know_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wado.toml").write_text("workers = 3\n")
    assert run(["config", "--config", str(tmp_path / "wado.toml"), "--port", "9000"]) == 0
    printed = capsys.readouterr().out
    assert (
        "\n# TCP port to listen on; 0 takes any free one.\n# A whole number from 0 to 65535. Default: 8080. From: --port.\nport = 9000\n"
    ) in printed
    paragraphs = {paragraph.splitlines()[-1].partition(" = ")[0]: paragraph for paragraph in printed.split("\n\n")}
    for field in described().values():
        text = paragraphs[field.name.rpartition(".")[2]].replace("\n# ", " ") if field.name != "paths" else printed.replace("\n# ", " ")
        assert field.setting.meaning in text
        assert f"Default: {default_text(field)}. From: " in text
    origin = paragraphs["workers"].replace("\n# ", " ").partition("From: ")[2]
    assert origin == f"{tmp_path / 'wado.toml'}.\nworkers = 3"


def test_nothing_in_a_comment_can_end_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a\nport = 7\x1b\udcff"
    folder.mkdir()
    (folder / "wado.toml").write_text("workers = 3\n")
    assert run(["config", "--config", str(folder / "wado.toml")]) == 0
    assert tomllib.loads(capsys.readouterr().out)["port"] == 8080


def test_script_prints_utf_8_whatever_the_terminal_is(tmp_path: Path) -> None:
    told = environment(tmp_path / "state") | {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1", "WADO_QUEUE_LENGTH": "5"}
    arguments = [str(SCRIPT), "config", "头部", str(ODD[2]), "--settling", "0.5"]
    done = subprocess.run(arguments, capture_output=True, cwd=tmp_path, env=told, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    wanted = Settings(paths=(tmp_path / "头部", ODD[2]), state=tmp_path / "state" / "wado", queue_length=5, settling_s=0.5)
    assert _read_back(done.stdout.decode(), tmp_path).settings == wanted


def test_script_reads_what_it_has_printed(tmp_path: Path) -> None:
    first = wado("config", tmp_path, "--workers", "2", state=tmp_path / "state")
    (tmp_path / "wado.toml").write_bytes(first.stdout)
    second = wado("config", "--config", tmp_path / "wado.toml")
    assert (first.returncode, second.returncode, first.stderr + second.stderr) == (0, 0, b"")
    assert tomllib.loads(second.stdout.decode()) == tomllib.loads(first.stdout.decode())
    found = _read_back(second.stdout.decode(), tmp_path).settings
    assert found == replace(Settings(), paths=(tmp_path,), state=tmp_path / "state" / "wado", workers=2)


@pytest.mark.parametrize(("command", "options"), [("serve", 7), ("config", 7), ("index", 2), ("prerender", 3)])
def test_help_of_the_options_is_that_of_the_fields(command: str, options: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    told = [field for field in described().values() if field.setting.meaning in text]
    assert len(told) == options
    assert all(f"[default: {default_text(field)}" in text for field in told)
    assert "--config FILE" in text
