"""Where settings come from: defaults, then a TOML file, then the environment, then the command line; each overrides those before."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from wado_core.settings import Field, Limits, Settings, default_settings_file, described
from wado_http.cli.text import printable, shown
from wado_http.cli.values import absolute_path, expected, from_text, from_toml

PREFIX = "WADO_"
FILE_VARIABLE = "WADO_CONFIG"
# Variables of other places: of spawned workers, of the compiled kernels, of the project's own tests.
OTHER_VARIABLES = frozenset({FILE_VARIABLE, "WADO_SETTINGS", "WADO_KERNEL_CACHE", "WADO_SAMPLE_DATA"})

# The table of the file that holds the fields of Limits.
LIMITS = "limits"

DEFAULT = "the default"
COMMAND_LINE = "the command line"

# The settings that have an option; the others are for the file and the environment.
OPTIONS = {
    "host": "--host",
    "port": "--port",
    "workers": "--workers",
    "state": "--state",
    "rescan_s": "--rescan",
    "settling_s": "--settling",
    "disk_cache_bytes": "--disk-cache",
}

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_END = " (at end of document)"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings that hold, and where each came from.

    file: the file that was read.  origins: field name to ``the default``, file, variable or option.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


def variable(name: str) -> str:
    """Return the environment variable of a field: ``WADO_LIMITS_ELEMENTS`` for ``limits.elements``."""
    return PREFIX + name.replace(".", "_").upper()


def settings_from(paths: Sequence[str], config: str | None, options: Mapping[str, str | None]) -> Settings:
    """Return the settings that hold; UsageError when there is nothing to serve, and as ``configuration`` else."""
    found = configuration(paths, config, options)
    if not found.settings.paths:
        file = "a file of settings (--config)" if found.file is None else shown(found.file)
        raise _wrong_usage(f"There is nothing to serve: name a PATH, or set paths in {file} or {variable('paths')}.")
    return found.settings


def configuration(paths: Sequence[str], config: str | None, options: Mapping[str, str | None]) -> Configuration:
    """Merge defaults, file, environment and command line; every path of the result is absolute.

    paths: the PATHs of the command line.  config: the file of --config.  options: field name to the text of its option, None if
    it was not given.  Raises ClickException that names file and key or variable, UsageError that names the option. Variables that
    look like ours but are not are told on standard error.
    """
    file, in_file = _file_layer(config)
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value, origin in (*in_file, *_environment_layer(os.environ), *_command_line_layer(paths, options)):
        values[name], origins[name] = value, origin
    for name, field in described().items():
        if name not in values:
            values[name], origins[name] = _default(field), DEFAULT
    limits = {name.partition(".")[2]: values.pop(name) for name in described() if "." in name}
    return Configuration(Settings(**values, limits=Limits(**limits)), origins, file)


_Entry = tuple[str, Any, str]  # name of the field, value, origin


def _default(field: Field) -> Any:
    try:
        value = field.default()
    except RuntimeError as error:
        raise click.ClickException(
            f"There is no home folder to keep the index in: name another with {OPTIONS[field.name]} or {variable(field.name)}."
        ) from error
    return value.absolute() if isinstance(value, Path) else value


def _file_layer(config: str | None) -> tuple[Path | None, tuple[_Entry, ...]]:
    """Return the file of settings, if there is one, and its entries."""
    named, by = (config, "--config") if config is not None else (os.environ.get(FILE_VARIABLE) or None, FILE_VARIABLE)
    if named is None:
        return _default_file_layer()
    try:
        file = absolute_path(named, Path())
    except ValueError as error:
        raise click.ClickException(f"{by} must be a path, not {named!r}.") from error
    try:
        return file, tuple(_entries_of(file, file.read_bytes()))
    except OSError as error:
        raise click.ClickException(f"{shown(file)}: {error.strerror} (the file of settings that {by} names)") from error


def _default_file_layer() -> tuple[Path | None, tuple[_Entry, ...]]:
    try:
        file = default_settings_file()
        data = file.read_bytes()
    except (RuntimeError, FileNotFoundError, NotADirectoryError):
        return None, ()
    return file, tuple(_entries_of(file, data))


def _entries_of(file: Path, data: bytes) -> Iterator[_Entry]:
    table = _table(file, data)
    for key, value in _flat(table):
        if key == LIMITS:
            raise click.ClickException(f"{shown(file)}: limits must be a table, [limits].")
        if key not in described():
            raise click.ClickException(f"{shown(file)}: there is no setting {printable(key)}{_instead(key, [*described(), LIMITS])}")
        try:
            yield key, from_toml(described()[key], value, file.parent), shown(file)
        except ValueError as error:
            raise click.ClickException(f"{shown(file)}: {key} {error}.") from error


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield keys and values, those of the table of limits as ``limits.elements``; what else is a table stays one."""
    for key, value in table.items():
        if key == LIMITS and isinstance(value, dict):
            yield from ((f"{LIMITS}.{below}", entry) for below, entry in value.items())
        else:
            yield key, value


def _table(file: Path, data: bytes) -> dict[str, Any]:
    """Read TOML; ClickException with line and column when it is broken."""
    import tomllib

    try:
        text = data.decode("utf-8-sig")  # editors of Windows begin a file with a byte order mark
    except UnicodeDecodeError as error:
        reason = "not UTF-8; a path of other bytes is written as a URI, such as file:///mnt/%CD%B7%B2%BF"
        raise _broken(file, reason, *_place(data[: error.start].decode("utf-8-sig"))) from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise click.ClickException(f"{shown(file)}: nested too deeply.") from error
    except ValueError as error:
        reason, place = str(error), _PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else _place(text)
        raise _broken(file, _PLACE.sub("", reason).removesuffix(_END), line, column) from error


def _place(text: str) -> tuple[int, int]:
    """Return line and column of what follows ``text``."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def _broken(file: Path, reason: str, line: int, column: int) -> click.ClickException:
    return click.ClickException(f"{shown(file)}, line {line}, column {column}: {reason}.")


def _environment_layer(environment: Mapping[str, str]) -> Iterator[_Entry]:
    """Yield what variables set; an empty one counts as absent, as service managers and compose files leave them."""
    fields = {variable(name): field for name, field in described().items()}
    for name in sorted(environment):
        text = environment[name]
        if name in fields and text:
            try:
                yield fields[name].name, from_text(fields[name], text), name
            except ValueError as error:
                raise click.ClickException(f"The environment variable {name} {error}{_kubernetes(text)}.") from error
        elif name.startswith(PREFIX) and name not in fields and name not in OTHER_VARIABLES:
            warning = f"the environment variable {printable(name)} sets nothing{_instead(name, [*fields, FILE_VARIABLE], PREFIX)}"
            click.echo(f"wado: warning: {warning}", err=True)


def _kubernetes(text: str) -> str:
    """Explain the value that Kubernetes gives WADO_PORT where a service has the name wado."""
    return "; Kubernetes sets it for a service of this name unless enableServiceLinks is false" if text.startswith("tcp://") else ""


def _command_line_layer(paths: Sequence[str], options: Mapping[str, str | None]) -> Iterator[_Entry]:
    if paths:
        field = described()["paths"]
        try:
            yield "paths", tuple(absolute_path(path, Path(), home=False) for path in paths), COMMAND_LINE
        except ValueError as error:
            raise _wrong_usage(f"PATH must be {expected(field)}, and one is empty.") from error
    for name, text in options.items():
        if text is not None:
            try:
                yield name, from_text(described()[name], text), OPTIONS[name]
            except ValueError as error:
                raise _wrong_usage(f"{OPTIONS[name]} {error}.") from error


def _wrong_usage(message: str) -> click.UsageError:
    return click.UsageError(message, click.get_current_context(silent=True))


def _instead(name: str, names: Sequence[str], prefix: str = "") -> str:
    """End a sentence about an unknown name by suggesting the nearest of ``names``, by its last part before the whole.

    prefix: with which all of them begin; it does not make them any nearer.
    """
    by_part = {known.removeprefix(prefix).rpartition(".")[2]: known for known in names}
    parts = get_close_matches(name.removeprefix(prefix).rpartition(".")[2], by_part, 1)
    near = [by_part[part] for part in parts] or get_close_matches(name, [] if prefix else names, 1)
    return f"; did you mean {near[0]}?" if near else "."
