"""Rendering: from an instance to a plan, and from a plan to a picture."""

from contextlib import ExitStack

from wado_core.codecs.decoded import Decoded
from wado_core.codecs.registry import decode
from wado_core.dicom.frames import FrameReader
from wado_core.errors import ContentChanged
from wado_core.model.frame import EncodedImage
from wado_core.model.grayscale import ValueRange
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.instance import Instance, Located
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.model.transfer_syntax import transfer_syntax
from wado_core.ports import Deliver, Index, Lend, Near, Notices, OpenObject, RenderCache, Store, WouldWait
from wado_core.rendering.cost import is_light
from wado_core.rendering.execute import draw, execute
from wado_core.rendering.plan import make_plan
from wado_core.rendering.resample import Picture
from wado_core.rendering.strips import read_in_strips
from wado_core.services.decoding import Decoding
from wado_core.services.known_ranges import KnownRanges, needs_range
from wado_core.services.locating import Locating
from wado_core.services.read_ahead import ReadAhead
from wado_core.settings import Limits

# Of a frame that is read on an event loop: each takes some microseconds.
_MOST_FRAGMENTS = 64


class Rendering:
    """Plans and makes pictures of indexed objects."""

    def __init__(
        self,
        locating: Locating,
        index: Index,
        store: Store,
        near: Near,
        decoding: Decoding,
        pictures: RenderCache,
        notices: Notices,
        limits: Limits,
        shared: RenderCache | None = None,
        ahead: ReadAhead | None = None,
    ) -> None:
        """Make the service.

        shared: a second cache, slower than ``pictures``, whose look-ups may wait for a disk and whose ``put`` does not.
        ahead: is told of each frame that had to be read from storage or decoded.
        """
        self._locating = locating
        self._store = store
        self._near = near
        self._decoding = decoding
        self._pictures = pictures
        self._ranges = KnownRanges(index, notices)
        self._limits = limits
        self._shared = shared
        self._ahead = ahead

    def plan(self, instance: Instance, request: RenderRequest, like: RenderPlan | None = None) -> RenderPlan:
        """Resolve every default of a request without touching a pixel.

        like: the plan of a request to this very instance that differs in frame and window only.
        Raises InvalidRequest, NotSupported, DamagedObject, LimitExceeded.
        """
        return make_plan(instance, request, self._limits, like)

    def cached(self, plan: RenderPlan) -> EncodedImage | None:
        """Return the picture of a plan if it is kept in memory."""
        return self._pictures.get(plan.digest)

    @property
    def shares(self) -> bool:
        """Whether there is a second cache, in which ``recalled`` looks."""
        return self._shared is not None

    def recalled(self, plan: RenderPlan) -> EncodedImage | None:
        """Return the picture of a plan if it is kept on disk, and keep it in memory from now on; may wait for the disk."""
        image = None if self._shared is None else self._shared.get(plan.digest)
        if image is not None:
            self._pictures.put(plan.digest, image)
        return image

    def heavy(self, plan: RenderPlan) -> bool:
        """Whether decoding takes so long that it must not stand in the way of others; not where the frame is kept decoded."""
        return self._decoding.heavy(plan.transfer_syntax_uid) and not self._decoding.holds(plan)

    def light(self, plan: RenderPlan) -> bool:
        """Whether the picture is made so soon that an event loop can wait for it."""
        return is_light(plan) or (is_light(plan, decoded=True) and self._decoding.holds(plan))

    def image_at_once(self, plan: RenderPlan, located: Located) -> EncodedImage | None:
        """Make, and keep, a light picture whose bytes are in memory; None where they are not.

        located: the object that it was planned for, as it was in memory a moment ago, with the columns of the frame.
        For callers that must not wait, such as an event loop: half a millisecond and no I/O at most. Raises DamagedObject, NotSupported.
        """
        known = self._ranges.in_memory(plan) if needs_range(plan) else None
        if known is None and needs_range(plan):
            return None
        opened = self._near.at_hand(located.location)
        if opened is None or located.instance.fragments_of(plan.frame_number) > _MOST_FRAGMENTS:
            return None
        try:
            with opened as source:
                reader = FrameReader(source, located.instance, self._limits)
                image, _ = execute(plan, reader, known, _decode_at_once, keep=self._decoding.keep_at_once(plan))
        except (WouldWait, ContentChanged):
            return None
        self._pictures.put(plan.digest, image)
        if transfer_syntax(plan.transfer_syntax_uid).encapsulated:  # what is native comes this way because it is in memory
            self._tell(plan, located)
        return image

    def _tell(self, plan: RenderPlan, located: Located) -> None:
        if self._ahead is not None and located.instance.number_of_frames > 1:
            self._ahead.passed(plan)

    def image(self, plan: RenderPlan, deliver: Deliver | None = None, lend: Lend | None = None) -> EncodedImage:
        """Make the picture of a plan, and keep it.

        deliver: called in this thread with each piece of a streamed plan as it is finished, in order; joined they are the data of the
            picture. Never called for other plans, and never before all that the piece is made of has been read and the object been found
            unchanged since it was opened.
        lend: runs a callable in another thread if one is idle now, and drops it otherwise; never waits.
        Raises ContentChanged (look the instance up again and plan anew), DamagedObject, NotSupported, NotFound, Gone, Unavailable.
        ContentChanged and Unavailable may come after pieces of a frame that is read in strips; those are of the one state.
        """
        located, known = self._found(plan)
        try:
            with ExitStack() as opened:
                source = opened.enter_context(self._store.open(located.location))
                reader = FrameReader(source, located.instance, self._limits, self._decoding.inflate(located))
                checked = None if deliver is None else _comparing(source, deliver) if read_in_strips(plan) else _closing(opened, deliver)
                image, found = execute(plan, reader, known, self._decoding.decode, checked, lend, self._decoding.keep(plan))
        except ContentChanged:
            self._decoding.forget(plan)
            raise
        if found is not None:
            self._ranges.found(plan, found)
        self._pictures.put(plan.digest, image)
        if self._shared is not None:
            self._shared.put(plan.digest, image)
        self._tell(plan, located)
        return image

    def pixels(self, plan: RenderPlan) -> Picture:
        """Make the pixels of a plan, (rows, columns) or (rows, columns, 3) uint8, and keep nothing but frames that are costly to decode.

        Raises what ``image`` does.
        """
        located, known = self._found(plan)
        try:
            with self._store.open(located.location) as source:
                reader = FrameReader(source, located.instance, self._limits, self._decoding.inflate(located))
                picture, found = draw(plan, reader, known, self._decoding.decode, self._decoding.keep(plan))
        except ContentChanged:
            self._decoding.forget(plan)
            raise
        if found is not None:
            self._ranges.found(plan, found)
        return picture

    def _found(self, plan: RenderPlan) -> tuple[Located, ValueRange | None]:
        """Return the object that a plan was made for, and the range of its frame where that is needed and known."""
        located = self._locating.locate(plan.key, plan.frame_number)
        if located.instance.version != plan.version:
            raise ContentChanged
        return located, self._ranges.find(plan) if needs_range(plan) else None


def _decode_at_once(encoded: bytes, pixel: ImagePixel, transfer_syntax_uid: str, smallest: tuple[int, int] | None, picture: int) -> Decoded:
    """Decode what takes no time: cells as they lie."""
    if transfer_syntax(transfer_syntax_uid).encapsulated:
        raise WouldWait  # a frame that was kept has gone since the picture was found to be light
    return decode(encoded, pixel, transfer_syntax_uid, smallest, picture)


def _comparing(source: OpenObject, deliver: Deliver) -> Deliver:
    """Compare the object with what was opened before each piece goes out: its strips have been read by then, others not yet."""

    def compared(piece: bytes) -> None:
        source.compare()
        deliver(piece)

    return compared


def _closing(opened: ExitStack, deliver: Deliver) -> Deliver:
    """Close the object before the first piece goes out: closing finds out whether the file changed, while that can still be answered."""

    def closed(piece: bytes) -> None:
        opened.close()
        deliver(piece)

    return closed
