"""One frame of a deflated multi-frame object: the first time, when all is inflated, and from what was kept of it."""

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.objects import phantom
from tests.fixtures import file_bytes
from tests.fixtures.image import image
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.model.instance import Located, Location
from wado_core.services.inflated_data_sets import InflatedDataSets
from wado_core.settings import Limits

FRAMES, ROWS, COLUMNS = 64, 512, 512
FRAME_NUMBER = 40
ROOM = 256 << 20


@pytest.mark.benchmark(group="frame 40 of 64 of 512×512, deflated")
@pytest.mark.parametrize("kept", [False, True], ids=["first", "later"])
def test_frame_of_a_deflated_object(benchmark: BenchmarkFixture, kept: bool) -> None:
    one = phantom(ROWS, COLUMNS, 14)
    cells = np.stack([np.roll(one, number, axis=1) for number in range(FRAMES)])
    source = BytesSource(file_bytes(image(cells, bits_stored=12, transfer_syntax=DeflatedExplicitVRLittleEndian)))
    located = Located(describe(source, "", Limits()).instance, Location(b"/served/deflated.dcm", source.size, 0, 0))
    data_sets = InflatedDataSets(ROOM if kept else 0)

    def frame() -> bytes:
        return FrameReader(source, located.instance, Limits(), data_sets.of(located)).frame(FRAME_NUMBER)

    frame()
    assert benchmark(frame) == cells[FRAME_NUMBER - 1].tobytes()
