"""Frames that are read while they are coded: the bytes of frames that were read before, and never much of them in memory."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests import reference
from tests.fixtures import build, file_bytes, image, lookup_table
from wado_core.codecs import jpeg_out
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject
from wado_core.jpeg.samples import samples_of
from wado_core.model import render
from wado_core.model.geometry import Region
from wado_core.model.grayscale import Window
from wado_core.model.render import MediaType, RenderPlan, RenderRequest
from wado_core.ports import Helper
from wado_core.rendering import execute as execution
from wado_core.rendering import strips
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.rendering.strips import read_in_strips
from wado_core.settings import Limits

ROWS, COLUMNS = 133, 203
"""Neither whole blocks nor whole strips."""


class Watched(BytesSource):
    """A source that notes the lengths that were read, and may end sooner than it said."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.lengths: list[int] = []

    def read(self, offset: int, length: int) -> bytes:
        self.lengths.append(length)
        return super().read(offset, length)


@pytest.fixture(autouse=True)
def small_pictures_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "STREAMED_PIXELS", 1)


def planned(data: bytes, **asked: Any) -> tuple[RenderPlan, FrameReader, Watched]:
    source, limits = Watched(data), Limits()
    instance = describe(source, "v1", limits).instance
    source.lengths.clear()
    return make_plan(instance, RenderRequest(**asked), limits), FrameReader(source, instance, limits), source


def noise(dtype: type[np.generic], largest: int, shape: tuple[int, ...] = (ROWS, COLUMNS), smallest: int = 0) -> npt.NDArray[Any]:
    return np.random.default_rng(7).integers(smallest, largest + 1, shape).astype(dtype)


def sawtooth(bits: int) -> npt.NDArray[np.uint16]:
    """Return every value of so many bits, each in more than one place: (ROWS, COLUMNS)."""
    return (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) * 5 % (1 << bits)).astype(np.uint16)


OBJECTS: dict[str, Callable[[], bytes]] = {
    "8 bits": lambda: file_bytes(image(noise(np.uint8, 255), window=(100, 80))),
    "12 bits": lambda: file_bytes(image(sawtooth(12), bits_stored=12, window=(2000, 900))),
    "16 bits": lambda: file_bytes(image(noise(np.uint16, 65535), window=(30000, 50001))),
    "signed": lambda: file_bytes(image(noise(np.int16, 900, smallest=-900), pixel_representation=1, rescale=(1.5, -3), window=(40, 400))),
    "high bit": lambda: file_bytes(image(sawtooth(10), bits_stored=10, high_bit=13, garbage=5, window=(400, 600))),
    "MONOCHROME1": lambda: file_bytes(image(sawtooth(12), bits_stored=12, photometric="MONOCHROME1", window=(2000, 900))),
    "padding": lambda: file_bytes(image(sawtooth(12), bits_stored=12, padding=(1800, 1900), window=(2000, 900))),
    "automatic": lambda: file_bytes(image(sawtooth(11) + 300, bits_stored=12, padding=(300, 500))),
    "automatic, inverted": lambda: file_bytes(image(noise(np.uint8, 200, smallest=60), photometric="MONOCHROME1")),
    "constant": lambda: file_bytes(image(np.full((ROWS, COLUMNS), 9, np.uint16))),
    "sigmoid": lambda: file_bytes(image(sawtooth(12), bits_stored=12, window=(2000, 900), voi_function="SIGMOID")),
    "tables": lambda: file_bytes(
        image(
            noise(np.uint8, 255),
            attributes={
                "ModalityLUTSequence": [lookup_table(range(768, 0, -3), first=0, bits=16, signed=False)],
                "VOILUTSequence": [lookup_table([entry // 3 for entry in range(700)], first=20, bits=8, signed=False)],
            },
        )
    ),
    "RGB": lambda: file_bytes(image(noise(np.uint8, 255, (ROWS, COLUMNS, 3)), photometric="RGB")),
    "RGB, 16 bits": lambda: file_bytes(image(noise(np.uint16, 4095, (ROWS, COLUMNS, 3)), photometric="RGB", bits_stored=12)),
    "YBR_FULL": lambda: file_bytes(image(noise(np.uint8, 255, (ROWS, COLUMNS, 3)), photometric="YBR_FULL")),
    "PALETTE COLOR": lambda: build("pal"),
    "implicit": lambda: build("impl"),
}  # fmt: skip
ASKED: dict[str, dict[str, Any]] = {
    "whole": {},
    "region": {"region": Region(0.13, 0.07, 0.91, 0.83)},
    "window, quality": {"window": Window(90.5, 133), "quality": 40},
}


def expected(data: bytes, plan: RenderPlan, frame_number: int = 1, **asked: Any) -> bytes:
    """Code the oracle's pixels in strips."""
    window, region = asked.get("window"), asked.get("region")
    pixels = reference.render(
        data, frame_number, window and (window.center, window.width), region and (region.xmin, region.ymin, region.xmax, region.ymax)
    )
    return b"".join(jpeg_out.encode(samples_of(pixels), plan.rows, plan.columns, plan.quality, in_strips=True))


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("strip_bytes", [1, 5000, 1 << 20])
def test_the_picture_is_the_oracle_s(monkeypatch: pytest.MonkeyPatch, name: str, asked: dict[str, Any], strip_bytes: int) -> None:
    """However few rows are read at once, also one that is less than a row of MCUs."""
    monkeypatch.setattr(strips, "STRIP_BYTES", strip_bytes)
    data = OBJECTS[name]()
    plan, reader, _ = planned(data, **asked)
    assert read_in_strips(plan)
    made, _ = execute(plan, reader)
    assert made.data == expected(data, plan, **asked)


@pytest.mark.parametrize("name", OBJECTS)
def test_neither_help_nor_reading_all_before_changes_a_byte(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plan, reader, _ = planned(OBJECTS[name]())
    threads: list[threading.Thread] = []

    def lend(helper: Helper) -> None:
        threads.append(threading.Thread(target=helper, args=(lambda: True,)))
        threads[-1].start()

    alone, found = execute(plan, reader)
    pieces: list[bytes] = []
    assert execute(plan, reader, lend=lend, deliver=pieces.append) == (alone, found)
    for thread in threads:
        thread.join()
    assert pieces.pop() == b""  # there are no others
    assert b"".join(pieces) == alone.data
    assert len(pieces) == -(-plan.rows // jpeg_out.STRIP_ROWS)
    assert execute(plan, reader, found) == (alone, None)
    monkeypatch.setattr(execution, "read_in_strips", lambda _: False)
    assert execute(plan, reader) == (alone, found)


def test_each_frame_is_its_own() -> None:
    frames = noise(np.uint16, 4095, (3, ROWS, COLUMNS))
    data = file_bytes(image(frames, bits_stored=12, window=(2000, 900)))
    for number in (1, 2, 3):
        plan, reader, _ = planned(data, frame_number=number)
        assert execute(plan, reader)[0].data == expected(data, plan, number)


def test_the_first_piece_is_finished_when_one_strip_has_been_read() -> None:
    plan, reader, source = planned(OBJECTS["12 bits"]())
    read: list[list[int]] = []
    execute(plan, reader, deliver=lambda _piece: read.append(list(source.lengths)))
    strip = jpeg_out.STRIP_ROWS * COLUMNS * 2
    assert read[0] == [strip]
    assert sum(source.lengths) == ROWS * COLUMNS * 2


def test_no_more_is_read_at_once_than_a_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP_BYTES", 5000)
    plan, reader, source = planned(file_bytes(image(noise(np.uint8, 255, (3000, 100)))))
    execute(plan, reader)
    assert max(source.lengths) <= 5000
    assert sum(source.lengths) == 2 * 3000 * 100, "the automatic window needs the range of the frame: once more"
    source.lengths.clear()
    execute(plan, reader, execute(plan, reader)[1])
    source.lengths.clear()


def test_a_region_reads_its_rows_alone() -> None:
    plan, reader, source = planned(OBJECTS["12 bits"](), region=Region(0.2, 0.25, 0.7, 0.5))
    execute(plan, reader)
    assert sum(source.lengths) == plan.source.rows * COLUMNS * 2


def test_a_frame_that_is_cut_short_is_damage_before_the_first_piece() -> None:
    data = OBJECTS["12 bits"]()
    source, limits = Watched(data), Limits()
    instance = describe(source, "v1", limits).instance
    plan, pieces = make_plan(instance, RenderRequest(), limits), list[bytes]()
    with pytest.raises(DamagedObject):
        execute(plan, FrameReader(Watched(data[:-1000]), instance, limits), deliver=pieces.append)
    assert pieces == []


@pytest.mark.parametrize("name", ["be", "be8", "defl", "rgb1", "ybr422", "bit1", "gray32", "float32", "supp", "rle", "j2k", "jpg", "ovl"])
def test_what_is_read_before_it_is_coded(name: str) -> None:
    """Coded frames, words and planes to be put in order, wide cells, supplemental palettes, overlays."""
    assert not read_in_strips(planned(build(name), overlays=True)[0])


@pytest.mark.parametrize("asked", [{"media_type": MediaType.PNG}, {"rows": 40}, {"rows": 300}, {"columns": 40}])
def test_other_pictures_than_one_to_one_jpeg_are_read_before(asked: dict[str, Any]) -> None:
    assert not read_in_strips(planned(OBJECTS["12 bits"](), **asked)[0])


def test_small_pictures_are_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "STREAMED_PIXELS", ROWS * COLUMNS + 1)
    assert not read_in_strips(planned(OBJECTS["12 bits"]())[0])
