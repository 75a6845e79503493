"""Sizes: benchmarks that run as tests only show that they work."""

import pytest


@pytest.fixture(scope="session")
def full_size(pytestconfig: pytest.Config) -> bool:
    """Whether something is measured: with --benchmark-disable, or spread over processes, all should be small."""
    return not pytestconfig.getoption("benchmark_disable") and not hasattr(pytestconfig, "workerinput")
