"""``wado render``: one frame of a file as a picture."""

from pathlib import Path

import click

from wado_core.model.render import DEFAULT_QUALITY, MediaType
from wado_http.cli import parameters
from wado_http.cli.output import check_output, write_output
from wado_http.cli.source import reading, warn_of


@click.command(no_args_is_help=True)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, metavar="OUT",
    help="Picture to write, replacing an existing file; its ending (.jpg, .png) names the type. '-' is standard output.",
)  # fmt: skip
@click.option(
    "--frame", "frame_number", type=click.IntRange(min=1), default=1, metavar="N", show_default=True,
    help="Frame of a multi-frame object; the first is 1.",
)  # fmt: skip
@click.option(
    "--window", metavar="CENTER,WIDTH", callback=parameters.window,
    help="Gray values to spread from black to white, in the unit of the image after rescale (HU for CT). "
    "Without it: the window stored in the file, else the full range of the frame.",
)  # fmt: skip
@click.option(
    "--region", metavar="XMIN,YMIN,XMAX,YMAX", callback=parameters.region,
    help="Part of the image as fractions of its width and height: 0,0 is the top left corner, 1,1 the bottom right.",
)  # fmt: skip
@click.option(
    "--rows", type=click.IntRange(min=1), metavar="N",
    help="Most pixels from top to bottom; the aspect ratio is kept, small images are enlarged.",
)  # fmt: skip
@click.option("--columns", type=click.IntRange(min=1), metavar="N", help="Most pixels from left to right, as --rows.")
@click.option(
    "--quality", type=click.IntRange(1, 100), metavar="Q",
    help="JPEG quality, 1 to 100; PNG is lossless and ignores it.  "
    f"[default: {DEFAULT_QUALITY}; a stored JPEG that nothing changes is written as it is]",
)  # fmt: skip
@click.option(
    "--media-type", type=click.Choice([media_type.value for media_type in MediaType]),
    help="Type of the picture, whatever OUT is called.  [default: by the ending of OUT; image/jpeg for '-']",
)  # fmt: skip
@click.option(
    "--overlays", is_flag=True, help="Draw the graphics that the file holds over its image (groups 60xx), in white.",
)  # fmt: skip
def render(
    file: Path,
    output: str,
    frame_number: int,
    window: tuple[float, float] | None,
    region: tuple[float, float, float, float] | None,
    rows: int | None,
    columns: int | None,
    quality: int | None,
    media_type: str | None,
    overlays: bool,
) -> None:
    """Turn one frame of FILE into a JPEG or PNG picture.

    \b
    Examples:
      wado render ct.dcm -o ct.jpg                               as the file says
      wado render ct.dcm -o lung.png --window -600,1500          lung window, lossless
      wado render us.dcm -o frame.jpg --frame 12 --columns 400   frame 12, 400 pixels wide
      wado render mg.dcm -o part.png --region 0.5,0.4,0.8,0.7    part of it, in full detail
      wado render ct.dcm -o - | display                          into another program
    """
    kind = parameters.media_type_for(output, media_type)
    check_output(output, file)
    with reading(file):
        from wado_core import api

        picture = api.render(
            file,
            frame_number=frame_number,
            window=window,
            region=region,
            rows=rows,
            columns=columns,
            quality=quality,
            media_type=kind.value,
            overlays=overlays,
            on_warning=warn_of(file),
        )
    write_output(output, picture)
