"""The JPEG encoder beside others, in turns with each; how fast it is on other processors, on two cores, and when it begins to send."""

import os
import platform
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from PIL import Image, JpegImagePlugin
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.encoder_pairs import Rounds, compare, compare_on, compare_two_cores, first_piece
from benchmarks.encoders import CASES, LIBRARY, OTHERS, Case, IdleThread, Picture

ROUNDS, FEW = Rounds(300, 31), Rounds(2, 2)

# Processors that numba compiles for instead of this one, with no feature that they lack; what the library is told.
TARGETS = {
    "haswell": ("Haswell (AVX2)", "haswell", {}),
    "nehalem": ("Nehalem (SSE4.2)", "nehalem", {}),
    "nehalem_sse2": ("Nehalem, the library with SSE2", "nehalem", {"JSIMD_FORCESSE2": "1"}),
}
TARGET_CASES, FEW_CASES = ("ct", "mr", "mammogram", "ultrasound_420"), ("mr",)
NEEDED = {"haswell": {"avx2", "fma", "bmi2"}, "nehalem": {"sse4.2", "popcnt"}}


@pytest.fixture(scope="module")
def rounds(full_size: bool) -> Rounds:
    return ROUNDS if full_size else FEW


@pytest.fixture(scope="module")
def case() -> Callable[[str], Case]:
    """Return what makes a case, which is kept until the end of the module."""
    return cache(lambda name: CASES[name]())


@pytest.fixture
def _load(benchmark: BenchmarkFixture) -> Iterator[None]:
    """Note how busy the machine is, before and after."""
    before = os.getloadavg()[0]
    yield
    benchmark.extra_info["load"] = [before, os.getloadavg()[0]]


@pytest.mark.usefixtures("_load")
@pytest.mark.benchmark(group="encoder")
@pytest.mark.parametrize("name", CASES)
def test_encoder(benchmark: BenchmarkFixture, case: Callable[[str], Case], rounds: Rounds, name: str) -> None:
    """The statistics are ours alone; the pairs are in the row."""
    made = case(name)
    others = [LIBRARY] if name.endswith("_new") else list(OTHERS)
    benchmark.extra_info["encoder"] = compare(made, others, rounds)
    benchmark.pedantic(made.own, rounds=10, warmup_rounds=1)  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("_load")
@pytest.mark.benchmark(group="encoder, mammogram")
def test_encoder_on_two_cores(benchmark: BenchmarkFixture, case: Callable[[str], Case], rounds: Rounds) -> None:
    benchmark.extra_info["encoder"] = compare_two_cores(case("mammogram"), rounds)
    helper = IdleThread()
    assert benchmark.pedantic(case("mammogram").own, (helper.lend,), rounds=10) == case("mammogram").own()  # type: ignore[no-untyped-call]
    helper.close()


@pytest.mark.usefixtures("_load")
@pytest.mark.benchmark(group="encoder, mammogram")
def test_first_piece(benchmark: BenchmarkFixture, case: Callable[[str], Case], rounds: Rounds) -> None:
    """On one core, from the cells to the first bytes that can leave."""
    mammogram = case("mammogram")
    benchmark.extra_info["first_piece"] = first_piece(mammogram, rounds)
    piece = benchmark.pedantic(lambda: next(mammogram.pieces()), rounds=10)  # type: ignore[no-untyped-call]
    assert 1000 < len(piece) < len(mammogram.own()) / 10


@pytest.mark.usefixtures("_load")
@pytest.mark.benchmark(group="encoder, other processors")
@pytest.mark.parametrize("target", TARGETS)
def test_encoder_for(benchmark: BenchmarkFixture, tmp_path_factory: pytest.TempPathFactory, full_size: bool, target: str) -> None:
    """In a process of its own, which is all that is timed; as a test, compiled for this processor, which needs no compilation."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the processors are those of another architecture")
    label, cpu, environment = TARGETS[target]
    if not NEEDED[cpu] <= {name for name, has in get_host_cpu_features().items() if has}:
        pytest.skip(f"this processor cannot do what a {cpu} can")
    kernels: Path | None = None
    if full_size:
        kernels = tmp_path_factory.getbasetemp() / f"kernels-{cpu}"
        environment = {**environment, "NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""}  # features that are not set are the host's
    names, rounds = (TARGET_CASES, ROUNDS) if full_size else (FEW_CASES, FEW)
    found: dict[str, Any] = benchmark.pedantic(compare_on, (environment, kernels, names, rounds), rounds=1)  # type: ignore[no-untyped-call]
    assert len(found["rows"]) == len(names)
    assert not full_size or (found["cpu"], found["features"]) == (cpu, "")
    benchmark.extra_info["target"] = {"label": label, "rows": found["rows"]}


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("mammogram")])
def test_all_encode_the_same(name: str) -> None:
    """Same tables, same sampling, and ours shows the picture at least as well as the library's."""
    case = CASES[name]()
    own, display = case.own(), case.display().copy()
    first = _opened(own)
    for other in OTHERS:
        encoded = OTHERS[other](display, case.quality, case.subsampling)
        image = _opened(encoded)
        assert image.quantization == first.quantization
        assert JpegImagePlugin.get_sampling(image) == JpegImagePlugin.get_sampling(first)
        assert "progressive" not in image.info
        if other == LIBRARY:
            assert _error(own, display) < 1.02 * _error(encoded, display) < 8


def _opened(encoded: bytes) -> JpegImagePlugin.JpegImageFile:
    image = Image.open(BytesIO(encoded))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image


def _error(encoded: bytes, display: Picture) -> float:
    return float(np.abs(np.asarray(_opened(encoded)).astype(np.int16) - display).mean())
