"""The file that a command reads."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from wado_core.errors import WadoError
from wado_http.cli.text import printable, shown


def warn_of(path: Path) -> Callable[[str], None]:
    """Return what tells on standard error what of the file is broken and was left out of its picture."""

    def warn(text: str) -> None:
        click.echo(f"wado: warning: {shown(path)}: {printable(text)}", err=True)

    return warn


@contextmanager
def reading(*paths: Path, folders: bool = False) -> Iterator[None]:
    """Name the file in every refusal: the person at the terminal named it, so unlike a web answer the line may show it.

    paths: in a refusal of several the first stands for them.  folders: these may be folders too.
    """
    path = paths[0]
    try:
        for path in paths:  # one that is missing or not ours is said in the words of the system
            if folders and path.is_dir():
                os.scandir(path).close()
            else:
                path.open("rb").close()
        path = paths[0]
        yield
    except OSError as error:
        raise click.ClickException(f"{shown(path)}: {error.strerror or error}") from error
    except WadoError as error:
        raise click.ClickException(f"{shown(path)}: {error}") from error
