"""Statements of many rows, handed to the driver as they are: what SQLAlchemy does to each row takes longer than SQLite's own work."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import Insert, dialect

# Rows of one statement; well below SQLite's bound on parameters.
CHUNK = 500

Item = TypeVar("Item")

_DIALECT = dialect(paramstyle="qmark")


class ManyRows:
    """An insertion of rows that are dictionaries with the same keys; values must be such as SQLite knows."""

    __slots__ = ("_text", "_values")

    def __init__(self, statement: Insert, *parameters: str) -> None:
        """Compile the statement.  parameters: keys of a row, columns and named parameters, two at least."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(parameters))
        assert compiled.positiontup is not None  # noqa: S101 - parameters are by position here
        self._text = str(compiled)
        self._values = itemgetter(*compiled.positiontup)

    def run(self, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert the rows, at least one."""
        connection.exec_driver_sql(self._text, [self._values(row) for row in rows])


def in_chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in lists of ``CHUNK``."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
