"""J.8: objects as DICOM files. What waits for de-identification stands in test_later."""

import shutil

import numpy as np
import pytest
from pydicom.uid import UID

from tests.conformance.client import DICOM, ELE, Wado, parsed, samples_of, stored
from tests.fixtures import FIXTURES, build
from tests.reference import render

NATIVE = ["be", "impl", "be8", "defl", "rgb1", "ybr422", "noprem", "ramp", "highbit", "pal", "us10", "odd", "bit1", "enh", "pad"]
COMPRESSED = ["rle", "jpg", "j2k", "rle_rgb", "jpg_ybr", "jpg_422", "jpg_rgb", "jpg_frag", "j2k_rgb", "j2k_mf",
              "jls", "jls_near", "jls_rgb", "jll", "jll_rgb", "jll_ybr", "jpg12", "jpg_prog", "htj2k", "htj2k_ct", "htj2k_rgb"]  # fmt: skip
REFUSED = {"j2k_part2"}
"""Stored as code streams that nothing here decodes."""


@pytest.mark.parametrize("of", NATIVE + COMPRESSED)
def test_j59_objects_are_sent_as_explicit_little_endian(wado: Wado, of: str) -> None:
    """contentType=application/dicom: Part 10 in Explicit VR Little Endian whatever the stored form (A4.100 to A4.103, A5.1).

    The samples equal those the oracle reads from the stored object.  Lossy JPEG in YCbCr: within 1 level where the answer is RGB,
    as the oracle converts the components exactly and libjpeg in fixed point.
    """
    response = wado.get(of, f"contentType={DICOM}")
    assert response.headers["content-type"] == DICOM
    assert int(response.headers["content-length"]) == len(response.content)
    ds, source = parsed(response), stored(of)
    assert ds.file_meta.TransferSyntaxUID == ELE
    assert (ds.Rows, ds.Columns, ds.get("NumberOfFrames")) == (source.Rows, source.Columns, source.get("NumberOfFrames"))
    for frame in {1, int(source.get("NumberOfFrames") or 1)}:
        sent, sent_as = samples_of(ds, frame)
        expected, stored_as = samples_of(source, frame)
        if sent_as == stored_as:
            assert np.array_equal(sent, expected)
        else:
            difference = np.abs(render(ds, frame).astype(int) - render(source, frame))
            assert difference.max() <= 1


@pytest.mark.parametrize("of", NATIVE + COMPRESSED)
def test_j59_the_header_fits_the_pixels(wado: Wado, of: str) -> None:
    """Attributes of the pixels agree with them, and with each other, after decoding (A4.104)."""
    ds, source = parsed(wado.get(of, f"contentType={DICOM}")), stored(of)
    samples = 2 if ds.PhotometricInterpretation == "YBR_FULL_422" else ds.SamplesPerPixel
    bits = ds.Rows * ds.Columns * samples * ds.BitsAllocated * int(ds.get("NumberOfFrames") or 1)
    assert len(ds.PixelData) == (bits + 15) // 16 * 2
    assert ds["PixelData"].VR in ({"OB", "OW"} if ds.BitsAllocated <= 8 else {"OW"})
    assert ds.HighBit < ds.BitsAllocated >= ds.BitsStored
    assert ("PlanarConfiguration" in ds) == (ds.SamplesPerPixel == 3)
    assert ds.PhotometricInterpretation in {"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"}
    assert ds.get("LossyImageCompression") == source.get("LossyImageCompression")  # 01 stays 01 (A4.103)
    assert ds.SOPInstanceUID == source.SOPInstanceUID == ds.file_meta.MediaStorageSOPInstanceUID
    assert not {"ExtendedOffsetTable", "ExtendedOffsetTableLengths"} & {element.keyword for element in ds}


@pytest.mark.parametrize("of", [of for of in FIXTURES if of not in REFUSED])
def test_j59_everything_else_is_kept(wado: Wado, of: str) -> None:
    """All elements but those of the pixels are the stored ones, in every value and VR, private and nested ones too (A4.103, A4.104)."""
    ds, source = parsed(wado.get(of, f"contentType={DICOM}")), stored(of)
    pixels = {
        *("PixelData", "DoubleFloatPixelData", "PhotometricInterpretation", "PlanarConfiguration"),
        *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    }
    kept = {element.tag for element in source if element.keyword not in pixels}
    assert kept == {element.tag for element in ds if element.keyword not in pixels}
    for tag in kept:
        if of in {"impl", "noprem"} and source[tag].VR in {"UN", "US or SS", "OB or OW"}:
            continue  # an implicit file does not say the VR of what no dictionary knows
        assert ds[tag] == source[tag]


@pytest.mark.parametrize("of", ["ct", "rle", "jpg"])
@pytest.mark.parametrize("syntax", [ELE, "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.3.4", "1.2.840.10008.1.2.4.100"])
def test_j60_what_cannot_be_made_is_explicit_little_endian(wado: Wado, of: str, syntax: str) -> None:
    """Implicit VR and Big Endian are never sent, unknown syntaxes cannot be: iso17432 sends ELE instead (A4.101, A4.102)."""
    assert wado.get(of, f"contentType={DICOM}&transferSyntax={syntax}").content == wado.get(of, f"contentType={DICOM}").content
    assert UID(ELE) == parsed(wado.get(of, f"contentType={DICOM}&transferSyntax={syntax}")).file_meta.TransferSyntaxUID


@pytest.mark.parametrize("syntax", ["abc", "1.2.840.10008.1.2.1,1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1%5C1.2.840.10008.1.2.5", "",
                                    f"{ELE}&transferSyntax={ELE}", "*"])  # fmt: skip
def test_j60_ill_formed_syntaxes_are_refused(wado: Wado, syntax: str) -> None:
    """transferSyntax that is no UID, or several: 400 (A4.102, A1.8)."""
    assert wado.status("ct", f"contentType={DICOM}&transferSyntax={syntax}") == 400


@pytest.mark.parametrize("value", ["no", "YES", "", "true", "yes,yes", "yes%20"])
def test_j63_anonymize_has_one_value(wado: Wado, value: str) -> None:
    """anonymize=no, =YES and empty: 400 (A4.15)."""
    assert wado.status("ct", f"contentType={DICOM}&anonymize={value}") == 400


def test_j63_the_identified_object_is_never_sent_instead(wado: Wado) -> None:
    """anonymize=yes that cannot be done: an error, also where there is nothing to remove or too much (A4.18, A4.20)."""
    for of in ("ct", "deid", "burned", "sr"):
        response = wado.get(of, f"contentType={DICOM}&anonymize=yes")
        assert response.status_code in {403, 500, 501}
        assert build(of)[128:132] not in response.content


@pytest.mark.parametrize("of", sorted(REFUSED))
def test_objects_that_cannot_be_decoded_are_refused_by_name(wado: Wado, of: str) -> None:
    """Code streams that nothing here decodes: 501 that names what they need, and never bytes under a wrong name (A.6, A5.1)."""
    for more in ("frameNumber=1", f"contentType={DICOM}"):
        response = wado.get(of, more)
        assert response.status_code == 501
        assert "JPEG 2000 Part 2 (T.801)" in response.text


def test_video_is_sent_as_it_is_stored(wado: Wado) -> None:
    """mpg has a lossy stored form only: the stored syntax is sent and said, its fragments untouched (A4.103).

    A frame of it is 501 where no ffmpeg is installed; where one is, its noise turns out to be no picture.
    """
    ds, source = parsed(wado.get("mpg")), stored("mpg")
    assert ds.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID
    assert ds.PixelData == source.PixelData
    assert wado.status("mpg", "frameNumber=1") == (501 if shutil.which("ffmpeg") is None else 500)
