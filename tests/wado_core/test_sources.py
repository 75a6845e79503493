"""What stands for files and folders: chosen as the index chooses, bounded, and said."""

import os
from pathlib import Path

import numpy as np
import pytest

import wado_core
from tests.contract.objects import key
from tests.fixtures import build, file_bytes, image
from wado_core import sources
from wado_core.archive.index_sql import SqlIndex
from wado_core.archive.store_files import FileStore
from wado_core.archive.walk import walk
from wado_core.errors import InvalidRequest, NotFound, Unavailable
from wado_core.model.uid import InstanceKey
from wado_core.services.indexing import Indexing
from wado_core.settings import Limits
from wado_core.sources import Choice, choose


def put(folder: Path, name: str, of: InstanceKey, frames: int = 1, **attributes: object) -> Path:
    """Write an object with pixels of its own."""
    shape = (frames, 8, 8) if frames > 1 else (8, 8)
    cells = (np.arange(np.prod(shape)) * sum(name.encode()) % 251).astype(np.uint8).reshape(shape)
    uids = {"StudyInstanceUID": of.study_uid, "SeriesInstanceUID": of.series_uid, "SOPInstanceUID": of.object_uid}
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_bytes(image(cells, attributes=uids | attributes)))
    return path


def chosen(*paths: Path) -> Choice:
    return choose(paths, Limits())


def test_the_middle_instance_by_number_then_uid(tmp_path: Path) -> None:
    for uid, number in ((1, 30), (2, 10), (3, 20), (4, 50), (5, 40)):
        put(tmp_path, f"{uid}", key(number=uid), InstanceNumber=number)
    assert chosen(tmp_path).key == key(number=1)
    put(tmp_path, "6", key(number=6), InstanceNumber=None)  # those without one come first
    put(tmp_path, "7", key(number=7), InstanceNumber=30)
    assert chosen(tmp_path).key == key(number=1)


def test_the_series_with_most_frames(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path, f"localizer/{number}", key(1, 1, number), SeriesNumber=1)
    put(tmp_path, "enhanced", key(1, 2), frames=4, SeriesNumber=2)
    found = chosen(tmp_path)
    assert (found.key, found.frame_number) == (key(1, 2), 2)
    assert (found.studies, found.series, found.files, found.complete) == (1, 2, 4, True)
    put(tmp_path, "second", key(1, 3), frames=4, SeriesNumber=1)
    assert chosen(tmp_path).key == key(1, 3)  # of equals the first by number


def test_the_newest_study(tmp_path: Path) -> None:
    put(tmp_path, "old", key(1), frames=9, StudyDate="19990101")
    put(tmp_path, "new", key(3), StudyDate="20240101")
    put(tmp_path, "too", key(2), StudyDate="20240101")
    found = chosen(tmp_path)
    assert (found.key, found.studies) == (key(2), 3)


def test_it_is_the_choice_of_the_index(tmp_path: Path) -> None:
    """The same objects served: /thumbnail of the study shows the same."""
    numbers = {1: 5, 2: 5, 3: None, 4: 1, 5: 9, 6: None, 7: 2}
    for uid, number in numbers.items():
        put(tmp_path / "served", f"{uid}", key(1, 1 + uid % 2, uid), InstanceNumber=number, SeriesNumber=uid % 2)
    index = SqlIndex(tmp_path / "state", writing=True)
    try:
        Indexing(index, FileStore(), walk, Limits(), (tmp_path / "served",)).run([tmp_path / "served"], processes=0)
        shown = index.representative("1.2.1")
        assert shown is not None
        assert chosen(tmp_path / "served").key == shown.key
    finally:
        index.close()


def test_what_has_no_picture_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"no DICOM")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "report").write_bytes(build("sr"))
    (tmp_path / "cut").write_bytes(build("ct")[:700])
    with pytest.raises(NotFound, match="4 files"):
        chosen(tmp_path)
    put(tmp_path, "ct", key())
    assert (chosen(tmp_path).key, chosen(tmp_path).files) == (key(), 5)


def test_hidden_folders_and_loops_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "ct", key(1))
    put(tmp_path, ".snapshot/ct", key(2), StudyDate="20990101")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert chosen(tmp_path).key == key(1)


def test_no_more_files_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    for number in range(1, 4):
        put(tmp_path, f"{number}", key(number=number))
    assert chosen(tmp_path).complete
    put(tmp_path, "4", key(number=4))
    assert (chosen(tmp_path).files, chosen(tmp_path).complete) == (3, False)


def test_copies_count_once(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        put(tmp_path, f"{folder}/1", key(number=1), InstanceNumber=1)
    put(tmp_path, "a/2", key(number=2), InstanceNumber=2)
    assert chosen(tmp_path).key == key(number=2)


class TestThumbnail:
    def test_of_a_folder_and_of_several_files(self, tmp_path: Path) -> None:
        paths = [put(tmp_path, f"{number}", key(number=number), InstanceNumber=number) for number in (1, 2, 3)]
        said: list[Choice] = []
        expected = wado_core.thumbnail(paths[1])
        for source in (tmp_path, str(tmp_path), paths, iter(map(str, paths)), [tmp_path, tmp_path]):
            assert wado_core.thumbnail(source, on_choice=said.append) == expected
        assert {choice.key for choice in said} == {key(number=2)}
        assert len(said) == 5
        assert wado_core.thumbnail(paths[0], on_choice=said.append) != expected
        assert len(said) == 5  # there was nothing to choose

    def test_refusals(self, tmp_path: Path) -> None:
        for nothing in (3, None, [b"bytes"], [3]):
            with pytest.raises(InvalidRequest):
                wado_core.thumbnail(nothing)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            wado_core.thumbnail([])
        with pytest.raises(Unavailable):
            wado_core.thumbnail([tmp_path / "missing"])
        with pytest.raises(Unavailable):
            wado_core.thumbnail(tmp_path / "missing")

    def test_of_one_object_it_is_the_middle_frame(self, tmp_path: Path) -> None:
        path = tmp_path / "us10"
        path.write_bytes(build("us10"))
        assert wado_core.thumbnail(path) == wado_core.thumbnail([path]) == wado_core.render(path, frame_number=5, rows=128, columns=128)
