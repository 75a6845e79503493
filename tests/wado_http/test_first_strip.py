"""A mammogram of 13 megapixels, its real encoder and a real server: the first strip is with the client before the second is coded.

And a file that changes while its picture is on its way.
"""

import os
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures import file_bytes, image
from tests.reference.jpeg import take_apart
from tests.wado_core.services.archive import Archive as Services
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

    def plan(self, instance: Any, request: RenderRequest, like: RenderPlan | None = None) -> RenderPlan:
        return make_plan(instance, request, Limits(), like)

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


@dataclass
class OneFile(Archive):
    """An archive of one file, whose pictures are made by the real service.

    The file changes when ``after`` pieces have been made and something of them has ``arrived``.
    """

    services: Any = None
    after: int = 0
    change: Callable[[], None] = lambda: None
    arrived: threading.Event = field(default_factory=threading.Event)

    def plan(self, instance: Any, request: RenderRequest, like: RenderPlan | None = None) -> RenderPlan:
        return make_plan(instance, request, Limits(), like)

    def image(self, plan: RenderPlan, deliver: Deliver | None = None, lend: Lend | None = None) -> EncodedImage:
        made = 0

        def delivered(piece: bytes) -> None:
            nonlocal made
            assert deliver is not None
            deliver(piece)
            made += 1
            if made == self.after:
                assert self.arrived.wait(FOR_EVER_S)
                self.change()

        image: EncodedImage = self.services.rendering.image(plan, delivered, lend)
        return image


@pytest.mark.parametrize("after", [1, 2, 7])
def test_a_file_that_changes_between_strips_breaks_the_answer_off(tmp_path: Path, after: int) -> None:
    """The client sees that it is not whole: the last chunk does not come, and the connection ends (RFC 9112 8)."""
    cells = np.add.outer(np.arange(1400) * 3, np.arange(1000)).astype(np.uint16)
    data = file_bytes(image(cells, name="changes", bits_stored=13, window=(3000, 6000)))
    with closing(Services(tmp_path)) as services:
        path = services.put("changes", data)
        key = describe(BytesSource(data), "v1", Limits()).instance.key
        instance = services.instance(key)
        whole = execute(make_plan(instance, RenderRequest(), Limits()), FrameReader(BytesSource(data), instance, Limits()))[0].data
        archive = OneFile({key: instance}, services=services, after=after, change=lambda: os.truncate(path, len(data) // 2))
        with served(archive, Settings(workers=ONE_SLOT)) as server:
            with server.client() as client:
                status, headers = client.ask(query(instance)).head()
                assert (status, headers["transfer-encoding"]) == (200, "chunked")
                archive.arrived.set()
                came, complete = client.chunks()
            assert not complete
            assert whole.startswith(came)
            assert 0 < len(came) < len(whole)
            assert services.rendering.cached(archive.plan(instance, RenderRequest())) is None
            path.write_bytes(data)
            services.indexing.run([services.root], processes=0)
            archive.instances[key], archive.after = services.locating.relocate(key).instance, 0
            assert server.get(query(instance))[2] == whole
