"""Suites that every adapter of a port inherits: subclass one in the adapter's test file and give it the fixture it names."""

import pytest

pytest.register_assert_rewrite("tests.contract.index", "tests.contract.store", "tests.contract.caches")
