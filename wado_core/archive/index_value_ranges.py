"""Ranges of values of whole frames, which automatic windows need (H2.15), as rows of the index.

Each function runs inside the transaction of the connection it is given.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from wado_core.archive.index_schema import value_range
from wado_core.model.notice import RangeFound

_REMEMBER_VALUE_RANGE = """
INSERT OR REPLACE INTO value_range (instance_id, version, frame_number, low, high, empty)
SELECT instance.id, ?, ?, ?, ?, ? FROM study JOIN series ON series.study_id = study.id JOIN instance ON instance.series_id = series.id
WHERE study_uid = ? AND series_uid = ? AND object_uid = ?
"""


def put_value_ranges(connection: sa.Connection, found: Iterable[RangeFound]) -> None:
    """Remember ranges of values; see the port."""
    for one in found:
        key, values = one.key, one.values
        row = (one.version, one.frame_number, values.low, values.high, values.empty, key.study_uid, key.series_uid, key.object_uid)
        connection.exec_driver_sql(_REMEMBER_VALUE_RANGE, row)


def forget_value_ranges(connection: sa.Connection, instance_ids: Iterable[int]) -> None:
    """Forget those of instances whose bytes are others now, or that are gone."""
    if ids := list(instance_ids):
        connection.execute(sa.delete(value_range).where(value_range.c.instance_id.in_(ids)))
