"""A folder that changes as it is served, and what may be answered for each of its objects at any time."""

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.objects import content

# An object that was looked up counts for a second without being looked up again.
FRESH_S = 1.0


@dataclass
class History:
    """The versions of one object (None: deleted) with the times from which on each may be seen; the paths of its copies now."""

    number: int
    paths: list[Path]
    since: list[tuple[float, int | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, version: int | None) -> None:
        """Say that a version may be seen from now on; the one before may be until ``end``."""
        self.since.append((time.monotonic(), version))

    @property
    def version(self) -> int | None:
        return self.since[-1][1]

    def seen(self, begin: float, end: float) -> set[int | None]:
        """Return all versions that an answer given between two times may show."""
        found: set[int | None] = set()
        history = list(self.since)
        for (start, version), following in zip(history, [*history[1:], (float("inf"), None)], strict=True):
            # Changes take a moment: what was there before them may still be found while they are made.
            if start <= end and following[0] + CHANGE_S >= begin:
                found.add(version)
        return found


# The longest that a change of files takes, between the time it is noted and its end.
CHANGE_S = 0.5


class World:
    """Objects in a folder."""

    def __init__(self, folder: Path, objects: int, seed: int) -> None:
        self.root = folder / "served"
        self._apart = folder / "apart"
        self.root.mkdir()
        self._apart.mkdir()
        self._random = random.Random(seed)
        self.histories = []
        self.changes = 0
        for number in range(objects):
            path = self.root / f"s{number // 50}" / f"{number:05d}.dcm"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content(number, 0))
            os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))
            history = History(number, [path])
            history.begin(0)
            self.histories.append(history)

    def change(self) -> None:
        """Make one change, as programs that keep archives do: whole files appear by renaming."""
        history = self._random.choice(self.histories)
        with history.lock:
            if history.version is None:
                self._restore(history)
            else:
                self._random.choice((self._replace, self._replace, self._move, self._copy, self._drop_copy, self._delete))(history)
            self.changes += 1

    def _new_path(self, history: History) -> Path:
        folder = self.root / f"m{self._random.randrange(10)}"
        folder.mkdir(exist_ok=True)
        return folder / f"{history.number:05d}-{self._random.randrange(10**6)}"

    def _write(self, path: Path, data: bytes) -> None:
        other = self._apart / "new"
        other.write_bytes(data)
        os.replace(other, path)

    def _replace(self, history: History) -> None:
        version = 1 + max(version for _, version in history.since if version is not None)
        history.begin(version)
        for path in history.paths:
            self._write(path, content(history.number, version))

    def _move(self, history: History) -> None:
        path = history.paths.pop(self._random.randrange(len(history.paths)))
        target = self._new_path(history)
        os.rename(path, target)
        history.paths.append(target)

    def _copy(self, history: History) -> None:
        if len(history.paths) < 4 and history.version is not None:
            path = self._new_path(history)
            self._write(path, content(history.number, history.version))
            history.paths.append(path)

    def _drop_copy(self, history: History) -> None:
        if len(history.paths) > 1:
            os.unlink(history.paths.pop())

    def _delete(self, history: History) -> None:
        if history.number % 3 == 0:
            return  # some objects are never deleted: 410 for them is always wrong
        history.begin(None)
        for path in history.paths:
            os.unlink(path)

    def _restore(self, history: History) -> None:
        version = 1 + max(version for _, version in history.since if version is not None)
        history.begin(version)
        if self._random.random() < 0.5:
            history.paths = [self._new_path(history)]
        history.paths = history.paths[:1]
        self._write(history.paths[0], content(history.number, version))
