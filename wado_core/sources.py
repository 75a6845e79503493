"""Sources: objects as people name them, by path, by their bytes, or by folders of which one object is to stand for all."""

from __future__ import annotations  # so that help() shows types as they are written here

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import InvalidRequest, NotDicom, NotFound, Unavailable, WadoError
from wado_core.model.instance import Described
from wado_core.model.study import representative_place
from wado_core.model.uid import InstanceKey
from wado_core.ports import ByteSource
from wado_core.settings import Limits

Path = str | os.PathLike[str]
Source = Path | bytes | bytearray | memoryview

# Files that are looked at to choose one: some seconds on a local disk.
MOST_FILES = 10_000


class FileSource:
    """A file that is read in place; close it, or use it in a ``with`` statement."""

    __slots__ = ("_file", "size")

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hang its reader
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no valid path"
            raise Unavailable(f"The file cannot be opened: {reason}.") from error
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._file)
            raise NotDicom("Only regular files can be opened.")
        self.size = status.st_size

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end; Unavailable when the storage fails."""
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            raise Unavailable(f"The file cannot be read: {error.strerror}.") from error


def opened(source: Source) -> AbstractContextManager[ByteSource]:
    """Open one object; raises InvalidRequest for what is neither path nor bytes, NotDicom, Unavailable."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return nullcontext(BytesSource(bytes(source)))
    if not isinstance(source, (str, os.PathLike)):
        raise InvalidRequest("A source is a path or the bytes of an object.")
    return FileSource(source)


@dataclass(frozen=True, slots=True)
class Choice:
    """The object that stands for what was found in files and folders.

    path: of its file.  frame_number: of the frame that is shown.  studies, series: how many with a picture were found.
    files: how many were looked at; complete: there were no others.
    """

    path: Path
    key: InstanceKey
    frame_number: int
    studies: int
    series: int
    files: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An object with a picture, and what decides whether it is chosen."""

    path: Path
    key: InstanceKey
    frames: int
    shown_frame: int
    study_date: str
    series_number: int | None
    instance_number: int | None


def choose(paths: Iterable[Path], limits: Limits) -> Choice:
    """Choose one of the objects in files and folders, searched at every depth, by the rules of the index.

    Of several studies the newest by Study Date, as pages list them; of a study the series with most frames; of a series the middle
    instance by Instance Number. UIDs decide between equals. Objects without a picture and what is no DICOM do not count.
    Raises NotFound when nothing is left, Unavailable when a path that was named is not there.
    """
    candidates: dict[InstanceKey, _Candidate] = {}
    files, complete = 0, True
    for path in _files(paths):
        if files == MOST_FILES:
            complete = False
            break
        files += 1
        candidate = _candidate(path, limits)
        if candidate is not None:
            candidates.setdefault(candidate.key, candidate)  # of copies the first
    if not candidates:
        raise NotFound(f"No DICOM object with a picture was found in {files:,} files.")
    found = list(candidates.values())
    study = _newest_study(found)
    chosen = _middle(_largest_series(study))
    studies, series = ({uids(one.key) for one in found} for uids in (_study_of, _series_of))
    return Choice(chosen.path, chosen.key, chosen.shown_frame, len(studies), len(series), files, complete)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files in the order of their names; hidden folders, such as snapshots, and links to folders are passed over."""
    for path in paths:
        if not os.path.isdir(path):
            with opened(path):
                yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (os.path.join(folder, name) for name in sorted(names))


def _candidate(path: Path, limits: Limits) -> _Candidate | None:
    try:
        with opened(path) as source:
            found: Described = describe(source, "", limits)
    except WadoError:
        return None
    if not found.has_picture:
        return None
    instance, listing = found.instance, found.listing
    return _Candidate(
        path, instance.key, instance.number_of_frames, instance.representative_frame,
        listing.study_date, listing.series_number, listing.instance_number,
    )  # fmt: skip


def _study_of(key: InstanceKey) -> tuple[str, ...]:
    return (key.study_uid,)


def _series_of(key: InstanceKey) -> tuple[str, ...]:
    return key.study_uid, key.series_uid


def _newest_study(found: list[_Candidate]) -> list[_Candidate]:
    date = max(one.study_date for one in found)
    study_uid = min(one.key.study_uid for one in found if one.study_date == date)
    return [one for one in found if one.key.study_uid == study_uid]


def _largest_series(study: list[_Candidate]) -> list[_Candidate]:
    series: dict[str, list[_Candidate]] = {}
    for one in study:
        series.setdefault(one.key.series_uid, []).append(one)

    def rank(uid: str) -> tuple[object, ...]:
        return -sum(one.frames for one in series[uid]), _numbered(series[uid][0].series_number), uid

    return series[min(series, key=rank)]


def _middle(series: list[_Candidate]) -> _Candidate:
    ordered = sorted(series, key=lambda one: (_numbered(one.instance_number), one.key.object_uid))
    return ordered[representative_place(len(ordered))]


def _numbered(number: int | None) -> tuple[bool, int]:
    """Return what orders numbers; those that are absent come first."""
    return number is not None, number or 0
