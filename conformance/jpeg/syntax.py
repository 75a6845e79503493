"""T4: what a stream breaks of the syntax of baseline interchange format (T.81 Annex B, T.83 clause 5.1) and of JFIF (T.871)."""

from collections.abc import Iterator

from conformance.jpeg.coefficients import read_coefficients
from conformance.jpeg.streams import AC, APP0, APPLICATION, COM, DC, DHT, DQT, DRI, EOI, SOF0, SOI, SOS, Stream, read_stream

BASELINE_DC = frozenset(range(12))
"""Categories of DC differences of 8-bit samples (T.81 Table F.1)."""
BASELINE_AC = frozenset(run << 4 | size for run in range(16) for size in range(1, 11)) | {0x00, 0xF0}
"""Run and size of AC coefficients of 8-bit samples, EOB and ZRL (T.81 Tables F.2 and K.5)."""

TABLES_OR_MISCELLANEOUS = frozenset({DQT, DHT, DRI, COM}) | APPLICATION
OF_JFIF = frozenset({SOI, APP0, DQT, SOF0, DHT, DRI, SOS, EOI})
"""The markers that a JFIF stream needs; restart markers stand within the entropy-coded data."""


def violations(data: bytes, *, jfif: bool = True) -> list[str]:
    """Say what is wrong with a stream, in words; nothing when it is baseline interchange format.

    Its entropy-coded data are decoded too: restart markers have to be where DRI puts them, bytes stuffed, and every bit accounted for.
    jfif: ask for the APP0 segment and the components of JFIF as well.
    """
    try:
        stream = read_stream(data)
        found = [*_order(stream), *_frame(stream), *_tables(stream), *_scans(stream), *(_jfif(stream) if jfif else ())]
        if not found:
            read_coefficients(stream)
    except ValueError as error:
        return [str(error)]
    return found


def _order(stream: Stream) -> Iterator[str]:
    """SOI, tables, the frame header, and scans, each after tables of its own (T.81 Figure B.2)."""
    markers = [marker for marker, _ in stream.segments]
    if stream.frame is None or not stream.scans:
        yield "there is no frame or no scan"
        return
    frame_at, scan_at = markers.index(stream.frame.marker), markers.index(SOS)
    if not set(markers[1:frame_at]) <= TABLES_OR_MISCELLANEOUS:
        yield "something else than tables stands before the frame header"
    if scan_at < frame_at or not set(markers[frame_at + 1 : -1]) <= TABLES_OR_MISCELLANEOUS | {SOS}:
        yield "something else than tables and scans follows the frame header"
    if markers[-2] != SOS:
        yield "tables stand between the last scan and EOI"


def _frame(stream: Stream) -> Iterator[str]:
    frame = stream.frame
    if frame is None:
        return
    if frame.marker != SOF0 or frame.precision != 8:
        yield f"the frame is marker {frame.marker:02X} with {frame.precision} bits, not SOF0 with 8"
    if any(len(scan.components) > 1 for scan in stream.scans) and len(frame.components) > 4:
        yield "more than four components are interleaved"
    coded = [component.index for scan in stream.scans for component in scan.components]
    if sorted(coded) != list(range(len(frame.components))):
        yield "not every component is in exactly one scan"


def _tables(stream: Stream) -> Iterator[str]:
    """Baseline: 8-bit quantization tables, two Huffman tables of a class, and the symbols of 8-bit samples (T.81 B.2.4, F.1.2)."""
    for marker, content in stream.segments:
        at = 0
        while marker == DQT and at < len(content):
            if content[at] >> 4:
                yield "a quantization table has 16 bits"
            at += 1 + (64 << (content[at] >> 4))
        while marker == DHT and at < len(content):
            table_class, destination, end = content[at] >> 4, content[at] & 15, at + 17 + sum(content[at + 1 : at + 17])
            if destination > 1:
                yield "a Huffman table has a destination beyond 1"
            if not set(content[at + 17 : end]) <= (BASELINE_DC if table_class == DC else BASELINE_AC):
                yield "a Huffman table codes a symbol that baseline does not have"
            at = end


def _scans(stream: Stream) -> Iterator[str]:
    for scan in stream.scans:
        if scan.parameters != (0, 63, 0, 0):
            yield "a scan does not run from 0 to 63 without approximation"
        for component in scan.components:
            if {(DC, component.dc), (AC, component.ac)} - scan.tables.huffman.keys():
                yield "a scan uses a Huffman table that is not there"
            if stream.only_frame.components[component.index].quantization not in scan.tables.quantization:
                yield "a component uses a quantization table that is not there"
        if bool(scan.tables.restart_interval) < (len(scan.intervals) > 1):
            yield "there are restart markers without a restart interval"


def _jfif(stream: Stream) -> Iterator[str]:
    """T.871 clauses 6 and 10.1: APP0 right after SOI, and one component 1, or the components 1, 2, 3."""
    marker, content = stream.segments[1]
    if marker != APP0 or content[:5] != b"JFIF\0":
        yield "the first segment is not JFIF's APP0"
        return
    if len(content) < 14 or len(content) != 14 + 3 * content[12] * content[13] or bool(content[12]) != bool(content[13]):
        yield "JFIF's APP0 has a wrong length, or half a thumbnail"
        return
    if content[5] != 1 or content[6] > 2:
        yield "JFIF has another version than 1.0 to 1.2"
    if content[7] > 2 or not any(content[8:10]) or not any(content[10:12]):
        yield "JFIF's density is none"
    if [component.identifier for component in stream.only_frame.components] not in ([1], [1, 2, 3]):
        yield "the components are not those of JFIF"
