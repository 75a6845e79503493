"""Sheets: which thumbnails stand for a study, a series or an object, and many of them in one picture."""

from wado_core.errors import InvalidRequest, NotAcceptable, NotFound, WadoError
from wado_core.model.frame import EncodedImage
from wado_core.model.instance import Located
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.model.sheet import Cell, Problem, SheetPlan, SheetRequest, ThumbnailRequest, Tile, TileList, place_of, sheet_size, tiles_of
from wado_core.model.uid import InstanceKey
from wado_core.ports import RenderCache
from wado_core.services.browsing import Browsing
from wado_core.services.locating import Locating
from wado_core.services.rendering import Rendering
from wado_core.services.sheet_making import SheetMaking, problem_of_tile
from wado_core.settings import Limits

# More tiles than these take longer than any single picture of frames that are not heavy.
_MOST_AT_ONCE = 16

NO_SUCH_PART = "There are no thumbnails at this offset."
OTHER_LIST = "What is listed there has changed; please load the list again."


def thumbnail_request(frame_number: int, edge: int) -> RenderRequest:
    """Return what a thumbnail is: the frame, made to fit a square of ``edge`` pixels, without ICC profile (H3.6).

    It is the picture that ``rows`` and ``columns`` of ``edge`` ask for, with the same digest, except where that one carries a profile.
    """
    return RenderRequest(frame_number, rows=edge, columns=edge, thumbnail=True)


class Sheets:
    """Chooses what stands for studies, series and objects, and plans pictures of thumbnails of all that they hold."""

    def __init__(
        self,
        browsing: Browsing,
        locating: Locating,
        rendering: Rendering,
        pictures: RenderCache,
        limits: Limits,
        shared: RenderCache | None = None,
    ) -> None:
        """pictures, shared: where finished sheets are kept too, as those of Rendering are."""
        self._browsing = browsing
        self._locating = locating
        self._rendering = rendering
        self._pictures = pictures
        self._limits = limits
        self._shared = shared

    def thumbnail(self, asked: ThumbnailRequest, *, anew: bool = False) -> tuple[Located, RenderPlan]:
        """Return the object that stands for what is asked, and the plan of its thumbnail.

        anew: look the object up again, because it has changed since a moment ago.
        Raises NotFound, Gone, Busy, DamagedObject, NotSupported, LimitExceeded, Unavailable, and NotAcceptable when there is no image.
        """
        key, frame_number = self._representative(asked)
        locate = self._locating.relocate if anew else self._locating.locate
        located = locate(key, frame_number)
        if not located.instance.is_image:
            raise NotAcceptable("There is no image of which a thumbnail could be made.")
        if anew:
            frame_number = located.instance.representative_frame
            located = self._locating.locate(key, frame_number)
        return located, self._rendering.plan(located.instance, thumbnail_request(frame_number, asked.edge))

    def _representative(self, asked: ThumbnailRequest) -> tuple[InstanceKey, int]:
        if asked.object is not None:
            return asked.object, self._locating.locate(asked.object).instance.representative_frame
        summary = self._browsing.representative(asked.study_uid, asked.series_uid)
        return summary.key, summary.shown_frame

    def plan(self, asked: SheetRequest, list_name: str | None = None) -> SheetPlan:
        """List what a sheet shows and resolve every default, without touching a pixel.

        list_name: of the list that the caller has (``TileList.name``); raises NotFound when it is another by now.
        Raises InvalidRequest when the sheet would be too large, NotFound, Gone, Busy, Unavailable. What is wrong with single tiles
        becomes a part of the plan, unless all of them are wrong in a way that passes: that is raised.
        """
        self._check_size(asked)
        edge = asked.of.edge
        listed = self._listed(asked)
        if list_name is not None and list_name != listed.name:
            raise NotFound(OTHER_LIST)
        if not listed.tiles:
            raise NotFound(NO_SUCH_PART)
        refusal: WadoError | None = None
        cells = []
        for number, tile in enumerate(listed.tiles):
            picture: RenderPlan | Problem
            try:
                located = self._locating.locate(tile.key, tile.frame_number)
                picture = self._rendering.plan(located.instance, thumbnail_request(tile.frame_number, edge))
            except WadoError as error:
                refusal = refusal or error
                picture = problem_of_tile(error)
            cells.append(Cell(tile, *place_of(number, edge), picture))
        if refusal is not None and all(isinstance(cell.picture, Problem) and cell.picture.passing for cell in cells):
            raise refusal
        plan = SheetPlan(listed, tuple(cells), edge)
        assert plan.digest  # noqa: S101 - made here, as those of 256 thumbnails take an event loop 10 ms
        return plan

    def cached(self, plan: SheetPlan) -> EncodedImage | None:
        """Return the sheet if it is kept in memory."""
        return self._pictures.get(plan.digest)

    @property
    def shares(self) -> bool:
        """Whether there is a second cache, in which ``recalled`` looks."""
        return self._shared is not None

    def recalled(self, plan: SheetPlan) -> EncodedImage | None:
        """Return the sheet if it is kept on disk, and keep it in memory from now on; may wait for the disk."""
        image = None if self._shared is None else self._shared.get(plan.digest)
        if image is not None:
            self._pictures.put(plan.digest, image)
        return image

    def heavy(self, plan: SheetPlan) -> bool:
        """Whether the sheet takes so long that it must not stand in the way of single pictures."""
        plans = [cell.picture for cell in plan.cells if isinstance(cell.picture, RenderPlan)]
        return len(plans) > _MOST_AT_ONCE or any(map(self._rendering.heavy, plans))

    def making(self, plan: SheetPlan) -> SheetMaking:
        """Return what draws a sheet, and keeps it unless a tile is missing that may be there the next time."""
        return SheetMaking(plan, self._locating, self._rendering, self._limits.sheet_s, self._keep)

    def _keep(self, plan: SheetPlan, image: EncodedImage) -> None:
        if not image.passing:
            self._pictures.put(plan.digest, image)
        if self._shared is not None and not image.marks:  # which are kept in memory only
            self._shared.put(plan.digest, image)

    def _listed(self, asked: SheetRequest) -> TileList:
        of = asked.of
        if of.object is not None:
            return self._frames(of.object, asked.offset, asked.limit)
        if of.series is None:
            study = self._browsing.study(of.study_uid, asked.offset, asked.limit)
            if study is None:
                raise self._browsing.missing(of.study_uid)
            return TileList(tiles_of(one.representative for one in study.series), asked.offset + len(study.series) < study.series_total)
        instances = self._browsing.instances(of.series, asked.offset, asked.limit + 1)
        if not instances and not asked.offset:
            raise self._browsing.missing(of.study_uid, of.series_uid)
        return TileList(tiles_of(instances[: asked.limit]), len(instances) > asked.limit)

    def _frames(self, key: InstanceKey, offset: int, limit: int) -> TileList:
        """List frames of an object; of a video only the one that stands for it, because each would be decoded from the beginning."""
        instance = self._locating.locate(key).instance
        if instance.transfer_syntax.video:
            return TileList((Tile(key, instance.representative_frame),)[offset:])
        last = min(offset + limit, instance.number_of_frames)
        return TileList(tuple(Tile(key, number) for number in range(offset + 1, last + 1)), last < instance.number_of_frames)

    def _check_size(self, asked: SheetRequest) -> None:
        rows, columns = sheet_size(asked.limit, asked.of.edge)
        if max(rows, columns) > self._limits.picture_edge or rows * columns > self._limits.picture_pixels:
            raise InvalidRequest("A sheet of so many thumbnails of this size would be larger than the pictures that are made.")
