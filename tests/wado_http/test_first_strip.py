"""A mammogram of 13 megapixels, its real encoder and a real server: the first strip is with the client before the second is coded."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.fixtures import file_bytes, image
from tests.reference.jpeg import take_apart
from tests.wado_http.doubles import Archive, query
from tests.wado_http.loopback import FOR_EVER_S, ONE_SLOT, served
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.kernels import jpeg as kernels
from wado_core.model.frame import EncodedImage
from wado_core.model.render import RenderPlan, RenderRequest
from wado_core.ports import Deliver, Lend
from wado_core.rendering.execute import execute
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits, Settings

ROWS, COLUMNS = 4096, 3328


@dataclass
class OneObject(Archive):
    """An archive of one object, whose pictures are really made."""

    source: BytesSource = field(default_factory=lambda: BytesSource(b""))

    def plan(self, instance: Any, request: RenderRequest) -> RenderPlan:
        return make_plan(instance, request, Limits())

    def image(self, plan: RenderPlan, deliver: Deliver | None = None, lend: Lend | None = None) -> EncodedImage:
        reader = FrameReader(self.source, self.instances[plan.key], Limits())
        return execute(plan, reader, deliver=deliver, lend=lend)[0]


def test_the_first_strip_of_a_mammogram_leaves_before_the_second_is_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    soft = np.add.outer(np.arange(ROWS) // 16, np.arange(COLUMNS) // 16).astype(np.uint16)
    source = BytesSource(file_bytes(image(soft, name="first-strip", bits_stored=12, window=(230, 460))))
    instance = describe(source, "v1", Limits()).instance
    arrived, coded = threading.Event(), 0
    code: Callable[..., None] = kernels.encode_rows

    def waiting(*arguments: Any) -> None:
        nonlocal coded
        coded += 1
        if coded == 2:
            assert arrived.wait(FOR_EVER_S), "the second strip is about to be coded, and nothing has arrived"
        code(*arguments)

    monkeypatch.setattr(kernels, "encode_rows", waiting)
    with served(OneObject({instance.key: instance}, source=source), Settings(workers=ONE_SLOT)) as server, server.client() as client:
        status, headers = client.ask(query(instance)).head()
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        first = client.chunk()
        assert coded <= 2
        assert first is not None
        assert first[:2] == b"\xff\xd8"
        arrived.set()
        rest, whole = client.chunks()
    assert whole
    stream = take_apart(first + rest)
    assert (stream.rows, stream.columns) == (ROWS, COLUMNS)
    assert coded > 2
