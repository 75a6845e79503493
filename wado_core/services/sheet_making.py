"""The making of a sheet: tile by tile, so that it can give way to single pictures and end when nobody waits any more."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from wado_core.errors import ContentChanged, DamagedObject, NotSupported, Unwanted, WadoError
from wado_core.model.frame import EncodedImage, Mark
from wado_core.model.render import MediaType
from wado_core.model.sheet import Cell, Problem, SheetPlan
from wado_core.rendering.sheet import SheetDrawing
from wado_core.services.locating import Locating
from wado_core.services.rendering import Rendering

_log = logging.getLogger(__name__)

# A sheet gives way after so many seconds: about what one heavy frame takes. After each tile, most of the time would go for changing places.
SLICE_S = 0.2

_TOO_LATE = "There was no time left to draw it; please try again."
_CHANGED = "The stored object changed while the sheet was being made; please try again."
_UNEXPECTED = "The thumbnail could not be made; the log of the server says more."


def problem_of_tile(error: WadoError) -> Problem:
    """What is wrong with the object itself lasts as long as its bytes; anything else may pass."""
    return Problem(str(error) or "The thumbnail cannot be made.", not isinstance(error, (DamagedObject, NotSupported)))


class SheetMaking:
    """One sheet on its way; ``go_on`` is called until it returns the sheet, from one thread at a time."""

    def __init__(
        self, plan: SheetPlan, locating: Locating, rendering: Rendering, sheet_s: float, keep: Callable[[SheetPlan, EncodedImage], None]
    ) -> None:
        """Make nothing yet.

        sheet_s: how long it may take from the first ``go_on`` to the last tile.  keep: is given the finished sheet.
        """
        self._plan = plan
        self._locating = locating
        self._rendering = rendering
        self._sheet_s = sheet_s
        self._keep = keep
        self._end: float | None = None
        self._drawing = SheetDrawing(plan.rows, plan.columns, gray=plan.gray)
        self._marks: list[Mark] = []
        self._drawn = 0

    def go_on(self, wanted: Callable[[], bool] = lambda: True, others_wait: Callable[[], bool] = lambda: False) -> EncodedImage | None:
        """Draw on; return the sheet, or None where it has given way to others.

        wanted, others_wait: asked before each tile whether anybody still waits for the sheet, and for other work in its place.
        The sheet says which tiles are missing, and why. Raises Unwanted.
        """
        begun = time.monotonic()
        if self._end is None:
            self._end = begun + self._sheet_s
        while self._drawn < len(self._plan.cells):
            if not wanted():
                raise Unwanted
            if time.monotonic() - begun > SLICE_S and others_wait():
                return None
            self._draw_next(self._end)
        image = EncodedImage(self._drawing.jpeg(self._plan.quality), MediaType.JPEG.value, tuple(self._marks))
        self._keep(self._plan, image)
        return image

    def _draw_next(self, end: float) -> None:
        number, cell = self._drawn, self._plan.cells[self._drawn]
        problem = self._draw(cell, end)
        if problem is not None:
            self._drawing.mark(cell.left, cell.top, self._plan.edge)
            self._marks.append(Mark(number, problem.reason, problem.passing))
        self._drawn += 1

    def _draw(self, cell: Cell, end: float) -> Problem | None:
        """Draw one tile, or say why it cannot be drawn."""
        if isinstance(cell.picture, Problem):
            return cell.picture
        if time.monotonic() > end:
            return Problem(_TOO_LATE, passing=True)
        try:
            left, top, _, _ = cell.rectangle(self._plan.edge)
            self._drawing.put(self._rendering.pixels(cell.picture), left, top)
        except ContentChanged:
            with suppress(WadoError):
                self._locating.relocate(cell.tile.key, cell.tile.frame_number)  # so that the next request plans anew
            return Problem(_CHANGED, passing=True)
        except WadoError as error:
            return problem_of_tile(error)
        except Exception:  # noqa: BLE001 - one object must not take the others with it; its text may show a patient
            _log.exception("a thumbnail of a sheet failed")
            return Problem(_UNEXPECTED, passing=True)
        return None
