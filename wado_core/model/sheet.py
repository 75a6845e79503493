"""Contact sheets: many thumbnails in one picture, and where each of them lies in it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from wado_core.model.render import DEFAULT_QUALITY, RENDERER_VERSION, RenderPlan
from wado_core.model.study import InstanceSummary
from wado_core.model.uid import InstanceKey, SeriesKey

# Part of every digest: raise it with any change that can change a byte of a sheet but not those of its thumbnails.
SHEET_VERSION = 1

# Cells in a row of every sheet that has so many. Fixed, so that pages know where a thumbnail lies before anything is drawn.
COLUMNS = 10
# Pixels that JPEG codes together: no block belongs to two thumbnails when cells begin at multiples of it (4:4:4, 4:2:2 and 4:2:0 alike).
_BLOCK = 16

SMALLEST_EDGE, LARGEST_EDGE = 8, 256
THUMBNAIL_EDGE = 128


@dataclass(frozen=True, slots=True)
class Tile:
    """What one cell of a sheet shows: a frame of an object, counted from 1."""

    key: InstanceKey
    frame_number: int


@dataclass(frozen=True, slots=True)
class ThumbnailRequest:
    """What thumbnails are of: a study, a series when one is named, or an object when that is named too.

    edge: of the square that each thumbnail fits into, in pixels.
    """

    study_uid: str
    series_uid: str | None = None
    object_uid: str | None = None
    edge: int = THUMBNAIL_EDGE

    @property
    def series(self) -> SeriesKey | None:
        """The series, None when the study is meant."""
        return None if self.series_uid is None else SeriesKey(self.study_uid, self.series_uid)

    @property
    def object(self) -> InstanceKey | None:
        """The object, None when its series or study is meant."""
        if self.series_uid is None or self.object_uid is None:
            return None
        return InstanceKey(self.study_uid, self.series_uid, self.object_uid)


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """A sheet as it was asked for: of a study (a tile for each series), a series (each object) or an object (each frame).

    of: what the tiles are of, and their size.  offset, limit: which part of their list, counted from 0.
    """

    of: ThumbnailRequest
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class TileList:
    """A part of a list of tiles; has_next: there are more behind it."""

    tiles: tuple[Tile, ...]
    has_next: bool = False

    @property
    def name(self) -> str:
        """Names this very list, 64 bits in hexadecimal: who shows a sheet beside a list of objects can ask for the sheet of that list."""
        parts = [(tile.key.study_uid, tile.key.series_uid, tile.key.object_uid, tile.frame_number) for tile in self.tiles]
        return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def tiles_of(instances: Iterable[InstanceSummary]) -> tuple[Tile, ...]:
    """Return the tiles of some instances, each shown by the frame that stands for it."""
    return tuple(Tile(one.key, one.shown_frame) for one in instances)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a tile is not shown.  passing: it may well be shown the next time."""

    reason: str
    passing: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one tile lies, in pixels of the sheet, and the picture that is drawn there, or why there is none."""

    tile: Tile
    left: int
    top: int
    picture: RenderPlan | Problem

    def rectangle(self, edge: int) -> tuple[int, int, int, int]:
        """Return x, y, width and height of the thumbnail, which stands in the middle of its cell; of the cell where there is none.

        edge: of the square that thumbnails fit into.
        """
        if isinstance(self.picture, Problem):
            return self.left, self.top, edge, edge
        rows, columns = self.picture.rows, self.picture.columns
        return self.left + (edge - columns) // 2, self.top + (edge - rows) // 2, columns, rows


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """A sheet with every default resolved, made without touching a pixel.

    rows, columns: of the sheet, in pixels.  listed: the part of the list that it shows.
    digest: 128 bits in hexadecimal over everything that decides the bytes of the sheet, as a plan's.
    """

    listed: TileList
    cells: tuple[Cell, ...]
    edge: int
    quality: int = DEFAULT_QUALITY
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return sheet_size(len(self.cells), self.edge)[0]

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return sheet_size(len(self.cells), self.edge)[1]

    @property
    def gray(self) -> bool:
        """Whether no thumbnail can have a colour."""
        plans = [cell.picture for cell in self.cells if isinstance(cell.picture, RenderPlan)]
        return all(plan.grayscale is not None and plan.palette is None for plan in plans)

    @property
    def passing(self) -> bool:
        """Whether a tile that cannot be shown now may well be shown the next time."""
        return any(isinstance(cell.picture, Problem) and cell.picture.passing for cell in self.cells)

    @property
    def digest(self) -> str:
        """The digest, made once for all who ask for it."""
        if not self._digest:
            drawn = [(cell.left, cell.top, _identity(cell.picture)) for cell in self.cells]
            parts = repr((SHEET_VERSION, RENDERER_VERSION, self.edge, self.quality, drawn))
            object.__setattr__(self, "_digest", hashlib.blake2b(parts.encode(), digest_size=16).hexdigest())
        return self._digest


def _identity(picture: RenderPlan | Problem) -> str:
    return f"not shown: {picture.reason}" if isinstance(picture, Problem) else picture.digest


def cell_edge(edge: int) -> int:
    """Return the edge of the cell of a thumbnail, in pixels."""
    return -(-edge // _BLOCK) * _BLOCK


def place_of(number: int, edge: int) -> tuple[int, int]:
    """Return left and top of a cell, counted from 0, in pixels of the sheet."""
    return number % COLUMNS * cell_edge(edge), number // COLUMNS * cell_edge(edge)


def sheet_size(tiles: int, edge: int) -> tuple[int, int]:
    """Return rows and columns of a sheet of so many tiles, in pixels."""
    return -(-tiles // COLUMNS) * cell_edge(edge), min(tiles, COLUMNS) * cell_edge(edge)
