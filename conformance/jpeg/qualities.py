"""T5: the bound of T.83 at every quality, on the sources and on medical images, gray and colour components."""

from collections.abc import Iterable
from functools import cache

import numpy as np

from conformance.jpeg import vectors
from conformance.jpeg.encoders import QUALITIES, SUBSAMPLINGS, encode
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import Array
from conformance.jpeg.transform import Figures, compare_with_exact, components_of, transform

SOURCES, GRAY, LUMA, CHROMA = "sources", "gray", "Y", "Cb, Cr"
"""Four source components, gray pictures, and the components of colour ones."""


@cache
def sweep(name: str) -> dict[tuple[str, int], Figures]:
    """Encode a picture at every quality; return the figures by group and quality.

    name: of a picture, or of a source component.  Colour is encoded with every subsampling.
    """
    source = name in vectors.COMPONENTS
    picture = vectors.recovered(name).astype(np.uint8) if source else pictures()[name]
    groups = (SOURCES,) if source else (GRAY,) if picture.ndim == 2 else (LUMA, CHROMA, CHROMA)
    found: dict[tuple[str, int], Figures] = {}
    for subsampling in SUBSAMPLINGS if picture.ndim == 3 else SUBSAMPLINGS[:1]:
        coefficients = [transform(component) for component in components_of(picture, subsampling)]
        for quality in QUALITIES:
            for group, figures in zip(groups, _at(picture, coefficients, quality, subsampling), strict=True):
                found[group, quality] = found.get((group, quality), Figures()) + figures
    return found


def _at(picture: Array, coefficients: list[Array], quality: int, subsampling: str) -> Iterable[Figures]:
    for (found, table), exact in zip(read_back(encode(picture, quality, subsampling)), coefficients, strict=True):
        yield compare_with_exact(found, exact, table)


def added(names: Iterable[str]) -> dict[tuple[str, int], Figures]:
    """Add the figures of several pictures by group and quality."""
    sums: dict[tuple[str, int], Figures] = {}
    for name in names:
        for key, figures in sweep(name).items():
            sums[key] = sums.get(key, Figures()) + figures
    return sums
