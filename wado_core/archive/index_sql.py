"""The embedded index: SQLite through SQLAlchemy, one file in the state folder, any number of readers beside one writer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from wado_core.archive.index_connections import IndexConnections
from wado_core.archive.index_listings import duplicates_of, instances_of, problems_of, representative_of, studies_of, study_of
from wado_core.archive.index_orphans import bury_orphans, seek_orphans
from wado_core.archive.index_rows import decode_instance, format_version, location_from_row, split, usual_chunk, with_slash, wrapped
from wado_core.archive.index_schema import file, folder
from wado_core.archive.index_statements import (
    COLUMNS,
    COPIES,
    FIND,
    FIND_COPY,
    HAS_GONE,
    HAS_GONE_IN_SERIES,
    IS_GONE,
    IS_KNOWN,
    LAST_COPY,
    LAST_PLACE,
    SAME_FILES,
    VALUE_RANGE,
)
from wado_core.archive.index_totals import READ, totals_of
from wado_core.archive.index_value_ranges import put_value_ranges
from wado_core.archive.index_write import adopt_files, forget_files, put_complete, put_files, put_mounts
from wado_core.errors import ContentChanged
from wado_core.model.grayscale import ValueRange
from wado_core.model.instance import Located, Location
from wado_core.model.notice import RangeFound
from wado_core.model.study import Duplicate, InstanceSummary, Standing, StudySummary, Totals
from wado_core.model.uid import InstanceKey, SeriesKey
from wado_core.ports import IndexedFile, KnownFile

_KNOWN_FILES = (
    sa.select(file.c.name, file.c.size, file.c.mtime_ns, file.c.inode, file.c.format)
    .join_from(folder, file, file.c.folder_id == folder.c.id)
    .where(folder.c.path == sa.bindparam("path"))
)


class SqlIndex:
    """An Index in one SQLite file; every method may be called from any thread, each call has a connection of its own.

    The one that writes makes the file, or sets a damaged one aside. Those that read notice that, and open the new one.
    """

    def __init__(self, state: Path, *, writing: bool = False, wait_s: float = 10.0, format_of_descriptions: int | None = None) -> None:
        """Open the index in folder ``state``.

        writing: become its only writer, waiting for another to end at most ``wait_s``. Raises Unavailable when that cannot be done.
        format_of_descriptions: descriptions of any other format count as never read; the present format unless given.
        """
        self._format = format_version() if format_of_descriptions is None else format_of_descriptions
        self._connections = IndexConnections(state, writing=writing, wait_s=wait_s)

    def find(self, key: InstanceKey, frame_number: int = 1) -> Located | None:
        """Return the instance and its copy with the smallest path; see the port for ContentChanged and Unavailable."""
        rows = self._connections.rows(FIND, (usual_chunk(frame_number), key.study_uid, key.series_uid, key.object_uid))
        return self._located(rows[0], frame_number) if rows else None

    def find_copy(self, path: bytes, frame_number: int = 1) -> Located | None:
        """Return the instance that one file holds; see the port for ContentChanged and Unavailable."""
        rows = self._connections.rows(FIND_COPY, (usual_chunk(frame_number), *split(path)))
        return self._located(rows[0], frame_number) if rows else None

    def copies(self, key: InstanceKey) -> tuple[bytes, ...]:
        """Return the paths of all copies, the smallest first; of what has none, that of its last copy."""
        uids = (key.study_uid, key.series_uid, key.object_uid)
        rows = self._connections.rows(COPIES, uids) or self._connections.rows(LAST_PLACE, uids) or self._connections.rows(LAST_COPY, uids)
        return tuple(folder_path + name for folder_path, name in rows)

    def _located(self, row: tuple[bytes, bytes, int, int, int, int, bytes, bytes | None], frame_number: int) -> Located:
        folder_path, name, size, mtime_ns, inode, format_of_row, description, columns = row
        if format_of_row != self._format:
            raise ContentChanged
        try:
            instance = decode_instance(description, columns)
            if not instance.has_columns_of(frame_number):  # chunks that are longer than usual
                at = (folder_path, name, description, instance.chunk_number(frame_number))
                ((columns,),) = self._connections.rows(COLUMNS, at) or ((None,),)
                instance = decode_instance(description, columns)
        except msgspec.DecodeError as error:
            raise ContentChanged from error
        if not instance.has_columns_of(frame_number):
            raise ContentChanged
        return Located(instance, location_from_row(folder_path + name, size, mtime_ns, inode))

    def standing(self, key: InstanceKey) -> Standing:
        """Say whether an instance is known, gone, or was never seen; without a copy it may be known, until its folders were walked."""
        uids = (key.study_uid, key.series_uid, key.object_uid)
        if self._connections.rows(IS_KNOWN, uids):
            return Standing.KNOWN
        return Standing.GONE if self._connections.rows(IS_GONE, uids) else Standing.UNKNOWN

    def mounts(self) -> tuple[bytes, ...]:
        """Return the folders on which a file system was mounted when they were last looked at."""
        return tuple(path for (path,) in self._connections.rows("SELECT path FROM mount ORDER BY path", ()))

    def complete(self) -> bool:
        """Say whether all folders have been walked to their end since the index was made."""
        return bool(self._connections.rows("SELECT 1 FROM complete", ()))

    def duplicates(self) -> Iterator[Duplicate]:
        """Yield each instance that has several copies, in the order of the paths of those that are served."""
        with self._connections.reading() as connection:
            found = duplicates_of(connection)
        yield from found

    def known_files(self, folder: bytes) -> dict[bytes, Location]:
        """Return the files remembered directly in a folder, by path; size -1 where the file must be read again."""
        prefix = with_slash(folder)
        with self._connections.reading() as connection:
            return {
                prefix + name: location_from_row(prefix + name, size if format_of_row == self._format else -1, mtime_ns, inode)
                for name, size, mtime_ns, inode, format_of_row in connection.execute(_KNOWN_FILES, {"path": prefix})
            }

    def known_folders(self, root: bytes) -> Iterator[bytes]:
        """Yield each folder at or below ``root`` that holds remembered files, in the order of their bytes, slash included."""
        first = with_slash(root)
        after = first[:-1] + b"0"  # the byte after the slash
        known = sa.select(folder.c.path).where(folder.c.path >= first, folder.c.path < after).order_by(folder.c.path)
        with self._connections.reading() as connection:
            # All at once: a statement left open while the caller works would keep the log from being folded back.
            paths = connection.scalars(known).all()
        for path in paths:
            yield path[:-1] or b"/"

    def put(self, files: Iterable[IndexedFile]) -> None:
        """Remember files in one transaction; see the port."""
        remembered = list(files)  # before the transaction: an iterable may read files
        with self._connections.writing() as connection:
            put_files(connection, remembered, self._format)

    def same_files(self, locations: Sequence[Location]) -> list[KnownFile]:
        """Return what is known of files that have inode, size and mtime of one of ``locations``, under whatever path."""
        if not locations:
            return []
        wanted = [number for location in locations for number in (wrapped(location.inode), location.size, wrapped(location.mtime_ns))]
        statement = SAME_FILES.format(places=", ".join(["(?, ?, ?)"] * len(locations)))
        return [
            KnownFile(location_from_row(path + name, size, mtime_ns, inode), head)
            for path, name, size, mtime_ns, inode, head in self._connections.rows(statement, (*wanted, self._format))
        ]

    def adopt(self, moved: Iterable[tuple[Location, bytes]]) -> None:
        """Remember files under new paths as what they are known as under old ones, in one transaction."""
        adopted = list(moved)
        with self._connections.writing() as connection:
            adopt_files(connection, adopted)

    def remember_value_ranges(self, found: Iterable[RangeFound]) -> None:
        """Remember ranges of frames' values; those of instances that are not known are dropped."""
        remembered = list(found)
        with self._connections.writing() as connection:
            put_value_ranges(connection, remembered)

    def remember_mounts(self, mounted: Iterable[bytes], plain: Iterable[bytes]) -> None:
        """Remember on which folders a file system is mounted, and on which none is any more."""
        with self._connections.writing() as connection:
            put_mounts(connection, mounted, plain)

    def has_orphans(self) -> bool:
        """Say whether an instance has lost its last copy since the last burying."""
        return bool(self._connections.rows("SELECT 1 FROM orphan LIMIT 1", ()))

    def seek_orphans(self) -> bool:
        """Begin to look for all orphans; return whether there are any."""
        if not self.has_orphans():
            return False
        with self._connections.writing() as connection:
            return seek_orphans(connection)

    def bury(self, spared: Callable[[bytes], bool] = lambda _path: False) -> None:
        """Mark orphans that were sought, and have not been found, as gone, but those whose last path is ``spared``."""
        with self._connections.writing() as connection:
            bury_orphans(connection, spared)

    def mark_complete(self) -> None:
        """Remember that all folders have been walked to their end."""
        with self._connections.writing() as connection:
            put_complete(connection)

    def forget(self, paths: Iterable[bytes]) -> None:
        """Forget files in one transaction; an instance whose last copy this was becomes gone."""
        forgotten = list(paths)
        with self._connections.writing() as connection:
            forget_files(connection, forgotten)

    def problems(self) -> Iterator[tuple[bytes, str]]:
        """Yield path and reason of each damaged file, in the order of their paths."""
        with self._connections.reading() as connection:
            found = problems_of(connection)
        yield from found

    def totals(self) -> Totals:
        """Return the counts of what there is."""
        return totals_of(self._connections.rows(READ, ())[0])

    def studies(self, offset: int, limit: int, most_series: int) -> tuple[StudySummary, ...]:
        """Return one page of studies with their first series, newest study date first, then by UID."""
        with self._connections.reading() as connection:
            return studies_of(connection, offset, limit, most_series)

    def study(self, study_uid: str, offset: int, limit: int) -> StudySummary | None:
        """Return a study with one page of its series."""
        with self._connections.reading() as connection:
            return study_of(connection, study_uid, offset, limit)

    def instances(self, key: SeriesKey, offset: int, limit: int) -> tuple[InstanceSummary, ...]:
        """Return one page of a series' instances by instance number (those without one first), then UID."""
        with self._connections.reading() as connection:
            return instances_of(connection, key, offset, limit)

    def representative(self, study_uid: str, series_uid: str | None = None) -> InstanceSummary | None:
        """Return the instance that stands for a series, or for a study; None when there is no such thing."""
        with self._connections.reading() as connection:
            return representative_of(connection, study_uid, series_uid)

    def has_gone(self, study_uid: str, series_uid: str | None = None) -> bool:
        """Say whether an instance of a study, or of a series, is gone."""
        if series_uid is None:
            return bool(self._connections.rows(HAS_GONE, (study_uid,)))
        return bool(self._connections.rows(HAS_GONE_IN_SERIES, (study_uid, series_uid)))

    def value_range(self, key: InstanceKey, version: str, frame_number: int) -> ValueRange | None:
        """Return the remembered range of a frame's values, None when not known."""
        of_frame = (key.study_uid, key.series_uid, key.object_uid, version, frame_number)
        with self._connections.reading() as connection:
            row = connection.exec_driver_sql(VALUE_RANGE, of_frame).one_or_none()
        return None if row is None else ValueRange(row[0], row[1], bool(row[2]))

    def check(self) -> None:
        """Raise DamagedIndex when a reader, or this writer, has left the mark of damage, or the file is not there any more."""
        self._connections.check()

    def close(self) -> None:
        """Close all connections, and let another process write."""
        self._connections.close()
