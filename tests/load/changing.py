"""Files that change in every way while they are served, and what may be answered for their objects at each time."""

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from tests.load.content import KINDS, Subject, content, padding

LONG_AGO = 1_600_000_000
WRITING_S = 5.0
"""A file that cannot be read and is younger is being written."""
# Within a change of a file in place: between two writes of a program that does not hurry.
_PAUSES_S = (0.0, 0.0, 0.002, 0.01)
# A file that nobody writes to for longer than this may be taken for whole, though it is half written: on a machine that had other
# things to do. The server waits twice as long.
_LONGEST_PAUSE_S = 0.05


class Fate(Enum):
    """What has become of an object's file."""

    WHOLE = auto()
    YOUNG_DAMAGE = auto()
    DAMAGE = auto()
    DELETED = auto()


@dataclass(slots=True)
class State:
    """What was true of an object from one time to another, in which it may have been on its way in or out.

    torn: it lay half written for so long that nobody can tell.
    """

    fate: Fate
    version: int
    begin: float
    end: float = float("inf")
    torn: bool = False

    def is_damaged(self, now: float, writing_s: float) -> bool:
        """Whether the file is damaged and has been for so long, as far as its mtime says, that nobody can be writing it."""
        return self.fate is Fate.DAMAGE or (self.fate is Fate.YOUNG_DAMAGE and now - self.begin > writing_s)


@dataclass(eq=False)
class History:
    """All states of an object.

    swapped: it changes places with another one, and is not deleted.  quiet: its file never changes.
    """

    subject: Subject
    path: Path
    quiet: bool = False
    swapped: bool = False
    states: list[State] = field(default_factory=list)

    @property
    def now(self) -> State:
        return self.states[-1]

    def within(self, begin: float, end: float) -> list[State]:
        """Return the states of which any moment lies between two times."""
        return [state for state in list(self.states) if state.begin <= end and state.end >= begin]

    def turn(self, fate: Fate, version: int, *steps: Callable[[], object]) -> None:
        """Make a change: until it is made, both what was and what will be may be found."""
        before = self.now
        self.states.append(State(fate, version, time.monotonic()))
        for step in steps:
            step()
        before.end = time.monotonic()


class World:
    """Objects of every kind in a folder, two of each that is small."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.root, self._apart = folder / "served", folder / "apart"
        self.root.mkdir()
        self._apart.mkdir()
        self._random = random.Random(seed)
        self.changes = 0
        self.histories: list[History] = []
        for name, kind in KINDS.items():
            for role in ("changed", "quiet") if kind.edge > 500 else ("changed", "changed too", "quiet"):
                self._add(Subject(f"{name} {role}", kind), quiet=role == "quiet")
        self._pairs = [(self._add(Subject(f"{name} one", KINDS[name]), swapped=True), self._add(Subject(f"{name} two", KINDS[name]),
                        swapped=True)) for name in ("native", "jpeg")]  # fmt: skip
        self._changed = [history for history in self.histories if not history.quiet and not history.swapped]

    def _add(self, subject: Subject, *, quiet: bool = False, swapped: bool = False) -> History:
        path = self.root / subject.kind.name / f"{subject.name}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content(subject, 0))
        os.utime(path, (LONG_AGO, LONG_AGO))
        history = History(subject, path, quiet, swapped)
        history.states.append(State(Fate.WHOLE, 0, time.monotonic()))
        self.histories.append(history)
        return history

    def change(self) -> None:
        """Make one change."""
        self.changes += 1
        if self._random.random() < 0.1:
            self._swap(*self._random.choice(self._pairs))
            return
        history = self._random.choice(self._changed)
        if history.now.fate is Fate.WHOLE:
            ways = (self._replace, self._replace, self._rewrite, self._rewrite, self._overwrite, self._overwrite, self._cut, self._grow)
            self._random.choice((*ways, self._delete))(history)
        elif self._random.random() < 0.5:
            self.mend(history)

    def mend(self, history: History) -> None:
        """Let an object be whole again, where it was."""
        if history.now.fate is not Fate.WHOLE:
            self._random.choice((self._replace, self._rewrite))(history)

    def _new(self, data: bytes) -> Path:
        path = self._apart / "new"
        path.write_bytes(data)
        return path

    def _replace(self, history: History) -> None:
        version = history.now.version + 1
        new = self._new(content(history.subject, version))
        history.turn(Fate.WHOLE, version, lambda: os.replace(new, history.path))

    def _rewrite(self, history: History) -> None:
        """Empty the file, and write it anew in pieces."""
        version = history.now.version + 1
        data = content(history.subject, version)
        with history.path.open("wb" if history.now.fate is Fate.DELETED else "r+b", buffering=0) as file:
            history.turn(Fate.YOUNG_DAMAGE, version, lambda: file.truncate(0))
            third = len(data) // 3
            self._write(history, file.write, data[:third], data[third : 2 * third], data[2 * third :])

    def _overwrite(self, history: History) -> None:
        """Write the new bytes over the old ones, from first to last."""
        version = history.now.version + 1
        data = content(history.subject, version)
        with history.path.open("r+b", buffering=0) as file:
            middle = len(data) // 2
            history.turn(Fate.YOUNG_DAMAGE, version, lambda: file.truncate(len(data)), lambda: file.write(data[:middle]))
            self._write(history, file.write, data[middle:-2], data[-2:])

    def _write(self, history: History, write: Callable[[bytes], object], *pieces: bytes) -> None:
        """Write all pieces but the last, which makes the object whole again."""
        version, state = history.now.version, history.now
        for piece in pieces[:-1]:
            self._pause(state)
            write(piece)
        self._pause(state)
        began = time.monotonic()
        history.turn(Fate.WHOLE, version, lambda: write(pieces[-1]))
        state.torn = state.torn or time.monotonic() - began > _LONGEST_PAUSE_S

    def _pause(self, state: State) -> None:
        began = time.monotonic()
        time.sleep(self._random.choice(_PAUSES_S))
        state.torn = state.torn or time.monotonic() - began > _LONGEST_PAUSE_S

    def _cut(self, history: History) -> None:
        """Truncate the file; some look as if that had been long ago."""
        version = history.now.version
        size = int(len(content(history.subject, version)) * self._random.uniform(0.2, 0.6))
        history.turn(Fate.YOUNG_DAMAGE, version, lambda: os.truncate(history.path, size))
        if self._random.random() < 0.6:
            past = LONG_AGO + self._random.randrange(10**6)
            history.turn(Fate.DAMAGE, version, lambda: os.utime(history.path, (past, past)))

    def _grow(self, history: History) -> None:
        """Add what means nothing: the object stays the version that it is."""
        if history.subject.kind.name != "deflated":
            with history.path.open("ab", buffering=0) as file:
                file.write(padding(self._random.randrange(2, 1000, 2)))

    def _delete(self, history: History) -> None:
        history.turn(Fate.DELETED, history.now.version, lambda: os.unlink(history.path))

    def _swap(self, one: History, two: History) -> None:
        """Let two files change their names; each is one of the two all along, but for a moment."""
        between = self._apart / "between"
        os.rename(one.path, between)
        os.rename(two.path, one.path)
        os.rename(between, two.path)
        one.path, two.path = two.path, one.path


class Changing:
    """Changes the world in a thread until the block ends."""

    def __init__(self, world: World, pause_s: float) -> None:
        self._world = world
        self._pause_s = pause_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.error: Exception | None = None

    def _run(self) -> None:
        try:
            while not self._stopped.wait(self._pause_s):
                self._world.change()
        except Exception as error:  # noqa: BLE001 - for the test to look at
            self.error = error

    def __enter__(self) -> "Changing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
