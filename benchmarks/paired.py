"""Two ways to do the same, measured in one process in turns: what else the machine does meanwhile happens to both."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Paired:
    """What came of it: medians, seconds, and how many times as fast the first was.

    ratio: of the medians.  low, high: quartiles of the ratios of each pair.  ratio_of_least: of the shortest times of both.
    """

    pairs: int
    own_s: float
    other_s: float
    ratio: float
    low: float
    high: float
    ratio_of_least: float


def paired(own: Callable[[], object], other: Callable[[], object], pairs: int) -> Paired:
    """Call one, then the other, so many times, at least twice."""
    for _ in range(_WARM_UP):
        own()
        other()
    times = [(seconds(own), seconds(other)) for _ in range(pairs)]
    own_s, other_s = (statistics.median(column) for column in zip(*times, strict=True))
    low, _, high = statistics.quantiles((one / another for another, one in times), n=4, method="inclusive")
    least_own, least_other = (min(column) for column in zip(*times, strict=True))
    return Paired(pairs, own_s, other_s, other_s / own_s, low, high, least_other / least_own)


def seconds(function: Callable[[], object]) -> float:
    """Return the time of one call."""
    start = perf_counter()
    function()
    return perf_counter() - start
