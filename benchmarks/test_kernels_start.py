"""What a start of the kernels costs: all of them, from a cache that is full, in a new interpreter."""

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

LOAD = """
import time
import numba, numpy
begin = time.perf_counter()
from wado_core.kernels.warmup import warm_up
warm_up()
print(time.perf_counter() - begin)
"""


def _start(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.benchmark(group="start of the kernels, in a new interpreter")
@pytest.mark.parametrize(
    "code", ["import numpy, numba", "from wado_core.kernels.warmup import warm_up; warm_up()"], ids=["numpy and numba alone", "all kernels"]
)
def test_start(benchmark: BenchmarkFixture, code: str) -> None:
    """Their difference is what the kernels themselves cost; it is to be at most 0.5 s."""
    _start(code)  # fills the cache where it is empty
    benchmark(_start, code)


def test_all_kernels_are_loaded_and_none_compiled() -> None:
    """What is measured is loading: a compiled one would be missing in the cache."""
    _start(LOAD)
    misses = _start(
        "import importlib, pkgutil, wado_core.kernels as package\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "modules = [importlib.import_module(f'{package.__name__}.{found.name}') for found in pkgutil.iter_modules(package.__path__)]\n"
        "kernels = [value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)]\n"
        "print(sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels), len(kernels))"
    )
    count, kernels = map(int, misses.split())
    assert count == 0
    assert kernels > 20
