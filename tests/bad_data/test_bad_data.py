"""A part of the mutants in every run, about a minute's work; ``python -m tests.bad_data`` tries all of them."""

import os
from collections import Counter

import pytest

from conformance.files import COLLECTIONS, PYDICOM, files_of, root_of
from tests.bad_data.choice import stratified
from tests.bad_data.mutants import mutants_of
from tests.bad_data.trial import DEFECTS, Kind
from tests.bad_data.workers import Tried, try_all

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # of what is wrong with real files

SEED_VARIABLE = "WADO_BAD_DATA_SEED"
"""Names another choice of mutants: a number."""

MUTANTS = 500
"""Of each collection."""


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_bad_data_is_right_degraded_or_refused(collection: str) -> None:
    """A picture as the oracle's, one with a warning, or a refusal with tag and clause; soon, in bounded memory, without a crash."""
    if not root_of(collection).is_dir():
        pytest.skip(f"BAD DATA OF SAMPLE FILES NOT TRIED: there is no {root_of(collection)}")
    seed = int(os.environ.get(SEED_VARIABLE, "1"))
    tried = list(try_all(stratified(files_of(collection).values(), MUTANTS, seed), processes=2))
    assert not [_told(one) for one in tried if one.outcome.kind in DEFECTS]
    counts = Counter(one.outcome.kind for one in tried)
    assert len(tried) > MUTANTS * 2 // 3
    for kind in (Kind.RIGHT, Kind.DEGRADED, Kind.REFUSED):
        assert counts[kind] > len(tried) // 50, counts


def _told(one: Tried) -> str:
    return f"{one.path.name} #{one.number}: {one.mutant}: {one.outcome.kind}: {one.outcome.detail}"


def test_every_attribute_is_broken_in_every_way() -> None:
    """The mutants of a small file: each has a name of its own, and each differs from the file."""
    path = files_of(PYDICOM)[f"{PYDICOM}: test_files/MR_small_RLE.dcm"]
    data = path.read_bytes()
    mutants = list(mutants_of(data))
    assert len({mutant.name for mutant in mutants}) == len(mutants) > 500
    made = [mutant.make() for mutant in mutants]
    assert data not in made
    assert len(set(made)) > 0.9 * len(made)
    for tag in ("(0028,0010)", "(0028,1050)", "(0028,0120)", "(0002,0010)", "(7FE0,0010)", "(6000,3000)"):
        assert sum(mutant.name.startswith(tag) for mutant in mutants) >= 6, tag
