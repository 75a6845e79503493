"""T3: what the product's decoders make of the published streams, or the words in which they refuse (T.83 clauses 7.4, 7.6)."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from conformance.jpeg import decoders, vectors
from conformance.jpeg.coefficients import read_coefficients
from conformance.jpeg.libjpeg_reader import read_back, with_arithmetic_coding
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import Array, read_stream
from conformance.jpeg.transform import Figures, compare, reconstruct, requantized
from wado_core.codecs.registry import decode
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.transfer_syntax import JPEG_BASELINE

needs_vectors = pytest.mark.skipif(not vectors.present(), reason=vectors.absence())

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
COMPARED = {"B2": 1_368_064, "C2": 51_712, "E2": 51_712, "O2": 54_910}
"""Coefficients in whole blocks of all components, or samples where the process is lossless."""

FRAME_HEADERS = {"sequential": b"\xff\xc0", "progressive": b"\xff\xc2", "arithmetic": b"\xff\xc9"}
"""Markers of the frame header (T.81 table B.1): SOF0, SOF2 and SOF9."""

REFUSED = (
    "NotSupported: (7FE0,0010) Pixel Data holds streams of {} components; (0028,0002) Samples per Pixel is 1 or 3 (PS3.3 C.7.6.3.1.1)."
)
REFUSED_WHOLE = {name: REFUSED.format(255 if name == "B2" else 4) for name in vectors.STREAMS}
"""None of the set is a frame that DICOM has: four components and 255. What is refused is the number of them, not the process."""


@needs_vectors
@pytest.mark.parametrize("name", vectors.STREAMS)
def test_a_published_stream_is_refused_for_its_components(name: str) -> None:
    """A stream that the product learns to decode is to be compared, as its scans are."""
    assert decoders.whole(name).refusal == REFUSED_WHOLE[name]


@needs_vectors
@pytest.mark.parametrize(("name", "syntax"), decoders.APART)
def test_its_scans_are_decoded_within_1(name: str, syntax: str) -> None:
    """Of processes 1, 2, 4 and 14, the last without tolerance; which process it is the stream says, whatever the transfer syntax."""
    outcome = decoders.apart(name, syntax)
    assert outcome.refusal == ""
    assert outcome.figures.compared == COMPARED[name]
    assert outcome.lossless == (name == "O2")
    assert outcome.holds, outcome


@needs_vectors
def test_the_published_source_is_what_lossless_decoding_gives() -> None:
    """Component D of O2 against D16.SRC, the one reference that is published: 21,845 samples of 16 bits."""
    rows, columns = vectors.SIZES["D"]
    pixel = ImagePixel(rows, columns, 1, "MONOCHROME2", 16, 16, 15)
    (data,) = [data for component, _, data in decoders.single_components(vectors.stream("O2")) if component == 3]
    np.testing.assert_array_equal(decode(data, pixel, JPEG_LOSSLESS).cells, vectors.published_d16())


@needs_vectors
def test_tables_without_a_frame_are_refused() -> None:
    assert decoders.tables_only().refusal == "DamagedObject: A frame of (7FE0,0010) Pixel Data is no JPEG stream (PS3.5 8.2.1)."


@needs_vectors
def test_what_decoding_has_to_give_is_what_was_derived_from_a1() -> None:
    for component, expected in zip(vectors.COMPONENTS, decoders.expected("A1"), strict=True):
        rows, columns = vectors.SIZES[component]
        derived = vectors.coefficients("DREF", component)[: rows // 8, : columns // 8]
        assert compare(expected, derived).differing == 0
        assert expected.size > 0


@needs_vectors
def test_scans_taken_apart_hold_the_same_coefficients() -> None:
    """Of B2: 255 streams of one component, whose coefficients libjpeg reads as this suite reads them in place."""
    planes = read_coefficients(vectors.stream("B2"))
    count = 0
    for component, (rows, columns), data in decoders.single_components(vectors.stream("B2")):
        ((found, _),) = read_back(data)
        np.testing.assert_array_equal(found, planes[component][: -(-rows // 8), : -(-columns // 8)])
        count += 1
    assert count == 255


@needs_vectors
@pytest.mark.parametrize("package", decoders.LIBRARIES)
@pytest.mark.parametrize("name", ["A1", "C1", "C2"])
def test_what_the_product_decodes_with_is_within_1(name: str, package: str) -> None:
    """libjpeg-turbo on the whole streams; TurboJPEG's interface has no name for their sampling factors, and says so."""
    outcome = decoders.whole_by_library(name, package)
    assert outcome.refusal == ("ValueError" if package == "simplejpeg" else "")
    assert outcome.holds, outcome


@needs_vectors
@pytest.mark.parametrize("name", ["O1", "O2"])
def test_a_lossless_stream_is_judged_without_tolerance(name: str) -> None:
    """libjpeg-turbo, which the product has, decodes both exactly; one level off would be noticed."""
    outcome = decoders.whole_by_library(name, "imagecodecs")
    assert (outcome.figures.compared, outcome.figures.most, outcome.lossless) == (54_910, 0, True)
    assert not replace(outcome, figures=Figures(1, 1, 0, 0, 1)).holds


@pytest.mark.parametrize("coding", ["sequential", "progressive", "arithmetic"])
@pytest.mark.parametrize("quality", [5, 50, 75])
def test_gray_streams_are_decoded_within_1(quality: int, coding: str) -> None:
    """T3 without files: streams of libjpeg, of sizes that no block divides, with restart markers but for arithmetic coding.

    Progressive streams and those with arithmetic coding have the coefficients of sequential ones, from which this suite reads them.
    """
    figures = Figures()
    for picture in pictures().values():
        if picture.ndim == 3:
            continue
        sequential = _encoded(picture, quality)
        stream = read_stream(sequential)
        table, (rows, columns) = stream.tables.quantization[0], picture.shape
        pixel = ImagePixel(rows, columns, 1, "MONOCHROME2", 8, 8, 7)
        given = with_arithmetic_coding(sequential) if coding == "arithmetic" else _encoded(picture, quality, coding == "progressive")
        assert FRAME_HEADERS[coding] in given
        cells = decode(given, pixel, JPEG_BASELINE).cells
        expected = reconstruct(read_coefficients(stream)[0], table)[:rows, :columns]
        figures += compare(requantized(cells.astype(np.int64), table), requantized(expected, table))
    assert figures.compared > 500_000
    assert figures.beyond == 0, figures


def _encoded(picture: Array, quality: int, progressive: bool = False) -> bytes:
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, restart_marker_rows=2, progressive=progressive)
    return buffer.getvalue()
