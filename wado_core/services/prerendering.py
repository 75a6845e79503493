"""Prerendering: the pictures that viewers ask for first, made before anybody asks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from wado_core.errors import ContentChanged, WadoError
from wado_core.model.instance import Instance
from wado_core.model.render import RenderRequest
from wado_core.model.study import InstanceSummary
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.ports import Index, LastingCache
from wado_core.services.locating import Locating
from wado_core.services.rendering import Rendering

# How much of a list is asked for at once.
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures of an instance are made.

    full: in the size of the frame.  edges: thumbnails that fit into squares of so many pixels.  all_frames: else of the middle one.
    """

    full: bool = True
    edges: tuple[int, ...] = ()
    all_frames: bool = False


@dataclass(slots=True)
class Prerendered:
    """What has come of it.

    instances: looked at, also those without a picture.  made, present: pictures; size_bytes: of those that were made.
    failed: how many pictures could not be made, by reason.  full: the cache has no room for further ones.
    """

    instances: int = 0
    made: int = 0
    present: int = 0
    size_bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    full: bool = False

    def add(self, other: "Prerendered") -> None:
        """Count what has come of others too."""
        self.instances += other.instances
        self.made += other.made
        self.present += other.present
        self.size_bytes += other.size_bytes
        self.failed.update(other.failed)
        self.full = self.full or other.full


class Prerendering:
    """Makes pictures exactly as requests without further parameters ask for them, so that their digests are the same."""

    def __init__(self, locating: Locating, rendering: Rendering, kept: LastingCache) -> None:
        """rendering: keeps what it makes in ``kept`` at once."""
        self._locating = locating
        self._rendering = rendering
        self._kept = kept

    def prerender(self, key: InstanceKey, wanted: Wanted) -> Prerendered:
        """Make what is wanted of an instance and not there yet."""
        done = Prerendered(instances=1)
        try:
            self._prerender(self._locating.locate(key).instance, wanted, done)
        except WadoError as error:
            done.failed[str(error)] += 1
        return done

    def _prerender(self, instance: Instance, wanted: Wanted, done: Prerendered) -> None:
        for request in requests(instance, wanted):
            if not self._kept.has_room():
                done.full = True
                return
            try:
                self._picture(instance.key, request, done)
            except WadoError as error:
                done.failed[str(error)] += 1
            except Exception as error:  # noqa: BLE001 - one object must not end the work on a million; its text may show a patient
                done.failed[f"Unexpected error: {type(error).__name__}."] += 1

    def _picture(self, key: InstanceKey, request: RenderRequest, done: Prerendered) -> None:
        frame_number = request.frame_number or 1
        plan = self._rendering.plan(self._locating.locate(key, frame_number).instance, request)
        if self._kept.holds(plan.digest):
            done.present += 1
            return
        try:
            image = self._rendering.image(plan)
        except ContentChanged:  # since it was indexed: once more from its new content
            plan = self._rendering.plan(self._locating.relocate(key, frame_number).instance, request)
            image = self._rendering.image(plan)
        if self._kept.holds(plan.digest):
            done.made += 1
            done.size_bytes += len(image.data)
        else:
            done.failed["The picture was not kept: it is larger than a quarter of the cache, or the disk refused it."] += 1


def requests(instance: Instance, wanted: Wanted) -> Iterator[RenderRequest]:
    """Yield what the routes make of the addresses of these pictures: frameNumber counts for multi-frame objects only (A4.71)."""
    for frame in range(1, instance.number_of_frames + 1) if wanted.all_frames else (instance.representative_frame,):
        frame_number = frame if instance.multi_frame else None
        if wanted.full:
            yield RenderRequest(frame_number)
        for edge in wanted.edges:
            yield RenderRequest(frame_number, rows=edge, columns=edge)


def instances_of(index: Index) -> Iterator[InstanceSummary]:
    """Yield all instances, of the newest studies first, in the order of pages that list them."""
    for study_uid in _study_uids(index):
        for series_uid in _series_uids(index, study_uid):
            offset = 0
            while page := index.instances(SeriesKey(study_uid, series_uid), offset, _PAGE):
                yield from page
                offset += _PAGE


def _study_uids(index: Index) -> Iterator[str]:
    offset = 0
    while page := index.studies(offset, _PAGE, 0):
        yield from (study.study_uid for study in page)
        offset += _PAGE


def _series_uids(index: Index, study_uid: str) -> Iterator[str]:
    offset = 0
    while (study := index.study(study_uid, offset, _PAGE)) is not None and study.series:
        yield from (series.series_uid for series in study.series)
        offset += _PAGE
