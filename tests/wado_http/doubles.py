"""Doubles of the services: real model values, the same errors, and counts of what was asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, cast

import httpx
import numpy as np
import numpy.typing as npt
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

from wado_core.archive.cache_memory import MemoryCache
from wado_core.dicom.decodable import check_frame
from wado_core.errors import ContentChanged, DamagedObject, Gone, NotFound
from wado_core.model.frame import EncodedImage
from wado_core.model.geometry import fit, pixels_of
from wado_core.model.grayscale import Rescale, Window
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.index_status import IndexStatus
from wado_core.model.instance import Instance, Listing, Located, Location
from wado_core.model.render import DEFAULT_QUALITY, GrayscalePlan, RenderPlan, RenderRequest
from wado_core.model.study import InstanceSummary, SeriesSummary, StudySummary, Totals
from wado_core.model.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.ports import Deliver, Lend
from wado_core.services.sheets import Sheets
from wado_core.settings import Settings
from wado_http.app import application
from wado_http.state import Caches, new_state

STUDY, SERIES = "1.2.3", "1.2.3.4"
MTIME_S = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT

GRAY = ImagePixel(512, 512, 1, "MONOCHROME2", 16, 12, 11, signed=True)
RGB = ImagePixel(512, 512, 3, "RGB", 8, 8, 7)

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
ECG_WAVEFORM = "1.2.840.10008.5.1.4.1.1.9.1.1"


def instance(number: int, sop_class_uid: str, **attributes: Any) -> Instance:
    """Build an instance whose SOP Instance UID ends in ``number``."""
    key = InstanceKey(STUDY, SERIES, f"{SERIES}.{number}")
    return Instance(key, sop_class_uid, EXPLICIT_VR_LITTLE_ENDIAN, f"version{number}", **attributes)


CT = instance(1, CT_IMAGE_STORAGE, image_pixel=GRAY)
US10 = instance(2, ULTRASOUND_MULTI_FRAME, image_pixel=RGB, number_of_frames=10)
MF1 = instance(3, ULTRASOUND_MULTI_FRAME, image_pixel=RGB)
SR = instance(4, BASIC_TEXT_SR)
ECG = instance(5, ECG_WAVEFORM)


class PartTen(NamedTuple):
    """What Retrieval.stream returns."""

    length: int
    chunks: Iterator[bytes]


@dataclass
class Chunks:
    """An object in chunks that knows whether it was closed."""

    parts: list[bytes]
    closed: bool = False

    def __iter__(self) -> "Chunks":
        return self

    def __next__(self) -> bytes:
        if not self.parts:
            raise StopIteration
        return self.parts.pop(0)

    def close(self) -> None:
        self.closed = True


@dataclass
class Archive:
    """Locating, Rendering and Retrieval in one, over instances in memory.

    light_too: pictures are light; waits: they cannot be made at once for all that.
    changed: how many more times reading finds that the file has changed.  calls: names of the methods called, in order.
    """

    instances: dict[InstanceKey, Instance]
    in_memory_too: bool = True
    light_too: bool = False
    changed: int = 0
    waits: bool = False
    warnings: tuple[str, ...] = ()
    kept: dict[str, EncodedImage] = field(default_factory=dict)
    on_disk: dict[str, EncodedImage] | None = None
    calls: list[str] = field(default_factory=list)
    requests: list[RenderRequest] = field(default_factory=list)
    opened: list[Chunks] = field(default_factory=list)
    make: Callable[[RenderPlan], bytes] = lambda plan: f"{plan.media_type} of {plan.key.object_uid} frame {plan.frame_number}".encode()

    def in_memory(self, key: InstanceKey, _frame_number: int = 1) -> Located | None:
        return self._located(key) if self.in_memory_too and key in self.instances else None

    def locate(self, key: InstanceKey, _frame_number: int = 1) -> Located:
        self.calls.append("locate")
        if key not in self.instances:
            raise NotFound("No such object is known here.")
        return self._located(key)

    def relocate(self, key: InstanceKey, _frame_number: int = 1) -> Located:
        self.calls.append("relocate")
        self.instances[key] = replace(self.instances[key], version=self.instances[key].version + "+")
        return self._located(key)

    def plan(self, instance: Instance, request: RenderRequest, like: RenderPlan | None = None) -> RenderPlan:
        assert like is None or (like.key, like.version) == (instance.key, instance.version)
        self.requests.append(request)
        if instance.image_pixel is None:
            raise DamagedObject("no pixels")
        frame_number = request.frame_number or 1
        check_frame(instance, frame_number)
        source = pixels_of(request.region, instance.image_pixel.rows, instance.image_pixel.columns)
        rows, columns = fit(source.rows, source.columns, request.rows, request.columns)
        gray = GrayscalePlan(Rescale(), request.window or Window(40.0, 400.0), inverted=False, padding=None)
        return RenderPlan(
            instance.key, instance.version, frame_number, instance.transfer_syntax_uid, instance.image_pixel, None,
            gray if instance.image_pixel.monochrome else None, None, source, rows, columns, request.media_type,
            request.quality or DEFAULT_QUALITY, warnings=self.warnings,
        )  # fmt: skip

    def cached(self, plan: RenderPlan) -> EncodedImage | None:
        return self.kept.get(plan.digest)

    @property
    def shares(self) -> bool:
        return self.on_disk is not None

    def recalled(self, plan: RenderPlan) -> EncodedImage | None:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AssertionError("the disk was read on the event loop")
        self.calls.append("recalled")
        return (self.on_disk or {}).get(plan.digest)

    def image(self, plan: RenderPlan, _deliver: Deliver | None = None, _lend: Lend | None = None) -> EncodedImage:
        self.calls.append("image")
        self._read()
        image = EncodedImage(self.make(plan), plan.media_type)
        self.kept[plan.digest] = image
        return image

    def pixels(self, plan: RenderPlan) -> npt.NDArray[np.uint8]:
        self.calls.append("pixels")
        self._read()
        shape = (plan.rows, plan.columns) if plan.grayscale is not None else (plan.rows, plan.columns, 3)
        return np.full(shape, 200, np.uint8)

    def light(self, _plan: RenderPlan) -> bool:
        return self.light_too

    def image_at_once(self, plan: RenderPlan, located: Located) -> EncodedImage | None:
        assert located.instance.version == plan.version
        self.calls.append("image at once")
        return self.kept.setdefault(plan.digest, EncodedImage(self.make(plan), plan.media_type)) if not self.waits else None

    def heavy(self, plan: RenderPlan) -> bool:
        return plan.image_pixel.samples_per_pixel > 1

    def etag(self, instance: Instance) -> str:
        return f"etag-{instance.version}"

    def stream(self, located: Located) -> PartTen:
        self.calls.append("stream")
        self._read()
        content = Chunks([bytes(128), b"DICM", located.instance.version.encode()])
        self.opened.append(content)
        return PartTen(132 + len(located.instance.version), cast("Iterator[bytes]", content))

    def _located(self, key: InstanceKey) -> Located:
        return Located(self.instances[key], Location(b"/secret/DOE^JOHN.dcm", 1, MTIME_S * 1_000_000_000, 1))

    def _read(self) -> None:
        if self.changed:
            self.changed -= 1
            raise ContentChanged


@dataclass
class Catalogue:
    """Browsing over lists; gone: UIDs of studies."""

    study_list: list[StudySummary] = field(default_factory=list)
    instance_list: list[InstanceSummary] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    counts: Totals = field(default_factory=lambda: Totals(studies=1, series=2, instances=3, files=6, not_dicom=2, damaged=1))

    def studies(self, offset: int, limit: int) -> tuple[StudySummary, ...]:
        return tuple(self.study_list[offset : offset + limit])

    def representative(self, study_uid: str, series_uid: str | None = None) -> InstanceSummary:
        for one in self.study_list:
            for series in one.series:
                if one.study_uid == study_uid and series_uid in (None, series.series_uid):
                    return series.representative
        raise self.missing(study_uid, series_uid)

    def missing(self, study_uid: str, series_uid: str | None = None) -> NotFound | Gone:
        return (Gone if study_uid in self.gone else NotFound)(f"no {series_uid or study_uid}")

    def study(self, study_uid: str, offset: int, limit: int) -> StudySummary | None:
        found = [one for one in self.study_list if one.study_uid == study_uid]
        return replace(found[0], series=found[0].series[offset : offset + limit]) if found else None

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        held = [item for item in self.instance_list if (item.key.study_uid, item.key.series_uid) == (key.study_uid, key.series_uid)]
        return tuple(held[offset : offset + limit])

    def totals(self) -> Totals:
        return self.counts


@dataclass
class Board:
    """A StatusBoard in memory; reading it on the event loop is an error."""

    status: IndexStatus | None = None

    def write(self, status: IndexStatus) -> None:
        self.status = status

    def read(self) -> IndexStatus | None:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AssertionError("the board was read on the event loop")
        return self.status


def study(patient_name: str = "DOE^JOHN", series: tuple[SeriesSummary, ...] = (), **attributes: Any) -> StudySummary:
    """Build a study as listed."""
    return StudySummary(STUDY, Listing(patient_name=patient_name, **attributes), series, len(series))


def archive_of(*instances: Instance, **attributes: Any) -> Archive:
    """Build an archive that holds ``instances``."""
    return Archive({entry.key: entry for entry in instances}, **attributes)


@dataclass(frozen=True)
class Client:
    """A client that talks to the application in this process, over a loop in another thread."""

    portal: BlockingPortal
    http: httpx.AsyncClient

    def request(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a request; nothing but ``headers`` is added to what HTTP needs, so there is no Accept unless given."""
        return self.portal.call(partial(self.http.request, method, url, headers=headers))

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send GET."""
        return self.request("GET", url, headers)

    def head(self, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send HEAD."""
        return self.request("HEAD", url, headers)


@contextmanager
def client_of(app: Starlette) -> Iterator[Client]:
    """Run an application and its lifespan in this process."""
    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080")
        http.headers.clear()
        with portal.wrap_async_context_manager(http):
            yield Client(portal, http)


@contextmanager
def serving(
    archive: Archive | None = None,
    catalogue: Catalogue | None = None,
    settings: Settings | None = None,
    indexer: Board | None = None,
    caches: Caches = dict,
) -> Iterator[Client]:
    """Serve the doubles; without an indexer unless its board is given."""
    chosen = settings or Settings()
    held = cast("Any", archive or archive_of(CT, US10, MF1, SR, ECG))

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        browsing = cast("Any", catalogue or Catalogue())
        sheets = Sheets(browsing, held, held, MemoryCache(1 << 20), chosen.limits)
        state = app.state.wado = new_state(chosen, held, held, held, browsing, sheets, indexer, caches)
        yield
        await state.slots.close()

    with client_of(application(chosen, life)) as client:
        yield client


def query(of: Instance, more: str = "") -> str:
    """Return the address of an object, as J writes ``Q(x)``."""
    key = of.key
    return f"/wado?requestType=WADO&studyUID={key.study_uid}&seriesUID={key.series_uid}&objectUID={key.object_uid}{more}"
