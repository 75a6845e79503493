"""T4: what the product encodes for its syntax to be looked at, small pictures of every kind."""

from collections.abc import Iterator
from itertools import product

import numpy as np

import wado_core
from conformance.jpeg.encoders import QUALITIES, SUBSAMPLINGS
from conformance.jpeg.generated_scans import pairs
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import AC, DC, HuffmanSpecification, read_stream

SIZES = ((1, 1), (7, 9), (8, 8), (16, 16), (17, 33), (1, 130), (67, 1), (40, 51), (9, 541))
"""The last is wider than what the kernels take at a time."""

RESTART_ROWS = (None, 1, 2, 9)
TRIED_QUALITIES = (1, 25, 50, 75, 90, 100)


def encodings() -> Iterator[tuple[str, bytes]]:
    """Yield streams of gray pictures and of colour ones with every subsampling, by size, restart rows and quality."""
    gray, color = pictures()["gray noise"], pictures()["colour noise"]
    for (rows, columns), restart_rows, quality in product(SIZES, RESTART_ROWS, TRIED_QUALITIES):
        name = f"{rows} x {columns}, {restart_rows} rows an interval, quality {quality}"
        cut = np.resize(gray, (rows, columns))
        yield f"gray, {name}", wado_core.encode_jpeg(cut, quality=quality, restart_rows=restart_rows)
        for subsampling in SUBSAMPLINGS:
            cut = np.resize(color, (rows, columns, 3))
            yield (
                f"{subsampling}, {name}",
                wado_core.encode_jpeg(cut, quality=quality, subsampling=subsampling, restart_rows=restart_rows),
            )


def tables_at(quality: int) -> list[list[int]]:
    """Return the quantization tables of a colour picture at a quality, zigzag order."""
    stream = read_stream(wado_core.encode_jpeg(np.zeros((8, 8, 3), np.uint8), quality=quality))
    return [stream.tables.quantization[number].tolist() for number in sorted(stream.tables.quantization)]


def tables_of_libjpeg_at(quality: int) -> list[list[int]]:
    """Return those that libjpeg has at the quality."""
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    stream = read_stream(buffer.getvalue())
    return [stream.tables.quantization[number].tolist() for number in sorted(stream.tables.quantization)]


def qualities_with_other_tables() -> list[int]:
    """Return the qualities at which the product's tables are not those of the Independent JPEG Group."""
    return [quality for quality in QUALITIES if tables_at(quality) != tables_of_libjpeg_at(quality)]


def huffman_tables_are_typical() -> bool:
    """Say whether the product's Huffman tables are those of T.81 K.3, as libjpeg has them."""
    found: dict[tuple[int, int], HuffmanSpecification] = read_stream(wado_core.encode_jpeg(np.zeros((8, 8, 3), np.uint8))).tables.huffman
    typical = pairs()["typical (T.81 K.3)"]
    return found == {(which, number): typical[number][which] for number in (0, 1) for which in (DC, AC)}
