"""The test vectors of T.83 in a folder outside the project, and what was recovered from them. Nothing of it is part of the project."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from conformance.jpeg.streams import Array, Stream, read_stream

VARIABLE = "WADO_T83"
COMPONENTS = ("A", "B", "C", "D")
SIZES = {"A": (65, 85), "B": (129, 85), "C": (65, 255), "D": (257, 85)}
"""Rows and columns of the four source components."""

COEFFICIENTS = 59_968
"""Of the four components together, blocks completed by extension included."""


@dataclass(frozen=True, slots=True)
class Published:
    """A stream of the set.

    path: within the folder.  process: what it tests.  tables: the stream of tables that has to be loaded before.
    """

    path: str
    process: str
    tables: str = ""


STREAMS = {
    "A1": Published("p1/A1.JPG", "baseline, interleaved"),
    "B2": Published("p1/B2.JPG", "baseline, 255 components in 255 scans, tables in B1", "p1/B1.JPG"),
    "C1": Published("p2/C1.JPG", "extended 8 bits, interleaved"),
    "C2": Published("p2/C2.JPG", "extended 8 bits, four scans"),
    "E1": Published("p4/E1.JPG", "extended 12 bits, interleaved"),
    "E2": Published("p4/E2.JPG", "extended 12 bits, four scans"),
    "O1": Published("p14/O1.JPG", "lossless 8 bits, interleaved"),
    "O2": Published("p14/O2.JPG", "lossless 16 bits, four scans"),
}


def folder() -> Path:
    """Return the folder of the vectors; it need not exist."""
    repository = Path(__file__).parent.parent.parent
    return Path(os.environ.get(VARIABLE) or repository.parent / "shared" / "data" / "t83")


def present() -> bool:
    """Say whether the vectors are here."""
    return (folder() / STREAMS["A1"].path).is_file()


def absence() -> str:
    """Say, for those who skip, what is missing."""
    return f"T.83 VECTORS NOT COMPARED: there is no {folder()}; name the folder that holds p1, p2, p4, p14 in {VARIABLE}"


def data(name: str) -> bytes:
    """Return a published stream as it is."""
    return (folder() / STREAMS[name].path).read_bytes()


@cache
def stream(name: str) -> Stream:
    """Return a published stream, taken apart."""
    published = STREAMS[name]
    tables = read_stream((folder() / published.tables).read_bytes()).tables if published.tables else None
    return read_stream(data(name), tables)


def recovered(component: str, bits: int = 8) -> Array:
    """Return a source component as recovered from O1 (8 bits) or O2 (16): (rows, columns) int64."""
    samples = np.fromfile(folder() / "derived" / f"{component}{bits}.SRC", "u1" if bits == 8 else ">u2")
    return samples.reshape(SIZES[component]).astype(np.int64)


def published_d16() -> Array:
    """Return the one source component that is published: D with 16 bits."""
    return np.fromfile(folder() / "p14" / "D16.SRC", ">u2").reshape(SIZES["D"]).astype(np.int64)


def coefficients(kind: str, component: str) -> Array:
    """Return derived coefficients: (block rows, block columns, 64) int64, zigzag order.

    kind: ``A1`` for those of the stream, ``EREF`` or ``DREF`` for the recomputed references.
    """
    name = f"A1_{component}8.coef.DCT" if kind == "A1" else f"{kind}_{component}8.recomputed.DCT"
    rows, columns = SIZES[component]
    return np.fromfile(folder() / "derived" / name, ">i2").reshape(-(-rows // 8), -(-columns // 8), 64).astype(np.int64)


def quantization(component: str) -> Array:
    """Return A1's quantization table of a component, which is that of T.83 Annex B: (64,) in zigzag order."""
    a1 = stream("A1")
    return a1.tables.quantization[a1.only_frame.components[COMPONENTS.index(component)].quantization]
