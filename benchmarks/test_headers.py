"""How fast headers are described, above all those of enhanced objects, whose frames have functional groups of their own."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.objects import ct
from tests.fixtures.enhanced_headers import enhanced_ct, enhanced_mr
from wado_core.dicom.instance import describe
from wado_core.dicom.source import BytesSource
from wado_core.settings import Limits

# What a first look at such an object may take, in seconds, whatever else the machine does.
ALLOWED_S = {1000: 0.15, 10_000: 1.2}
# Run as tests, the benchmarks only show that they work.
_FEW = 10


@pytest.mark.parametrize("varied", [False, True], ids=["alike", "varied"])
@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("frames", ALLOWED_S)
def test_describe_enhanced_ct(benchmark: BenchmarkFixture, frames: int, undefined: bool, varied: bool) -> None:
    """Sequences of defined and of undefined length; frames that are written alike, and frames that all differ in text and length."""
    made = frames if benchmark.enabled else frames // _FEW
    source = BytesSource(enhanced_ct(made, undefined=undefined, varied=varied))
    found = benchmark.pedantic(describe, args=(source, "", Limits()), rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert (found.instance.number_of_frames, found.has_picture) == (made, True)
    assert sum(chunk.count for chunk in found.instance.chunks) == made
    assert benchmark.stats is None or benchmark.stats.stats.min < ALLOWED_S[frames]


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("frames", ALLOWED_S)
def test_describe_enhanced_mr(benchmark: BenchmarkFixture, frames: int, undefined: bool) -> None:
    """Four echoes of many slices; each frame has its window, each slice its slope."""
    made = frames if benchmark.enabled else frames // _FEW
    source = BytesSource(enhanced_mr(made, undefined=undefined))
    found = benchmark.pedantic(describe, args=(source, "", Limits()), rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert (found.instance.number_of_frames, found.has_picture) == (made, True)
    assert benchmark.stats is None or benchmark.stats.stats.min < ALLOWED_S[frames]


def test_describe_ct(benchmark: BenchmarkFixture) -> None:
    source = BytesSource(ct())
    assert benchmark(describe, source, "", Limits()).has_picture
