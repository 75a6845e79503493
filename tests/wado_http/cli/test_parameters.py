"""Values of the command line: what is read, and what is wrong usage."""

import click
import pytest

from wado_core.model.render import MediaType
from wado_http.cli import parameters


def _context() -> tuple[click.Context, click.Parameter]:
    option = click.Option(["--value"])
    return click.Context(click.Command("command", params=[option])), option


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40,400", (40.0, 400.0)),
        ("-600,1500", (-600.0, 1500.0)),
        ("+40.5,.5", (40.5, 0.5)),
        ("-1e3, 2E+2", (-1000.0, 200.0)),
    ],
)
def test_window_is_two_decimal_numbers(text: str, expected: tuple[float, float]) -> None:
    assert parameters.window(*_context(), text) == expected


@pytest.mark.parametrize("text", ["", "40", "40,400,1", "40;400", "a,b", "nan,1", "1,inf", "1e999,1", "1_0,2", "0x10,2", "４０,400", "40,"])
def test_anything_else_is_no_window(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parameters.window(*_context(), text)


def test_region_is_four_decimal_numbers() -> None:
    assert parameters.region(*_context(), "0,0.25,.5,1") == (0.0, 0.25, 0.5, 1.0)
    with pytest.raises(click.BadParameter, match="XMIN,YMIN,XMAX,YMAX"):
        parameters.region(*_context(), "0,0,1")


def test_absent_values_stay_absent() -> None:
    assert parameters.window(*_context(), None) is None
    assert parameters.region(*_context(), None) is None


@pytest.mark.parametrize(
    ("output", "chosen", "expected"),
    [
        ("a.jpg", None, MediaType.JPEG),
        ("a.JPEG", None, MediaType.JPEG),
        ("folder.png/a.jpe", None, MediaType.JPEG),
        ("a.dcm.png", None, MediaType.PNG),
        ("a.jpg", "image/png", MediaType.PNG),
        ("a", "image/jpeg", MediaType.JPEG),
        ("-", None, MediaType.JPEG),
        ("-", "image/png", MediaType.PNG),
    ],
)
def test_media_type_is_the_one_chosen_else_that_of_the_ending(output: str, chosen: str | None, expected: MediaType) -> None:
    assert parameters.media_type_for(output, chosen) is expected


@pytest.mark.parametrize("output", ["a", "a.gif", "png", ".png", "a.png.bak"])
def test_other_endings_need_a_media_type(output: str) -> None:
    with pytest.raises(click.UsageError, match="--media-type"):
        parameters.media_type_for(output, None)
