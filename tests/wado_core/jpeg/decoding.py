"""Streams as libjpeg-turbo sees them: whatever it would warn of is an error here."""

from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg

from tests.reference import jpeg_samples
from tests.reference.jpeg import Stream

Array = npt.NDArray[Any]

# How far a coefficient may be off before it is quantised.
ACCURACY = 0.002


def decode(stream: bytes) -> Array:
    """Decode with the accurate inverse DCT. Returns (rows, columns) or (rows, columns, 3) uint8; raises ValueError for a warning."""
    _, _, color, _ = simplejpeg.decode_jpeg_header(stream, strict=True)
    gray = color == "Gray"
    decoded = simplejpeg.decode_jpeg(stream, "GRAY" if gray else "RGB", fastdct=False, fastupsample=False, strict=True)
    return np.asarray(decoded[..., 0] if gray else decoded)


def check_coefficients(stream: Stream, source: Array, across: int, down: int) -> None:
    """Every coefficient is the nearest integer to the exact one, but for ties; blocks without a sample of the picture are empty."""
    rows, columns = source.shape[:2]
    planes = jpeg_samples.planes(source, across, down)
    assert (stream.rows, stream.columns, len(stream.components)) == (rows, columns, len(planes))
    for number, (plane, component) in enumerate(zip(planes, stream.components, strict=True)):
        table = stream.quantisation[component.quantisation]
        exact = jpeg_samples.coefficients(plane)
        luma = number == 0
        down_here, across_here = (1, 1) if luma else (down, across)
        high, wide = jpeg_samples.used_blocks(rows, columns, down_here, across_here)
        assert component.blocks.shape == exact.shape
        found, exact = component.blocks[:high, :wide], exact[:high, :wide]
        assert np.abs(found - exact / table).max() <= 1
        assert (np.abs(found * table - exact) <= table / 2 + ACCURACY).all()
        for others in (component.blocks[high:], component.blocks[:, wide:]):
            ac = others.reshape(-1, 64)[:, 1:]
            assert not ac.any()
