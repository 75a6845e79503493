"""``wado thumbnail``: a small picture that stands for a file."""

from pathlib import Path

import click

from wado_core.model.render import MediaType
from wado_http.cli.output import check_output, write_output
from wado_http.cli.parameters import media_type_for
from wado_http.cli.source import reading, warn_of

DEFAULT_SIZE = 128


@click.command(no_args_is_help=True)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, metavar="OUT",
    help="JPEG picture to write, replacing an existing file. '-' is standard output.",
)  # fmt: skip
@click.option(
    "--size", type=click.IntRange(min=1), default=DEFAULT_SIZE, metavar="N", show_default=True,
    help="Longest edge in pixels; the aspect ratio is kept.",
)  # fmt: skip
def thumbnail(file: Path, output: str, size: int) -> None:
    """Turn FILE into a small JPEG picture that stands for it, made of its middle frame.

    \b
    Examples:
      wado thumbnail ct.dcm -o ct-small.jpg
      wado thumbnail ct.dcm -o ct-small.jpg --size 256
    """
    if media_type_for(output, None) is not MediaType.JPEG:
        raise click.UsageError("Thumbnails are JPEG: end OUT in .jpg, or use 'wado render' with --rows and --columns.")
    check_output(output, file)
    with reading(file):
        from wado_core import api

        picture = api.thumbnail(file, size=size, on_warning=warn_of(file))
    write_output(output, picture)
