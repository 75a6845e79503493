"""A glance at an index from outside, which leaves no trace: no file made, mended or locked."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from wado_core.archive.index_file import BUSY_TIMEOUT_MS, FILE_NAME
from wado_core.archive.index_schema import SCHEMA_VERSION
from wado_core.archive.index_totals import READ, totals_of
from wado_core.model.study import Totals

_PROBLEMS = """
SELECT folder.path, file.name, file.problem FROM file JOIN folder ON file.folder_id = folder.id
WHERE file.problem IS NOT NULL ORDER BY folder.path, file.name LIMIT ?
"""


def totals(state: Path) -> Totals | None:
    """Return the counts of what the index in a state folder holds; None where there is none of this version, or none that can be read."""
    for row in _rows(state, READ):
        return totals_of(row)
    return None


def problems(state: Path, most: int) -> list[tuple[bytes, str]]:
    """Return path and reason of the first ``most`` damaged files, in the order of their folders and names."""
    return [(folder + name, problem) for folder, name, problem in _rows(state, _PROBLEMS, most)]


def _rows(state: Path, statement: str, *values: int) -> list[Any]:
    path = state / FILE_NAME
    # Without a log nobody has it open; SQLite would make one even for a reader, unless told that nothing changes.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        address = f"file:{quote_from_bytes(bytes(path))}?{mode}"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
            if connection.execute("PRAGMA user_version").fetchone() != (SCHEMA_VERSION,):
                return []
            return connection.execute(statement, values).fetchall()
    except sqlite3.Error:
        return []
