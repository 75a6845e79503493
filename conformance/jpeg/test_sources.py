"""T1: the sources are what they are said to be, and their coefficients are within 1 of the references (T.83 clause 6.1)."""

import numpy as np
import pytest

from conformance.jpeg import sources, vectors
from conformance.jpeg.encoders import encode_with_table
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import Array
from conformance.jpeg.transform import Figures, compare, compare_with_exact, total, transform

needs_vectors = pytest.mark.skipif(not vectors.present(), reason=vectors.absence())


@needs_vectors
def test_the_source_is_what_the_lossless_streams_decode_to() -> None:
    figures = sources.recovered_exactly()
    assert [f.compared for f in figures.values()] == [54_910, 54_910, 21_845]
    assert all(f.differing == 0 for f in figures.values()), figures


@needs_vectors
def test_the_recomputed_reference_is_the_committee_s_outside_of_exact_halves() -> None:
    figures = total(map(sources.committee_against_reference, vectors.COMPONENTS))
    assert figures.compared == vectors.COEFFICIENTS
    assert figures.differing == figures.ties <= 27
    assert figures.most == 1


@needs_vectors
@pytest.mark.parametrize("component", vectors.COMPONENTS)
def test_coefficients_of_the_sources_are_within_1(component: str) -> None:
    rows, columns = vectors.SIZES[component]
    reference, committee = sources.against_reference(component), sources.against_committee(component)
    assert reference.compared == committee.compared == -(-rows // 8) * -(-columns // 8) * 64
    assert reference.beyond == committee.beyond == 0, (reference, committee)


def _tables() -> dict[str, Array]:
    random = np.random.default_rng(83)
    alternating = np.where(np.arange(64) % 2, 255, 1)
    return {
        "all 1": np.ones(64, np.int64),
        "all 255": np.full(64, 255),
        "1 and 255": alternating,
        "255 and 1": 256 - alternating,
        "random": random.integers(1, 256, 64),
        "random and small": random.integers(1, 8, 64),
    }


@pytest.mark.parametrize("name", _tables())
def test_coefficients_are_within_1_with_any_table(name: str) -> None:
    """T1 without files: medical images, phantoms and extremes with tables that no quality has."""
    table = _tables()[name]
    figures = Figures()
    for picture in pictures().values():
        plane = picture if picture.ndim == 2 else picture[..., 1]
        ((found, of_stream),) = read_back(encode_with_table(plane, table))
        np.testing.assert_array_equal(of_stream, table)
        figures += compare_with_exact(found, transform(plane), table)
    assert figures.compared > 900_000
    assert figures.beyond == 0, figures


def test_the_comparison_tells_differences_and_ties() -> None:
    exact = np.array([[8.0, 12.0, 12.1, -12.0]])
    found = np.array([[1, 1, 1, 1]])
    assert compare_with_exact(found, exact, np.array([8.0])) == Figures(compared=4, differing=3, ties=2, beyond=1, most=3)
    with pytest.raises(ValueError, match="compared with"):
        compare(found, found[:, :2])
