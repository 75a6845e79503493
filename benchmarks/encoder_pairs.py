"""The comparison of encoders, case by case; in this process, or in one whose kernels are compiled for another processor.

``python -m benchmarks.encoder_pairs PAIRS PAIRS_OF_LARGE CASE…`` compares with the library alone and prints JSON: what numba compiles
for, and the rows.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from numba import config

from benchmarks.encoders import CASES, LIBRARY, Case, IdleThread, spin
from benchmarks.paired import paired

_LARGE = 1_000_000
# What a thread does to see whether it has a core, some milliseconds of it, and how often.
_PROBE_STEPS, _PROBES = 3_000_000, 25


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often pictures are encoded by each: small ones, large ones."""

    small: int
    large: int

    def of(self, case: Case) -> int:
        """Return the number for a case."""
        return self.large if case.rows * case.columns >= _LARGE else self.small


def compare(case: Case, others: Sequence[str], rounds: Rounds) -> dict[str, Any]:
    """Return a row: each of the others in turns with ours, and how much larger our file is than the library's."""
    compared = {name: asdict(paired(case.own, partial(case.other, name), rounds.of(case))) for name in others}
    return {"label": case.label, "compared": compared, "size": len(case.own()) / len(case.other(LIBRARY))}


def compare_two_cores(case: Case, rounds: Rounds) -> dict[str, Any]:
    """Return a row: ours with one helping thread, beside the library; and beside ours without.

    cores: how many there were to be had meanwhile: where others use the second one, the row says little.
    """
    helper = IdleThread()
    cores = [free_cores()]
    try:
        own: Callable[[], bytes] = partial(case.own, helper.lend)
        library = paired(own, partial(case.other, LIBRARY), rounds.of(case))
        alone = paired(own, case.own, rounds.of(case))
        size = len(own()) / len(case.other(LIBRARY))
    finally:
        helper.close()
    cores.append(free_cores())
    row = {"label": f"{case.label}, two cores", "compared": {LIBRARY: asdict(library)}, "size": size}
    return {**row, "alone": asdict(alone), "cores": min(cores)}


def free_cores() -> float:
    """Return how many times as much two threads do as one does alone, 1 to 2."""
    with ThreadPoolExecutor(1, "probe") as pool:

        def both() -> None:
            other = pool.submit(spin, _PROBE_STEPS)
            spin(_PROBE_STEPS)
            other.result()

        return 2 / paired(lambda: spin(_PROBE_STEPS), both, _PROBES).ratio


def first_piece(case: Case, rounds: Rounds) -> dict[str, float]:
    """Return when the first piece leaves, on one core: seconds, and as a share of the time of all."""
    firsts, shares = [], []
    for _ in range(rounds.of(case)):
        start = perf_counter()
        pieces = case.pieces()
        next(pieces)
        first = perf_counter() - start
        for _ in pieces:
            pass
        firsts.append(first)
        shares.append(first / (perf_counter() - start))
    return {"first_s": statistics.median(firsts), "share": statistics.median(shares)}


def compare_on(environment: Mapping[str, str], kernels: Path | None, names: Sequence[str], rounds: Rounds) -> dict[str, Any]:
    """Return what ``main`` prints in a process with this environment besides ours, and a folder of its own for kernels if there is one."""
    command = [sys.executable, "-m", "benchmarks.encoder_pairs", str(rounds.small), str(rounds.large), *names]
    environment = {**os.environ, **environment, **({"WADO_KERNEL_CACHE": str(kernels)} if kernels else {})}
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(rounds: Rounds, names: Sequence[str]) -> None:
    """Compare cases and print the rows."""
    rows = [compare(CASES[name](), [LIBRARY], rounds) for name in names]
    print(json.dumps({"cpu": config.CPU_NAME, "features": config.CPU_FEATURES, "rows": rows}))


if __name__ == "__main__":
    main(Rounds(int(sys.argv[1]), int(sys.argv[2])), sys.argv[3:])
