"""Sheets are drawn where the plan says, in gray or colour, and come out of the encoder as they were put in."""

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest

from wado_core.rendering.sheet import SheetDrawing


def decoded(jpeg: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(imagecodecs.jpeg8_decode(jpeg)).astype(np.int16)


def ramp(rows: int, columns: int, *more: int) -> npt.NDArray[np.uint8]:
    shape = (rows, columns, *more)
    return np.linspace(0, 255, int(np.prod(shape))).reshape(shape).astype(np.uint8)


@pytest.mark.parametrize("gray", [True, False])
def test_a_thumbnail_is_where_it_was_put_and_the_rest_is_black(gray: bool) -> None:
    drawing = SheetDrawing(64, 128, gray=gray)
    picture = ramp(40, 50)
    drawing.put(picture, 70, 12)
    found = decoded(drawing.jpeg(100))
    expected = np.zeros((64, 128), np.int16)
    expected[12:52, 70:120] = picture
    for plane in [found] if gray else np.moveaxis(found, 2, 0):
        assert np.abs(plane - expected).max() <= 3


def test_gray_and_colour_side_by_side() -> None:
    drawing = SheetDrawing(32, 64, gray=False)
    color = np.zeros((32, 32, 3), np.uint8)
    color[:, :] = (200, 30, 90)
    drawing.put(ramp(32, 32), 0, 0)
    drawing.put(color, 32, 0)
    found = decoded(drawing.jpeg(100))
    assert np.abs(found[:, :32] - ramp(32, 32)[:, :, None]).max() <= 3
    assert np.abs(found[:, 32:] - color).max() <= 3


@pytest.mark.parametrize("edge", [8, 100, 128, 256])
def test_a_mark_is_neutral_and_stays_in_its_square(edge: int) -> None:
    drawing = SheetDrawing(256, 512, gray=False)
    drawing.mark(256, 0, edge)
    found = decoded(drawing.jpeg(100))
    assert np.ptp(found, axis=2).max() <= 3  # no colour
    assert found[:, :248].max() <= 3
    square = found[:edge, 256 : 256 + edge]
    assert square.min() > 20
    assert square.max() < 140
    assert np.ptp(square) > 40  # not an even surface, as a thumbnail may be
