"""The totals of the index are those of its rows, whatever was done to it and in whatever order."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.contract.objects import described, indexed, key, location
from wado_core.archive.index_file import FILE_NAME
from wado_core.archive.index_glance import totals as totals_at_a_glance
from wado_core.archive.index_sql import SqlIndex
from wado_core.errors import Unavailable
from wado_core.model.study import Totals
from wado_core.ports import IndexedFile

_COUNTED = """
SELECT (SELECT count(*) FROM study), (SELECT count(*) FROM series), (SELECT count(*) FROM instance), (SELECT count(*) FROM file),
       (SELECT count(*) FROM file WHERE instance_id IS NULL AND problem IS NULL AND NOT packed),
       (SELECT count(*) FROM file WHERE problem IS NOT NULL), (SELECT count(*) FROM file WHERE packed)
"""
_STEPS = 150


def counted(state: Path) -> Totals:
    """Count the rows one by one."""
    with closing(sqlite3.connect(state / FILE_NAME)) as plain:
        return Totals(*plain.execute(_COUNTED).fetchone())


def some_path(random: Random) -> bytes:
    return b"/archive/%d/%d" % (random.randrange(4), random.randrange(12))


def some_file(random: Random) -> IndexedFile:
    """Make an object (few, so that there are copies), or a file that is damaged, packed or nothing of interest."""
    path, kind = some_path(random), random.randrange(8)
    if kind == 0:
        return indexed(path, problem="Cut short.")
    if kind == 1:
        return IndexedFile(location(path), None, packed=True)
    if kind == 2:
        return indexed(path)
    return indexed(path, described(key(random.randrange(4), random.randrange(3), random.randrange(4)), frames=random.choice((1, 600))))


def change(index: SqlIndex, random: Random) -> None:
    """Do one thing that may happen to an index."""
    match random.randrange(5):
        case 0 | 1:
            index.put([some_file(random) for _ in range(random.randrange(1, 20))])
        case 2:
            index.forget([some_path(random) for _ in range(random.randrange(12))])  # some twice, some unknown
        case 3:
            new_paths = {some_path(random) for _ in range(random.randrange(6))}
            index.adopt([(location(path), some_path(random)) for path in sorted(new_paths)])
        case _:
            index.seek_orphans()
            index.bury()


@pytest.mark.parametrize("seed", range(5))
def test_totals_are_those_of_the_rows_after_every_change(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    seen: set[Totals] = set()
    with closing(SqlIndex(tmp_path, writing=True)) as index:
        for _ in range(_STEPS):
            change(index, random)
            assert index.totals() == counted(tmp_path)
            seen.add(index.totals())
    assert len(seen) > _STEPS // 4
    assert totals_at_a_glance(tmp_path) == counted(tmp_path)


def test_what_was_not_written_does_not_count(tmp_path: Path) -> None:
    with closing(SqlIndex(tmp_path, writing=True)) as index:
        index.put([indexed(b"/d/a", described())])
        before = index.totals()
        broken = IndexedFile(location(b"/d/c"), None, head=object())  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            index.put([indexed(b"/d/b", described(key(2))), broken])
        assert index.totals() == before == counted(tmp_path)


def test_reading_totals_does_not_look_at_all_rows(tmp_path: Path) -> None:
    with closing(SqlIndex(tmp_path, writing=True)) as index:
        index.put(indexed(b"/d/%d" % number, described(key(number=number))) for number in range(3000))
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1

        with closing(index._connections._engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.set_progress_handler(step, 100)
        assert index.totals() == Totals(1, 1, 3000, 3000, 0, 0)
        assert steps <= 1
