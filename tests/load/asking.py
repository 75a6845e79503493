"""Clients that ask for pictures, frames and whole objects, and compare each answer with all that may be true at that time."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.load.changing import WRITING_S, Fate, History, State, World
from tests.load.content import VERSIONS, content, level, level_of, version_of_object
from tests.load.serving import address

# A picture in memory counts for so long without a look at its file.
FRESH_S = 1.0
TIMEOUT_S = 30.0
# The index looks at files that have not changed for so long.
SETTLING_S = 0.3


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an object.

    window: None for the stored one.  jpeg: rather than PNG.  once: nobody has asked this before, so that no memory has the answer.
    """

    history: History
    whole_object: bool = False
    frame_number: int = 1
    window: tuple[float, float] | None = None
    region: str = ""
    jpeg: bool = False

    @property
    def in_pieces(self) -> bool:
        """Whether the answer may have begun when the file changes, and is broken off then."""
        return self.whole_object or (self.jpeg and self.history.subject.kind.streamed)

    @property
    def once(self) -> bool:
        return self.whole_object or self.window is not None or self.region != ""

    @property
    def address(self) -> str:
        parameters = {"contentType": "application/dicom" if self.whole_object else "image/png"}
        if self.jpeg:  # of a quality in which one level stays what it is
            parameters = {"contentType": "image/jpeg", "imageQuality": "100"}
        if self.window is not None:
            parameters |= {"windowCenter": str(self.window[0]), "windowWidth": str(self.window[1])}
        if self.region:
            parameters["region"] = self.region
        if self.history.subject.kind.frames > 1 and not self.whole_object:
            parameters["frameNumber"] = str(self.frame_number)
        return address(self.history.subject.key, **parameters)


class Client:
    """Asks until it is stopped; counts statuses by kind of question, and keeps what was answered wrongly."""

    def __init__(self, port: int, world: World, seed: int) -> None:
        self.answers: Counter[str] = Counter()
        self._wrong: list[tuple[str, list[State]]] = []
        self._port = port
        self._world = world
        self._random = random.Random(seed)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def __enter__(self) -> "Client":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def wrong(self) -> list[str]:
        """What was answered wrongly, but for objects whose file lay half written for too long: that is known afterwards only."""
        return [problem for problem, states in self._wrong if not any(state.torn for state in states)]

    def _run(self) -> None:
        while not self._stopped.is_set():
            question, begin = self._question(), time.monotonic()
            try:
                problem = self.ask(question)
            except Exception as error:  # noqa: BLE001 - a test must not end well because its client has ended
                problem = f"the client failed: {error!r}"
            if problem:
                self._wrong.append((problem, question.history.within(begin - FRESH_S, time.monotonic())))

    def _question(self) -> Question:
        chance, history = self._random.random(), self._random.choice(self._world.histories)
        frame = self._random.randrange(1, history.subject.kind.frames + 1)
        if chance < 0.3:
            return Question(history, whole_object=True)
        if chance < 0.4:
            return Question(history, frame_number=frame)
        if chance < 0.7:
            window = (round(self._random.uniform(80, 160), 4), round(self._random.uniform(400, 500), 4))
            return Question(history, frame_number=frame, window=window, jpeg=history.subject.kind.streamed)
        return Question(history, frame_number=frame, region=f"0,0,{self._random.uniform(0.2, 1):.6f},{self._random.uniform(0.2, 1):.6f}")

    def ask(self, question: Question, *, settled: bool = False) -> str:
        """Ask; return what is wrong with the answer, "" when nothing is.

        settled: nothing changes any more, and the last state alone can be answered: "please try again" is wrong.
        """
        begin = time.monotonic()
        try:
            self._connection.request("GET", f"/{question.address}")
            answer = self._connection.getresponse()
            body = answer.read()
        except (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError):
            self._count(question, "short")
            self._connection.close()
            return self._judge_broken(question, settled=settled)
        self._count(question, str(answer.status))
        end = time.monotonic()
        states = [question.history.now] if settled else question.history.within(begin if question.once else begin - FRESH_S, end)
        problem = self._judge(question, answer.status, body, states, settled=settled)
        if not problem and answer.status == 503 and answer.getheader("Retry-After") is None:
            problem = "503 without Retry-After"
        if not problem:
            return ""
        known = [(state.fate.name, state.version, round(state.begin - begin, 3), round(state.end - begin, 3)) for state in states]
        asked = question.address.partition("contentType")[2]
        return f"{question.history.subject.name}, {asked}, in {end - begin:.3f} s, while {known}: {problem}"

    def _count(self, question: Question, outcome: str) -> None:
        what = "object" if question.whole_object else "frame" if question.history.subject.kind.frames > 1 else "picture"
        if question.in_pieces and what == "picture":
            what = "picture in pieces"
        self.answers[f"{what} {outcome}"] += 1

    @staticmethod
    def _judge_broken(question: Question, *, settled: bool) -> str:
        """What is sent in pieces may end early when it changes meanwhile, an object also if a frame proves to be damaged."""
        changes = question.in_pieces and not settled and not question.history.quiet
        damaged = question.whole_object and question.history.now.fate is Fate.DAMAGE and question.history.subject.kind.frames > 1
        return "" if changes or damaged else f"{question.history.subject.name}: cut short"

    def _judge(self, question: Question, status: int, body: bytes, states: list[State], *, settled: bool) -> str:
        fates = {state.fate for state in states}
        # Of frames whose end is missing those before the cut are whole, and the others damaged, as soon as the index knows it (ADR 19).
        kind = question.history.subject.kind
        damaged = any(state.is_damaged(time.monotonic(), SETTLING_S if kind.frames > 1 else WRITING_S) for state in states)
        in_part = kind.frames > 1 and (kind.converted or not question.whole_object)
        cut = {state.version for state in states if state.fate in {Fate.DAMAGE, Fate.YOUNG_DAMAGE}} if in_part else set()
        if status == 200:
            versions = {state.version for state in states if state.fate is Fate.WHOLE} | cut
            return _compare(question, body, versions)
        if str(self._world.root).encode() in body or str(question.history.path.name).encode() in body:
            return f"{status} tells a path"
        if status == 503:
            return "still 503" if settled or question.history.quiet else ""
        if (status, True) in {(410, Fate.DELETED in fates), (500, damaged)}:
            return ""
        return f"{status}, though it was {[(state.fate.name, state.version) for state in states]}: {body[:200]!r}"


def _compare(question: Question, body: bytes, versions: set[int]) -> str:
    subject = question.history.subject
    try:
        if not question.whole_object:
            found = level_of(body)
            levels = {version: level(subject, version, question.frame_number, question.window) for version in versions}
            return "" if found in levels.values() else f"level {found} is of none of {levels}"
        if not subject.kind.converted and any(body == content(subject, version) for version in versions):
            return ""
        version = version_of_object(body, subject)
    except Exception as error:  # noqa: BLE001 - whatever pydicom or the decoder says of an answer, it is not whole
        return f"{type(error).__name__}: {error}"
    return "" if version in {version % VERSIONS for version in versions} else f"version {version} is none of {versions}"
