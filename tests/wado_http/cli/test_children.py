"""Children of the supervisor: pauses before they are replaced, lines, and how they end."""

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from tests.wado_http.cli.server import until
from wado_http.cli.children import LONGEST_PAUSE_S, STEADY_S, Child, Place, pause_s


def test_the_first_is_replaced_at_once_and_the_pauses_grow_to_a_bound() -> None:
    assert [pause_s(ends) for ends in range(6)] == [0.0, 0.0, 0.25, 0.5, 1.0, 2.0]
    assert pause_s(1000) == LONGEST_PAUSE_S


PROGRAM = """
import sys
from wado_http.cli.control import Control
control = Control(int(sys.argv[1]))
control.tell("say one")
control.tell("ready")
while (line := control.line()) is not None:
    control.tell(f"heard {line} {sys.argv[2:]}")
sys.exit(7)
"""


@pytest.fixture
def module(tmp_path: Path) -> dict[str, str]:
    """An environment in which the module ``obedient`` is found."""
    (tmp_path / "obedient.py").write_text(PROGRAM)
    return os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def _next_lines(child: Child) -> list[str]:
    assert select.select([child.control], [], [], 30)[0]
    lines = child.lines()
    assert not child.silent
    return lines


def _is_silent(child: Child) -> bool:
    return child.silent


def test_lines_go_both_ways_and_the_end_of_the_socket_ends_the_child(module: dict[str, str]) -> None:
    child = Child("obedient", [], ["--option"], module)
    lines: list[str] = []
    while "ready" not in lines:
        lines += _next_lines(child)
    assert lines == ["say one", "ready"]
    assert child.ready
    assert child.lines() == []
    child.tell("rescan")
    assert _next_lines(child) == ["heard rescan ['--option']"]
    child.stop()
    assert child.process.wait(30) == 7
    assert child.ending() == "ended with status 7"
    assert child.lines() == []
    assert _is_silent(child)
    child.tell("nobody hears this")
    child.control.close()


def test_a_child_that_is_not_ready_is_ended_at_once(module: dict[str, str]) -> None:
    child = Child("obedient", [], [], module)
    child.stop()
    assert child.process.wait(30) == -signal.SIGTERM
    assert child.ending() == "was ended by SIGTERM"
    child.control.close()


def test_killing_ends_what_the_child_has_started(tmp_path: Path, module: dict[str, str]) -> None:
    (tmp_path / "parent.py").write_text("import subprocess, sys, time\nsubprocess.Popen(['sleep', '60'])\ntime.sleep(60)\n")
    child = Child("parent", [], [], module)
    group = ["pgrep", "-g", str(child.process.pid)]
    until(lambda: len(subprocess.run(group, capture_output=True).stdout.split()) == 2)
    child.kill()
    assert child.process.wait(30) == -signal.SIGKILL
    until(lambda: not subprocess.run(group, capture_output=True).stdout)
    child.kill()  # nobody is there any more
    child.control.close()


def test_modules_of_the_folder_it_is_started_in_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "somewhere_else.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    child = Child("somewhere_else", [], [], {name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
    assert child.process.wait(30) == 1
    child.control.close()


def test_a_place_remembers_how_its_children_end(module: dict[str, str]) -> None:
    place = Place("worker", lambda: Child("obedient", [], [], module))
    for ends, age_s, expected_pause_s in ((1, 0.0, 0.0), (2, 1.0, 0.25), (3, 1.0, 0.5), (1, STEADY_S, 0.0), (2, 0.0, 0.25)):
        child = place.child = place.start()
        child.kill()
        child.process.wait(30)
        now = child.started + age_s
        assert place.vacate(now) is child
        child.control.close()
        assert (place.quick_ends, place.due) == (ends, now + expected_pause_s)
