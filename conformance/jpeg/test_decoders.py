"""T3: what the product's decoders make of the published streams, or the words in which they refuse (T.83 clauses 7.4, 7.6)."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from conformance.jpeg import decoders, vectors
from conformance.jpeg.coefficients import read_coefficients
from conformance.jpeg.libjpeg_reader import read_back
from conformance.jpeg.pictures import pictures
from conformance.jpeg.streams import read_stream
from conformance.jpeg.transform import Figures, compare, reconstruct, requantized
from wado_core.codecs.registry import decode
from wado_core.model.image_pixel import ImagePixel
from wado_core.model.transfer_syntax import JPEG_BASELINE

needs_vectors = pytest.mark.skipif(not vectors.present(), reason=vectors.absence())

COMPONENTS = "NotSupported: JPEG frames of 8 bits and {} components are not rendered by this version."
EXTENDED = "NotSupported: Frames in the transfer syntax JPEG Extended (Process 2 and 4) are not decoded by this version."
LOSSLESS = "NotSupported: Frames in the transfer syntax JPEG Lossless (Process 14) are not decoded by this version."
REFUSED_WHOLE = {
    "A1": COMPONENTS.format(4), "B2": COMPONENTS.format(255), "C1": EXTENDED, "C2": EXTENDED, "E1": EXTENDED, "E2": EXTENDED,
    "O1": LOSSLESS, "O2": LOSSLESS,
}  # fmt: skip
"""None of the set is a frame that DICOM has: four components and 255. A decoder that learns one is compared, and leaves this table."""

REFUSED_APART = {
    ("C2", "1.2.840.10008.1.2.4.51"): EXTENDED,
    ("E2", JPEG_BASELINE): "NotSupported: JPEG frames of 12 bits and 1 components are not rendered by this version.",
    ("E2", "1.2.840.10008.1.2.4.51"): EXTENDED,
    ("O2", JPEG_BASELINE): "NotSupported: Only sequential JPEG frames are rendered by this version.",
    ("O2", "1.2.840.10008.1.2.4.57"): LOSSLESS,
}


def _holds_or(refusal: str, outcome: decoders.Outcome) -> None:
    assert outcome.refusal == refusal
    assert outcome.holds, outcome
    assert refusal or outcome.figures.compared > 50_000


@needs_vectors
@pytest.mark.parametrize("name", vectors.STREAMS)
def test_a_published_stream_is_decoded_within_1_or_refused(name: str) -> None:
    _holds_or(REFUSED_WHOLE.get(name, ""), decoders.whole(name))


@needs_vectors
@pytest.mark.parametrize(("name", "syntax"), decoders.APART)
def test_its_scans_are_decoded_within_1_or_refused(name: str, syntax: str) -> None:
    _holds_or(REFUSED_APART.get((name, syntax), ""), decoders.apart(name, syntax))


@needs_vectors
def test_tables_without_a_frame_are_refused() -> None:
    assert decoders.tables_only().refusal == "DamagedObject: The frame is no JPEG stream."


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


@pytest.mark.parametrize("quality", [5, 50, 75])
def test_gray_streams_are_decoded_within_1(quality: int) -> None:
    """T3 without files: streams of libjpeg, of sizes that no block divides, with restart markers."""
    figures = Figures()
    for picture in pictures().values():
        if picture.ndim == 3:
            continue
        buffer = BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=quality, restart_marker_rows=2)
        stream = read_stream(buffer.getvalue())
        table, (rows, columns) = stream.tables.quantization[0], picture.shape
        pixel = ImagePixel(rows, columns, 1, "MONOCHROME2", 8, 8, 7)
        cells = decode(buffer.getvalue(), pixel, JPEG_BASELINE).cells
        expected = reconstruct(read_coefficients(stream)[0], table)[:rows, :columns]
        figures += compare(requantized(cells.astype(np.int64), table), requantized(expected, table))
    assert figures.compared > 500_000
    assert figures.beyond == 0, figures
