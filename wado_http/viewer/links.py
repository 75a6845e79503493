"""Links: addresses of pictures, objects and pages."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from wado_core.model.sheet import SheetRequest, ThumbnailRequest, TileList, tiles_of
from wado_core.model.study import InstanceSummary, StudySummary
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_http.params.thumbnails import sheet_query


def picture(base: str, instance: InstanceSummary) -> str:
    """Return the address of an image's picture, of the frame that stands for it when there are several."""
    parameters = _names(instance.key) | ({"frameNumber": str(instance.shown_frame)} if instance.frames > 1 else {})
    return f"{base}/wado?{urlencode(parameters)}"


def study_sheet(base: str, study: StudySummary, offset: int, limit: int) -> str:
    """Return the address of the contact sheet of the series that a page shows: ``limit`` of them at most, from ``offset`` on."""
    return _sheet(base, SheetRequest(ThumbnailRequest(study.study_uid), offset, limit), [one.representative for one in study.series])


def series_sheet(base: str, key: SeriesKey, instances: Sequence[InstanceSummary], offset: int, limit: int) -> str:
    """Return the address of the contact sheet of the instances that a page shows."""
    return _sheet(base, SheetRequest(ThumbnailRequest(key.study_uid, key.series_uid), offset, limit), instances)


def frames_sheet(base: str, instance: InstanceSummary) -> str:
    """Return the address of the contact sheet of an object's frames: the first of them, as many as a sheet shows unless asked."""
    key = instance.key
    return f"{base}/thumbnails?{urlencode({'studyUID': key.study_uid, 'seriesUID': key.series_uid, 'objectUID': key.object_uid})}"


def _sheet(base: str, asked: SheetRequest, shown: Iterable[InstanceSummary]) -> str:
    # With the name of the list: no picture may stand beside the name of another object when more has been indexed meanwhile.
    return f"{base}/thumbnails?{sheet_query(asked, TileList(tiles_of(shown)).name)}"


def file(base: str, key: InstanceKey) -> str:
    """Return the address of the object itself."""
    return f"{base}/wado?{urlencode(_names(key) | {'contentType': 'application/dicom'}, safe='/')}"


def series(base: str, key: SeriesKey, page: int = 1) -> str:
    """Return the address of a page of a series' instances."""
    parameters = {"studyUID": key.study_uid, "seriesUID": key.series_uid} | ({"page": str(page)} if page > 1 else {})
    return f"{base}/series?{urlencode(parameters)}"


def study(base: str, study_uid: str, page: int = 1) -> str:
    """Return the address of a page of a study's series."""
    parameters = {"studyUID": study_uid} | ({"page": str(page)} if page > 1 else {})
    return f"{base}/study?{urlencode(parameters)}"


def studies(base: str, page: int = 1) -> str:
    """Return the address of a page of studies."""
    return f"{base}/?page={page}" if page > 1 else f"{base}/"


def _names(key: InstanceKey) -> dict[str, str]:
    return {"requestType": "WADO", "studyUID": key.study_uid, "seriesUID": key.series_uid, "objectUID": key.object_uid}
