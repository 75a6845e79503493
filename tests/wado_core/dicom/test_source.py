"""Byte sources: reads are slices, and a deflated data set is inflated within its bounds (PS3.5 A.5)."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wado_core.dicom.source import BytesSource, inflated
from wado_core.errors import DamagedObject, LimitExceeded

HEAD = b"preamble and meta"


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@given(data=st.binary(max_size=100), offset=st.integers(0, 120), length=st.integers(0, 120))
def test_reads_are_slices(data: bytes, offset: int, length: int) -> None:
    assert BytesSource(data).size == len(data)
    assert BytesSource(data).read(offset, length) == data[offset : offset + length]


@given(data=st.binary(max_size=100), offset=st.integers(0, 120), length=st.integers(0, 120))
def test_the_inflated_form_is_read_as_one(data: bytes, offset: int, length: int) -> None:
    source = inflated(BytesSource(HEAD + deflate(data)), len(HEAD), 1000)
    assert source.size == len(HEAD) + len(data)
    assert source.read(offset, length) == (HEAD + data)[offset : offset + length]


def test_a_padding_byte_behind_the_stream_is_passed_over() -> None:
    source = inflated(BytesSource(HEAD + deflate(b"abc") + b"\0"), len(HEAD), 1000)
    assert source.read(0, 100) == HEAD + b"abc"


def test_bounds() -> None:
    data = bytes(100_000)
    assert inflated(BytesSource(deflate(data)), 0, 100_000).size == 100_000
    with pytest.raises(LimitExceeded):
        inflated(BytesSource(deflate(data)), 0, 99_999)


@pytest.mark.parametrize("stream", [b"", b"\xff" * 20, deflate(bytes(range(256)) * 9)[:-3], b"\x06"])
def test_broken_streams_are_damage(stream: bytes) -> None:
    with pytest.raises(DamagedObject):
        inflated(BytesSource(stream), 0, 1 << 20)
