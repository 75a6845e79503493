"""T2 without files: hard coefficients, Huffman tables made to be hard, and streams of libjpeg to be coded again."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from conformance.jpeg.entropy import Given, Pair, arranged, code, completed
from conformance.jpeg.hard_blocks import hard_blocks
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import (
    AC,
    DC,
    DHT,
    DQT,
    DRI,
    SOF0,
    SOS,
    Array,
    Frame,
    FrameComponent,
    HuffmanSpecification,
    Scan,
    ScanComponent,
    Stream,
    Tables,
    read_stream,
    segment,
)
from conformance.jpeg.syntax import BASELINE_AC, BASELINE_DC


@cache
def pairs() -> dict[str, tuple[Pair, Pair]]:
    """Return Huffman tables of two classes by name: for every symbol of baseline, a code.

    Those of T.81 K.3 are read from a stream of libjpeg, apart from what the product believes them to be.
    """
    typical = read_stream(libjpeg_stream("4:4:4", optimized=False, restart_rows=0)).tables.huffman
    flat = _flat(BASELINE_DC, 4), _flat(BASELINE_AC, 8)
    ones = _long(BASELINE_DC, last=0x0B), _long(BASELINE_AC, last=0x0A)
    zeros = _long(BASELINE_DC, last=0x00), _long(BASELINE_AC, last=0xF0)
    return {
        "typical (T.81 K.3)": ((typical[DC, 0], typical[AC, 0]), (typical[DC, 1], typical[AC, 1])),
        "typical, classes exchanged": ((typical[DC, 1], typical[AC, 0]), (typical[DC, 0], typical[AC, 1])),
        "one length": (flat, flat),
        "lengths 1 to 16, largest values last": (ones, zeros),
        "lengths 1 to 16, ZRL last": (zeros, ones),
    }


def _flat(symbols: frozenset[int], length: int) -> HuffmanSpecification:
    return HuffmanSpecification(tuple(len(symbols) * (i == length) for i in range(1, 17)), tuple(sorted(symbols)))


def _long(symbols: frozenset[int], last: int) -> HuffmanSpecification:
    """Give codes of as many lengths as there can be; the last is all ones but its last bit, and ``last`` has it."""
    counts = [1] * min(16, len(symbols)) + [0] * max(0, 16 - len(symbols))
    missing = len(symbols) - sum(counts)
    for length in range(1, 9):  # a code of this length gives way to 2 ** more longer ones
        more = min(16 - length, (missing + 1).bit_length() - 1)
        if more > 0:
            counts[length - 1] -= 1
            counts[length - 1 + more] += 1 << more
            missing -= (1 << more) - 1
    return HuffmanSpecification(tuple(counts), (*sorted(symbols - {last}), last))


LAYOUTS = {
    "one component": ((1, 1),),
    "4:4:4": ((1, 1), (1, 1), (1, 1)),
    "4:2:0": ((2, 2), (1, 1), (1, 1)),
    "ten blocks an MCU": ((1, 1), (1, 2), (3, 1), (1, 4)),
}
"""Sampling factors of the components, across and down."""


def generated(layout: str, tables: str, restart_interval: int) -> tuple[bytes, list[Array]]:
    """Return a stream whose scan the product has coded, and the coefficients it was given without those that complete MCUs.

    The size is no multiple of an MCU's.
    """
    factors = LAYOUTS[layout]
    components = tuple(FrameComponent(i + 1, across, down, 0) for i, (across, down) in enumerate(factors))
    frame = Frame(SOF0, 8, 67, 93, components)
    of_scan = tuple(ScanComponent(i, min(i, 1), min(i, 1)) for i in range(len(factors)))
    huffman = {(which, number): pair[which] for number, pair in enumerate(pairs()[tables]) for which in (DC, AC)}
    in_force = Tables({0: np.ones(64, np.int64)}, huffman, restart_interval)
    planes = []
    for index in range(len(factors)):
        rows, columns = (-(-edge // 8) for edge in frame.size(index))
        planes.append(hard_blocks(rows * columns).reshape(rows, columns, 64))
    given = arranged(frame, Scan(of_scan, (0, 63, 0, 0), in_force, b"", ()), completed(frame, planes) if len(factors) > 1 else planes)
    return assembled(frame, of_scan, in_force, given), planes


def assembled(frame: Frame, of_scan: tuple[ScanComponent, ...], tables: Tables, given: Given) -> bytes:
    """Write a whole stream around a scan that the product codes."""
    header = bytes((8, *frame.rows.to_bytes(2), *frame.columns.to_bytes(2), len(frame.components)))
    listed = b"".join(bytes((c.identifier, c.horizontal << 4 | c.vertical, c.quantization)) for c in frame.components)
    named = b"".join(bytes((frame.components[c.index].identifier, c.dc << 4 | c.ac)) for c in of_scan)
    parts = [
        b"\xff\xd8",
        *(segment(DQT, bytes((number, *(int(step) for step in table)))) for number, table in tables.quantization.items()),
        segment(SOF0, header + listed),
        *(segment(DHT, table.content(*place)) for place, table in tables.huffman.items()),
        segment(DRI, tables.restart_interval.to_bytes(2)),
        segment(SOS, bytes((len(of_scan),)) + named + bytes((0, 63, 0))),
        code(given),
        b"\xff\xd9",
    ]
    return b"".join(parts)


@cache
def libjpeg_stream(subsampling: str, *, optimized: bool, restart_rows: int) -> bytes:
    """Return a stream of Pillow, which is libjpeg-turbo's, with typical or optimised Huffman tables; gray for an empty subsampling."""
    picture = pictures()["examples_rgb_color" if subsampling else "CT_small"][:93, :117]
    buffer = BytesIO()
    options = {"subsampling": subsampling} if subsampling else {}
    Image.fromarray(picture).save(buffer, "JPEG", quality=92, optimize=optimized, restart_marker_rows=restart_rows, **options)
    return buffer.getvalue()


def libjpeg_streams() -> Iterator[tuple[str, Stream]]:
    """Yield streams of libjpeg with their names, to be coded again."""
    for subsampling in ("", "4:4:4", "4:2:2", "4:2:0"):
        for optimized in (False, True):
            for restart_rows in (0, 1):
                name = f"{subsampling or 'gray'}, {'optimised' if optimized else 'typical'} tables, {restart_rows} rows an interval"
                yield name, read_stream(libjpeg_stream(subsampling, optimized=optimized, restart_rows=restart_rows))
