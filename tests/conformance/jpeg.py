"""JPEG answers looked at marker by marker (T.81 Annex B), and how far a decoded one may be from the picture it was made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SOF0, SOS, DQT, EOI, APP0 = 0xC0, 0xDA, 0xDB, 0xD9, 0xE0
OTHER_FRAMES = frozenset(range(0xC1, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF1 … SOF15: extended, progressive, lossless, hierarchical, arithmetic (T.81 Table B.1); C4, C8 and CC are no frames."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What the headers of a JPEG stream say.

    tables: the quantisation table of each component, (64,) in zigzag order.  sampling: H, V of each component.
    """

    markers: tuple[int, ...]
    precision: int
    rows: int
    columns: int
    tables: tuple[NDArray[np.int64], ...]
    sampling: tuple[tuple[int, int], ...]

    @property
    def components(self) -> int:
        return len(self.tables)

    @property
    def is_baseline(self) -> bool:
        """Exactly one frame, SOF0, 8 bits, no other process anywhere (A3.5)."""
        return self.markers.count(SOF0) == 1 and not OTHER_FRAMES & set(self.markers) and self.precision == 8


def read_jpeg(data: bytes) -> Jpeg:
    """Read all markers of a stream that begins with SOI and ends with EOI."""
    assert data[:2] == b"\xff\xd8"
    assert data[-2:] == b"\xff\xd9"
    markers, quantisation, frame = [], dict[int, NDArray[np.int64]](), b""
    for marker, payload in _segments(data):
        markers.append(marker)
        if marker == DQT:
            quantisation |= dict(_quantisation(payload))
        if marker == SOF0 or marker in OTHER_FRAMES:
            frame = payload
    rows, columns = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    components = [frame[6 + 3 * i : 9 + 3 * i] for i in range(frame[5])]
    sampling = tuple((component[1] >> 4, component[1] & 15) for component in components)
    return Jpeg(tuple(markers), frame[0], rows, columns, tuple(quantisation[component[2]] for component in components), sampling)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while True:
        assert data[at] == 0xFF, f"no marker at byte {at}"
        marker = data[at + 1]
        if marker == EOI:
            assert at == len(data) - 2, "bytes after EOI"
            yield marker, b""
            return
        length = int.from_bytes(data[at + 2 : at + 4])
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == SOS:
            while data[at] != 0xFF or data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:  # stuffed bytes and restarts
                at += 1


def _quantisation(payload: bytes) -> Iterator[tuple[int, NDArray[np.int64]]]:
    while payload:
        wide, number = payload[0] >> 4, payload[0] & 15
        size = 64 << wide
        yield number, np.frombuffer(payload[1 : 1 + size], ">u2" if wide else "u1").astype(np.int64)
        payload = payload[1 + size :]


def assert_jpeg_shows(data: bytes, picture: NDArray[np.uint8]) -> Jpeg:
    """Check that a JPEG answer is baseline (A3.5) and shows ``picture``, no worse than its own quantisation excuses.

    The bound: the 8x8 DCT is orthonormal, and rounding to a multiple of q is off by at most q / 2; so within each block the squared
    error adds up to at most the sum of (q / 2)^2, and the root mean square of a component is at most sqrt(sum((q / 2)^2) / 64).
    Clipping to 0..255 can only help.  Rounding of the colour transform, of both DCTs and of the result adds less than 2.  A picture
    whose edges are no multiples of 8 is padded to whole blocks, whose error may all lie in what is seen: the bound grows by their share.
    Colour is compared as YCbCr (JFIF), where that quantisation took place, and without subsampling only.
    """
    jpeg = read_jpeg(data)
    assert jpeg.is_baseline
    assert (jpeg.rows, jpeg.columns) == picture.shape[:2]
    assert jpeg.components == (1 if picture.ndim == 2 else 3)
    assert set(jpeg.sampling) == {(1, 1)}
    expected = picture[..., None].astype(np.float64) if picture.ndim == 2 else _ycbcr(picture)
    share = np.prod([-(-edge // 8) * 8 / edge for edge in picture.shape[:2]])
    difference = _components(data) - expected
    for component, table in enumerate(jpeg.tables):
        bound = float(np.sqrt((table / 2.0) ** 2 @ np.ones(64) / 64 * share)) + 2
        error = float(np.sqrt(np.mean(difference[..., component] ** 2)))
        assert error <= bound, f"component {component}: {error} > {bound}"
    return jpeg


def _components(data: bytes) -> NDArray[np.float64]:
    with Image.open(BytesIO(data)) as image:
        if image.mode == "RGB":
            assert "jfif" in image.info, "colour is YCbCr with JFIF (A3.7)"
            image.draft("YCbCr", None)  # the components as coded
        samples = np.asarray(image, dtype=np.float64)
    return samples[..., None] if samples.ndim == 2 else samples


def _ycbcr(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """RGB to YCbCr (JFIF 1.02, which takes it from ITU-R BT.601)."""
    matrix = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
    ycbcr: NDArray[np.float64] = picture.astype(np.float64) @ matrix.T + [0, 128, 128]
    return ycbcr
