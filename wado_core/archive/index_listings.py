"""Listings of the embedded index: pages of studies, series and instances, copies and damaged files."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from wado_core.archive.index_schema import file, folder, instance, series, study
from wado_core.model.instance import Listing
from wado_core.model.study import Duplicate, InstanceSummary, SeriesSummary, StudySummary, representative_place
from wado_core.model.uid import InstanceKey, SeriesKey

_COPIES_OF = """
SELECT study.study_uid, series.series_uid, instance.object_uid, folder.path, file.name, file.size, file.head
FROM instance
JOIN series ON series.id = instance.series_id
JOIN study ON study.id = series.study_id
JOIN file ON file.instance_id = instance.id
JOIN folder ON folder.id = file.folder_id
WHERE instance.id = ?
ORDER BY folder.path || file.name
"""
_COUNT = "SELECT count(*), ifnull(sum(has_picture), 0) FROM instance WHERE series_id = ?"
_AT_PLACE = """
SELECT object_uid, number, frames, has_picture, shown_frame FROM instance WHERE series_id = ? AND has_picture >= ?
ORDER BY number, object_uid LIMIT 1 OFFSET ?
"""
_SERIES = """
SELECT series.id, series.series_uid FROM study JOIN series ON series.study_id = study.id
WHERE study.study_uid = ? AND series.series_uid = ?
"""
# The one with most frames that can be shown: what the study was made for, rather than its localizers and reports.
_SHOWN_SERIES = """
SELECT series.id, series.series_uid FROM study JOIN series ON series.study_id = study.id
WHERE study.study_uid = ?
ORDER BY (SELECT ifnull(sum(frames), 0) FROM instance WHERE series_id = series.id AND has_picture) DESC, series.number, series.series_uid
LIMIT 1
"""


def studies_of(connection: sa.Connection, offset: int, limit: int, most_series: int) -> tuple[StudySummary, ...]:
    """Return one page of studies with their first series, newest study date first, then by UID."""
    page = sa.select(study).order_by(study.c.study_date.desc(), study.c.study_uid).offset(offset).limit(limit)
    with _snapshot(connection):
        return tuple(_summary(connection, row, 0, most_series) for row in connection.execute(page).all())


def study_of(connection: sa.Connection, study_uid: str, offset: int, limit: int) -> StudySummary | None:
    """Return a study with one page of its series."""
    with _snapshot(connection):
        row = connection.execute(sa.select(study).where(study.c.study_uid == study_uid)).one_or_none()
        return None if row is None else _summary(connection, row, offset, limit)


def instances_of(connection: sa.Connection, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
    """Return one page of a series' instances by instance number (those without one first), then UID."""
    page = (
        sa.select(instance.c.object_uid, instance.c.number, instance.c.frames, instance.c.has_picture, instance.c.shown_frame)
        .join_from(study, series, series.c.study_id == study.c.id)
        .join(instance, instance.c.series_id == series.c.id)
        .where(study.c.study_uid == key.study_uid, series.c.series_uid == key.series_uid)
        .order_by(instance.c.number, instance.c.object_uid)
        .offset(offset)
        .limit(limit)
    )
    return tuple(
        InstanceSummary(InstanceKey(key.study_uid, key.series_uid, object_uid), number, frames, has_picture, shown_frame)
        for object_uid, number, frames, has_picture, shown_frame in connection.execute(page)
    )


def representative_of(connection: sa.Connection, study_uid: str, series_uid: str | None) -> InstanceSummary | None:
    """Return the instance that stands for a series, or for a study; None when there is no such thing."""
    with _snapshot(connection):
        if series_uid is None:
            row = connection.exec_driver_sql(_SHOWN_SERIES, (study_uid,)).one_or_none()
        else:
            row = connection.exec_driver_sql(_SERIES, (study_uid, series_uid)).one_or_none()
        return None if row is None else _representative(connection, row[0], study_uid, row[1])[0]


def duplicates_of(connection: sa.Connection) -> list[Duplicate]:
    """Return each instance that has several copies, in the order of the paths of those that are served."""
    of = file.c.instance_id
    several = sa.select(of).where(of.is_not(None)).group_by(of).having(sa.func.count() > 1)
    found = []
    with _snapshot(connection):
        for instance_id in list(connection.scalars(several)):
            rows = connection.exec_driver_sql(_COPIES_OF, (instance_id,)).all()
            differ = len({(row[5], row[6]) for row in rows}) > 1
            found.append(Duplicate(InstanceKey(rows[0][0], rows[0][1], rows[0][2]), tuple(row[3] + row[4] for row in rows), differ))
    return sorted(found, key=lambda duplicate: duplicate.paths)


def problems_of(connection: sa.Connection) -> list[tuple[bytes, str]]:
    """Return path and reason of each damaged file, in the order of their paths."""
    damaged = (
        sa.select(folder.c.path, file.c.name, file.c.problem)
        .join_from(file, folder, file.c.folder_id == folder.c.id)
        .where(file.c.problem.is_not(None))
    )
    return sorted((path + name, problem) for path, name, problem in connection.execute(damaged))


@contextmanager
def _snapshot(connection: sa.Connection) -> Iterator[None]:
    """Let several statements see one state of the index."""
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    finally:
        connection.exec_driver_sql("COMMIT")


def _summary(connection: sa.Connection, row: sa.Row[Any], offset: int, limit: int) -> StudySummary:
    listing = Listing(row.patient_name, row.patient_id, row.study_date, row.study_description, row.accession_number)
    total = connection.execute(sa.select(sa.func.count()).select_from(series).where(series.c.study_id == row.id)).scalar_one()
    return StudySummary(row.study_uid, listing, _series_of(connection, row.id, row.study_uid, offset, limit), total)


def _series_of(connection: sa.Connection, study_id: int, study_uid: str, offset: int, limit: int) -> tuple[SeriesSummary, ...]:
    rows = connection.execute(
        sa.select(series).where(series.c.study_id == study_id).order_by(series.c.number, series.c.series_uid).offset(offset).limit(limit)
    ).all()
    summaries = []
    for row in rows:
        representative, instances = _representative(connection, row.id, study_uid, row.series_uid)
        summaries.append(SeriesSummary(row.series_uid, row.modality, row.number, row.description, instances, representative))
    return tuple(summaries)


def _representative(connection: sa.Connection, series_id: int, study_uid: str, series_uid: str) -> tuple[InstanceSummary, int]:
    """Return the instance that stands for a series, one with a picture if there is any, and how many instances there are."""
    instances, with_picture = connection.exec_driver_sql(_COUNT, (series_id,)).one()
    place = representative_place(with_picture or instances)
    object_uid, number, frames, has_picture, shown = connection.exec_driver_sql(_AT_PLACE, (series_id, with_picture > 0, place)).one()
    key = InstanceKey(study_uid, series_uid, object_uid)
    return InstanceSummary(key, number, frames, bool(has_picture), shown), instances
