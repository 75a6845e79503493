"""T1: the four source components of T.83, encoded with the quantization tables of its Annex B; and where they come from."""

from functools import cache

import numpy as np

from conformance.jpeg import vectors
from conformance.jpeg.coefficients import read_samples
from conformance.jpeg.encoders import COMPARED_QUALITIES, LIBRARIES, encode_with_table
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.streams import Array
from conformance.jpeg.transform import TIE, Figures, compare, compare_with_exact, total, transform


@cache
def exact(component: str) -> Array:
    """Return the coefficients of a source component before quantisation, in float64: see ``transform``."""
    return transform(vectors.recovered(component))


def against_reference(component: str) -> Figures:
    """Encode a component with the product, as a gray picture, and compare with EREF recomputed in float64."""
    found, table = _encoded(component)
    return compare_with_exact(found, exact(component), table)


def against_committee(component: str) -> Figures:
    """Compare with the coefficients of A1, which are the committee's."""
    found, table = _encoded(component)
    return compare(found, vectors.coefficients("A1", component), ties(component, table))


def _encoded(component: str) -> tuple[Array, Array]:
    table = vectors.quantization(component)
    ((found, of_stream),) = read_back(encode_with_table(vectors.recovered(component), table))
    if not np.array_equal(of_stream, table):
        raise ValueError("the stream holds another quantization table than was given")
    return found, table


def committee_against_reference(component: str) -> Figures:
    """Compare the coefficients of A1 with EREF recomputed in float64: what the reference is worth."""
    table = vectors.quantization(component)
    return compare_with_exact(vectors.coefficients("A1", component), exact(component), table)


def derived_against_reference(component: str) -> Figures:
    """Compare the EREF that was recomputed when the sources were recovered with the one that is recomputed here."""
    return compare_with_exact(vectors.coefficients("EREF", component), exact(component), vectors.quantization(component))


def ties(component: str, table: Array) -> Array:
    """Say where the coefficients of a component are exact halves before they are rounded."""
    quotients = np.abs(exact(component) / table)
    return np.asarray(np.abs(quotients - np.floor(quotients) - 0.5) < TIE)


def libraries() -> dict[tuple[str, int], Figures]:
    """Encode the four components with other encoders; return the figures by package and quality."""
    return {
        (package, quality): total(_by_library(package, quality, component) for component in vectors.COMPONENTS)
        for package in LIBRARIES
        for quality in COMPARED_QUALITIES
    }


def _by_library(package: str, quality: int, component: str) -> Figures:
    ((found, table),) = read_back(LIBRARIES[package](vectors.recovered(component).astype(np.uint8), quality))
    return compare_with_exact(found, exact(component), table)


@cache
def recovered_exactly() -> dict[str, Figures]:
    """Decode O1 and O2 here, sample by sample, and compare with each other and with what is called source; by what is compared."""
    of_o1, of_o2 = (read_samples(vectors.stream(name)) for name in ("O1", "O2"))
    pairs = list(zip(vectors.COMPONENTS, of_o1, of_o2, strict=True))
    return {
        "O1 decoded, and the source components": total(compare(eight, vectors.recovered(name)) for name, eight, _ in pairs),
        "O2 decoded, its upper 8 bits, and O1 decoded": total(compare(sixteen >> 8, eight) for _, eight, sixteen in pairs),
        "O2 decoded, component D, and the published D16.SRC": compare(of_o2[3], vectors.published_d16()),
    }
