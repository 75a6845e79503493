"""T5: the bound of T.83 holds at every quality (on medical images, phantoms and extremes also without the vectors)."""

import numpy as np
import pytest

from conformance.jpeg import vectors
from conformance.jpeg.encoders import QUALITIES
from conformance.jpeg.pictures import pictures, signs_of_every_basis_function
from conformance.jpeg.qualities import CHROMA, GRAY, LUMA, SOURCES, sweep
from conformance.jpeg.served import SERVED_QUALITIES, served
from conformance.jpeg.transform import components_of, transform


@pytest.mark.parametrize("name", pictures())
def test_every_quality_is_within_1(name: str) -> None:
    found = sweep(name)
    groups = {LUMA, CHROMA} if pictures()[name].ndim == 3 else {GRAY}
    assert found.keys() == {(group, quality) for group in groups for quality in QUALITIES}
    assert {key: figures for key, figures in found.items() if figures.beyond} == {}


@pytest.mark.skipif(not vectors.present(), reason=vectors.absence())
def test_every_quality_of_the_sources_is_within_1() -> None:
    for name in vectors.COMPONENTS:
        found = sweep(name)
        assert found.keys() == {(SOURCES, quality) for quality in QUALITIES}
        assert {key: figures for key, figures in found.items() if figures.beyond} == {}


@pytest.mark.parametrize("quality", SERVED_QUALITIES)
def test_what_is_served_is_within_1(quality: int) -> None:
    figures, subsamplings = served(quality)
    assert figures.compared > 1_000_000
    assert figures.beyond == 0, figures
    assert subsamplings == {"4:2:0" if quality < 90 else "4:4:4"}


def test_the_extremes_are_extreme() -> None:
    """The coefficients reach what samples of 0 and 255 can reach: beyond 1000 for DC and others, and never what baseline cannot code."""
    coefficients = transform(signs_of_every_basis_function()).reshape(-1, 64)
    reached = np.abs(coefficients).max(axis=0)
    assert (reached > 800).all()
    assert reached.max() < 1024 + 200
    for name, picture in pictures().items():
        for component in components_of(picture, "4:2:0"):
            assert (np.abs(transform(component)[..., 1:]) < 2048).all(), name
