"""Pages of an archive: what is not there, and what may still be found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.objects import described, indexed, key
from wado_core.archive.index_sql import SqlIndex
from wado_core.errors import Busy
from wado_core.model.uid import SeriesKey
from wado_core.services.browsing import Browsing

KNOWN, UNKNOWN = SeriesKey("1.2.1", "1.2.1.1"), SeriesKey("1.2.9", "1.2.9.1")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqlIndex]:
    opened = SqlIndex(tmp_path, writing=True)
    opened.put([indexed(b"/d/a", described(key()))])
    yield opened
    opened.close()


def test_what_is_known_is_shown_before_all_is_indexed(index: SqlIndex) -> None:
    browsing = Browsing(index)
    assert [study.study_uid for study in browsing.studies(0, 10)] == ["1.2.1"]
    assert browsing.study("1.2.1", 0, 10) is not None
    assert len(browsing.instances(KNOWN, 0, 10)) == 1


def test_what_is_not_known_may_still_be_found_until_all_is_indexed(index: SqlIndex) -> None:
    browsing = Browsing(index)
    for ask in (lambda: browsing.study("1.2.9", 0, 10), lambda: browsing.instances(UNKNOWN, 0, 10)):
        with pytest.raises(Busy, match="still being indexed"):
            ask()
    index.mark_complete()
    assert browsing.study("1.2.9", 0, 10) is None
    assert browsing.instances(UNKNOWN, 0, 10) == ()
