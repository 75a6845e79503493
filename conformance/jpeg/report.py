"""The report of the compliance suite: what was compared with what, the sections, and what is not covered."""

from collections.abc import Callable
from pathlib import Path

from conformance.jpeg import sections, vectors

PATH = Path(__file__).parent / "report.md"
ALL, LESS, NONE = "all", "less", "none"
"""What a section needs of the vectors: it cannot be without them, it says less without them, it is the same without them."""

_INTRODUCTION = """# JPEG: the criteria of T.83

Written by `python -m conformance.jpeg --write`, printed by `make conformance`; a test makes it again and compares.

The encoder of wado against ITU-T T.83 = ISO/IEC 10918-2 = GB/T 17235.2: **the T.83 criterion on source data recovered from stream O1,
references recomputed in float64, because the published EREF/DREF files are not publicly distributed.** No official EREF or DREF file was
compared. The criterion: no quantised coefficient differs from the reference by more than 1. Coefficients are read back by libjpeg 6b
(jpeglib from PyPI) and by a reader of this suite, which accounts for every bit.

T1: the transform and the quantiser, component by component. T2: the entropy coder, byte for byte. T3: what the product decodes of the set:
its scans of one component. T4: the syntax of what is written. T5: T1 at every quality, on other pictures too, and as the server makes them.

*ties*: of those that differ, how many are exact halves before rounding, where either neighbour is nearest. The reference rounds halves
away from zero.
"""

_COVERAGE = """## What is covered, and what is not

Covered: encoding by process 1 (baseline, Huffman, 8 bits; T.83 clause 6.1) of gray pictures and of RGB pictures with 4:4:4, 4:2:2 and
4:2:0; the syntax of what is written (clause 5.1); decoding of single components of processes 1, 2 and 4 (clause 7.4)
and, without tolerance, 14 (clause 7.6).

Not covered, or not so:

- The text of clause 6.1 and of Annex A.1 was not at hand; the criterion is applied as the set's own README and the streams bear it out.
- T.83 hands the encoder four components at once, with factors 1×1, 1×2, 3×1 and 1×4. The product encodes one or three; so T1 encodes
  each component as a gray picture, and the interleaving of the four is tested by T2 alone, with the product's entropy coder.
- The greater computational accuracy of Annex E, and application-specific tests (Annex D).
- Streams D, F to N, P and Q to T of the set (arithmetic coding, progressive, hierarchical) were not at hand. Of these the product decodes
  progressive streams and those with arithmetic coding that are not lossless; it refuses hierarchical ones, and lossless ones with
  arithmetic coding. Gray streams of libjpeg, progressive ones and sequential ones with arithmetic coding, are compared in the tests of
  this suite, by the same criterion; nothing is claimed for progressive streams with arithmetic coding.
- 12-bit and lossless encoding: processes that the product does not encode by.
- B1 and B2 are in the abbreviated format. A DICOM object holds interchange format (PS3.5 A.4.1), so that the product has no way to load
  tables first; the scans of B2 are decoded as streams of their own.
- The product is no generic decoder in the sense of clause 7: it refuses every stream of the set as it stands, for its four components
  or 255, whatever the process. What libjpeg-turbo, which it decodes with, makes of them stands beside.
- Colour frames leave the product's decoder as RGB, and T.83 compares components; so T3 is about components alone, not about how chroma
  is enlarged and converted. Pictures decoded at a reduced size (a smaller inverse DCT) are not subject to T.83 either.
"""

SECTIONS: dict[str, tuple[Callable[[], str], str]] = {
    "recovered": (sections.recovered, ALL),
    "t1": (sections.t1, ALL),
    "t2": (sections.t2, ALL),
    "t2_generated": (sections.t2_generated, NONE),
    "t3": (sections.t3, ALL),
    "t4": (sections.t4, NONE),
    "t5": (sections.t5, LESS),
    "t5_served": (sections.t5_served, NONE),
    "beside": (sections.beside, ALL),
}
"""What makes each section, and what it needs of the vectors."""


def report() -> str:
    """Write the whole report; without the vectors only what needs none."""
    here = vectors.present()
    made = [make() for make, needs in SECTIONS.values() if here or needs != ALL]
    return "\n".join((_INTRODUCTION, *([] if here else [f"*** {vectors.absence()} ***\n"]), *made, _COVERAGE))


def text_around() -> tuple[str, str]:
    """Return what stands before the sections and after them."""
    return _INTRODUCTION, _COVERAGE


def heading(section: str) -> str:
    """Return the first line of a section's text."""
    return section.partition("\n")[0]


def committed(first_line: str) -> str:
    """Return a section of the committed report by its heading, up to the next one; empty when there is none."""
    text = PATH.read_text()
    begin = text.find(first_line + "\n")
    if begin < 0:
        return ""
    ends = [end for mark in ("\n## ", "\n### ") if (end := text.find(mark, begin + 1)) >= 0]
    return text[begin : min(ends, default=len(text))]
