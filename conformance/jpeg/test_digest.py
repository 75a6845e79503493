"""What is said of this processor holds for others: the kernels have more than one way to code, and all write the same bytes."""

import os
import sys
from pathlib import Path
from subprocess import run

from conformance.jpeg.digest import digest


def test_the_bytes_are_those_of_a_processor_without_vectors_of_its_own() -> None:
    """Everything again in a process whose kernels are compiled for the generic processor."""
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic"}
    repository = Path(__file__).parent.parent.parent
    other = run(
        [sys.executable, "-m", "conformance.jpeg.digest"], env=environment, cwd=repository, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest()
