"""T2: the product's entropy coder writes the scans of the set byte for byte, and what it writes is read back by others."""

from dataclasses import replace

import numpy as np
import pytest

from conformance.jpeg import vectors
from conformance.jpeg.coefficients import read_coefficients, without_completing
from conformance.jpeg.entropy import completed, recode
from conformance.jpeg.generated_scans import LAYOUTS, generated, libjpeg_streams, pairs
from conformance.jpeg.hard_blocks import GREATEST_DC, LARGEST_AC, LEAST_DC, RUNS, hard_blocks
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.round_trip import INTERVALS, lost
from conformance.jpeg.streams import read_stream
from conformance.jpeg.syntax import BASELINE_AC, BASELINE_DC, violations
from tests.reference.jpeg import ZIGZAG, take_apart

needs_vectors = pytest.mark.skipif(not vectors.present(), reason=vectors.absence())


@needs_vectors
@pytest.mark.parametrize(("name", "scans", "size_bytes"), [("A1", 1, 30_958), ("B2", 255, 850_730), ("C2", 4, 26_962)])
def test_the_scans_of_the_set_are_coded_byte_for_byte(name: str, scans: int, size_bytes: int) -> None:
    parts = recode(vectors.stream(name))
    assert (len(parts), sum(part.size_bytes for part in parts)) == (scans, size_bytes)
    assert sum(part.differing_bytes for part in parts) == 0


@needs_vectors
@pytest.mark.parametrize("component", vectors.COMPONENTS)
def test_the_coefficients_of_a1_are_those_that_libjpeg_reads(component: str) -> None:
    """And those that were taken out of it when the sources were recovered; the blocks that complete MCUs follow their rule."""
    stream, index = vectors.stream("A1"), vectors.COMPONENTS.index(component)
    planes = read_coefficients(stream)
    own = without_completing(stream, planes)
    np.testing.assert_array_equal(own[index], vectors.coefficients("A1", component))
    np.testing.assert_array_equal(own[index], read_back(vectors.data("A1"))[index][0])
    np.testing.assert_array_equal(completed(stream.only_frame, own)[index], planes[index])


def test_scans_of_libjpeg_are_coded_byte_for_byte() -> None:
    for name, stream in libjpeg_streams():
        (part,) = recode(stream)
        assert part.differing_bytes == 0, name
        assert part.size_bytes > 2_000


def test_a_scan_with_another_byte_is_noticed() -> None:
    """The comparison can fail: one byte of the stream is another, or one is missing."""
    stream = next(stream for _, stream in libjpeg_streams())
    (scan,) = stream.scans
    other = scan.data[:100] + bytes((scan.data[100] ^ 1,)) + scan.data[101:]
    for data, differing in ((other, 1), (scan.data[:-1], 1), (scan.data + b"\0", 1)):
        (part,) = recode(replace(stream, scans=(replace(scan, data=data),)))
        assert part.differing_bytes == differing


@pytest.mark.parametrize("tables", pairs())
@pytest.mark.parametrize("layout", LAYOUTS)
def test_hard_coefficients_are_read_back(layout: str, tables: str) -> None:
    for interval in INTERVALS:
        data, planes = generated(layout, tables, interval)
        assert violations(data, jfif=False) == []
        assert lost(data, planes) == 0
        assert len(read_stream(data).scans[0].intervals) > bool(interval)
        assert data.count(b"\xff\x00") > 100


def test_hard_coefficients_are_hard() -> None:
    """They hold what they are made for: every symbol of baseline, the largest differences, and runs of stuffed bytes."""
    planes = generated("one component", "typical (T.81 K.3)", 0)[1]
    blocks = planes[0].reshape(-1, 64).astype(np.int64)
    np.testing.assert_array_equal(blocks, hard_blocks(len(blocks)))
    differences = np.diff(blocks[:, 0])
    assert (differences.min(), differences.max()) == (LEAST_DC - GREATEST_DC, GREATEST_DC - LEAST_DC)
    assert (blocks[:, 1:].min(), blocks[:, 1:].max()) == (-LARGEST_AC, LARGEST_AC)
    last = [np.flatnonzero(block[1:]).max(initial=-1) + 1 for block in blocks]
    assert {0, 63} < set(last)  # nothing but DC, no EOB, and others
    zeros = [np.diff(np.flatnonzero([1, *block[1:]])).max(initial=1) - 1 for block in blocks]  # DC counts, whatever it is
    assert set(RUNS) <= set(zeros)
    data, _ = generated("one component", "lengths 1 to 16, largest values last", 0)
    assert b"\xff\x00\xff\x00\xff\x00" in data


@pytest.mark.parametrize("tables", pairs())
def test_every_symbol_of_baseline_has_a_code(tables: str) -> None:
    for dc, ac in pairs()[tables]:
        assert {symbol for _, _, symbol in dc.codes()} == BASELINE_DC
        assert {symbol for _, _, symbol in ac.codes()} == BASELINE_AC


@pytest.mark.parametrize("layout", ["one component", "4:2:0"])
def test_the_reader_of_the_oracle_reads_the_same(layout: str) -> None:
    """A third reader, which goes bit by bit: the oracle's of streams without restart intervals."""
    data, planes = generated(layout, "lengths 1 to 16, ZRL last", 0)
    stream = read_stream(data)
    segments = [b"\xff\xd8", *(bytes((0xFF, m)) + (len(c) + 2).to_bytes(2) + c for m, c in stream.segments[1:-1] if m != 0xDD)]
    without_interval = b"".join(segments) + stream.scans[0].data + b"\xff\xd9"
    for component, plane in zip(take_apart(without_interval).components, planes, strict=True):
        rows, columns, _ = plane.shape
        zigzag = np.stack([component.blocks[:rows, :columns, r, c] for r, c in ZIGZAG], axis=-1)
        np.testing.assert_array_equal(zigzag, plane)
