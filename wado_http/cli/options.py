"""The options of the commands that settings tell what to do: one definition for all of them, from the fields of the settings."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from wado_core.settings import Field, described
from wado_http.cli.configuration import FILE_VARIABLE, OPTIONS
from wado_http.cli.values import bounds, plain

_METAVARS = {
    "host": "ADDRESS", "port": "N", "workers": "N", "state": "DIR", "rescan_s": "SECONDS", "settling_s": "SECONDS",
    "disk_cache_bytes": "SIZE",
}  # fmt: skip

_Command = TypeVar("_Command", bound=Callable[..., Any])


def settings_options(*names: str) -> Callable[[_Command], _Command]:
    """Give a command PATHs, --config and the options of the fields ``names``, all of them as the text that was typed.

    The command receives ``paths``, ``config`` and one keyword a field, None for an option that was not given; settings_from
    and configuration take them so.
    """

    def add(command: _Command) -> _Command:
        for name in reversed(names):
            command = click.option(OPTIONS[name], name, metavar=_METAVARS[name], help=_help(described()[name]))(command)
        command = click.option(
            "--config", "config", type=click.Path(), metavar="FILE",
            help=f"TOML file of settings; the environment and options override it.  [default: ${FILE_VARIABLE}, else "
            "~/.config/wado/wado.toml if it exists]",
        )(command)  # fmt: skip
        return click.argument("paths", type=click.Path(), metavar="[PATH]...", nargs=-1)(command)

    return add


def default_text(field: Field) -> str:
    """Return the default in words that are true for everybody."""
    return field.setting.default or plain(field, field.default())


def _help(field: Field) -> str:
    between = f"; {bounds(field)}" if bounds(field) else ""
    return f"{field.setting.meaning}  [default: {default_text(field)}{between}]"
