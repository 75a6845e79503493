"""Drawings: all that a picture is made of, its pixels not yet made."""

from dataclasses import dataclass

from wado_core.codecs.decoded import Cells
from wado_core.jpeg.samples import ColorSamples, DrawnSamples, GraySamples, Line, Samples, samples_of
from wado_core.model.geometry import EVERY_PIXEL, Lattice, Rectangle
from wado_core.model.grayscale import Lut, Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.rendering.line import exact_line
from wado_core.rendering.resample import Picture, picture_of_cells, picture_of_rgb, rows_of_cells, rows_of_rgb
from wado_core.rendering.table import Grayscale, Table, cell_table


@dataclass(frozen=True, slots=True, eq=False)
class GrayDrawing:
    """Cells of a grayscale frame and the way to their display values.

    cells: (…, …) uint8 or uint16 as ``pixel`` describes them.  voi: None draws nothing but background.
    source: the pixels that are drawn.  rows, columns: of the picture.
    lattice: how the cells lie over the pixels of the frame; where they are not the pixels themselves, all are drawn.
    """

    cells: Cells
    steps: Grayscale
    voi: Window | Lut | None
    pixel: ImagePixel
    source: Rectangle
    rows: int
    columns: int
    lattice: Lattice = EVERY_PIXEL

    def picture(self) -> Picture:
        """Make the pixels, (rows, columns) uint8."""
        display = display_by_cell(self.steps, self.voi, self.pixel)
        return picture_of_cells(self.cells, display, self.source, self.rows, self.columns, self.lattice)

    def samples(self) -> Samples:
        """Return what a JPEG encoder codes, the same values as those of the picture; of it, no more is made at once than is coded."""
        display = display_by_cell(self.steps, self.voi, self.pixel)
        if (self.rows, self.columns) == (self.source.rows, self.source.columns):
            return GraySamples(self.cells, display, self.source)
        size = self.rows, self.columns

        def draw(first: int, end: int) -> GraySamples | ColorSamples:
            return samples_of(rows_of_cells(self.cells, display, self.source, size, first, end, self.lattice))

        return DrawnSamples(draw, gray=True)


def display_by_cell(steps: Grayscale, voi: Window | Lut | None, pixel: ImagePixel) -> Line | Table:
    """Return the way from cells to their display values: a line where one is exact, else a table. Both are kept."""
    line = exact_line(steps, voi, pixel) if isinstance(voi, Window) else None
    return line or cell_table(steps, voi, pixel)


@dataclass(frozen=True, slots=True, eq=False)
class ColorDrawing:
    """RGB pixels, (…, …, 3) uint8, those of them that are drawn, and the size of the picture; lattice as for gray."""

    pixels: Picture
    source: Rectangle
    rows: int
    columns: int
    lattice: Lattice = EVERY_PIXEL

    def picture(self) -> Picture:
        """Make the pixels, (rows, columns, 3) uint8."""
        return picture_of_rgb(self.pixels, self.source, self.rows, self.columns, self.lattice)

    def samples(self) -> Samples:
        """Return what a JPEG encoder codes, the same values as those of the picture."""
        if (self.rows, self.columns) != (self.source.rows, self.source.columns):
            size = self.rows, self.columns

            def draw(first: int, end: int) -> GraySamples | ColorSamples:
                return samples_of(rows_of_rgb(self.pixels, self.source, size, first, end, self.lattice))

            return DrawnSamples(draw, gray=False)
        return ColorSamples(self.pixels, self.source)


Drawing = GrayDrawing | ColorDrawing

# LINEAR over 0 … 255: a frame of display values is drawn as it is.
_IDENTITY = Window(128.0, 256.0)


def drawing_of_display(display: Picture, source: Rectangle, rows: int, columns: int, lattice: Lattice = EVERY_PIXEL) -> GrayDrawing:
    """Return the drawing of a grayscale frame whose display values are made already, (…, …) uint8."""
    pixel = ImagePixel(display.shape[0], display.shape[1], 1, "MONOCHROME2", 8, 8, 7)
    return GrayDrawing(display, Grayscale(Rescale(), inverted=False, padding=None), _IDENTITY, pixel, source, rows, columns, lattice)
