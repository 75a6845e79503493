"""Each fixture is a readable DICOM object, the same at every run, and has the traits its name promises."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments, parse_basic_offsets
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
)

from tests.fixtures import FIXTURES, build, file_bytes, hu_position, image, uids, write_all
from tests.fixtures.code_streams import pack_bits
from tests.fixtures.documents import SR_CONCLUSION, SR_FINDING, SR_PATIENT_NAME, pdf_bytes
from tests.fixtures.gray_images import CT_WINDOW
from tests.fixtures.multi_frame_images import ENH_RESCALES, ENH_WINDOWS
from tests.fixtures.phantom import CT_PADDING
from tests.fixtures.presentation_states import GSPS_WINDOW
from tests.fixtures.references import SOP_CLASSES
from tests.reference.samples import unpack_bits

GIVEN = {
    "ct", "ramp", "mono1", "pad", "sig", "lut", "mlut", "pal", "rgb0", "rgb1", "ybr", "us10", "enh", "mf1", "bit1",
    "jpg", "j2k", "rle", "be", "impl", "wide", "sr", "kos", "pdf", "ecg", "gsps", "mpg", "deid", "exact", "pal16",
    "ybr422", "mono1_pad", "garbage", "defl", "highbit", "negslope", "jpg_rgb", "jpg_422", "rle_rgb", "be8", "odd",
    "enh_shared", "jpg_frag", "jpg_eot", "noprem",
}  # fmt: skip
"""What the requirements name."""


def read(name: str) -> Dataset:
    return dcmread(BytesIO(build(name)), force=name == "noprem")


def test_all_fixtures_of_the_requirements_exist() -> None:
    assert set(FIXTURES) >= GIVEN


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_deterministic(name: str) -> None:
    made = FIXTURES[name]()
    assert (made if isinstance(made, bytes) else file_bytes(made)) == build(name)


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_what_uids_says(name: str) -> None:
    ds = read(name)
    assert uids(name) == (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids(name))
    if name != "noprem":
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert ds.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID


def test_objects_and_series_are_distinct_and_one_study_holds_nearly_all() -> None:
    objects = [uids(name) for name in FIXTURES]
    assert len({series for _, series, _ in objects}) == len({uid for _, _, uid in objects}) == len(objects)
    elsewhere = {name for name in FIXTURES if uids(name)[0] != uids("ct")[0]}
    assert elsewhere == {"deid", "gsps_elsewhere"}


def test_uids_of_an_unknown_fixture_is_an_error() -> None:
    with pytest.raises(KeyError):
        uids("nonesuch")


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="DCMTK's dcmdump is not installed")
def test_dcmtk_parses_every_fixture(tmp_path: Path) -> None:
    for name, path in write_all(tmp_path).items():
        answer = subprocess.run(["dcmdump", path], capture_output=True)
        assert (name, answer.returncode, answer.stderr) == (name, 0, b"")


@pytest.mark.skipif(shutil.which("dcmpschk") is None, reason="DCMTK's dcmpschk is not installed")
def test_dcmtk_accepts_the_presentation_states(tmp_path: Path) -> None:
    names = [name for name in FIXTURES if name.startswith("gsps")]
    paths = write_all(tmp_path)
    answer = subprocess.run(["dcmpschk", *(paths[name] for name in names)], capture_output=True, text=True)
    assert answer.stderr.count("Test passed") == len(names)


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="DCMTK's dsrdump is not installed")
@pytest.mark.parametrize("name", ["sr", "kos"])
def test_dcmtk_reads_the_documents(tmp_path: Path, name: str) -> None:
    path = tmp_path / "document.dcm"
    path.write_bytes(build(name))
    assert subprocess.run(["dsrdump", path], capture_output=True).returncode == 0


def test_write_all_writes_the_built_bytes(tmp_path: Path) -> None:
    paths = write_all(tmp_path / "new")
    assert {name: path.read_bytes() for name, path in paths.items()} == {name: build(name) for name in FIXTURES}


def test_ct_holds_the_named_values_at_their_positions() -> None:
    ds = read("ct")
    assert (ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation) == (512, 512, 16, 12, 1)
    assert (ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth) == (1, -1024, *CT_WINDOW)
    hu = ds.pixel_array.astype(int) - 1024
    for value in (-3072, -1024, -161, -160, -1, 0, 40, 239, 240, 1023):
        assert hu[hu_position(value)] == value
    assert hu[8:].min() > -1024
    assert hu[8:].max() > 600


def test_the_sweep_ends_where_twelve_bits_end() -> None:
    with pytest.raises(ValueError, match="1024 HU"):
        hu_position(1024)


def test_ct_carries_private_and_nested_identification() -> None:
    ds = read("ct")
    assert [element.tag.group for element in ds if element.tag.is_private] == [9, 9]
    assert str(ds.PatientName) in ds.RequestAttributesSequence[0].ScheduledProcedureStepDescription


def test_pad_has_padding_only_outside_the_field_of_view() -> None:
    ds = read("pad")
    padding = ds.pixel_array[8:] == ds.PixelPaddingValue
    assert ds.PixelPaddingValue == CT_PADDING
    assert padding[-1].sum() > 400
    assert not padding[248].any()
    assert "WindowCenter" not in read("pad_auto")


@pytest.mark.parametrize("name", ["ramp", "mono1", "mono1_pad", "sig", "exact", "mlut", "negslope", "defl"])
def test_ramps_hold_every_value_once(name: str) -> None:
    assert read(name).pixel_array.reshape(-1).tolist() == list(range(4096))


def test_ramp_and_mono1_have_no_window() -> None:
    assert "WindowCenter" not in read("ramp")
    assert "WindowCenter" not in read("mono1")
    assert read("mono1").PhotometricInterpretation == "MONOCHROME1"


def test_garbage_lies_around_the_samples() -> None:
    above = np.frombuffer(read("garbage").PixelData, "<u2")
    around = np.frombuffer(read("highbit").PixelData, "<u2")
    assert np.count_nonzero(above >> 12) > 3000
    assert np.count_nonzero(around >> 14) > 2000
    assert np.count_nonzero(around & 3) > 2000
    assert (above & 0xFFF).tolist() == (around >> 2 & 0xFFF).tolist() == list(range(4096))
    assert read("highbit").HighBit == 13


def test_voi_functions_and_tables_are_stored() -> None:
    assert read("sig").VOILUTFunction == "SIGMOID"
    assert read("exact").VOILUTFunction == "LINEAR_EXACT"
    assert list(read("lut").VOILUTSequence[0].LUTDescriptor) == [256, -128, 12]
    assert list(read("lut8").VOILUTSequence[0].LUTDescriptor) == [255, 1000, 8]
    assert len(read("lut8").VOILUTSequence[0].LUTData) == 256
    assert list(read("mlut").ModalityLUTSequence[0].LUTDescriptor) == [1024, 512, 16]


def test_palettes_differ_in_entry_width_and_form() -> None:
    assert list(read("pal").RedPaletteColorLookupTableDescriptor) == [100, -50, 8]
    assert len(read("pal").RedPaletteColorLookupTableData) == 100
    assert max(np.frombuffer(read("pal16").RedPaletteColorLookupTableData, "<u2")) == 0xFFFF
    assert max(np.frombuffer(read("pal16_low").RedPaletteColorLookupTableData, "<u2")) == 0xFF
    assert "RedPaletteColorLookupTableData" not in read("pal_seg")


def test_planar_configurations_hold_the_same_picture() -> None:
    interleaved, planes = read("rgb0"), read("rgb1")
    assert (interleaved.PlanarConfiguration, planes.PlanarConfiguration) == (0, 1)
    assert interleaved.PixelData != planes.PixelData
    assert (interleaved.pixel_array == planes.pixel_array).all()
    assert interleaved.pixel_array[0, 0].tolist() == [255, 0, 0]


def test_ybr_422_has_two_thirds_of_the_bytes() -> None:
    full, halved = read("ybr"), read("ybr422")
    assert len(halved.PixelData) * 3 == len(full.PixelData) * 2
    assert full.PixelData[:6] == bytes([76, 85, 255, 76, 85, 255])
    assert halved.PixelData[:4] == bytes([76, 76, 85, 255])


def test_multi_frame_objects_have_their_frames() -> None:
    frames = {name: read(name).NumberOfFrames for name in ("us10", "mf1", "odd", "bit1", "enh", "enh_shared", "jpg_frag", "mpg")}
    assert frames == {"us10": 10, "mf1": 1, "odd": 3, "bit1": 5, "enh": 5, "enh_shared": 5, "jpg_frag": 4, "mpg": 25}
    assert read("mf1").SOPClassUID == MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    assert "NumberOfFrames" not in read("ct")


def test_one_bit_frames_follow_without_gap() -> None:
    ds = read("bit1")
    assert ds.BitsAllocated == 1
    assert len(ds.PixelData) == 32  # 5 * 49 bits are 30.6 bytes, 31 bytes made even
    assert all(0 < frame.sum() < 49 for frame in ds.pixel_array)


def test_odd_frames_end_with_one_pad_byte() -> None:
    assert len(read("odd").PixelData) == 3 * 49 + 1


def test_enhanced_frames_have_their_own_values() -> None:
    per_frame = read("enh").PerFrameFunctionalGroupsSequence
    for item, (slope, intercept), (center, width) in zip(per_frame, ENH_RESCALES, ENH_WINDOWS, strict=True):
        transformation, voi = item.PixelValueTransformationSequence[0], item.FrameVOILUTSequence[0]
        assert (transformation.RescaleSlope, transformation.RescaleIntercept) == (slope, intercept)
        assert (voi.WindowCenter, voi.WindowWidth) == (center, width)
    shared = read("enh_shared")
    assert "PixelValueTransformationSequence" in shared.SharedFunctionalGroupsSequence[0]
    assert not any("FrameVOILUTSequence" in item for item in shared.PerFrameFunctionalGroupsSequence)


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("impl", ImplicitVRLittleEndian),
        ("be", ExplicitVRBigEndian),
        ("be8", ExplicitVRBigEndian),
        ("defl", DeflatedExplicitVRLittleEndian),
        ("jpg", "1.2.840.10008.1.2.4.50"),
        ("jpg12", "1.2.840.10008.1.2.4.51"),
        ("jll", "1.2.840.10008.1.2.4.70"),
        ("jls", "1.2.840.10008.1.2.4.80"),
        ("j2k", "1.2.840.10008.1.2.4.90"),
        ("htj2k", "1.2.840.10008.1.2.4.201"),
        ("htj2k_ct", "1.2.840.10008.1.2.4.201"),
        ("htj2k_rgb", "1.2.840.10008.1.2.4.201"),
        ("j2k_part2", "1.2.840.10008.1.2.4.92"),
        ("jll_rgb", "1.2.840.10008.1.2.4.57"),
        ("jll_ybr", "1.2.840.10008.1.2.4.57"),
        ("jls_near", "1.2.840.10008.1.2.4.81"),
        ("jls_rgb", "1.2.840.10008.1.2.4.80"),
        ("jpg_prog", "1.2.840.10008.1.2.4.55"),
        ("mpg", "1.2.840.10008.1.2.4.102"),
        ("rle", "1.2.840.10008.1.2.5"),
    ],
)
def test_transfer_syntaxes_are_as_named(name: str, syntax: str) -> None:
    assert read(name).file_meta.TransferSyntaxUID == syntax


def test_big_endian_bytes_are_the_other_way_round() -> None:
    little, big = read("impl").PixelData, read("be").PixelData
    assert (little[0::2], little[1::2]) == (big[1::2], big[0::2])
    eight = read("be8")
    assert eight["PixelData"].VR == "OW"
    assert eight.PixelData[:4] == bytes([4, 0, 12, 8])
    assert eight.PixelData[-2:] == bytes([0, 248])


def test_noprem_begins_with_the_data_set() -> None:
    data = build("noprem")
    assert data[:8] == bytes([8, 0, 5, 0, 10, 0, 0, 0])  # (0008,0005), no VR, length 10
    assert b"DICM" not in data


@pytest.mark.parametrize(
    ("name", "marker"),
    [("jpg", b"\xff\xc0"), ("jpg12", b"\xff\xc1"), ("jpg_prog", b"\xff\xc2"), ("jll", b"\xff\xc3"),
     ("jll_rgb", b"\xff\xc3"), ("jls", b"\xff\xf7"), ("jls_rgb", b"\xff\xf7"), ("jls_near", b"\xff\xf7")],
)  # fmt: skip
def test_code_streams_have_the_frame_header_of_their_syntax(name: str, marker: bytes) -> None:
    _, stream = generate_fragments(read(name).PixelData)  # after the Basic Offset Table
    assert stream[:2] == b"\xff\xd8"
    assert marker in stream


def test_jpg_rgb_says_that_it_is_not_transformed() -> None:
    data = read("jpg_rgb").PixelData
    segment = data.index(b"\xff\xee\x00\x0eAdobe")
    assert data[segment + 15] == 0
    assert b"Adobe" not in read("jpg_422").PixelData


def test_jpg_422_halves_the_chroma_sideways() -> None:
    data = read("jpg_422").PixelData
    frame = data.index(b"\xff\xc0")
    assert [data[frame + 11 + 3 * i] for i in range(3)] == [0x21, 0x11, 0x11]


def test_fragments_and_offset_tables() -> None:
    fragments = {name: len(list(generate_fragments(read(name).PixelData))) - 1 for name in ("jpg_frag", "jpg_bot", "jpg_eot")}
    assert fragments == {"jpg_frag": 12, "jpg_bot": 12, "jpg_eot": 4}
    assert parse_basic_offsets(read("jpg_frag").PixelData) == []
    assert len(parse_basic_offsets(read("jpg_bot").PixelData)) == 4
    assert parse_basic_offsets(read("jpg_eot").PixelData) == []
    assert len(read("jpg_eot").ExtendedOffsetTable) == len(read("jpg_eot").ExtendedOffsetTableLengths) == 4 * 8


def test_jpeg_2000_stream_is_signed_twelve_bit() -> None:
    data = read("j2k").PixelData
    sizes = data.index(b"\xff\x4f\xff\x51") + 2
    assert data[sizes + 40] == 0x80 | 11


@pytest.mark.parametrize(
    "data",
    [b"", b"\x07", b"\x07\x07", b"\x01\x02\x02", b"\x01\x02\x03\x03\x04", b"\x05" * 300, bytes(range(256)) * 2, b"\x01\x01\x02" * 99],
)
def test_pack_bits_comes_back(data: bytes) -> None:
    assert unpack_bits(pack_bits(data), len(data)) == data


def test_sr_is_chinese_in_gb18030() -> None:
    ds = read("sr")
    assert ds.SpecificCharacterSet == "GB18030"
    assert str(ds.PatientName) == SR_PATIENT_NAME
    for words in (SR_FINDING, SR_CONCLUSION):
        assert words.encode("gb18030") in build("sr")
    assert ds.ContentSequence[5].ContentSequence[0].TextValue == SR_FINDING


def test_references_name_the_class_and_the_object_they_mean() -> None:
    for name, sop_class in SOP_CLASSES.items():
        assert read(name).SOPClassUID == sop_class
    named = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in read("kos").ContentSequence[1:]]
    assert named == [uids(name)[2] for name in ("ct", "ramp", "us10")]


def test_pdf_document_is_odd_and_padded() -> None:
    ds = read("pdf")
    assert ds.EncapsulatedDocumentLength == len(pdf_bytes())
    assert len(pdf_bytes()) % 2 == 1
    assert ds.EncapsulatedDocument == pdf_bytes() + b"\x00"
    assert ds.EncapsulatedDocument.startswith(b"%PDF-1.4")


def test_ecg_has_twelve_leads() -> None:
    group = read("ecg").WaveformSequence[0]
    assert group.NumberOfWaveformChannels == len(group.ChannelDefinitionSequence) == 12
    assert len(group.WaveformData) == 12 * group.NumberOfWaveformSamples * 2


def test_gsps_says_what_its_docstring_says() -> None:
    ds = read("gsps")
    voi = ds.SoftcopyVOILUTSequence[0]
    assert (voi.WindowCenter, voi.WindowWidth) == GSPS_WINDOW
    assert (ds.PresentationLUTShape, ds.ImageRotation, ds.ImageHorizontalFlip, ds.ShutterShape) == ("INVERSE", 90, "Y", "RECTANGULAR")
    assert ds.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue == "WADO"
    assert ds.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID == uids("ct")[2]
    area = read("gsps_area")
    assert "SoftcopyVOILUTSequence" not in area
    assert "RescaleSlope" not in area
    magnify = read("gsps_magnify").DisplayedAreaSelectionSequence[0]
    assert (magnify.PresentationSizeMode, magnify.PresentationPixelMagnificationRatio) == ("MAGNIFY", 2)


def test_deid_and_burned_state_what_they_are() -> None:
    ds = read("deid")
    assert (ds.PatientIdentityRemoved, ds.DeidentificationMethodCodeSequence[0].CodeValue) == ("YES", "113100")
    assert b"DOE^" not in build("deid")
    assert read("burned").BurnedInAnnotation == "YES"


def test_the_builder_takes_traits_and_removes_elements() -> None:
    cells = np.array([[-1, 0], [1, 2]], dtype=np.int16)
    ds = image(cells, bits_stored=12, pixel_representation=1, window=(40, 400), padding=(-5, -9), attributes={"BurnedInAnnotation": None})
    back = dcmread(BytesIO(file_bytes(ds)))
    assert back.PixelData == bytes([0xFF, 0x0F, 0, 0, 1, 0, 2, 0])
    assert (back.PixelPaddingValue, back.PixelPaddingRangeLimit, back.HighBit) == (-5, -9, 11)
    assert "BurnedInAnnotation" not in back
