"""Rendering: from the UIDs of an object to a plan, and from a plan to a picture."""

from wado_core.dicom.frames import FrameReader
from wado_core.errors import ContentChanged, NotFound
from wado_core.model.frame import EncodedImage
from wado_core.model.grayscale import ValueRange
from wado_core.model.instance import Instance, Located, Location
from wado_core.model.render import AutomaticWindow, RenderPlan, RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.ports import Index, InstanceCache, RenderCache, Store
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.services.decoding import Decoding
from wado_core.services.indexing import Indexing
from wado_core.settings import Limits

UNKNOWN_OBJECT = "No object is stored here under these UIDs."


class Rendering:
    """Plans and makes pictures of indexed objects."""

    def __init__(
        self,
        index: Index,
        store: Store,
        indexing: Indexing,
        decoding: Decoding,
        instances: InstanceCache,
        pictures: RenderCache,
        limits: Limits,
    ) -> None:
        self._index = index
        self._store = store
        self._indexing = indexing
        self._decoding = decoding
        self._instances = instances
        self._pictures = pictures
        self._limits = limits

    def in_memory(self, key: InstanceKey) -> Located | None:
        """Return an instance that was looked up a moment ago, without any I/O."""
        return self._instances.get(key)

    def locate(self, key: InstanceKey) -> Located:
        """Look an instance up, and see that its file is still what it was. Raises NotFound, Gone, Unavailable."""
        located = self._instances.get(key)
        if located is not None:
            return located
        located = self._find(key)
        if not self._as_indexed(located.location):
            self._indexing.refresh(located.location)
            located = self._find(key)
        self._instances.put(located)
        return located

    def _find(self, key: InstanceKey) -> Located:
        located = self._index.find(key)
        if located is None:
            raise NotFound(UNKNOWN_OBJECT)
        return located

    def _as_indexed(self, location: Location) -> bool:
        try:
            return self._store.look(location.path) == location
        except ContentChanged:
            return False

    def refresh(self, key: InstanceKey) -> Located:
        """Index the file of an instance again, because its content has changed, and look the instance up anew.

        Raises NotFound, Gone, Unavailable.
        """
        self._instances.drop(key)
        self._indexing.refresh(self._find(key).location)
        return self.locate(key)

    def plan(self, instance: Instance, request: RenderRequest) -> RenderPlan:
        """Resolve every default of a request without touching a pixel.

        Raises InvalidRequest, NotSupported, DamagedObject, LimitExceeded.
        """
        return make_plan(instance, request, self._limits)

    def cached(self, plan: RenderPlan) -> EncodedImage | None:
        """Return the picture of a plan if it is kept in memory."""
        return self._pictures.get(plan.digest)

    def heavy(self, plan: RenderPlan) -> bool:
        """Whether decoding takes so long that it must not stand in the way of others."""
        return self._decoding.heavy(plan.transfer_syntax_uid)

    def image(self, plan: RenderPlan) -> EncodedImage:
        """Make the picture of a plan, and keep it.

        Raises ContentChanged (look the instance up again and plan anew), DamagedObject, NotSupported, NotFound, Gone,
        Unavailable.
        """
        located = self.locate(plan.key)
        if located.instance.version != plan.version:
            raise ContentChanged
        known = self._known_range(plan)
        with self._store.open(located.location) as source:
            reader = FrameReader(source, located.instance, self._limits)
            image, found = execute(plan, reader, known, self._decoding.decode)
        if found is not None:
            self._index.remember_value_range(plan.key, plan.version, plan.frame_number, found)
        self._pictures.put(plan.digest, image)
        return image

    def _known_range(self, plan: RenderPlan) -> ValueRange | None:
        if plan.grayscale is None or not isinstance(plan.grayscale.voi, AutomaticWindow):
            return None
        return self._index.value_range(plan.key, plan.version, plan.frame_number)
