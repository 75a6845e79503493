"""T2: the product's entropy coder on given coefficients and given Huffman tables; its scan has to be that of the stream, byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conformance.jpeg.coefficients import read_coefficients, unit_order, without_completing
from conformance.jpeg.streams import AC, DC, Array, Frame, HuffmanSpecification, Scan, Stream
from wado_core.jpeg.scratch import make_scratch
from wado_core.jpeg.tables import HuffmanTable, code_tables
from wado_core.kernels.jpeg import encode_blocks
from wado_core.kernels.jpeg_scan import BYTES_OF_BLOCK, CODED_SIZE, STATE_SIZE, USED

Pair = tuple[HuffmanSpecification, HuffmanSpecification]
"""Tables of DC differences and of AC coefficients."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is coded.

    blocks: (n, 64) int16, zigzag order.  order: (m,) int32, the blocks as the scan has them; one may come more than once.
    components: (m,) uint8, of each block of the scan its component.  classes: the pair of tables of each component.
    interval: blocks between restart markers, 0 for none.
    """

    blocks: Array
    order: Array
    components: Array
    classes: tuple[int, ...]
    pairs: tuple[Pair, ...]
    interval: int


def code(given: Given) -> bytes:
    """Code a scan with the product's kernel: Huffman codes, stuffed bytes, restart markers, padding."""
    tables = code_tables([(_table(dc), _table(ac)) for dc, ac in given.pairs])
    masks = (given.blocks != 0) @ (np.uint64(1) << np.arange(64, dtype=np.uint64))
    class_of = np.zeros(4, np.uint8)
    class_of[: len(given.classes)] = given.classes
    scratch, state = make_scratch(), np.zeros(STATE_SIZE, np.int64)
    out = np.zeros(2 * BYTES_OF_BLOCK * len(given.order) + CODED_SIZE, np.uint8)
    encode_blocks(
        np.ascontiguousarray(given.blocks, np.int16), masks, given.order.astype(np.int32), given.components.astype(np.uint8), class_of,
        tables.codes, tables.lengths, tables.ready, given.interval, scratch.values, scratch.runs, scratch.joined, scratch.raw, state, out,
    )  # fmt: skip
    return out[: state[USED]].tobytes()


def _table(specification: HuffmanSpecification) -> HuffmanTable:
    return HuffmanTable(bytes(specification.counts), bytes(specification.symbols))


def completed(frame: Frame, planes: Sequence[Array]) -> list[Array]:
    """Add the blocks that complete the MCUs of an interleaved scan, as the streams of the set and libjpeg have them.

    Each has the DC coefficient of the block before it in its component, and no other (T.81 A.2.4 leaves them open).
    planes: (block rows, block columns, 64) of each component.
    """
    whole = []
    for index, plane in enumerate(planes):
        (down, across), (rows, columns, _) = frame.units(index), plane.shape
        added = np.pad(plane, ((0, down - rows), (0, across - columns), (0, 0)), mode="edge")
        added[rows:, :, 1:] = added[:, columns:, 1:] = 0
        whole.append(added)
    return whole


def arranged(frame: Frame, scan: Scan, planes: Sequence[Array]) -> Given:
    """Put the blocks of a scan in order. planes: of each component of the scan, with the blocks that complete MCUs."""
    units = list(unit_order(frame, scan))
    starts = np.cumsum([0, *(plane.shape[0] * plane.shape[1] for plane in planes)])
    order = [starts[c] + row * planes[c].shape[1] + column for mcu in units for c, row, column in mcu]
    named = [(component.dc, component.ac) for component in scan.components]
    pairs = sorted(set(named))
    return Given(
        blocks=np.concatenate([plane.reshape(-1, 64) for plane in planes]).astype(np.int16),
        order=np.array(order, np.int32),
        components=np.array([c for mcu in units for c, _, _ in mcu], np.uint8),
        classes=tuple(pairs.index(pair) for pair in named),
        pairs=tuple((scan.tables.huffman[DC, dc], scan.tables.huffman[AC, ac]) for dc, ac in pairs),
        interval=scan.tables.restart_interval * len(units[0]),
    )


@dataclass(frozen=True, slots=True)
class Recoded:
    """A scan of a stream coded again: how many bytes it should have, and how many of these differ or are missing or too many."""

    blocks: int
    size_bytes: int
    differing_bytes: int


def recode(stream: Stream) -> list[Recoded]:
    """Code every scan of a baseline stream again from its coefficients, of which those that complete MCUs are made anew."""
    planes = without_completing(stream, read_coefficients(stream))
    return [_recoded(stream.only_frame, scan, planes) for scan in stream.scans]


def _recoded(frame: Frame, scan: Scan, planes: Sequence[Array]) -> Recoded:
    own = [planes[component.index] for component in scan.components]
    given = arranged(frame, scan, own if len(own) == 1 else completed(frame, own))
    found, expected = (np.frombuffer(data, np.uint8) for data in (code(given), scan.data))
    shared = min(found.size, expected.size)
    differing = np.count_nonzero(found[:shared] != expected[:shared]) + max(found.size, expected.size) - shared
    return Recoded(len(given.order), expected.size, int(differing))
