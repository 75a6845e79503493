"""The RLE kernel equals its twin on good, odd and broken segments, and never leaves its buffers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.code_streams import pack_bits
from tests.reference import packbits as twin
from tests.wado_core.kernels.guarded import guarded, read_only
from wado_core.kernels.rle import unpack_segment

FILL = 0x5A


def check(size: int, start: int, step: int, encoded: bytes) -> int:
    """Decode with the kernel and with its twin; return how many bytes were written."""
    expected, count = twin.unpack_segment(size, start, step, encoded)
    buffer = np.full(size, FILL, np.uint8)
    for position, value in expected.items():
        buffer[position] = value
    with guarded(size, fill=FILL) as out, guarded(1, np.int64) as written:
        unpack_segment(out, start, step, read_only(np.frombuffer(encoded, np.uint8)), written)
        np.testing.assert_array_equal(out, buffer)
        assert written[0] == count
    return count


@settings(max_examples=400, deadline=None)
@given(
    size=st.integers(0, 300), start=st.integers(0, 5), step=st.integers(1, 6),
    encoded=st.lists(st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 127, 128, 129, 255]))).map(bytes),
)  # fmt: skip
def test_any_bytes_as_a_segment(size: int, start: int, step: int, encoded: bytes) -> None:
    check(size, min(start, size), step, encoded)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400), step=st.integers(1, 4))
def test_what_an_encoder_wrote_comes_back(data: bytes, step: int) -> None:
    segment = pack_bits(data)
    with guarded(len(data) * step) as out, guarded(1, np.int64) as written:
        unpack_segment(out, 0, step, read_only(np.frombuffer(segment + b"\0" * (len(segment) % 2), np.uint8)), written)
        assert out[::step].tobytes() == data
        assert written[0] == len(data)


@pytest.mark.parametrize("control", range(256))
def test_every_control_byte_with_enough_and_too_little_behind_it(control: int) -> None:
    run = bytes(range(1, 130))
    for encoded in (bytes([control]), bytes([control, 9]), bytes([control]) + run):
        for size in (0, 1, 2, 127, 128, 129, 400):
            check(size, 0, 1, encoded)


def test_the_standard_s_no_operation_writes_nothing() -> None:
    assert check(10, 0, 1, b"\x80\x80\x80") == 0
