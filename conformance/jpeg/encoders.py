"""The encoder under test, which is the product's own, and the libraries that its figures stand beside."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from io import BytesIO
from types import MappingProxyType

import numpy as np

import wado_core
from conformance.jpeg.streams import Array
from conformance.jpeg.transform import ORDER

QUALITIES = range(1, 101)
COMPARED_QUALITIES = (75, 90, 95, 96, 100)
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


def natural(table: Array) -> Array:
    """Return a quantization table of the zigzag order, (64,), as the encoder is given it: (8, 8), a row a vertical frequency."""
    placed = np.empty(64, np.int64)
    placed[ORDER] = table
    return placed.reshape(8, 8)


def encode_with_table(samples: Array, table: Array) -> bytes:
    """Encode a component as given, as a gray picture, with a quantization table in zigzag order."""
    return wado_core.encode_jpeg(samples.astype(np.uint8), quantization_tables=[natural(table)])


def encode(picture: Array, quality: int, subsampling: str = "4:4:4") -> bytes:
    """Encode a gray or an RGB picture at a quality of 1 … 100."""
    return wado_core.encode_jpeg(picture, quality=quality, subsampling=subsampling)


def _pillow(samples: Array, quality: int) -> bytes:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(samples).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _imagecodecs(samples: Array, quality: int) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(samples, level=quality))


def _simplejpeg(samples: Array, quality: int) -> bytes:
    import simplejpeg

    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(samples[..., None]), quality=quality, colorspace="GRAY"))


LIBRARIES: Mapping[str, Callable[[Array, int], bytes]] = MappingProxyType(
    {"pillow": _pillow, "imagecodecs": _imagecodecs, "simplejpeg": _simplejpeg}
)
"""Encoders of a gray picture at a quality, by the name of their package; each as it is when nothing else is asked for."""


def with_version(package: str) -> str:
    """Name a package with its version."""
    return f"{package} {version(package)}"
