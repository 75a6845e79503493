"""A short run; the long one is ``python -m tests.kills``. And the run's own eyes: it must see what is wrong."""

from pathlib import Path

import pytest

from tests.kills.objects import content, key_of, level_of_png, shown_level, stored_value, value_of_dicom
from tests.kills.run import run
from tests.kills.world import History
from wado_core import api

KILLS = 8


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found by /proc, which this system has not")
def test_killed_processes_cost_no_right_answer(tmp_path: Path) -> None:
    outcome = run(tmp_path, KILLS, seed=7, objects=60)
    assert outcome.wrong == []
    assert outcome.lost == []
    assert outcome.damaged == []
    assert outcome.exit_status == 0
    assert outcome.kills.total() == KILLS
    assert outcome.answers["200"] > 0


@pytest.mark.parametrize("version", [0, 1, 2, 7])
def test_answers_tell_object_and_version(version: int) -> None:
    data, value = content(12, version), stored_value(12, version)
    assert value_of_dicom(data, key_of(12)) == value
    assert level_of_png(api.render(data, media_type="image/png")) == shown_level(value)
    with pytest.raises(ValueError, match="another object"):
        value_of_dicom(data, key_of(13))


def test_versions_near_each_other_are_shown_apart() -> None:
    levels = {shown_level(stored_value(5, version)) for version in range(20)}
    assert len(levels) == 20


def test_what_may_be_seen_of_a_history() -> None:
    history = History(1, [])
    history.since = [(0.0, 0), (10.0, 1), (20.0, None), (30.0, 2)]
    assert history.seen(5.0, 6.0) == {0}
    assert history.seen(9.0, 11.0) == {0, 1}
    assert history.seen(15.0, 16.0) == {1}
    assert history.seen(21.0, 22.0) == {None}
    assert history.seen(19.9, 31.0) == {1, None, 2}
