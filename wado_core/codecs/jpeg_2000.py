"""JPEG 2000 frames (T.800), decoded by OpenJPEG, and High-Throughput JPEG 2000 (T.814), decoded by OpenJPH."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO

import numpy as np

from wado_core.codecs.coded_pixel import coded_pixel
from wado_core.codecs.decoded import Cells, Decoded
from wado_core.codecs.jpeg_2000_excerpt import excerpt
from wado_core.codecs.jpeg_2000_markers import (
    MOST_HT_PRECISION,
    MOST_PRECISION,
    Jpeg2000Facts,
    code_stream_of,
    jpeg_2000_problem,
    read_jpeg_2000_facts,
)
from wado_core.codecs.reduction import Incomplete, reduction_steps
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.geometry import Lattice
from wado_core.model.image_pixel import ImagePixel

# Pillow's samples have 8 bits, or 16 of one component.
_MOST_REDUCED_PRECISION = 16
_LEAST_REDUCED_PRECISION = 8
# With a bit more, OpenJPH still delivers them as they are.
_MOST_WITH_HEADROOM = 16
# Where the depth of the first component stands in a code stream (T.800 A.5.1).
_FIRST_DEPTH = 42

# What OpenJPH reports from within its lines reaches nobody but sys.unraisablehook, of which there is one for all threads.
_reports = threading.Lock()


def decode(encoded: bytes, pixel: ImagePixel, smallest: tuple[int, int] | None = None, *, lossless: bool = False) -> Decoded:
    """Decode a JPEG 2000 frame to gray cells, RGB or YBR_FULL.

    encoded: the frame, or what ``excerpt_for`` has left of it.  pixel: of the frame.
    smallest: (rows, columns) that the caller needs at least; the frame may then come at a lower resolution.
    lossless: the transfer syntax allows nothing else.
    Whether it is High-Throughput the stream says, not the transfer syntax; so does its depth (H1.6). Samples are signed when either
    says so: headers are right about streams that carry two's complement as unsigned (H1.7), but the negative values of a signed
    stream are no unsigned ones. Raises DamagedObject, NotSupported.
    """
    facts = read_jpeg_2000_facts(encoded)
    if facts is None:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is no JPEG 2000 stream (PS3.5 8.2.4).")
    exact = facts.high_throughput and lossless and facts.reversible and facts.plain and not facts.left_out
    if problem := jpeg_2000_problem(facts, MOST_HT_PRECISION if exact else MOST_PRECISION):
        raise NotSupported(problem)
    steps = facts.left_out
    if steps and steps != _left_out_of_a_frame(facts, pixel, smallest):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG 2000 stream (PS3.5 8.2.4).")  # it says so itself
    if (facts.rows, facts.columns) != (-(-pixel.rows >> steps), -(-pixel.columns >> steps)):
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data has another size than the first (PS3.5 8.2.4).")
    samples = None
    if not steps and (steps := _reduction(facts, pixel, smallest)):
        samples = _decode_reduced(encoded, facts, steps)
    if samples is None:
        steps, samples = facts.left_out, _decode_full(encoded, facts, exact=exact)
    rows, columns = -(-pixel.rows >> steps), -(-pixel.columns >> steps)
    if samples.shape[:2] != (rows, columns) or samples.size != rows * columns * facts.components:
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG 2000 stream (PS3.5 8.2.4).")
    width = 1 if facts.precision <= 8 else 2 if facts.precision <= 16 else 4
    cells = np.ascontiguousarray(samples.astype(f"u{width}", copy=False))  # signed wraps: two's complement
    described = coded_pixel(pixel, cells, facts.precision, color_transform=facts.color_transform, signed=facts.signed)
    return Decoded(cells, described, Lattice(1 << steps, on_pixels=steps > 0))


def excerpt_for(encoded: bytes, pixel: ImagePixel, smallest: tuple[int, int]) -> bytes | None:
    """Return the part of a frame from which ``decode`` makes the same; None where that is all of it.

    encoded: the frame, or as much of its beginning as was read.  Raises Incomplete where the part goes on beyond that.
    """
    facts = read_jpeg_2000_facts(encoded)
    if facts is None or (facts.rows, facts.columns) != (pixel.rows, pixel.columns):
        return None
    steps = _reduction(facts, pixel, smallest)
    return excerpt(encoded, steps) if steps else None


def _left_out_of_a_frame(facts: Jpeg2000Facts, pixel: ImagePixel, smallest: tuple[int, int] | None) -> int:
    """Return how many resolutions ``excerpt_for`` leaves out of a frame of which a stream may be the excerpt.

    The mark of an excerpt is part of the stream, and any stored stream may bear it: believed, a few cells would pass for a whole frame.
    """
    return _reduction(replace(facts, rows=pixel.rows, columns=pixel.columns, levels=facts.levels + facts.left_out), pixel, smallest)


def _reduction(facts: Jpeg2000Facts, pixel: ImagePixel, smallest: tuple[int, int] | None) -> int:
    """Return how many resolution levels can be left out, keeping twice ``smallest``.

    Samples of a lower resolution lie at every second place of the next, not between two of them: with as many as the picture has
    pixels, each pixel would be the mean of two neighbours, which blurs; twice as many cost four times as much, and differ from the means
    of all pixels by less than a third. None is left out where it has no mean: two's complement in an unsigned stream; samples of
    a few bits, whose means are rounded to such again.
    """
    if smallest is None or (pixel.signed and not facts.signed) or facts.precision < _LEAST_REDUCED_PRECISION:
        return 0
    return reduction_steps(facts.rows, facts.columns, (2 * smallest[0], 2 * smallest[1]), facts.levels)


def _decode_full(encoded: bytes, facts: Jpeg2000Facts, *, exact: bool = False) -> Cells:
    """Decode with imagecodecs, which releases the GIL, and what it refuses with pylibjpeg-openjpeg.

    exact: the values of a High-Throughput stream are within the range of its samples.
    OpenJPH is twice to three times as fast as OpenJPEG. Not for headers that contradict themselves: they end the process. Not for
    irreversible streams: its floating-point numbers depend on the processor.
    """
    import imagecodecs

    if facts.high_throughput and facts.reversible and facts.plain and (exact or facts.precision <= _MOST_WITH_HEADROOM):
        decoded = _decode_high_throughput(encoded) if exact else _decode_with_headroom(encoded, facts)
        if decoded is not None:
            return decoded
    try:
        samples: Cells = imagecodecs.jpeg2k_decode(encoded, numthreads=1)
    except (ValueError, RuntimeError):
        return _decode_leniently(encoded)
    return samples


def _decode_leniently(encoded: bytes) -> Cells:
    """Decode with pylibjpeg-openjpeg: it holds the GIL, so it has only what the other decoder refuses."""
    from openjpeg.utils import decode

    try:
        samples: Cells = decode(encoded)
    except Exception as error:  # the binding raises whatever its C code reports
        raise DamagedObject("A frame of (7FE0,0010) Pixel Data is a broken JPEG 2000 stream (PS3.5 8.2.4).") from error
    return samples


def _decode_high_throughput(encoded: bytes) -> Cells | None:
    """Decode with OpenJPH; None where it fails, which the other decoders may forgive."""
    import imagecodecs

    try:
        with _reported() as reports:
            samples: Cells = imagecodecs.htj2k_decode(code_stream_of(encoded), planar=False)
    except (ValueError, RuntimeError):
        return None
    return None if reports else samples


def _decode_with_headroom(encoded: bytes, facts: Jpeg2000Facts) -> Cells | None:
    """Decode with OpenJPH a stream whose values may leave the range of its samples, as those of a lower resolution do.

    The binding does not clip such values but cuts them off, so that white turns black. Told of one bit more, it has room for
    them on both sides; in a reversible stream nothing depends on the depth but by how much unsigned samples are raised (T.800 E.1, G.1).
    """
    stream = bytearray(code_stream_of(encoded))
    for depth in range(_FIRST_DEPTH, _FIRST_DEPTH + 3 * facts.components, 3):
        stream[depth] += 1
    samples = _decode_high_throughput(bytes(stream))
    if samples is None:
        return None
    half = 1 << (facts.precision - 1)
    low = -half if facts.signed else 0
    values: Cells = np.clip(samples.astype(np.int32) - (0 if facts.signed else half), low, low + 2 * half - 1)
    return values


@contextmanager
def _reported() -> Iterator[list[object]]:
    """Collect what would be printed as ignored: the binding goes on with lines that could not be decoded, and returns them black."""
    reports: list[object] = []
    with _reports:
        before, sys.unraisablehook = sys.unraisablehook, reports.append
        try:
            yield reports
        finally:
            sys.unraisablehook = before


def _decode_reduced(encoded: bytes, facts: Jpeg2000Facts, steps: int) -> Cells | None:
    """Decode at a resolution ``2**steps`` times lower; None where that fails, which the full decoder may forgive."""
    with suppress(Incomplete, DamagedObject):
        part = excerpt(encoded, steps)
        of_part = read_jpeg_2000_facts(part) if part else None
        if part and of_part:
            return _decode_full(part, of_part)
    return _decode_by_pillow(encoded, facts, steps)


def _decode_by_pillow(encoded: bytes, facts: Jpeg2000Facts, steps: int) -> Cells | None:
    """Decode a stream of which no excerpt can be made, such as one of several tiles; None where Pillow does not know it."""
    from PIL import Image

    if facts.precision > (8 if facts.components == 3 else _MOST_REDUCED_PRECISION):
        return None
    try:
        with Image.open(BytesIO(encoded)) as image:
            image.reduce = steps  # type: ignore[assignment,method-assign]
            image.load()
            samples = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return _as_coded(samples, facts)


def _as_coded(samples: Cells, facts: Jpeg2000Facts) -> Cells:
    """Undo what Pillow does to samples: shifts depths up to 8 or 16 bits, and moves signed samples up by half their range."""
    depth = 8 if facts.precision <= 8 else 16
    values = samples.astype(np.int32) >> (depth - facts.precision)
    if facts.signed:
        values -= 1 << (facts.precision - 1)
    return values
