"""Files that are truncated, replaced, deleted and swapped under load: each answer is one version whole, or says why it is none."""

import itertools
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.load.asking import SETTLING_S, Client, Question
from tests.load.changing import Changing, Fate, World
from tests.load.content import KINDS, VERSIONS, Kind, Subject, content, level, level_of, version_of_object
from tests.load.serving import watched
from wado_core import api

LOAD_S = 8.0
CLIENTS = 4
SETTLED_S = 20.0


@pytest.mark.parametrize("seed", [11])
def test_every_answer_is_one_version_whole(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    options = ("--workers", "2", "--rescan", "1")
    with watched(world.root, tmp_path / "state", tmp_path / "log", *options, WADO_SETTLING_S=str(SETTLING_S)) as run:
        run.server.wait_until_indexed()
        processes = run.workers() | run.server.children("indexer")
        clients = [Client(run.server.port, world, seed + number) for number in range(CLIENTS)]
        with ExitStack() as stack:
            changing = stack.enter_context(Changing(world, 0.01))
            for client in clients:
                stack.enter_context(client)
            time.sleep(LOAD_S)
        assert changing.error is None
        wrong = [problem for client in clients for problem in client.wrong]
        answers = sum((client.answers for client in clients), Counter[str]())
        assert wrong == []
        assert {answer.split()[-1] for answer in answers} - {"short"} == {"200", "410", "500", "503"}
        assert min(answers[f"{what} 200"] for what in ("picture", "picture in pieces", "frame", "object")) > 0
        for history in world.histories:
            if history.now.fate is Fate.YOUNG_DAMAGE:
                world.mend(history)
        _see_the_end(run.server.port, world)
        assert run.workers() | run.server.children("indexer") == processes
        assert run.end() == 0
    assert run.lines(having="supervisor") == []
    assert run.lines(having="Traceback") == []
    assert run.lines(having="unexpected") == []


def _see_the_end(port: int, world: World) -> None:
    """See that every object is answered as it is now, and right, soon after the last change."""
    client = Client(port, world, 0)
    waiting = [Question(history, whole_object=True) for history in world.histories]
    waiting += [Question(history, frame_number=number) for history in world.histories for number in {1, history.subject.kind.frames}]
    end = time.monotonic() + SETTLED_S
    while waiting:
        problems = {question: problem for question in waiting if (problem := client.ask(question, settled=True))}
        assert time.monotonic() < end, list(problems.values())
        waiting = list(problems)
        time.sleep(0.2 if waiting else 0.0)
    client.close()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_answers_tell_the_version_of_header_and_pixels(kind: Kind) -> None:
    """The comparison itself: each version is told from all others, and a mixture of two from each."""
    subject = Subject("seen", kind)
    for version in (0, 1, 7):
        assert version_of_object(content(subject, version), subject) == version
    frame = kind.frames
    for window in (None, (100.0, 450.0)):
        shown = [level(subject, version, frame, window) for version in range(VERSIONS)]
        assert all(one != other for one, other in itertools.pairwise(shown))
    for media_type in ("image/png", "image/jpeg"):
        picture = api.render(content(subject, 3), media_type=media_type, quality=100, frame_number=frame)
        assert level_of(picture) == level(subject, 3, frame, None)


@pytest.mark.parametrize("name", ["native", "enhanced"])
def test_a_mixture_is_told(name: str) -> None:
    subject = Subject("seen", KINDS[name])
    old, new = content(subject, 0), content(subject, 1)
    assert len(old) == len(new)
    half = len(old) - 1000
    with pytest.raises(ValueError, match=r"header is of version 1, the pixels are \["):
        version_of_object(new[:half] + old[half:], subject)
    frame = subject.kind.frames
    mixed = api.render(new[:half] + old[half:], media_type="image/png", frame_number=frame)
    if frame == 1:
        with pytest.raises(ValueError, match="levels"):
            level_of(mixed)
    else:
        assert level_of(mixed) not in {level(subject, version, frame, None) for version in range(VERSIONS)}
