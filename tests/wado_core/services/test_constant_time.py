"""Any frame costs the same, whatever the number of frames and however they lie: one look-up, one ranged read.

Counted in bytes: those of the rows that the index reads, and those that are read of the file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import pack
from typing import Any, Literal

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import JPEGBaseline8Bit, MultiFrameTrueColorSecondaryCaptureImageStorage

from tests.fixtures import file_bytes
from tests.fixtures.enhanced_headers import enhanced_ct
from tests.fixtures.image import image
from tests.wado_core.jpeg.pictures import picture
from tests.wado_core.services.archive import Archive
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.instance import Location
from wado_core.model.render import RenderRequest
from wado_core.model.uid import InstanceKey
from wado_core.ports import OpenObject
from wado_core.settings import Limits

FRAMES = 10_000


class CountedSource:
    """A source that counts what is read of it."""

    def __init__(self, inner: OpenObject, counted: list[int]) -> None:
        self._inner = inner
        self._counted = counted

    @property
    def size(self) -> int:
        return self._inner.size

    def read(self, offset: int, length: int) -> bytes:
        data = self._inner.read(offset, length)
        self._counted.append(len(data))
        return data

    def compare(self) -> None:
        self._inner.compare()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def encapsulated(table: Literal["basic", "extended", "empty", "wrong"]) -> bytes:
    """A multi-frame object of JPEG frames."""
    stream = bytes(imagecodecs.jpeg8_encode(picture("gradient", 16, 16, color=True), level=80, subsampling="422"))
    cells = np.broadcast_to(np.uint8(0), (FRAMES, 16, 16, 3))
    data = file_bytes(
        image(
            cells, photometric="YBR_FULL_422", sop_class=MultiFrameTrueColorSecondaryCaptureImageStorage, transfer_syntax=JPEGBaseline8Bit,
            code_streams=[stream] * FRAMES, offset_table="basic" if table == "wrong" else table,
        )
    )  # fmt: skip
    if table != "wrong":
        return data
    item = b"\xfe\xff\x00\xe0" + pack("<L", 4 * FRAMES)
    start = data.index(item) + len(item)
    return data[:start] + b"\x07" * (4 * FRAMES) + data[start + 4 * FRAMES :]


OBJECTS = {
    "native, alike": lambda: enhanced_ct(FRAMES),
    "native, each its own window": lambda: enhanced_ct(FRAMES, varied=True, undefined=True),
    "basic offset table": lambda: encapsulated("basic"),
    "extended offset table": lambda: encapsulated("extended"),
    "empty offset table": lambda: encapsulated("empty"),
    "wrong offset table": lambda: encapsulated("wrong"),
}


def costs(archive: Archive, key: InstanceKey, frame_number: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """Make the picture of a frame of an object that nobody has asked for before; return bytes of index and file, and reads of the file."""
    of_rows = 0
    of_file: list[int] = []
    rows = archive.index._connections.rows
    opened = archive.store.inner.open

    def counting_rows(statement: str, values: tuple[object, ...]) -> list[Any]:
        nonlocal of_rows
        found = rows(statement, values)
        of_rows += sum(len(column) for row in found for column in row if isinstance(column, bytes))
        return found

    @contextmanager
    def counting_open(location: Location) -> Iterator[OpenObject]:
        with opened(location) as source:
            yield CountedSource(source, of_file)

    with monkeypatch.context() as patched:
        patched.setattr(archive.index._connections, "rows", counting_rows)
        patched.setattr(archive.store, "open", counting_open)
        archive.instances.drop(key)
        instance = archive.locating.locate(key, frame_number).instance
        plan = archive.rendering.plan(instance, RenderRequest(frame_number=frame_number, quality=90))
        archive.rendering.image(plan)
    return of_rows, sum(of_file), len(of_file)


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_last_frame_of_ten_thousand_reads_no_more_than_the_first(archive: Archive, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    data = OBJECTS[kind]()
    archive.put("many", data)
    key = describe(BytesSource(data), "", Limits()).instance.key
    first, last, middle = (costs(archive, key, number, monkeypatch) for number in (1, FRAMES - 1, FRAMES // 2))
    assert last[1:] == first[1:] == middle[1:]
    assert first[2] == 1  # one ranged read
    assert first[1] < 10_000
    assert max(last[0], middle[0]) <= first[0] * 1.25 < 60_000  # numbers differ in length, nothing else
