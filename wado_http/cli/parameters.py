"""Values of the command line that click does not know: windows, regions, and the type of a picture by its name."""

import math
import re
from pathlib import Path

import click

from wado_core.model.render import MediaType

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

MEDIA_TYPE_OF_ENDING = {".jpg": MediaType.JPEG, ".jpeg": MediaType.JPEG, ".jpe": MediaType.JPEG, ".png": MediaType.PNG}

STANDARD_OUTPUT = "-"


def window(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Read ``CENTER,WIDTH``; whether the window is a possible one is for the core to say."""
    if value is None:
        return None
    center, width = _decimals(value, "CENTER,WIDTH")
    return center, width


def region(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, float, float, float] | None:
    """Read ``XMIN,YMIN,XMAX,YMAX``; whether the region lies within the image is for the core to say."""
    if value is None:
        return None
    xmin, ymin, xmax, ymax = _decimals(value, "XMIN,YMIN,XMAX,YMAX")
    return xmin, ymin, xmax, ymax


def _decimals(value: str, form: str) -> list[float]:
    texts = [text.strip() for text in value.split(",")]
    wanted = form.count(",") + 1
    if len(texts) != wanted:
        raise click.BadParameter(f"{value!r} is not {wanted} numbers separated by commas, {form}.")
    for text in texts:
        if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
            raise click.BadParameter(f"{text!r} in {value!r} is not a decimal number.")
    return [float(text) for text in texts]


def media_type_for(output: str, chosen: str | None) -> MediaType:
    """Return the media type asked for, else the one that the ending of ``output`` names; JPEG on standard output."""
    if chosen is not None:
        return MediaType(chosen)
    if output == STANDARD_OUTPUT:
        return MediaType.JPEG
    ending = Path(output).suffix.lower()
    if ending not in MEDIA_TYPE_OF_ENDING:
        known = ", ".join(MEDIA_TYPE_OF_ENDING)
        raise click.UsageError(f"The type of picture cannot be told from {output!r}: end it in one of {known}, or give --media-type.")
    return MEDIA_TYPE_OF_ENDING[ending]
