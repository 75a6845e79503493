"""The folder of the pictures on disk: 256 folders by the first two digits of the digest, and one for files that are being written."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER = "pictures"
FOLDERS = 256
_NEW = "new"
# Files take whole blocks of most file systems.
_BLOCK = 4096
# A file that is still being written after so long was left behind by a process that is no more, seconds.
_LEFT_BEHIND_S = 300.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture on disk. used_ns: when it was put, or last found useful, to about a minute."""

    path: str
    cost_bytes: int
    used_ns: int


def cost_of(size_bytes: int) -> int:
    """Return what a file of this size takes on disk, at least."""
    return -(-size_bytes // _BLOCK) * _BLOCK


class PictureFolder:
    """Where the pictures lie; private (mode 0700) like all of the state folder, as they show patients."""

    def __init__(self, state: Path) -> None:
        self.path = state / FOLDER
        self._new = self.path / _NEW

    @staticmethod
    def number_of(digest: str) -> int:
        """Return the number of the folder that a picture lies in, 0 to ``FOLDERS`` - 1."""
        return int(digest[:2], 16)

    def file_of(self, digest: str) -> str:
        """Return the path of a picture, there or not."""
        return f"{self.path}/{digest[:2]}/{digest}"

    def make(self) -> None:
        """Make the folder, and see that it is private. Raises OSError."""
        for folder in (self.path, self._new):
            folder.mkdir(mode=0o700, exist_ok=True)
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o700)

    def free_bytes(self) -> int:
        """Return how much room the disk has. Raises OSError."""
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def write(self, name: str, parts: tuple[bytes, ...]) -> Path:
        """Write a new file of a name that nobody else uses, and return its path. Raises OSError, leaving no file behind."""
        path = self._new / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[os.write(descriptor, view) :]
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)
        return path

    def place(self, written: Path, digest: str) -> None:
        """Let a written file be the picture of a digest, at once or not at all. Raises OSError."""
        target = self.file_of(digest)
        try:
            written.rename(target)
        except FileNotFoundError:
            os.mkdir(os.path.dirname(target), 0o700)
            written.rename(target)

    def names(self, number: int) -> list[str]:
        """Return the names of what lies in a folder of pictures. Raises OSError."""
        try:
            return os.listdir(f"{self.path}/{number:02x}")
        except (FileNotFoundError, NotADirectoryError):
            return []

    def entries(self, number: int, names: Iterable[str]) -> Iterator[Entry]:
        """Yield what has these names; what has vanished meanwhile is passed over. Raises OSError."""
        for name in names:
            path = f"{self.path}/{number:02x}/{name}"
            with suppress(FileNotFoundError):
                status = os.lstat(path)
                if not stat.S_ISDIR(status.st_mode):
                    yield Entry(path, cost_of(status.st_size), status.st_mtime_ns)

    def count(self) -> tuple[int, int]:
        """Return bytes and number of the pictures, while none is put. Raises OSError."""
        costs = [entry.cost_bytes for number in range(FOLDERS) for entry in self.entries(number, self.names(number))]
        return sum(costs), len(costs)

    def clear_left_behind(self, now_s: float) -> None:
        """Remove what processes that were killed were writing. Raises OSError."""
        with suppress(FileNotFoundError), os.scandir(self._new) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    if now_s - entry.stat(follow_symlinks=False).st_mtime > _LEFT_BEHIND_S:
                        os.unlink(entry.path)
