"""Changes to the embedded index; each function runs inside the transaction of the connection it is given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import Insert, insert

from wado_core.archive.index_many import ManyRows, in_chunks
from wado_core.archive.index_orphans import note_orphans
from wado_core.archive.index_rows import encode_instance, location_row, number_of, split, text_of, wrapped
from wado_core.archive.index_schema import complete, file, folder, frames, gone, instance, mount, series, study
from wado_core.archive.index_totals import Change, change_totals, file_counts, rows_added
from wado_core.archive.index_value_ranges import forget_value_ranges
from wado_core.model.instance import Described, Location
from wado_core.ports import IndexedFile

Row = dict[str, object]


def _upsert(statement: Insert, *key: str) -> Insert:
    changed = {name: column for name, column in statement.excluded.items() if name in _COLUMNS[statement.table.name]}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


# What a later file may say otherwise, by table.
_COLUMNS = {
    "study": {"study_date", "patient_name", "patient_id", "study_description", "accession_number"},
    "series": {"modality", "number", "description"},
    "instance": {"number", "frames", "has_picture", "shown_frame"},
    "file": {"size", "mtime_ns", "inode", "head", "format", "packed", "instance_id", "problem", "description"},
}

_STUDY_ID = sa.select(study.c.id).where(study.c.study_uid == sa.bindparam("of_study")).scalar_subquery()
_SERIES_ID = (
    sa.select(series.c.id).where(series.c.study_id == _STUDY_ID, series.c.series_uid == sa.bindparam("of_series")).scalar_subquery()
)
_INSTANCE_ID = (
    sa.select(instance.c.id).where(instance.c.series_id == _SERIES_ID, instance.c.object_uid == sa.bindparam("of_object")).scalar_subquery()
)
_FOLDER_ID = sa.select(folder.c.id).where(folder.c.path == sa.bindparam("in_folder")).scalar_subquery()

# As text: "(path, name) IN (…)", which is what Core can say, makes SQLite read every file of the index; CROSS JOIN keeps the order.
_HELD = """
SELECT file.id, file.instance_id, folder.path, file.name, file.problem IS NOT NULL, file.packed FROM (VALUES {places}) AS place
CROSS JOIN folder ON folder.path = place.column1
CROSS JOIN file ON file.folder_id = folder.id AND file.name = place.column2
"""
# What a file is known as, under another path.
_ADOPT = """
INSERT INTO file (folder_id, name, size, mtime_ns, inode, head, format, packed, instance_id, problem, description)
SELECT ?, ?, size, mtime_ns, inode, head, format, packed, instance_id, problem, description
FROM folder JOIN file ON file.folder_id = folder.id WHERE folder.path = ? AND file.name = ? AND size = ? AND mtime_ns = ? AND inode = ?
"""
# A folder that there is not, and the way from it.
_NOWHERE = -1
_SETTLE = "UPDATE file SET folder_id = (SELECT id FROM folder WHERE path = ?), name = ? WHERE id = ?"
_ADOPT_FRAMES = """
INSERT INTO frames (file_id, chunk, columns)
SELECT ?, chunk, columns FROM folder JOIN file ON file.folder_id = folder.id JOIN frames ON frames.file_id = file.id
WHERE folder.path = ? AND file.name = ?
"""

_PUT_STUDY = _upsert(insert(study), "study_uid")
_PUT_SERIES = _upsert(insert(series).values(study_id=_STUDY_ID), "study_id", "series_uid")
_PUT_INSTANCE = ManyRows(
    _upsert(insert(instance).values(series_id=_SERIES_ID), "series_id", "object_uid"),
    "of_study", "of_series", "object_uid", "number", "frames", "has_picture", "shown_frame",
)  # fmt: skip
_PUT_FOLDER = insert(folder).on_conflict_do_nothing(index_elements=["path"])
_PUT_FILE = ManyRows(
    _upsert(insert(file).values(folder_id=_FOLDER_ID, instance_id=_INSTANCE_ID), "folder_id", "name"),
    "in_folder", "name", "size", "mtime_ns", "inode", "head", "format", "packed", "of_study", "of_series", "of_object", "problem",
    "description",
)  # fmt: skip
_FILE_ID = sa.select(file.c.id).where(file.c.folder_id == _FOLDER_ID, file.c.name == sa.bindparam("of_name")).scalar_subquery()
_PUT_FRAMES = ManyRows(insert(frames).values(file_id=_FILE_ID), "in_folder", "of_name", "chunk", "columns")
_UNGONE = sa.delete(gone).where(
    gone.c.study_uid == sa.bindparam("of_study"),
    gone.c.series_uid == sa.bindparam("of_series"),
    gone.c.object_uid == sa.bindparam("of_object"),
)


@dataclass(frozen=True, slots=True)
class _Held:
    """What some paths hold: ids of their files, and ids of instances, each with one of the paths; counts: of these files, by kind."""

    files: list[int]
    instances: dict[int, bytes]
    counts: Change


def put_files(connection: sa.Connection, files: Iterable[IndexedFile], format_version: int) -> None:
    """Remember files, the last one where a path stands twice; see the port."""
    # By path, so that what a path held before is looked up once and before it is overwritten.
    by_path = {indexed.location.path: indexed for indexed in files}
    for chunk in in_chunks(by_path.values()):
        before = _held(connection, [indexed.location.path for indexed in chunk])
        _forget_frames(connection, before.files)
        objects = [indexed.described for indexed in chunk if indexed.described is not None]
        with rows_added(connection):
            _put_objects(connection, objects)
        _put_rows(connection, chunk, format_version)
        damaged = sum(indexed.problem is not None for indexed in chunk)
        now = file_counts(len(chunk), len(objects), damaged, sum(indexed.packed for indexed in chunk))
        change_totals(connection, more=now, less=before.counts)
        forget_value_ranges(connection, before.instances)
        note_orphans(connection, before.instances)


def adopt_files(connection: sa.Connection, moved: Iterable[tuple[Location, bytes]]) -> None:
    """Remember files under new paths as what they are known as under old ones; see the port."""
    for chunk in in_chunks(moved):
        before = _held(connection, [location.path for location, _ in chunk])
        _put_folders(connection, [location.path for location, _ in chunk])
        # First all are copied to a place apart, then put in their places: one may take the place of the next.
        added: dict[int, Location] = {}
        for number, (location, old) in enumerate(chunk):
            source = split(old)
            identity = (location.size, wrapped(location.mtime_ns), wrapped(location.inode))  # of what was compared, and may be no more
            copy = connection.exec_driver_sql(_ADOPT, (_NOWHERE, str(number).encode(), *source, *identity))
            if copy.rowcount and location.path != old:
                added[copy.lastrowid] = location
                connection.exec_driver_sql(_ADOPT_FRAMES, (copy.lastrowid, *source))
        places = [location.path for location in added.values()]
        _delete_files(connection, places)
        for file_id, location in added.items():
            connection.exec_driver_sql(_SETTLE, (*split(location.path), file_id))
        change_totals(connection, more=_held(connection, places).counts)
        connection.execute(sa.delete(file).where(file.c.folder_id == _NOWHERE))
        note_orphans(connection, before.instances)


def forget_files(connection: sa.Connection, paths: Iterable[bytes]) -> None:
    """Forget files; see the port."""
    for chunk in in_chunks(paths):
        before = _held(connection, chunk)
        _delete_files(connection, chunk)
        note_orphans(connection, before.instances)
        _drop_empty_folders(connection, {split(path)[0] for path in chunk})


def put_mounts(connection: sa.Connection, mounted: Iterable[bytes], plain: Iterable[bytes]) -> None:
    """Remember which folders are mount points, and which are none any more."""
    if rows := [{"path": path} for path in mounted]:
        connection.execute(insert(mount).on_conflict_do_nothing(), rows)
    connection.execute(sa.delete(mount).where(mount.c.path.in_(list(plain))))


def put_complete(connection: sa.Connection) -> None:
    """Remember that all folders have been walked."""
    connection.execute(insert(complete).values(id=1).on_conflict_do_nothing())


def _held(connection: sa.Connection, paths: Sequence[bytes]) -> _Held:
    """Return what these paths hold now."""
    places = [split(path) for path in dict.fromkeys(paths)]
    rows: Sequence[Any] = ()
    if places:
        held = _HELD.format(places=", ".join(["(?, ?)"] * len(places)))
        rows = connection.exec_driver_sql(held, tuple(chain.from_iterable(places))).all()
    of_instances = [row for row in rows if row[1] is not None]
    counts = file_counts(len(rows), len(of_instances), sum(row[4] for row in rows), sum(row[5] for row in rows))
    return _Held([row[0] for row in rows], {row[1]: row[2] + row[3] for row in of_instances}, counts)


def _delete_files(connection: sa.Connection, paths: Sequence[bytes]) -> None:
    if not paths:
        return
    held = _held(connection, paths)
    change_totals(connection, less=held.counts)
    _forget_frames(connection, held.files)
    connection.execute(
        sa.delete(file).where(file.c.folder_id == _FOLDER_ID, file.c.name == sa.bindparam("of_name")),
        [dict(zip(("in_folder", "of_name"), split(path), strict=True)) for path in paths],
    )


def _forget_frames(connection: sa.Connection, file_ids: Sequence[int]) -> None:
    if file_ids:
        connection.execute(sa.delete(frames).where(frames.c.file_id.in_(file_ids)))


def _put_objects(connection: sa.Connection, objects: Sequence[Described]) -> None:
    if not objects:
        return
    studies: dict[str, Row] = {}
    of_series: dict[tuple[str, str], Row] = {}
    instances: list[Row] = []
    for described in objects:
        key, listing = described.instance.key, described.listing
        studies[key.study_uid] = {
            "study_uid": key.study_uid,
            "study_date": text_of(listing.study_date),
            "patient_name": text_of(listing.patient_name),
            "patient_id": text_of(listing.patient_id),
            "study_description": text_of(listing.study_description),
            "accession_number": text_of(listing.accession_number),
        }
        of_series[key.study_uid, key.series_uid] = {
            "of_study": key.study_uid,
            "series_uid": key.series_uid,
            "modality": text_of(described.instance.modality),
            "number": number_of(listing.series_number),
            "description": text_of(listing.series_description),
        }
        instances.append(
            {
                "of_study": key.study_uid,
                "of_series": key.series_uid,
                "object_uid": key.object_uid,
                "number": number_of(listing.instance_number),
                "frames": described.instance.number_of_frames,
                "has_picture": described.has_picture,
                "shown_frame": described.instance.representative_frame,
            }
        )
    connection.execute(_PUT_STUDY, list(studies.values()))
    connection.execute(_PUT_SERIES, list(of_series.values()))
    _PUT_INSTANCE.run(connection, instances)
    if connection.execute(sa.select(sa.exists(sa.select(gone.c.study_uid)))).scalar():
        connection.execute(_UNGONE, [_key_row(described) for described in objects])


def _key_row(described: Described | None) -> Row:
    if described is None:
        return {"of_study": None, "of_series": None, "of_object": None}
    key = described.instance.key
    return {"of_study": key.study_uid, "of_series": key.series_uid, "of_object": key.object_uid}


def _put_folders(connection: sa.Connection, paths: Iterable[bytes]) -> None:
    connection.execute(_PUT_FOLDER, [{"path": path} for path in sorted({split(path)[0] for path in paths})])


def _put_rows(connection: sa.Connection, files: Sequence[IndexedFile], format_version: int) -> None:
    _put_folders(connection, [indexed.location.path for indexed in files])
    rows: list[Row] = []
    chunks: list[Row] = []
    for indexed in files:
        row = location_row(indexed.location)
        description = None
        if indexed.described is not None:
            description, further = encode_instance(indexed.described.instance)
            chunks += [
                {"in_folder": row["in_folder"], "of_name": row["name"], "chunk": number, "columns": columns} for number, columns in further
            ]
        rows.append(
            {
                **row,
                **_key_row(indexed.described),
                "head": indexed.head,
                "format": format_version,
                "packed": indexed.packed,
                "problem": indexed.problem,
                "description": description,
            }
        )
    _PUT_FILE.run(connection, rows)
    if chunks:
        _PUT_FRAMES.run(connection, chunks)


def _drop_empty_folders(connection: sa.Connection, paths: Iterable[bytes]) -> None:
    connection.execute(sa.delete(folder).where(folder.c.path.in_(list(paths)), ~sa.exists().where(file.c.folder_id == folder.c.id)))
