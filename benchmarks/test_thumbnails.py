"""Thumbnails of compressed frames beside the full decoding of the same frames. Each benchmark notes a row for README."""

import os
import statistics
from collections.abc import Callable
from pathlib import Path
from time import sleep, thread_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import wado_core
from benchmarks.objects import htj2k_radiograph, jpeg_2000_mammogram, stored_jpeg
from wado_core.codecs.registry import decode
from wado_core.dicom.frames import FrameReader
from wado_core.dicom.instance import describe
from wado_core.model.render import RenderRequest
from wado_core.rendering.execute import execute, smallest_frame
from wado_core.rendering.plan import make_plan
from wado_core.settings import Limits
from wado_core.sources import opened

EDGE = 128
CASES: dict[str, tuple[Callable[[], bytes], int]] = {
    "JPEG 2000 4096×3328, reversible": (jpeg_2000_mammogram, 9),
    "JPEG 2000 4096×3328, irreversible": (lambda: jpeg_2000_mammogram(reversible=False), 15),
    "HTJ2K 2048×2048, reversible": (htj2k_radiograph, 60),
    "HTJ2K 2048×2048, irreversible": (lambda: htj2k_radiograph(reversible=False), 40),
    "JPEG 640×480, 4:2:2": (lambda: stored_jpeg(1), 200),
}


@pytest.mark.parametrize("label", CASES)
def test_thumbnail_of_a_compressed_frame(benchmark: BenchmarkFixture, label: str, tmp_path: Path, full_size: bool) -> None:
    make, rounds = CASES[label]
    path = tmp_path / "object.dcm"
    path.write_bytes(make())
    limits = Limits()
    with opened(path) as source:
        instance = describe(source, "", limits).instance
        plan = make_plan(instance, RenderRequest(rows=EDGE, columns=EDGE, thumbnail=True), limits)
        reader, smallest = FrameReader(source, instance, limits), smallest_frame(plan)
        frame, pixel, syntax = reader.frame(1), plan.image_pixel, plan.transfer_syntax_uid
        assert decode(frame, pixel, syntax, smallest).lattice.step > 1
        steps: dict[str, Callable[[], object]] = {
            "full": lambda: decode(frame, pixel, syntax),
            "decoded": lambda: decode(frame, pixel, syntax, smallest),
            "made": lambda: execute(plan, reader),
            "whole": lambda: wado_core.thumbnail(path, EDGE),
        }
        for step in steps.values():
            step()
        before = os.getloadavg()[0]
        times = [[_processor_s(step) for step in steps.values()] for _ in range(rounds if full_size else 1)]
    row = {f"{name}_s": statistics.median(column) for name, column in zip(steps, zip(*times, strict=True), strict=True)}
    benchmark.extra_info["thumbnail"] = {"label": label, "load": [before, os.getloadavg()[0]]} | row
    benchmark.pedantic(sleep, (0,), rounds=1)  # type: ignore[no-untyped-call]


def _processor_s(step: Callable[[], object]) -> float:
    """Return the time of one call on the processor, seconds: all of it happens in this thread, and others may be at work."""
    start = thread_time()
    step()
    return thread_time() - start
