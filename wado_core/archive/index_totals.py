"""Totals of the embedded index: one row that each change brings up to date in its own transaction.

Counting the rows anew takes a look at most of a large index (30 ms a million instances, and far more from a disk), and pages ask for
the totals with each request. Triggers would keep them without any code here, but cost every insertion a copy of the pages that it
changes: a fifth of the time of writing a file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import sqlalchemy as sa

from wado_core.model.study import Totals

BEGIN = "INSERT INTO total (id, studies, series, instances, files, objects, damaged, packed) VALUES (1, 0, 0, 0, 0, 0, 0, 0)"
READ = "SELECT studies, series, instances, files, objects, damaged, packed FROM total"
_ADD = """
UPDATE total SET studies = studies + ?, series = series + ?, instances = instances + ?,
                 files = files + ?, objects = objects + ?, damaged = damaged + ?, packed = packed + ?
"""
_COLUMNS = ("studies", "series", "instances", "files", "objects", "damaged", "packed")
# Rows get ids by themselves, each the largest of its table and one: while none are deleted, the largest grows by one with each new row.
_LARGEST = """
SELECT (SELECT ifnull(max(id), 0) FROM study), (SELECT ifnull(max(id), 0) FROM series), (SELECT ifnull(max(id), 0) FROM instance)
"""

Change: TypeAlias = Counter[str]
"""By how much totals change, by column."""


def totals_of(row: Sequence[int]) -> Totals:
    """Return the totals that were read as a row."""
    studies, series, instances, files, objects, damaged, packed = row
    return Totals(studies, series, instances, files, files - objects - damaged - packed, damaged, packed)


def file_counts(files: int, objects: int, damaged: int, packed: int) -> Change:
    """Return the change that so many files make."""
    return Counter({"files": files, "objects": objects, "damaged": damaged, "packed": packed})


def change_totals(connection: sa.Connection, *, more: Change | None = None, less: Change | None = None) -> None:
    """Add to the totals, and take away from them."""
    change = Counter(more)
    change.subtract(less)
    if any(change.values()):
        connection.exec_driver_sql(_ADD, tuple(change[name] for name in _COLUMNS))


@contextmanager
def rows_added(connection: sa.Connection) -> Iterator[None]:
    """Add to the totals the studies, series and instances that are inserted within; none may be deleted there."""
    before = connection.exec_driver_sql(_LARGEST).one()
    yield
    after = connection.exec_driver_sql(_LARGEST).one()
    change_totals(connection, more=_change(after), less=_change(before))


def _change(largest: Sequence[int]) -> Change:
    return Counter(dict(zip(_COLUMNS[:3], largest, strict=True)))
