"""Quantised blocks become the bytes that the standard's equations make of them, whichever tables, components and intervals."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import jpeg_coding
from tests.wado_core.kernels.guarded import Array, guarded, read_only
from tests.wado_core.kernels.huffman import CHROMA, LONGEST, LUMA, REVERSED
from tests.wado_core.kernels.paged import Side, all_paged
from wado_core.jpeg.tables import HuffmanTable, code_tables
from wado_core.kernels import jpeg, jpeg_scan
from wado_core.kernels._vector import WIDE
from wado_core.kernels.jpeg_scan import BYTES_OF_BLOCK, CODED_SIZE, MOST_BLOCKS, RAW_SIZE, STATE_SIZE, SYMBOLS_SIZE, USED

CODERS = [pytest.param(True, marks=pytest.mark.skipif(not WIDE, reason="this processor has no AVX-512 VBMI2")), False]
TABLES = {"standard": (LUMA, CHROMA), "longest": (LONGEST, LONGEST), "reversed": (REVERSED, LUMA)}


def random_blocks(rng: np.random.Generator, count: int) -> Array:
    """(count, 64) int16, each block as full as chance will have it; DC differences reach ±2047."""
    sizes = 1 << rng.integers(0, 11, (count, 64))
    blocks = rng.integers(-sizes + 1, sizes)
    blocks[rng.random((count, 64)) >= rng.choice([0, 0.03, 0.2, 0.9, 1], (count, 1))] = 0
    blocks[:, 0] = rng.choice([-1024, 1023, 0, 5, -6], count)
    kinds = rng.random(count)
    blocks[kinds < 0.1, 63] = 1  # no end-of-block
    blocks[kinds < 0.05, 1:63] = 0  # three ZRL
    blocks[kinds > 0.9, 1:] = rng.choice([-1023, 1023])  # the longest that there is
    return blocks.astype(np.int16)


def code(blocks: Array, order: Array, component: Array, class_of: Array, pairs: tuple[Any, Any], interval: int) -> bytes:
    """Run the kernel."""
    kernel: Any = jpeg.encode_blocks
    tables = code_tables(pairs)
    state, size = np.zeros(STATE_SIZE, np.int64), 2 * BYTES_OF_BLOCK * order.size + CODED_SIZE
    scratch = (
        np.zeros(SYMBOLS_SIZE, np.int16), np.zeros(SYMBOLS_SIZE, np.uint8), np.zeros(48, np.uint64), np.zeros(RAW_SIZE, np.uint8),
    )  # fmt: skip
    with all_paged(Side.BEHIND, *scratch) as scratch_at_its_end, guarded(size) as out:
        kernel(
            read_only(blocks), jpeg_coding.masks_of(blocks), order, component, class_of, tables.codes, tables.lengths, tables.ready,
            interval, *scratch_at_its_end, state, out,
        )  # fmt: skip
        return out[: state[USED]].tobytes()


def expected(
    blocks: Array, order: Array, component: Array, class_of: Array, pairs: tuple[tuple[HuffmanTable, HuffmanTable], ...], interval: int
) -> bytes:
    tables = [(dc.codes(), ac.codes()) for dc, ac in (pairs[number] for number in class_of.tolist())]
    return jpeg_coding.coded_scan(blocks, order.tolist(), component.tolist(), tables, interval)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40) | st.sampled_from([MOST_BLOCKS - 1, MOST_BLOCKS, MOST_BLOCKS + 1, 200]),
    components=st.integers(1, 4), name=st.sampled_from(sorted(TABLES)), interval=st.sampled_from([0, 1, 2, 7, 97]),
)  # fmt: skip
def test_a_scan_is_that_of_the_equations(seed: int, count: int, components: int, name: str, interval: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = random_blocks(rng, count)
    order = rng.permutation(count).astype(np.int32)
    component = rng.integers(0, components, count).astype(np.uint8)
    class_of = rng.integers(0, 2, 4).astype(np.uint8)
    given_ones = (blocks, order, component, class_of, TABLES[name], interval)
    assert code(*given_ones) == expected(*given_ones)


def test_no_block_is_longer_than_there_is_room_for() -> None:
    """All codes and magnitudes of the greatest length, as many blocks as are coded at once."""
    blocks = np.full((MOST_BLOCKS, 64), 1023, np.int16)
    blocks[::2, 0] = -1024
    order, zeros = np.arange(MOST_BLOCKS, dtype=np.int32), np.zeros(MOST_BLOCKS, np.uint8)
    made = code(blocks, order, zeros, np.zeros(4, np.uint8), (LONGEST, LONGEST), 0)
    assert len(made.replace(b"\xff\x00", b"\xff")) in range(MOST_BLOCKS * (BYTES_OF_BLOCK - 1), RAW_SIZE - 7)
    assert made == expected(blocks, order, zeros, np.zeros(4, np.uint8), (LONGEST, LONGEST), 0)


@pytest.mark.parametrize("wide", CODERS, ids=["vectors", "ready codes"])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("classes", [(0, 0, 0, 0), (0, 1, 1, 1)], ids=["one class", "two classes"])
@pytest.mark.parametrize("name", TABLES)
def test_both_coders_go_on_where_the_last_call_ended(name: str, classes: tuple[int, ...], side: Side, wide: bool) -> None:
    """The processor would choose one of them; here each codes two parts of a scan, all of its arrays beside forbidden pages."""
    rng = np.random.default_rng(5)
    blocks, order = random_blocks(rng, MOST_BLOCKS), rng.permutation(MOST_BLOCKS).astype(np.int32)
    component, class_of = rng.integers(0, 4, MOST_BLOCKS).astype(np.uint8), np.array(classes, np.uint8)
    tables = code_tables(TABLES[name])
    state = np.zeros(STATE_SIZE, np.int64)
    octets = b""
    for part in (slice(0, 40), slice(40, MOST_BLOCKS)):
        with all_paged(
            side, blocks, jpeg_coding.masks_of(blocks), order[part], component[part], class_of, tables.codes, tables.lengths,
            tables.ready, np.zeros(SYMBOLS_SIZE, np.int16), np.zeros(SYMBOLS_SIZE, np.uint8), np.zeros(48, np.uint64),
            np.zeros(RAW_SIZE, np.uint8), state,
        ) as arrays:  # fmt: skip
            *inputs, codes, lengths, ready, values, runs, joined, raw, own_state = arrays
            if wide:
                used = jpeg_scan.code_wide(*inputs, codes, lengths, values, runs, joined, raw, own_state)
            else:
                used = jpeg_scan.code_ready(*inputs, ready, raw, own_state)
            octets += raw[:used].tobytes()
            state = own_state.copy()
    with guarded(20) as out:
        state[USED] = 3
        jpeg_scan.end_interval(state, out)
        octets += out[3 : state[USED]].tobytes().replace(b"\xff\x00", b"\xff")
    assert jpeg_coding.stuffed(octets) == expected(blocks, order, component, class_of, TABLES[name], 0)
    assert state[USED + 1 :].tolist() == [0] * (STATE_SIZE - USED - 1)


@pytest.mark.parametrize("bits", range(8))
def test_an_interval_s_last_byte_is_filled_with_ones_and_stuffed(bits: int) -> None:
    state = np.zeros(STATE_SIZE, np.int64)
    state[jpeg_scan.BITS], state[jpeg_scan.WAITING] = bits, (1 << bits) - 1
    with guarded(2) as out:
        jpeg_scan.end_interval(state, out)
        assert out[: state[USED]].tobytes() == (b"\xff\x00" if bits else b"")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(octets=st.lists(st.sampled_from([0, 254, 255]) | st.just(255), max_size=70).map(bytes), used=st.integers(0, 3))
def test_stuffing(octets: bytes, used: int) -> None:
    """It may write up to 16 bytes more than there are, and load none more."""
    raw = np.frombuffer(octets, np.uint8)
    made = jpeg_coding.stuffed(octets)
    with all_paged(Side.BEHIND, raw, np.full(used + len(made) + 16, 0x77, np.uint8)) as (source, out):
        assert jpeg_scan.stuff(source, len(octets), out, used) == used + len(made)
        assert out[: used + len(made)].tobytes() == b"\x77" * used + made


@pytest.mark.parametrize("number", [0, 1, 7, 8, 1000])
def test_restart_markers(number: int) -> None:
    state = np.zeros(STATE_SIZE, np.int64)
    with guarded(2) as out:
        jpeg_scan.restart_marker(state, out, number)
        assert out.tobytes() == bytes([0xFF, 0xD0 + number % 8])
        assert state[USED] == 2
