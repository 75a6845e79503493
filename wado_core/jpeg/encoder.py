"""The encoder: samples to the pieces of a baseline JPEG stream, in one thread or several (T.81 process 1, docs/adr/0017)."""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from wado_core.jpeg.layout import Layout, Subsampling
from wado_core.jpeg.markers import END_OF_IMAGE, header
from wado_core.jpeg.samples import IDENTITY, Cells, ColorSamples, DrawnSamples, GraySamples, Line, Samples, numbers_of
from wado_core.jpeg.scratch import COLOR_TILE, GRAY_TILE, scratch_of_thread
from wado_core.jpeg.strips import in_order
from wado_core.jpeg.tables import Steps, scale_of, standard_codes
from wado_core.kernels import jpeg as kernels
from wado_core.kernels.jpeg_scan import ROW, STATE_SIZE, USED
from wado_core.ports import Lend

# Strips that are coded in one go, at the beginning and at the end; between them _LONGEST. The first is one alone, so that it leaves
# early; the last are short, so that no thread waits long for another.
_FIRST, _LONGEST, _LAST = (1, 1, 2, 4, 8), 16, (8, 4, 2, 1, 1)

_Numbers = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]
_Inputs = tuple[int, Cells, Cells, npt.NDArray[np.uint8], _Numbers, int, int]

_NO_CELLS_8, _NO_CELLS_16, _NO_TABLE = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint16), np.zeros(1, np.uint8)


def encode(
    samples: Samples, layout: Layout, steps: Sequence[Steps], lend: Lend | None = None, profile: bytes = b""
) -> Generator[bytes, None, None]:
    """Yield a stream in pieces, in order: with restart intervals as they are finished, else all of it once.

    When the iterator has been closed nothing is made of the samples any more, in whatever thread.

    samples: of the layout's size.  steps: quantisation, of luma and, for colour, chroma.
    profile: an ICC profile to embed.
    lend: offers work to idle threads; see ``in_order``. The bytes are the same with and without.
    """
    scan = _Scan(samples, layout, tuple(steps))
    start, end = header(layout, scan.steps, profile) if profile else _header(layout, scan.steps), layout.mcu_rows
    if layout.restart_rows is None:
        yield b"".join((start, *scan.code(0, end), END_OF_IMAGE))
        return
    jobs = [(first * layout.restart_rows, min(last * layout.restart_rows, end)) for first, last in _runs(-(-end // layout.restart_rows))]
    with closing(in_order(lambda job: scan.code(*job), jobs, lend)) as done:
        for number, coded in enumerate(done):
            if number == 0:
                coded.insert(0, start)
            if number == len(jobs) - 1:
                coded.append(END_OF_IMAGE)
            yield b"".join(coded)  # most jobs are coded in one go: nothing is copied


_header = lru_cache(maxsize=256)(header)


@lru_cache(maxsize=256)
def _runs(strips: int) -> list[tuple[int, int]]:
    """Divide strips into runs of consecutive ones, which are coded in one go."""
    middle = strips - sum(_FIRST) - sum(_LAST)
    sizes = [1] * strips if middle < 0 else [*_FIRST, *(_LONGEST,) * (middle // _LONGEST), middle % _LONGEST, *_LAST]
    return [(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True) if size]


class _Scan:
    """One picture on its way into the kernel."""

    __slots__ = ("_inputs", "_layout", "_mcus", "_most_rows", "_samples", "_scales", "_tables", "steps")

    def __init__(self, samples: Samples, layout: Layout, steps: tuple[Steps, ...]) -> None:
        self._layout = layout
        self.steps = steps
        self._samples = samples
        self._inputs = None if isinstance(samples, DrawnSamples) else _inputs(samples)
        self._most_rows = _rows_at_once(samples, layout)
        self._scales = _scales(steps)
        self._mcus = _mcu_order(layout.subsampling)
        self._tables = standard_codes()

    def code(self, first_row: int, end_row: int) -> list[bytes]:
        """Code MCU rows; the first is the first of the picture or of a restart interval."""
        scratch, tables, layout = scratch_of_thread(), self._tables, self._layout
        tile = scratch.gray if layout.components == 1 else scratch.color
        across, down = layout.subsampling.across, layout.subsampling.down
        geometry = np.array((0, 0, layout.rows, layout.columns, across, down, 0, layout.restart_rows or 0), np.int64)
        state = np.zeros(STATE_SIZE, np.int64)
        state[ROW] = first_row
        coded = []
        for start in range(first_row, end_row, self._most_rows):
            end = min(start + self._most_rows, end_row)
            kind, cells_8, cells_16, table, (line, bits), top, left = self._inputs or self._drawn(start, end)
            geometry[kernels.TOP], geometry[kernels.LEFT], geometry[kernels.END_ROW] = top, left, end
            while state[ROW] < end:
                state[USED] = 0
                kernels.encode_rows(
                    kind, cells_8, cells_16, table, line, bits, geometry, self._scales,
                    *self._mcus, tables.codes, tables.lengths, tables.ready,
                    tile, scratch.edge, scratch.blocks, scratch.masks, scratch.values, scratch.runs, scratch.joined, scratch.raw,
                    state, scratch.out,
                )  # fmt: skip
                coded.append(scratch.out[: state[USED]].tobytes())
        return coded

    def _drawn(self, first_row: int, end_row: int) -> _Inputs:
        """Make the pixels of some MCU rows; the kernel takes them for the whole picture, and touches no others."""
        assert isinstance(self._samples, DrawnSamples)  # noqa: S101 - others have inputs
        height = 8 * self._layout.subsampling.down
        samples = self._samples.draw(height * first_row, min(height * end_row, self._layout.rows))
        kind, cells_8, cells_16, table, numbers, top, left = _inputs(samples)
        return kind, cells_8, cells_16, table, numbers, top - height * first_row, left


def _rows_at_once(samples: Samples, layout: Layout) -> int:
    """Return how many MCU rows are made at once at most: whole restart intervals where several have room."""
    if not isinstance(samples, DrawnSamples) or samples.most_rows is None:
        return layout.mcu_rows
    most, interval = max(samples.most_rows // (8 * layout.subsampling.down), 1), layout.restart_rows or 1
    return most // interval * interval or most


def _inputs(samples: GraySamples | ColorSamples) -> _Inputs:
    """Return the kernel's kind of samples, and what it takes for them: cells of 8 bits, of 16, table, line, and where they begin."""
    corner = samples.source.top, samples.source.left
    if isinstance(samples, ColorSamples):
        rows, columns, _ = samples.pixels.shape
        return kernels.RGB, samples.pixels.reshape(rows, 3 * columns), _NO_CELLS_16, _NO_TABLE, numbers_of(IDENTITY), *corner
    if isinstance(samples.display, Line):
        line, table, kinds = samples.display, _NO_TABLE, (kernels.CELLS_8_BY_LINE, kernels.CELLS_16_BY_LINE)
    else:
        line, table, kinds = IDENTITY, samples.display, (kernels.CELLS_8_BY_TABLE, kernels.CELLS_16_BY_TABLE)
    if samples.cells.dtype == np.uint8:
        return kinds[0], samples.cells, _NO_CELLS_16, table, numbers_of(line), *corner
    return kinds[1], _NO_CELLS_8, samples.cells, table, numbers_of(line), *corner


@lru_cache(maxsize=256)
def _scales(steps: tuple[Steps, ...]) -> npt.NDArray[np.float32]:
    return np.stack((scale_of(steps[0]), scale_of(steps[-1])))


@lru_cache(maxsize=8)
def _mcu_order(subsampling: Subsampling) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the blocks of a whole tile in the order of the scan, their components, and the tables of each component (T.81 A.2.3).

    In the tile luma comes first, one block row after the other, then Cb and Cr.
    """
    classes = np.array((0, 1, 1, 1), np.uint8)
    if subsampling is Subsampling.GRAY:
        blocks = GRAY_TILE[1] // 8
        return np.arange(blocks, dtype=np.int32), np.zeros(blocks, np.uint8), classes
    across, down = subsampling.across, subsampling.down
    mcus = COLOR_TILE[1] // (8 * across)
    mcu = np.arange(mcus)[:, np.newaxis]
    luma = [r * mcus * across + mcu * across + x for r in range(down) for x in range(across)]
    chroma = [across * down * mcus + plane * mcus + mcu for plane in range(2)]
    components = [0] * (across * down) + [1, 2]
    return np.hstack(luma + chroma).astype(np.int32).ravel(), np.tile(np.array(components, np.uint8), mcus), classes
