"""The RLE kernels equal their twins on good, odd and broken segments, and never leave their buffers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.code_streams import pack_bits
from tests.reference import packbits as twin
from tests.wado_core.kernels.guarded import guarded, read_only
from tests.wado_core.kernels.paged import Side, all_paged
from wado_core.kernels.rle import interleave, unpack_segment


def check(size: int, encoded: bytes) -> int:
    """Decode with the kernel and with its twin; return how many bytes were written."""
    expected = twin.unpack_segment(size, encoded)
    with guarded(size) as out, guarded(1, np.int64) as written:
        unpack_segment(out, read_only(np.frombuffer(encoded, np.uint8)), written)
        assert written[0] == len(expected)
        assert out[: len(expected)].tobytes() == expected
    return len(expected)


controls = st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 15, 16, 126, 127, 128, 129, 240, 241, 255]))


@settings(max_examples=400, deadline=None)
@given(size=st.integers(0, 900), encoded=st.lists(controls, max_size=600).map(bytes))
def test_any_bytes_as_a_segment(size: int, encoded: bytes) -> None:
    check(size, encoded)


@settings(max_examples=300, deadline=None)
@given(
    lengths=st.lists(st.tuples(st.booleans(), st.one_of(st.integers(1, 20), st.integers(1, 128))), max_size=60),
    left_out=st.integers(0, 300), too_much=st.integers(0, 300), seed=st.integers(0, 1000),
)  # fmt: skip
def test_runs_and_literals_of_every_length(lengths: list[tuple[bool, int]], left_out: int, too_much: int, seed: int) -> None:
    """Also where the segment, or the room for what it holds, ends within one."""
    rng, encoded, size = np.random.default_rng(seed), bytearray(), 0
    for run, length in lengths:
        literal = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        encoded += bytes((257 - length, literal[0])) if run and length > 1 else bytes((length - 1,)) + literal
        size += length
    check(size, bytes(encoded))
    check(max(size - too_much, 0), bytes(encoded[: max(len(encoded) - left_out, 0)]))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=1500))
def test_what_an_encoder_wrote_comes_back(data: bytes) -> None:
    segment = pack_bits(data)
    assert check(len(data), segment + b"\0" * (len(segment) % 2)) == len(data)
    assert twin.unpack_segment(len(data), segment) == data


@pytest.mark.parametrize("control", range(256))
def test_every_control_byte_with_enough_and_too_little_behind_it(control: int) -> None:
    run = bytes(range(1, 130))
    for encoded in (bytes([control]), bytes([control, 9]), bytes([control]) + run, bytes([control]) + 2 * run):
        for size in (0, 1, 2, 127, 128, 129, 400):
            check(size, encoded)


def test_the_standard_s_no_operation_writes_nothing() -> None:
    assert check(10, b"\x80\x80\x80") == 0
    assert check(400, b"\x80" * 300) == 0


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("control", [0, 15, 16, 127, 128, 129, 255])
def test_nothing_is_read_or_written_outside_of_the_arrays(side: Side, control: int) -> None:
    for length in (1, 2, 128, 129, 130, 131, 257, 300):
        encoded = np.resize(np.array([control, 7, 8, 9], np.uint8), length)
        for size in (1, 128, 129, 256, 500):
            with all_paged(side, np.zeros(size, np.uint8), encoded, np.zeros(1, np.int64)) as (out, segment, written):
                unpack_segment(out, segment, written)
                assert written[0] == len(twin.unpack_segment(size, encoded.tobytes()))


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 8, 12, 15])
@pytest.mark.parametrize("size", [0, 1, 2, 31, 32, 33, 100, 1000])
def test_planes_side_by_side(number: int, size: int) -> None:
    planes = np.random.default_rng(number).integers(0, 256, (number, size), dtype=np.uint8)
    with guarded(number * size) as out:
        interleave(out, read_only(planes))
        assert out.tobytes() == twin.interleave([plane.tobytes() for plane in planes])
