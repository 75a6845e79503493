"""A glance at an index: the same counts as the index gives, and no trace."""

from pathlib import Path

import pytest

from wado_core.archive.index_file import FILE_NAME
from wado_core.archive.index_glance import problems, totals
from wado_core.archive.index_sql import SqlIndex
from wado_core.model.instance import Location
from wado_core.model.study import Totals
from wado_core.ports import IndexedFile

DAMAGED = [(f"/a/b/{number}\udcff".encode(errors="surrogateescape"), f"reason {number}") for number in range(3)]


def _fill(index: SqlIndex) -> None:
    files = [IndexedFile(Location(path, 1, 1, 1), None, reason) for path, reason in reversed(DAMAGED)]
    index.put([*files, IndexedFile(Location(b"/a/c/notes.txt", 1, 1, 1), None)])


@pytest.mark.parametrize("name", ["state", "a state % with #?"])
def test_counts_are_those_of_the_index_whether_it_is_open_or_not(name: str, tmp_path: Path) -> None:
    state = tmp_path / name
    index = SqlIndex(state, writing=True)
    _fill(index)
    expected = index.totals()
    assert expected == Totals(studies=0, series=0, instances=0, files=4, not_dicom=1, damaged=3)
    assert totals(state) == expected
    assert problems(state, 2) == DAMAGED[:2]
    index.close()
    before = {path: path.read_bytes() for path in state.iterdir()}
    assert totals(state) == expected
    assert problems(state, 100) == DAMAGED
    assert {path: path.read_bytes() for path in state.iterdir()} == before


def test_where_there_is_no_index_none_is_made(tmp_path: Path) -> None:
    assert totals(tmp_path / "nowhere") is None
    assert totals(tmp_path) is None
    assert problems(tmp_path, 1) == []
    assert list(tmp_path.iterdir()) == []
    (tmp_path / FILE_NAME).touch()
    assert totals(tmp_path) is None
    assert (tmp_path / FILE_NAME).stat().st_size == 0
