"""The weights of an axis are those of its definition."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import geometry
from tests.reference.rounding import Array
from wado_core.model.geometry import Lattice
from wado_core.rendering.axis import Axis, axis

EXTREMES = [(65535, 1), (1, 8192), (65535, 65534), (65535, 2), (8192, 8191), (2, 8192), (65535, 255), (3, 3), (1, 1)]


def dense(weights: Axis, source: int) -> Array:
    """Write the weights of an axis as a matrix, (targets, source)."""
    matrix = np.zeros((weights.places.shape[1], source), np.int64)
    for i, (first, count, start) in enumerate(weights.places.T):
        np.add.at(matrix[i], np.arange(first, first + count), weights.weights[start : start + count])
    return matrix


@settings(max_examples=150, deadline=None)
@given(source=st.integers(1, 300), target=st.integers(1, 300))
def test_the_weights_are_those_of_the_oracle(source: int, target: int) -> None:
    found = axis(source, target)
    expected, total = geometry.axis_weights(source, target)
    divisor, remainder = divmod(total, found.total)
    assert remainder == 0
    np.testing.assert_array_equal(divisor * dense(found, source), expected)


lattices = st.builds(Lattice, st.sampled_from([2, 4, 8, 16, 32, 64]), st.booleans())


@settings(max_examples=150, deadline=None)
@given(source=st.integers(8, 300), target=st.integers(1, 300), lattice=lattices)
def test_the_weights_of_reduced_frames_are_those_of_the_oracle(source: int, target: int, lattice: Lattice) -> None:
    cells = lattice.cells(source)
    target = min(target, cells)
    found = axis(source, target, lattice)
    expected = geometry.lattice_weights(source, target, lattice.step, on_pixels=lattice.on_pixels)
    assert (dense(found, cells) == [[one * found.total for one in row] for row in expected]).all()
    assert found.widest == found.places[1].max()
    assert found.whole == (found.weights == 1).all()
    assert 255 * found.total < 1 << 24


@pytest.mark.parametrize("lattice", [Lattice(2, on_pixels=True), Lattice(2), Lattice(32, on_pixels=True), Lattice(8)])
@pytest.mark.parametrize("source", [32_768, 32_767])
def test_the_longest_edges_that_are_reduced(source: int, lattice: Lattice) -> None:
    for target in (1, 127, 1000):
        found = axis(source, target, lattice)
        assert (np.add.reduceat(found.weights.astype(np.int64), found.places[2]) == found.total).all()
        assert 255 * found.total < 1 << 24


def test_frames_reduced_without_remainder_are_resampled_as_frames_of_their_own() -> None:
    """The same weights, so the same pictures, and as fast."""
    for source, target, step in ((640, 128, 4), (512, 128, 4), (512, 100, 2)):
        found, alone = axis(source, target, Lattice(step)), axis(source // step, target)
        np.testing.assert_array_equal(dense(found, source // step), dense(alone, source // step))
        assert (found.total, found.whole, found.halvings, found.straight) == (alone.total, alone.whole, alone.halvings, alone.straight)


@pytest.mark.parametrize(("source", "target"), [*EXTREMES, (512, 256), (256, 512), (1000, 999), (999, 1000)])
def test_the_weights_of_every_position_add_up_to_the_total(source: int, target: int) -> None:
    found = axis(source, target)
    first, count, start = found.places
    sums = np.add.reduceat(found.weights.astype(np.int64), start)
    assert found.places.shape[1] == target
    assert (sums == found.total).all()
    assert (found.weights >= 0).all()
    assert (first >= 0).all()
    assert (first + count <= source).all()
    assert (count >= 1).all()
    assert found.widest == count.max()
    assert 255 * found.total < 1 << 24  # the products of rows are float32
    assert found.whole == (found.weights == 1).all()


@pytest.mark.parametrize(
    ("source", "target", "halvings", "straight"),
    [
        (512, 512, 0, True), (512, 256, 1, True), (512, 128, 2, True), (512, 4, 7, True), (512, 170, 0, False), (510, 170, 0, False),
        (510, 85, 1, False), (600, 50, 2, False), (1, 7, 0, False), (1, 1, 0, True), (256, 512, 0, False), (8192, 1, 13, True),
    ],
)  # fmt: skip
def test_how_often_neighbours_are_added(source: int, target: int, halvings: int, straight: bool) -> None:
    found = axis(source, target)
    assert (found.halvings, found.straight) == (halvings, straight)
    assert found.whole or halvings == 0


def test_ordinary_thumbnails_have_weights_of_1() -> None:
    """Else nothing would be wrong, but slower."""
    found = axis(512, 128)
    assert found.whole
    assert found.total == 4


def test_what_is_kept_is_bounded_whatever_sizes_are_asked_for() -> None:
    """Else clients that ask for ever other sizes of large pictures fill the memory of a worker with weights."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(256):
            axis(65535, 8192 - number)
            axis(512, 8192 - number)
            axis(512, 1024 - number)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 12 << 20
