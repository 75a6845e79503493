"""Links: addresses of pictures, objects and pages."""

from urllib.parse import urlencode

from wado_core.model.uid import InstanceKey, SeriesKey

THUMBNAIL_EDGE = 128


def picture(base: str, key: InstanceKey, frames: int = 1) -> str:
    """Return the address of an image's picture, of the middle frame when there are several."""
    parameters = _names(key) | ({"frameNumber": str((frames + 1) // 2)} if frames > 1 else {})
    return f"{base}/wado?{urlencode(parameters)}"


def thumbnail(base: str, key: InstanceKey, frames: int = 1) -> str:
    """Return the address of the same picture made to fit a small square."""
    return f"{picture(base, key, frames)}&rows={THUMBNAIL_EDGE}&columns={THUMBNAIL_EDGE}"


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
