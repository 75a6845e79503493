"""T3: the product's JPEG decoders, and the libraries below them, on the published streams (T.83 clauses 7.4 and 7.6).

A decoded component is transformed and quantised again in double precision and compared with what a decoder in double precision gives;
blocks that extension completes do not count. Lossless samples are compared as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from types import MappingProxyType

import numpy as np

from conformance.jpeg import vectors
from conformance.jpeg.coefficients import read_coefficients, read_samples, without_completing
from conformance.jpeg.streams import AC, DC, DHT, DQT, DRI, SOF3, SOS, Array, Frame, Scan, Stream, segment
from conformance.jpeg.transform import Figures, compare, reconstruct, requantized, total
from wado_core.codecs.registry import decode
from wado_core.errors import WadoError
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.transfer_syntax import JPEG_BASELINE, TRANSFER_SYNTAXES

TRANSFER_SYNTAX = {
    "A1": JPEG_BASELINE, "B2": JPEG_BASELINE,
    "C1": "1.2.840.10008.1.2.4.51", "C2": "1.2.840.10008.1.2.4.51", "E1": "1.2.840.10008.1.2.4.51", "E2": "1.2.840.10008.1.2.4.51",
    "O1": "1.2.840.10008.1.2.4.57", "O2": "1.2.840.10008.1.2.4.57",
}  # fmt: skip
"""The transfer syntax that a DICOM object with frames of such a stream would have (PS3.5 8.2.1)."""

APART = (
    ("B2", JPEG_BASELINE),
    ("C2", JPEG_BASELINE), ("C2", "1.2.840.10008.1.2.4.51"),
    ("E2", JPEG_BASELINE), ("E2", "1.2.840.10008.1.2.4.51"),
    ("O2", JPEG_BASELINE), ("O2", "1.2.840.10008.1.2.4.57"),
)  # fmt: skip
"""Streams that are not interleaved, and the transfer syntaxes that the product is given their scans under: the right one, and baseline,
which objects in the field say of other processes too."""

Decode = Callable[[bytes], Array]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decoder makes of a stream: figures, or why it refuses."""

    figures: Figures = field(default_factory=Figures)
    refusal: str = ""
    lossless: bool = False

    @property
    def holds(self) -> bool:
        """Whether all that was decoded is as it has to be: within 1, or the same where the process is lossless."""
        return self.figures.most <= (0 if self.lossless else 1)


@cache
def expected(name: str) -> tuple[Array, ...]:
    """Return what every component has to decode to: DREF without the blocks completed by extension, or the samples of a lossless one."""
    stream = vectors.stream(name)
    frame = stream.only_frame
    if frame.marker == SOF3:
        return read_samples(stream)
    tables = [_table(stream, index) for index in range(len(frame.components))]
    planes = without_completing(stream, read_coefficients(stream))
    decoded = [reconstruct(plane, table, frame.precision) for plane, table in zip(planes, tables, strict=True)]
    return tuple(
        requantized(samples[tuple(map(slice, frame.size(index)))], tables[index], frame.precision) for index, samples in enumerate(decoded)
    )


def _table(stream: Stream, component: int) -> Array:
    scan = next(scan for scan in stream.scans if component in [c.index for c in scan.components])
    return scan.tables.quantization[stream.only_frame.components[component].quantization]


def _compared(name: str, component: int, samples: Array) -> Figures:
    stream = vectors.stream(name)
    frame = stream.only_frame
    if samples.shape != frame.size(component):
        raise ValueError(f"component {component} of {name} is decoded to {samples.shape}")
    if frame.marker == SOF3:
        return compare(samples, expected(name)[component])
    return compare(requantized(samples.astype(np.int64), _table(stream, component), frame.precision), expected(name)[component])


def whole(name: str) -> Outcome:
    """Give the product a published stream as it is, all components at once, as a frame of its transfer syntax."""
    frame = vectors.stream(name).only_frame
    try:
        cells = _product(frame, len(frame.components), "CMYK", TRANSFER_SYNTAX[name])(vectors.data(name))
    except WadoError as error:
        return Outcome(refusal=_named(error))
    return Outcome(total(_compared(name, i, plane) for i, plane in enumerate(_planes(frame, cells))), lossless=frame.marker == SOF3)


def tables_only() -> Outcome:
    """Give the product B1, which holds tables and no frame."""
    frame = vectors.stream("B2").only_frame
    try:
        _product(frame, 1, "MONOCHROME2", JPEG_BASELINE)((vectors.folder() / vectors.STREAMS["B2"].tables).read_bytes())
    except WadoError as error:
        return Outcome(refusal=_named(error))
    return Outcome()


def apart(name: str, transfer_syntax: str) -> Outcome:
    """Give the product every scan of a stream as a stream of its own, under a transfer syntax."""
    return _apart(name, lambda frame: _product(frame, 1, "MONOCHROME2", transfer_syntax))


def apart_by_library(name: str, package: str) -> Outcome:
    """Give a library every scan of a stream as a stream of its own."""
    return _apart(name, lambda _: LIBRARIES[package])


def _apart(name: str, decoder: Callable[[Frame], Decode]) -> Outcome:
    """Decode the scans of a stream that is not interleaved one by one; the first refusal is that of all."""
    figures = Figures()
    for component, size, data in single_components(vectors.stream(name)):
        frame = vectors.stream(name).only_frame
        alone = Frame(frame.marker, frame.precision, *size, (frame.components[component],))
        try:
            figures += _compared(name, component, decoder(alone)(data))
        except (WadoError, ValueError, RuntimeError, OSError) as error:
            return Outcome(refusal=_named(error))
    return Outcome(figures, lossless=vectors.stream(name).only_frame.marker == SOF3)


def whole_by_library(name: str, package: str) -> Outcome:
    """Give a library a published stream as it is; components that it enlarges by repeating samples are taken apart again."""
    frame = vectors.stream(name).only_frame
    try:
        cells = LIBRARIES[package](vectors.data(name))
    except (ValueError, RuntimeError, OSError) as error:
        return Outcome(refusal=_named(error))
    return Outcome(total(_compared(name, i, plane) for i, plane in enumerate(_planes(frame, cells))), lossless=frame.marker == SOF3)


def _planes(frame: Frame, cells: Array) -> Iterator[Array]:
    """Yield the components of (rows, columns, components) cells; factors of 3 and 4 are reached by repeating, never by smoothing."""
    widest, highest = frame.factors
    for index, component in enumerate(frame.components):
        yield cells[:: highest // component.vertical, :: widest // component.horizontal, index]


def _named(error: Exception) -> str:
    """Name a refusal: the words of the product's own, whose texts are fixed; the kind of others."""
    return f"{type(error).__name__}: {error}" if isinstance(error, WadoError) else type(error).__name__


def _product(frame: Frame, samples: int, photometric: str, transfer_syntax: str) -> Decode:
    allocated = 8 if frame.precision == 8 else 16
    pixel = ImagePixel(frame.rows, frame.columns, samples, photometric, allocated, frame.precision, frame.precision - 1)
    return lambda data: decode(data, pixel, transfer_syntax).cells


def _imagecodecs(data: bytes) -> Array:
    import imagecodecs

    return np.asarray(imagecodecs.jpeg8_decode(data))


def _simplejpeg(data: bytes) -> Array:
    import simplejpeg

    return np.asarray(simplejpeg.decode_jpeg(data, "GRAY"))[..., 0]


def _pillow(data: bytes) -> Array:
    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        samples = np.asarray(image)
        return 255 - samples if image.mode == "CMYK" else samples  # Pillow turns four components over, as Adobe's are


LIBRARIES: Mapping[str, Decode] = MappingProxyType({"simplejpeg": _simplejpeg, "imagecodecs": _imagecodecs, "pillow": _pillow})
"""simplejpeg and imagecodecs are what the product decodes JPEG with, the second where the first refuses; Pillow stands beside them."""


def single_components(stream: Stream) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    """Yield each scan of a stream that is not interleaved as interchange format: component, its rows and columns, and the stream.

    The entropy-coded data are those of the stream, byte for byte: one scan of one component is coded in the same order whether the frame
    has others or not (T.81 A.2.2). The tables it uses get destination 0.
    """
    for scan in stream.scans:
        (component,) = scan.components
        size = stream.only_frame.size(component.index)
        yield component.index, size, _interchange(stream.only_frame, scan, size)


def _interchange(frame: Frame, scan: Scan, size: tuple[int, int]) -> bytes:
    (component,) = scan.components
    tables, destination = scan.tables, frame.components[component.index].quantization
    parts = [b"\xff\xd8"]
    if destination in tables.quantization:
        wide = destination in tables.wide
        parts.append(segment(DQT, bytes((wide << 4,)) + tables.quantization[destination].astype(">u2" if wide else "u1").tobytes()))
    parts.append(segment(frame.marker, bytes((frame.precision,)) + b"".join(edge.to_bytes(2) for edge in size) + b"\1\1\x11\0"))
    for table_class, number in ((DC, component.dc), (AC, component.ac)):
        if (table_class, number) in tables.huffman:
            parts.append(segment(DHT, tables.huffman[table_class, number].content(table_class, 0)))
    start, end, high, low = scan.parameters
    parts += [segment(DRI, tables.restart_interval.to_bytes(2)), segment(SOS, bytes((1, 1, 0, start, end, high << 4 | low)))]
    return b"".join((*parts, scan.data, b"\xff\xd9"))


def name_of(transfer_syntax: str) -> str:
    """Return the name of a transfer syntax."""
    return TRANSFER_SYNTAXES[transfer_syntax].name
