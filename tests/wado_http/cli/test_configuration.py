"""Which layer holds, and every refusal, in words."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from tests.wado_http.cli.running import complaint, wado
from wado_core.settings import Limits, Settings, default_state_folder, described
from wado_http.cli.configuration import OPTIONS, Configuration, configuration, settings_from, variable
from wado_http.cli.main import run

NOTHING: Mapping[str, str | None] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where tests write a file of settings."""
    return tmp_path / "wado.toml"


def _told(*paths: str, file: Path | None = None, **options: Any) -> Configuration:
    return configuration(paths, None if file is None else os.fspath(file), options)


def _refusal(file: Path, content: str | bytes) -> str:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(click.ClickException) as refused:
        _told(file=file)
    assert refused.value.exit_code == 1
    assert refused.value.message.startswith(os.fspath(file))
    return refused.value.message.removeprefix(os.fspath(file))


def test_defaults_hold_where_nothing_is_told() -> None:
    told = _told()
    assert told.settings == Settings()
    assert told.origins == dict.fromkeys(described(), "the default")
    assert told.file is None


def test_each_layer_overrides_those_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 1\n")
    expected = [(8080, "the default"), (1, str(file)), (2, "WADO_PORT"), (3, "--port"), (3, "--port"), (2, "WADO_PORT"), (3, "--port")]
    found = [_told(), _told(file=file)]
    monkeypatch.setenv("WADO_PORT", "2")
    found += [_told(file=file), _told(file=file, port="3"), _told(port="3"), _told()]
    monkeypatch.delenv("WADO_PORT")
    found += [_told(file=file, port="3")]
    assert [(told.settings.port, told.origins["port"]) for told in found] == expected


def test_layers_merge_field_by_field(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("workers = 2\nport = 1\n[limits]\nelements = 5000\npicture_edge = 100\n")
    monkeypatch.setenv("WADO_LIMITS_PICTURE_EDGE", "200")
    monkeypatch.setenv("WADO_QUEUE_LENGTH", "7")
    told = _told(file=file, port="3")
    state = default_state_folder()
    assert told.settings == Settings(state=state, workers=2, port=3, queue_length=7, limits=Limits(elements=5000, picture_edge=200))
    assert {name: origin for name, origin in told.origins.items() if origin != "the default"} == {
        "workers": str(file), "port": "--port", "limits.elements": str(file),
        "limits.picture_edge": "WADO_LIMITS_PICTURE_EDGE", "queue_length": "WADO_QUEUE_LENGTH",
    }  # fmt: skip


def test_paths_of_one_layer_replace_those_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('paths = ["a", "/b"]\n')
    assert _told(file=file).settings.paths == (file.parent / "a", Path("/b"))
    monkeypatch.setenv("WADO_PATHS", "c:/gbk-\udcb2")
    assert _told(file=file).settings.paths == (Path.cwd() / "c", Path("/gbk-\udcb2"))
    told = _told("e", "~", "/gbk-\udcb2", file=file)
    assert told.settings.paths == (Path.cwd() / "e", Path.cwd() / "~", Path("/gbk-\udcb2"))
    assert told.origins["paths"] == "the command line"


def test_every_option_and_variable_reaches_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {
        "host": "::1", "port": "1", "workers": "2", "state": "/s", "rescan_s": "3", "settling_s": "4", "disk_cache_bytes": "5KiB",
    }  # fmt: skip
    assert values.keys() == OPTIONS.keys()
    wanted = Settings(host="::1", port=1, workers=2, state=Path("/s"), rescan_s=3, settling_s=4, disk_cache_bytes=5120)
    assert _told(**values).settings == wanted
    for name, value in values.items():
        monkeypatch.setenv(variable(name), value)
    assert _told().settings == wanted
    assert variable("limits.decode_s") == "WADO_LIMITS_DECODE_S"
    assert len({variable(name) for name in described()}) == len(described())


def test_empty_variable_counts_as_absent(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 1\n")
    for name in ("WADO_PORT", "WADO_PATHS", "WADO_CONFIG", "WADO_PROT"):
        monkeypatch.setenv(name, "")
    assert _told(file=file).settings.port == 1
    assert _told().settings == Settings()


def test_file_is_named_by_option_then_variable_then_lies_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wado").mkdir()
    files = [tmp_path / "wado" / "wado.toml", tmp_path / "variable.toml", tmp_path / "option.toml"]
    for port, one in enumerate(files, 1):
        one.write_text(f"port = {port}\n")
    assert (_told().settings.port, _told().file) == (1, files[0])
    monkeypatch.setenv("WADO_CONFIG", "~/variable.toml")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (_told().settings.port, _told().file) == (2, files[1])
    monkeypatch.chdir(tmp_path)
    assert configuration((), "option.toml", NOTHING).settings.port == 3
    assert configuration((), "option.toml", NOTHING).origins["port"] == str(files[2])


def test_file_may_begin_with_a_byte_order_mark_and_be_empty(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfport = 1\r\n")
    assert _told(file=file).settings.port == 1
    file.write_bytes(b"")
    assert _told(file=file).settings == Settings()


def test_missing_file_is_refused_only_when_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone.toml"
    with pytest.raises(click.ClickException, match=r"gone\.toml: No such file or directory \(.* that --config names\)"):
        _told(file=gone)
    with pytest.raises(click.ClickException, match=r"Is a directory"):
        _told(file=tmp_path)
    with pytest.raises(click.ClickException, match=r"--config must be a path, not ''"):
        configuration((), "", NOTHING)
    monkeypatch.setenv("WADO_CONFIG", str(gone))
    with pytest.raises(click.ClickException, match=r"that WADO_CONFIG names"):
        _told()
    monkeypatch.delenv("WADO_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wado").write_bytes(b"")  # a file where the folder would be
    assert _told().file is None


def test_file_in_the_users_folder_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wado" / "wado.toml").mkdir(parents=True)
    assert run(["config"]) == 1
    assert capsys.readouterr() == ("", f"wado: {tmp_path}/wado/wado.toml: Is a directory\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("port = \n", ", line 1, column 8: "),
        ("port = 1\nport = 2\n", ", line "),
        ("# 影像\npaths = [1", ", line 2, column 11: "),
        ("port = 1\npaths = '\n'", ", line 2, column 10: "),
        ("# \n host = é".encode("latin-1"), ", line 2, column 9: not UTF-8; a path of other bytes is written as a URI"),
        ("port = " + "[" * 10_000, ""),
        ("port = " + "9" * 10_000, ", line 1, column 10008: "),
    ],
)
def test_broken_toml_is_refused_with_its_place(content: str | bytes, said: str, file: Path) -> None:
    refusal = _refusal(file, content)
    assert refusal.startswith(said)
    assert not refusal.endswith((").", ": ."))  # the place is said once


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "there is no setting prot; did you mean port?"),
        ("max-age-s = 1", "there is no setting max-age-s; did you mean max_age_s?"),
        ("elements = 1", "there is no setting elements; did you mean limits.elements?"),
        ("[limits]\nelement = 1", "there is no setting limits.element; did you mean limits.elements?"),
        ("[limits]\nport = 1", "there is no setting limits.port; did you mean port?"),
        ("[limit]\nelements = 1", "there is no setting limit; did you mean limits?"),
        ("zzz = 1", "there is no setting zzz."),
        ('"a\\u001b\\n" = 1', "there is no setting a\\x1b\\n."),
        ("limits = 3", "limits must be a table, [limits]."),
        ("[[limits]]", "limits must be a table, [limits]."),
        ("port = '80'", "port must be a whole number from 0 to 65535, not '80'."),
        ("port = true", "port must be a whole number from 0 to 65535, not True."),
        ("port = 65536", "port must be a whole number from 0 to 65535, not 65536."),
        ("[port]\nx = 1", "port must be a whole number from 0 to 65535, not {'x': 1}."),
        ("grace_s = nan", "grace_s must be a number from 0 to 3600, not nan."),
        ("paths = '/a'", "paths must be a list of paths, not '/a'."),
        ("host = ''", "host must be printable text, not ''."),
        ("[limits]\nelements = 0", "limits.elements must be a whole number from 1000 to 1_000_000_000, not 0."),
        ("render_cache_bytes = '1 GB'", "render_cache_bytes must be a size from 0 to 1024 GiB, such as 64 MiB, not '1 GB'."),
        ("index_processes = 65", 'index_processes must be a whole number from 0 to 64, or "auto", not 65.'),
    ],
)
def test_what_is_wrong_in_a_file_is_refused_by_key(content: str, said: str, file: Path) -> None:
    assert _refusal(file, content) == f": {said}"


def test_wrong_value_is_refused_even_where_another_layer_overrides_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = -1\n")
    with pytest.raises(click.ClickException, match=r"port must be"):
        _told(file=file, port="1")
    monkeypatch.setenv("WADO_PORT", "http")
    with pytest.raises(click.ClickException, match=r"WADO_PORT must be"):
        _told(port="1")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("WADO_PORT", "http", "must be a whole number from 0 to 65535, not 'http'."),
        ("WADO_LIMITS_ELEMENTS", "0", "must be a whole number from 1000 to 1_000_000_000, not '0'."),
        ("WADO_PATHS", "/a::/b", "must be a list of paths, not '/a::/b'."),
        ("WADO_PORT", "tcp://10.0.0.1:8080", "must be a whole number from 0 to 65535, not 'tcp://10.0.0.1:8080'; Kubernetes sets it"),
    ],
)
def test_what_is_wrong_in_the_environment_is_refused_by_variable(
    name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, text)
    assert run(["config"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"wado: The environment variable {name} {said}")
    assert err.count("\n") == 1


def test_unknown_variable_is_warned_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["WADO_PROT", "WADO_CONFG", "WADO_LIMIT_ELEMENTS", "WADO_\x1b", "WADO_SETTINGS", "WADO_KERNEL_CACHE", "WADOX", "wado_port"]
    for name in names:
        monkeypatch.setenv(name, "1")
    assert _told().settings == Settings()
    told = "wado: warning: the environment variable"
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"{told} WADO_\\x1b sets nothing.\n"
        f"{told} WADO_CONFG sets nothing; did you mean WADO_CONFIG?\n"
        f"{told} WADO_LIMIT_ELEMENTS sets nothing; did you mean WADO_LIMITS_ELEMENTS?\n"
        f"{told} WADO_PROT sets nothing; did you mean WADO_PORT?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "http"], "--port must be a whole number from 0 to 65535, not 'http'."),
        (["--workers", "0"], "--workers must be a whole number from 1 to 256, not '0'."),
        (["--rescan", "-1"], "--rescan must be a number from 0 to 604_800, not '-1'."),
        (["--host", ""], "--host must be printable text, not ''."),
        (["--state", ""], "--state must be a path, not ''."),
        (["a", ""], "PATH must be a list of paths, and one is empty."),
    ],
)
@pytest.mark.parametrize("command", ["serve", "config"])
def test_what_is_wrong_on_the_command_line_is_wrong_usage(
    command: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, *arguments]) == 2
    assert capsys.readouterr() == ("", f"wado: {said}\nTry 'wado {command} --help'.\n")


@pytest.mark.parametrize("command", ["serve", "index"])
def test_nothing_to_serve_is_wrong_usage(command: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command]) == 2
    hint = f"Try 'wado {command} --help'.\n"
    said = "wado: There is nothing to serve: name a PATH, or set paths in"
    assert capsys.readouterr() == ("", f"{said} a file of settings (--config) or WADO_PATHS.\n{hint}")
    file.write_text("paths = []\n")
    assert run([command, "--config", str(file)]) == 2
    assert capsys.readouterr() == ("", f"{said} {file} or WADO_PATHS.\n{hint}")
    with pytest.raises(click.UsageError):
        settings_from((), None, NOTHING)


def test_who_has_no_home_names_a_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(click.ClickException, match=r"no home folder .* --state or WADO_STATE"):
        _told()
    assert _told(state="/s").settings.state == Path("/s")


def test_file_of_settings_is_enough_to_index(tmp_path: Path) -> None:
    served = tmp_path / os.fsdecode(b"\xcd\xb7\xb2\xbf")
    served.mkdir()
    (served / "notes.txt").write_text("nothing to see\n")
    (tmp_path / "wado.toml").write_text(f'paths = ["{(tmp_path).as_uri()}/%CD%B7%B2%BF"]\nstate = "state"\n')
    done = wado("index", "--config", tmp_path / "wado.toml")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Indexed 1 file in ")
    assert len(list((tmp_path / "state").iterdir())) == 1


def test_refusal_of_a_file_is_one_line_of_the_script(tmp_path: Path) -> None:
    (tmp_path / "wado.toml").write_text("port = 1\nport")
    done = wado("serve", tmp_path, "--config", tmp_path / "wado.toml")
    assert done.returncode == 1
    assert complaint(done).startswith(f"{tmp_path}/wado.toml, line 2, column 5: ")
