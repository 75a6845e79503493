"""The whole kernel with forbidden pages around all of its arrays: samples of every kind, at every edge, at the end of their memory."""

from typing import Any

import numpy as np
import pytest

from tests.wado_core.jpeg.pictures import picture
from tests.wado_core.kernels.paged import Side, all_paged
from wado_core.jpeg.encoder import encode
from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.samples import IDENTITY, ColorSamples, GraySamples, Line, Samples
from wado_core.jpeg.scratch import make_scratch
from wado_core.jpeg.tables import CHROMA_STEPS, LUMA_STEPS
from wado_core.kernels import jpeg
from wado_core.model.geometry import Rectangle

ONES = (1,) * 64

# Sizes at the edges of vectors, blocks, MCUs and tiles.
SHAPES = [
    (1, 1), (1, 15), (1, 16), (1, 17), (8, 8), (9, 7), (15, 31), (16, 16), (17, 33), (3, 255), (9, 256), (2, 257), (17, 511), (1, 512),
    (8, 513), (70, 5), (129, 64), (40, 65),
]  # fmt: skip


class _Paged:
    """Stands in for the kernel: gives it copies of its arrays, which lie beside forbidden pages, and takes over what it has written."""

    def __init__(self, side: Side, *, garbage: bool) -> None:
        self._kernel: Any = jpeg.encode_rows
        self._side = side
        self._garbage = garbage
        self.calls = 0

    def __call__(self, *arguments: Any) -> None:
        self.calls += 1
        kind, *arrays = arguments
        *_, tile, edge, blocks, masks, values, runs, joined, raw, _, out = arrays
        if self._garbage:  # scratch of another picture, or of another thread that has died
            for scratch in (tile, blocks, masks, values, runs, joined, raw, edge, out):
                scratch.fill(np.nan if scratch.dtype == np.float32 else np.iinfo(scratch.dtype).max)
        with all_paged(self._side, *arrays) as copies:
            self._kernel(kind, *copies)
            for array, copy in zip(arrays, copies, strict=True):
                if array.flags.writeable:
                    array[...] = copy
                else:
                    np.testing.assert_array_equal(array, copy)


def samples(kind: str, shape: tuple[int, int], *, at_end: bool) -> Samples:
    """Make samples that are a part of a larger frame, at its end or at its beginning."""
    rows, columns = shape
    frame = (rows + 3, columns + 5)
    source = Rectangle(5, 3, columns + 5, rows + 3) if at_end else Rectangle(0, 0, columns, rows)
    rng = np.random.default_rng(1)
    if kind == "RGB":
        return ColorSamples(picture("noise", *frame, color=True), source)
    if kind.startswith("8"):
        cells: Any = rng.integers(0, 256, frame).astype(np.uint8)
    else:
        cells = rng.integers(0, 65536, frame).astype(np.uint16)
    cells[-1, -1] = np.iinfo(cells.dtype).max  # the last place of a table
    if kind.endswith("line"):
        return GraySamples(cells, IDENTITY if kind.startswith("8") else Line(0xFFFF, 0x8000, 32000, 4095, 255 / 4095, 0.5), source)
    return GraySamples(cells, rng.integers(0, 256, 256**cells.itemsize).astype(np.uint8), source)


KINDS = {
    "8 bits, line": [Subsampling.GRAY], "16 bits, line": [Subsampling.GRAY], "8 bits, table": [Subsampling.GRAY],
    "16 bits, table": [Subsampling.GRAY], "RGB": [Subsampling.FULL, Subsampling.HALF_ACROSS, Subsampling.HALF],
}  # fmt: skip


FORMS = [(kind, subsampling) for kind, subsamplings in KINDS.items() for subsampling in subsamplings]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("kind", "subsampling"), FORMS)
def test_nothing_outside_of_any_array_is_touched(kind: str, subsampling: Subsampling, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was in the scratch before changes no byte."""
    for number, shape in enumerate(SHAPES):
        for steps in (ONES, LUMA_STEPS):
            source = samples(kind, shape, at_end=side is Side.BEHIND)
            layout = Layout(*shape, subsampling, number % 3 or None)
            both = (steps, CHROMA_STEPS)[: layout.components]
            plain = b"".join(encode(source, layout, both))
            instead = _Paged(side, garbage=number % 2 == 0)
            with monkeypatch.context() as patch:
                patch.setattr(jpeg, "encode_rows", instead)
                assert b"".join(encode(source, layout, both)) == plain, shape
            assert instead.calls


@pytest.mark.parametrize("side", Side)
def test_a_picture_that_fills_what_a_call_writes(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written behind the end of ``out``, and the next call goes on where it was left, in the middle of a row."""
    pixels = picture("bits", 150, 1200, color=True)
    layout, source = Layout(150, 1200, Subsampling.FULL), ColorSamples(pixels, Rectangle(0, 0, 1200, 150))
    plain = b"".join(encode(source, layout, (ONES, ONES)))
    instead = _Paged(side, garbage=False)
    monkeypatch.setattr(jpeg, "encode_rows", instead)
    assert b"".join(encode(source, layout, (ONES, ONES))) == plain
    assert instead.calls > 1


def test_scratch_is_aligned_and_its_tiles_begin_as_zeros() -> None:
    scratch = make_scratch()
    assert not scratch.gray.any()
    assert not scratch.color.any()
    assert all(array.ctypes.data % 64 == 0 for array in (scratch.gray, scratch.color, scratch.blocks, scratch.raw, scratch.out))
