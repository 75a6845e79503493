"""From a stored object to what is known of it: every field, and what a contradictory header leads to."""

import re
import time
import warnings
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

import wado_core
from tests import reference
from tests.fixtures import FIXTURES, build, file_bytes, image, uids
from tests.fixtures.code_streams import jpeg, jpeg_2000
from tests.fixtures.compressed_images import thorax_8bit
from tests.wado_core.codecs.markers import rebuilt
from tests.wado_core.dicom.objects import other_makers
from tests.wado_core.dicom.written import element, integers, part_ten
from wado_core.dicom import tags
from wado_core.dicom.instance import check_key, describe
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, NotDicom, WadoError
from wado_core.model.frame import FrameChunk
from wado_core.model.grayscale import Padding
from wado_core.model.image_pixel import CodeStream, ImagePixel
from wado_core.model.instance import Described, Instance
from wado_core.model.sop_class import Category
from wado_core.model.uid import InstanceKey
from wado_core.settings import Limits


def described(data: bytes, version: str = "v") -> Described:
    return describe(BytesSource(data), version, Limits())


def instance(data: bytes) -> Instance:
    return described(data).instance


@pytest.mark.parametrize("name", FIXTURES)
def test_the_image_pixel_module_of_every_fixture_is_what_pydicom_reads(name: str) -> None:
    found, ds = instance(build(name)), reference.pipeline.read(build(name))
    assert (found.key.study_uid, found.key.series_uid, found.key.object_uid) == uids(name)
    assert (found.sop_class_uid, found.modality) == (ds.SOPClassUID, ds.Modality)
    assert found.number_of_frames == int(ds.get("NumberOfFrames") or 1)
    assert found.transfer_syntax_uid == ds.file_meta.TransferSyntaxUID
    assert found.has_preamble == (name != "noprem")
    if not any(keyword in ds for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        assert (found.image_pixel, found.image_problem, found.frames) == (None, None, None)
        return
    pixel = found.image_pixel
    assert pixel is not None
    assert (pixel.rows, pixel.columns, pixel.samples_per_pixel) == (ds.Rows, ds.Columns, ds.SamplesPerPixel)
    bits = ds.BitsAllocated
    assert pixel.floating == ("PixelData" not in ds)
    assert (pixel.bits_allocated, pixel.bits_stored, pixel.high_bit, pixel.signed) == (
        bits, ds.get("BitsStored", bits), ds.get("HighBit", bits - 1), pixel.floating or ds.PixelRepresentation == 1,
    )  # fmt: skip
    assert pixel.photometric_interpretation == ds.PhotometricInterpretation
    assert pixel.planar_configuration == ds.get("PlanarConfiguration", 0)
    assert found.image_problem is None


@pytest.mark.parametrize("name", FIXTURES)
def test_the_listing_of_every_fixture(name: str) -> None:
    listing, ds = described(build(name)).listing, reference.pipeline.read(build(name))
    assert (listing.patient_name, listing.patient_id) == (str(ds.PatientName), ds.PatientID)
    assert (listing.study_date, listing.study_description, listing.accession_number) == (
        ds.StudyDate,
        ds.StudyDescription,
        ds.AccessionNumber,
    )
    assert (listing.series_number, listing.series_description) == (ds.SeriesNumber, ds.SeriesDescription)
    assert listing.instance_number == ds.InstanceNumber


def test_other_makers_objects_are_what_pydicom_reads() -> None:
    seen = 0
    for path in other_makers().values():
        try:
            found = describe(BytesSource(path.read_bytes()), "", Limits())
        except WadoError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd values of odd files
            ds = dcmread(path, force=True)
        pixel = found.instance.image_pixel
        if "PixelData" in ds and "Rows" in ds and pixel is not None:
            assert (pixel.rows, pixel.columns, pixel.bits_stored) == (ds.Rows, ds.Columns, ds.BitsStored)
            seen += 1
        assert found.instance.key.object_uid == ds.get("SOPInstanceUID", "")
    assert seen > 70


def test_categories_of_fixtures() -> None:
    """A.3."""
    expected = {
        Category.SINGLE_FRAME: ("ct", "mf1", "rle"),
        Category.MULTI_FRAME: ("us10", "mpg", "enh"),
        Category.TEXT: ("sr", "kos"),
        Category.OTHER: ("pdf", "ecg", "gsps"),
    }
    for category, names in expected.items():
        assert {instance(build(name)).category for name in names} == {category}


def test_the_version_is_the_caller_s() -> None:
    assert described(build("ct"), "abc").instance.version == "abc"


def test_code_streams_are_those_of_the_first_frame() -> None:
    assert instance(build("jpg")).code_stream == CodeStream(128, 128, 1, 8, lossy=True, is_picture=True)
    found = instance(build("j2k_rgb")).code_stream
    assert found is not None
    assert (found.components, found.precision, found.color_transform) == (3, 8, True)
    assert instance(build("ct")).code_stream is None
    assert instance(build("rle")).code_stream is None


def test_samples_that_only_the_code_stream_says_are_signed() -> None:
    """Padding and the first value that a table maps are read as the samples are (H1.4, H1.6, H1.7)."""
    values = np.array([[-2000, -1000, 0, 1000]] * 4, np.int16)
    stream = jpeg_2000(values, bits_stored=16)
    objects = {
        sign: file_bytes(
            image(
                values,
                transfer_syntax=JPEG2000Lossless,
                code_streams=[stream],
                pixel_representation=sign,
                padding=-2000 % 65536 if sign == 0 else -2000,
            )
        )
        for sign in (0, 1)
    }
    of_stream, of_header = instance(objects[0]), instance(objects[1])
    assert (of_stream.image_pixel, of_stream.padding) == (of_header.image_pixel, of_header.padding)
    assert of_stream.padding == Padding(-2000, -2000)
    assert [warning[:11] for warning in of_stream.warnings] == ["(0028,0103)"]
    assert not of_header.warnings
    drawn = [wado_core.render(data, media_type="image/png") for data in objects.values()]
    assert drawn[0] == drawn[1]
    shown = np.asarray(Image.open(BytesIO(drawn[0])))
    assert shown[0].tolist() == [0, 0, 128, 255]  # padding is no part of the range -1000 … 1000


def test_a_frame_header_behind_long_application_segments_is_found() -> None:
    """An ICC profile takes 64 KB a segment; the first 4 KB of the frame hold nothing but it."""
    segments = [(0xE2, bytes(60_000))] * 4
    stream = rebuilt(jpeg(thorax_8bit()), applications=segments)
    data = file_bytes(image(np.zeros((128, 128), np.uint8), transfer_syntax=JPEGBaseline8Bit, code_streams=[stream]))
    assert instance(data).code_stream == CodeStream(128, 128, 1, 8, lossy=True)


@pytest.mark.parametrize("missing", [4070, 4072, 4075, 4078, 4080])
def test_a_frame_header_across_the_end_of_the_first_look_is_read_whole(missing: int) -> None:
    stream = rebuilt(jpeg(thorax_8bit()), applications=[(0xE2, bytes(missing - 79))])
    data = file_bytes(image(np.zeros((128, 128), np.uint8), transfer_syntax=JPEGBaseline8Bit, code_streams=[stream]))
    assert instance(data).code_stream == CodeStream(128, 128, 1, 8, lossy=True)


def test_enhanced_frames_have_their_own_transformations() -> None:
    (found,) = instance(build("enh")).chunks
    assert len(found.transforms) == 5
    assert found.transform_of_frame == bytes((0, 1, 2, 3, 4))
    (shared,) = instance(build("enh_shared")).chunks
    assert (len(shared.transforms), shared.transform_of_frame) == (1, b"")


def test_padding_and_palettes_belong_to_their_photometric_interpretations() -> None:
    assert instance(build("pad")).padding == Padding(-2000, -2000)
    assert instance(build("mono1_pad")).padding == Padding(4000, 4095)
    assert instance(build("pal")).palette is not None
    assert instance(build("pal")).padding is None
    assert instance(build("rgb0")).chunks == (FrameChunk(1, 1),)


class TestContradictions:
    """What the header says wrong becomes a reason that is shown when a picture is asked for, not an error here."""

    @staticmethod
    def problem(**attributes: object) -> str:
        data = file_bytes(image(np.zeros((4, 4), np.uint16), attributes=attributes))
        return instance(data).image_problem or ""

    def test_a_right_header_has_none(self) -> None:
        assert self.problem() == ""

    @pytest.mark.parametrize("attributes", [{"Rows": None}, {"Columns": 0}, {"BitsAllocated": None}, {"Rows": 0}])
    def test_missing_attributes(self, attributes: dict[str, object]) -> None:
        assert "is missing" in self.problem(**attributes)

    @pytest.mark.parametrize(
        "attributes",
        [
            {"BitsStored": 17},
            {"HighBit": 16},
            {"HighBit": 3},
            {"BitsAllocated": 65535, "BitsStored": 65535, "HighBit": 65534},
            {"BitsAllocated": 128},
        ],
    )
    def test_bits(self, attributes: dict[str, object]) -> None:
        assert "contradict" in self.problem(**attributes)

    @pytest.mark.parametrize("stored", [0, None])
    def test_bits_stored_that_are_not_told_are_those_allocated(self, stored: int | None) -> None:
        found = instance(file_bytes(image(np.zeros((4, 4), np.uint16), attributes={"BitsStored": stored, "HighBit": 15})))
        assert found.image_pixel is not None
        assert found.image_pixel.bits_stored == 16
        assert found.warnings == (
            "(0028,0101) Bits Stored is missing or 0 (PS3.3 C.7.6.3.1): 16, as (0028,0100) Bits Allocated says, was used.",
        )

    @pytest.mark.parametrize("representation", [None, 2])
    def test_a_sign_that_is_not_told_is_none(self, representation: int | None) -> None:
        found = instance(file_bytes(image(np.zeros((4, 4), np.uint16), attributes={"PixelRepresentation": representation})))
        assert found.image_pixel is not None
        assert not found.image_pixel.signed
        assert found.warnings == (
            "(0028,0103) Pixel Representation is missing or neither 0 nor 1 (PS3.3 C.7.6.3.1): 0, unsigned, was used.",
        )

    @pytest.mark.parametrize(("attributes", "needed"), [({"Rows": 5}, 40), ({"BitsAllocated": 32}, 64), ({"Columns": 65535}, 524280)])
    def test_too_little_pixel_data(self, attributes: dict[str, object], needed: int) -> None:
        expected = rf"\(7FE0,0010\) Pixel Data holds 32 bytes; 1 frame of .* pixels needs {needed} \(PS3\.5 8\.2\)\."
        assert re.fullmatch(expected, self.problem(**attributes))

    def test_too_much_pixel_data_is_left_out(self) -> None:
        found = instance(file_bytes(image(np.zeros((3, 4, 4), np.uint16), attributes={"NumberOfFrames": 2})))
        assert (found.number_of_frames, found.warnings) == (2, ())

    def test_defaults_of_what_writers_leave_out(self) -> None:
        data = file_bytes(
            image(
                np.zeros((4, 4), np.uint16),
                attributes=dict.fromkeys(("BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation")),
            )
        )
        pixel = instance(data).image_pixel
        assert pixel is not None
        assert (pixel.bits_stored, pixel.high_bit, pixel.signed, pixel.samples_per_pixel, pixel.photometric_interpretation) == (
            16,
            15,
            False,
            1,
            "MONOCHROME2",
        )

    def test_encapsulation_that_the_syntax_does_not_have(self) -> None:
        native = bytearray(file_bytes(image(np.zeros((8, 8), np.uint8))))
        at = native.index(b"1.2.840.10008.1.2.1\0")
        native[at : at + 20] = b"1.2.840.10008.1.2.5\0"
        problem = "(7FE0,0010) Pixel Data is not encapsulated; (0002,0010) Transfer Syntax UID says otherwise (PS3.5 A.4)."
        assert instance(bytes(native)).image_problem == problem
        streams = file_bytes(
            image(np.zeros((128, 128), np.uint8), transfer_syntax=JPEG2000Lossless, code_streams=[jpeg_2000(thorax_8bit(), bits_stored=8)])
        )
        undefined = instance(streams.replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.1\0\0\0", 1))
        assert (undefined.image_problem or "").startswith("(7FE0,0010) Pixel Data is encapsulated; ")

    def test_422_that_is_stored_without_subsampling(self) -> None:
        ybr = np.zeros((4, 6, 3), np.uint8)
        ds = image(ybr, photometric="YBR_FULL")
        ds.PhotometricInterpretation = "YBR_FULL_422"
        pixel = instance(file_bytes(ds)).image_pixel
        assert pixel is not None
        assert pixel.photometric_interpretation == "YBR_FULL"

    @pytest.mark.parametrize(("tag", "vr", "bits"), [(0x7FE00008, "OF", 32), (0x7FE00009, "OD", 64)])
    @pytest.mark.parametrize("stated", [None, 16, 64])
    def test_float_pixels(self, tag: int, vr: str, bits: int, stated: int | None) -> None:
        """The element says what its cells are, whatever the header says beside it."""
        allocated = b"" if stated is None else integers(tags.BITS_ALLOCATED, "US", stated)
        data_set = integers(tags.ROWS, "US", 1) + integers(tags.COLUMNS, "US", 1) + allocated + element(tag, vr, bytes(bits // 8))
        found = instance(part_ten(data_set))
        assert found.image_problem is None
        assert found.image_pixel == ImagePixel(1, 1, 1, "MONOCHROME2", bits, bits, bits - 1, signed=True, floating=True)

    @pytest.mark.parametrize("frames", [b"9" * 4000, b"2147483647", b"-5", b"many", b"0 ", b""])
    def test_any_number_of_frames(self, frames: bytes) -> None:
        """Time and memory do not follow what a header claims."""
        data = file_bytes(image(np.zeros((4, 4), np.uint16), attributes={"NumberOfFrames": 1}))
        written = element(tags.NUMBER_OF_FRAMES, "IS", frames + b" " * (len(frames) % 2))
        start = time.perf_counter()
        found = instance(data.replace(element(tags.NUMBER_OF_FRAMES, "IS", b"1 "), written))
        assert 1 <= found.number_of_frames <= 2**31 - 1
        assert time.perf_counter() - start < 1

    @pytest.mark.parametrize("vr", ["SS", "SL", "DS", "UV", "FD"])
    def test_rows_in_any_vr(self, vr: str) -> None:
        value = {"SS": b"\xfb\xff", "SL": b"\xff\xff\xff\xff", "DS": b"inf ", "UV": b"\xff" * 8, "FD": b"\xff" * 8}[vr]
        data = file_bytes(image(np.zeros((4, 4), np.uint16)))
        found = instance(data.replace(integers(tags.ROWS, "US", 4), element(tags.ROWS, vr, value)))
        assert found.image_problem


def test_a_single_bit_has_no_sign() -> None:
    found = instance(file_bytes(image(np.zeros((4, 4), np.uint8), bits_allocated=1, pixel_representation=1))).image_pixel
    assert found is not None
    assert not found.signed


def test_big_endian_words_of_bytes_are_noted() -> None:
    for name, swapped in (("be8", True), ("be", False), ("wide", False)):
        layout = instance(build(name)).frames
        assert layout is not None
        assert layout.words_swapped is swapped


def test_a_key_that_is_no_key_is_refused_for_serving_only() -> None:
    found = instance(build("ct")).key
    check_key(found)
    for broken in (InstanceKey("", found.series_uid, found.object_uid), InstanceKey(found.study_uid, "a.b", found.object_uid),
                   InstanceKey(found.study_uid, found.series_uid, "1." * 32 + "1")):  # fmt: skip
        with pytest.raises(DamagedObject):
            check_key(broken)


def test_a_uid_that_is_too_long_stays_too_long() -> None:
    ds = image(np.zeros((4, 4), np.uint8), transfer_syntax=ExplicitVRLittleEndian)
    data = file_bytes(ds).replace(
        element(0x0020000D, "UI", ds.StudyInstanceUID.encode() + b"\0" * (len(ds.StudyInstanceUID) % 2)),
        element(0x0020000D, "UI", b"1." * 35),
    )
    found = instance(data).key
    with pytest.raises(DamagedObject):
        check_key(found)
    assert len(found.study_uid) <= 65


def test_what_is_no_object_is_not_described() -> None:
    with pytest.raises(NotDicom):
        described(b"PK\3\4" + bytes(500))
