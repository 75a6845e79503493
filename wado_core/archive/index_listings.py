"""Listings of the embedded index: pages of studies, series and instances, copies and damaged files."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from wado_core.archive.index_schema import file, folder, instance, series, study
from wado_core.model.instance import Listing
from wado_core.model.study import Duplicate, InstanceSummary, SeriesSummary, StudySummary
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
_REPRESENTATIVE = """
SELECT object_uid, frames, has_picture FROM instance WHERE series_id = ? ORDER BY number, object_uid LIMIT 1 OFFSET ?
"""
_FIRST_WITH_PICTURE = """
SELECT object_uid, frames, has_picture FROM instance WHERE series_id = ? AND has_picture ORDER BY number, object_uid LIMIT 1
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
        sa.select(instance.c.object_uid, instance.c.number, instance.c.frames, instance.c.has_picture)
        .join_from(study, series, series.c.study_id == study.c.id)
        .join(instance, instance.c.series_id == series.c.id)
        .where(study.c.study_uid == key.study_uid, series.c.series_uid == key.series_uid)
        .order_by(instance.c.number, instance.c.object_uid)
        .offset(offset)
        .limit(limit)
    )
    return tuple(
        InstanceSummary(InstanceKey(key.study_uid, key.series_uid, object_uid), number, frames, has_picture)
        for object_uid, number, frames, has_picture in connection.execute(page)
    )


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
    counted = sa.select(sa.func.count()).select_from(instance).where(instance.c.series_id == series.c.id).scalar_subquery()
    rows = connection.execute(
        sa.select(series, counted.label("instances")).where(series.c.study_id == study_id).order_by(series.c.number, series.c.series_uid)
        .offset(offset).limit(limit)
    ).all()
    summaries = []
    for row in rows:
        # The middle one by number: it shows more of the body than the first, often a localizer or air.
        middle = connection.exec_driver_sql(_REPRESENTATIVE, (row.id, row.instances // 2)).one()
        shown = middle if middle.has_picture else connection.exec_driver_sql(_FIRST_WITH_PICTURE, (row.id,)).one_or_none()
        object_uid, frames, has_picture = shown or middle
        summaries.append(
            SeriesSummary(
                row.series_uid, row.modality, row.number, row.description, row.instances,
                InstanceKey(study_uid, row.series_uid, object_uid), frames, bool(has_picture),
            )
        )  # fmt: skip
    return tuple(summaries)
