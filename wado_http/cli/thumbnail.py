"""``wado thumbnail``: a small picture that stands for a file, or for all that lies in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wado_core.model.render import MediaType
from wado_core.model.sheet import THUMBNAIL_EDGE
from wado_http.cli.output import check_output, write_output
from wado_http.cli.parameters import media_type_for
from wado_http.cli.source import reading, warn_of
from wado_http.cli.text import shown

if TYPE_CHECKING:
    from wado_core.sources import Choice


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, metavar="OUT",
    help="JPEG picture to write, replacing an existing file. '-' is standard output.",
)  # fmt: skip
@click.option(
    "--size", type=click.IntRange(min=1), default=THUMBNAIL_EDGE, metavar="N", show_default=True,
    help="Longest edge in pixels; the aspect ratio is kept.",
)  # fmt: skip
def thumbnail(paths: tuple[Path, ...], output: str, size: int) -> None:
    """Turn PATH, a file or a folder, into a small JPEG picture that stands for it.

    Of a file the middle frame is shown, of a video the first. Of a folder, searched at every depth, or of several PATHs: the newest
    study by its date, of that the series with most frames, of that the middle instance by its number. A line on standard error says
    which file it is. At most 10,000 files are looked at.

    \b
    Examples:
      wado thumbnail ct.dcm -o ct-small.jpg
      wado thumbnail ct.dcm -o ct-small.jpg --size 256
      wado thumbnail ~/images/study-17 -o study-17.jpg
    """
    if media_type_for(output, None) is not MediaType.JPEG:
        raise click.UsageError("Thumbnails are JPEG: end OUT in .jpg, or use 'wado render' with --rows and --columns.")
    for path in paths:
        check_output(output, path)
    named = [paths[0]]

    def say(choice: "Choice") -> None:
        named[0] = Path(choice.path)
        check_output(output, named[0])
        click.echo(f"wado: {shown(named[0])}: {_said(choice)}", err=True)

    def warn(text: str) -> None:
        warn_of(named[0])(text)

    with reading(*paths, folders=True):
        from wado_core import api

        source = paths[0] if len(paths) == 1 else paths
        picture = api.thumbnail(source, size=size, on_warning=warn, on_choice=say)
    write_output(output, picture)


def _said(choice: "Choice") -> str:
    """Say what was chosen, and among how many."""
    held = f"{_count(choice.studies, 'study', 'studies')}, {_count(choice.series, 'series', 'series')}"
    files = f"{'' if choice.complete else 'the first '}{_count(choice.files, 'file', 'files')}"
    return f"frame {choice.frame_number} stands for {held} in {files}."


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
