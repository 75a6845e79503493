"""``wado config``: the settings that hold, as a file of settings."""

import textwrap
from collections.abc import Iterator
from operator import attrgetter

import click

from wado_core.settings import Field, described
from wado_http.cli.configuration import OPTIONS, Configuration, configuration
from wado_http.cli.options import default_text, settings_options
from wado_http.cli.values import expected, to_toml

COLUMNS = 100

HEADING = (
    "Settings of wado, as they hold here. Saved as ~/.config/wado/wado.toml this file is read at every start; elsewhere it is named "
    "with --config FILE or WADO_CONFIG. The environment overrides it, and the command line overrides both."
)


@click.command()
@settings_options(*OPTIONS)
def config(paths: tuple[str, ...], config: str | None, **options: str | None) -> None:
    """Print the settings that 'wado serve' would have, as a TOML file that can be saved as it is.

    Each stands under what it means, its bounds, its default, and where its value comes from: the default, a file of settings,
    an environment variable or the command line. What is wrong is refused; whether PATHs exist is not looked at.

    \b
    Examples:
      wado config                                   what holds, and everything that can be set
      wado config ~/images --port 9000 > wado.toml  write a file of settings ...
      wado serve --config wado.toml                 ... and use it
    """
    written = "\n".join(toml(configuration(paths, config, options))) + "\n"
    click.echo(written.encode(), nl=False)  # TOML is UTF-8, whatever the terminal is


def toml(found: Configuration) -> Iterator[str]:
    """Yield the lines of a file of settings that is read as ``found.settings``."""
    yield from _comment(HEADING)
    table = ""
    for field in described().values():
        below, _, key = field.name.rpartition(".")
        if below != table:
            table = below
            yield from ("", f"[{table}]")
        yield ""
        yield from _comment(field.setting.meaning)
        yield from _comment(_facts(field, found.origins[field.name]))
        yield f"{key} = {to_toml(field, attrgetter(field.name)(found.settings))}"


def _facts(field: Field, origin: str) -> str:
    kind = expected(field)
    return f"{kind[0].upper()}{kind[1:]}. Default: {default_text(field)}. From: {origin}."


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False)
