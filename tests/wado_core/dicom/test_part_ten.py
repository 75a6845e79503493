"""Part 10 files: what is sent is Explicit VR Little Endian, and element by element what was stored (A4.103, A4.104, A5.1)."""

import shutil
import subprocess
import tracemalloc
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from struct import pack, unpack

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from tests import reference
from tests.fixtures import FIXTURES, build, file_bytes, image
from tests.fixtures.code_streams import jpeg, jpeg_2000, rle
from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.reference.samples import frame_samples, number_of_frames
from tests.wado_core.dicom import written
from tests.wado_core.dicom.objects import names, other_makers, stored
from wado_core.codecs.decoded import Decoded
from wado_core.dicom import part_ten_layout as module
from wado_core.dicom.elements import Encoding, swapped
from wado_core.dicom.instance import describe
from wado_core.dicom.part_ten import CHUNK_BYTES, PartTen, part_ten
from wado_core.dicom.source import BytesSource
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, WadoError
from wado_core.model.image_pixel import ImagePixel
from wado_core.settings import Limits

REPLACED = {
    0x00280002, 0x00280004, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00282110,
    0x7FE00001, 0x7FE00002, 0x7FE00003, 0x00880200,
}  # fmt: skip
"""What describes the pixels of encapsulated frames; and the icon, which may be encapsulated itself and is optional."""
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
WORDS = {"OW": 2, "OL": 4, "OF": 4, "OD": 8, "OV": 8}


def sent(data: bytes, limits: Limits | None = None) -> bytes:
    """Return the file that is sent for an object; its length must be the one that was promised."""
    limits = limits or Limits()
    file = part_ten(BytesSource(data), describe(BytesSource(data), "", limits).instance, limits)
    out = b"".join(file.chunks)
    assert len(out) == file.length
    return out


def parsed(data: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values of odd files
        return reference.pipeline.read(data)


def elements(ds: Dataset, path: str = "") -> Iterator[tuple[str, int, str, object]]:
    """Yield path, tag, VR and value of every element at every level, in order; pixel data and group lengths left out."""
    big_endian = path == "" and UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian
    for tag in sorted(ds.keys()):
        element = ds[tag]
        if int(tag) in PIXELS or tag.element == 0:
            continue
        if element.VR == "SQ":
            for number, one in enumerate(element.value):
                one.file_meta = ds.file_meta
                yield from ((f"{path}{tag}[{number}]/{inner}", at, vr, value) for inner, at, vr, value in elements(one, "/"))
            yield f"{path}{tag}", int(tag), "SQ", len(element.value)
            continue
        value = element.value
        if isinstance(value, bytes):
            width = WORDS.get(element.VR, 1) if big_endian or (path and UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian) else 1
            value = swapped(value, width).rstrip(b"\0")  # a pad byte may have been added
        yield f"{path}{tag}", int(tag), element.VR, value


def compare(data: bytes, out: bytes) -> None:
    """Every element of the source, but for those that describe decoded frames, is in the file with its value, and no other."""
    source, target = parsed(data), parsed(out)
    encapsulated = UID(source.file_meta.TransferSyntaxUID).is_encapsulated
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [one for one in elements(source) if not (encapsulated and one[1] in REPLACED)]
        found = [one for one in elements(target) if not (encapsulated and one[1] in REPLACED)]
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    for (path, _, vr, value), (_, _, expected_vr, expected_value) in zip(found, expected, strict=True):
        if vr == expected_vr or not isinstance(expected_value, bytes):
            assert value == expected_value or str(value) == str(expected_value), path


def compare_pixels(data: bytes, out: bytes) -> None:
    """The frames of the file hold the sample values that the oracle finds in the source; a JPEG's within what decoders differ by."""
    source, target = parsed(data), parsed(out)
    assert number_of_frames(source) == number_of_frames(target)
    for number in range(1, number_of_frames(source) + 1):
        if UID(source.file_meta.TransferSyntaxUID) == JPEGBaseline8Bit:
            found, expected = reference.pipeline.render_matrix(target, number), reference.pipeline.render_matrix(source, number)
            assert np.abs(found.astype(int) - expected).max() <= 3
        else:
            np.testing.assert_array_equal(frame_samples(target, number)[0], frame_samples(source, number)[0])


NEVER_REFUSED = {"ct", "us10", "rle", "j2k", "jpg", "be", "impl", "defl", "sr", "ecg", "mpg", "pal_seg", "enh", "noprem"}


def refusal(data: bytes) -> str:
    """Return why an object is not sent, "" when it is."""
    try:
        sent(data)
    except WadoError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", names())
def test_every_object_is_sent_whole_or_refused_by_name(name: str) -> None:
    data = stored(name)
    if reason := refusal(data):
        assert name not in NEVER_REFUSED, reason
        assert len(reason) < 200
        return
    out = sent(data)
    assert out[128:132] == b"DICM"
    compare(data, out)
    if out != data:
        target = parsed(out)
        assert target.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert target.file_meta.MediaStorageSOPInstanceUID == target.get("SOPInstanceUID", "")
        assert target.file_meta.MediaStorageSOPClassUID == target.get("SOPClassUID", "")


PICTURES = [name for name in FIXTURES if name not in ("j2k_part2", "mpg", "sr", "kos", "pdf", "ecg") and "gsps" not in name]


@pytest.mark.parametrize("name", PICTURES)
def test_the_pixels_are_those_of_the_oracle(name: str) -> None:
    compare_pixels(build(name), sent(build(name)))


@pytest.mark.parametrize("name", PICTURES)
def test_the_sent_file_shows_the_same_picture(name: str) -> None:
    """The data set is consistent after decoding (A4.104): the oracle renders source and file alike."""
    found, expected = reference.render(sent(build(name))), reference.render(build(name))
    assert np.abs(found.astype(int) - expected).max() <= (3 if name.startswith("jpg") else 0)


def test_most_files_of_other_makers_are_sent() -> None:
    refused = {name: reason for name, path in other_makers().items() if (reason := refusal(path.read_bytes()))}
    assert len(refused) < 0.2 * len(other_makers()), refused
    assert all(str(other_makers()[name].parent) not in reason for name, reason in refused.items())


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="DCMTK's dcmdump is not installed")
def test_dcmtk_accepts_what_was_rewritten(tmp_path: Path) -> None:
    for number, name in enumerate(names()):
        data = stored(name)
        if not refusal(data) and (out := sent(data)) != data:
            (tmp_path / f"{number:03}-{Path(name).name}").write_bytes(out)
    paths = sorted(tmp_path.iterdir())
    answer = subprocess.run(["dcmdump", "-q", "+E", *paths], capture_output=True)
    assert answer.stderr == b""
    assert answer.returncode == 0
    assert len(paths) > 50


def test_a_file_that_is_one_already_is_sent_as_it_lies() -> None:
    for name in ("ct", "us10", "sr", "enh", "pdf", "mpg"):
        assert sent(build(name)) == build(name)


def test_file_meta_information_is_our_own() -> None:
    """I6 in spirit, PS3.10 7.1: nothing of the former writer stays, and the group length is right."""
    out = sent(build("impl"))
    assert out[:128] == bytes(128)
    meta = parsed(out).file_meta
    assert meta.FileMetaInformationGroupLength == len(out) - len(_data_set(out)) - 144
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.ImplementationVersionName == module.IMPLEMENTATION_VERSION_NAME
    assert "SourceApplicationEntityTitle" not in meta


def _data_set(out: bytes) -> bytes:
    (length,) = unpack("<L", out[140:144])
    return out[144 + length :]


def test_a_transfer_syntax_that_was_only_guessed_is_written_down() -> None:
    data_set = written.element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.7\0") + written.element(0x00080018, "UI", b"1.2.3.4\0")
    out = sent(written.part_ten(data_set, ""))
    assert parsed(out).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


@pytest.mark.parametrize(
    ("vr", "code", "width"),
    [("US", "H", 2), ("SS", "h", 2), ("OW", "H", 2), ("AT", "H", 2), ("UL", "L", 4), ("SL", "l", 4), ("FL", "f", 4), ("OF", "f", 4),
     ("OL", "L", 4), ("FD", "d", 8), ("OD", "d", 8), ("SV", "q", 8), ("UV", "Q", 8), ("OV", "Q", 8)],
)  # fmt: skip
def test_big_endian_values_are_swapped_by_the_width_of_their_vr(vr: str, code: str, width: int) -> None:
    values = (1, 2, 300, 4, 5, 6, 7, 8)[: 16 // width]
    big = written.element(0x00091010, vr, pack(f">{len(values)}{code}", *values), written.BIG_ENDIAN)
    little = written.element(0x00091010, vr, pack(f"<{len(values)}{code}", *values))
    nested = written.sequence(0x00091011, written.item(big, written.BIG_ENDIAN), encoding=written.BIG_ENDIAN)
    out = _data_set(sent(written.part_ten(_identity(written.BIG_ENDIAN) + big + nested, ExplicitVRBigEndian)))
    assert out.count(little) == 2


@pytest.mark.parametrize("vr", ["OB", "UN", "LO", "UI", "UT"])
def test_big_endian_bytes_and_text_stay(vr: str) -> None:
    big = written.element(0x00091010, vr, b"1.23", written.BIG_ENDIAN)
    out = _data_set(sent(written.part_ten(_identity(written.BIG_ENDIAN) + big, ExplicitVRBigEndian)))
    assert out.endswith(written.element(0x00091010, vr, b"1.23"))


def _identity(encoding: Encoding) -> bytes:
    return written.element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.7\0", encoding) + written.element(
        0x00080018, "UI", b"1.2.3.4\0", encoding
    )


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("bits_allocated", "pixel_vr"), [(8, "OB"), (8, "OW"), (16, "OW")])
def test_big_endian_pixels_of_any_size(bits_allocated: int, pixel_vr: str, large: bool) -> None:
    """Small values are swapped at once, large ones chunk by chunk."""
    shape = (701, 511) if large else (5, 7)
    cells = np.random.default_rng(1).integers(0, 1 << bits_allocated, shape).astype(np.uint8 if bits_allocated == 8 else np.uint16)
    out = sent(file_bytes(image(cells, transfer_syntax=ExplicitVRBigEndian, pixel_vr=pixel_vr)))
    np.testing.assert_array_equal(frame_samples(parsed(out), 1)[0], cells)


class TestImplicit:
    def test_values_too_long_for_a_short_length_become_unknown(self) -> None:
        """PS3.5 6.2.2 note 4."""
        name = written.element(0x00100010, "", b"x" * 70_000, written.IMPLICIT)
        out = sent(written.part_ten(_identity(written.IMPLICIT) + name, ImplicitVRLittleEndian))
        assert _data_set(out).endswith(written.element(0x00100010, "UN", b"x" * 70_000))

    def test_private_sequences_of_undefined_length_are_sequences(self) -> None:
        inner = written.element(0x00280010, "", b"\5\0", written.IMPLICIT)
        private = written.sequence(
            0x00091010, written.item(inner, written.IMPLICIT, undefined=True), encoding=written.IMPLICIT, undefined=True
        )
        out = sent(written.part_ten(_identity(written.IMPLICIT) + private, ImplicitVRLittleEndian))
        expected = written.sequence(0x00091010, written.item(written.integers(0x00280010, "US", 5), undefined=True), undefined=True)
        assert _data_set(out).endswith(expected)

    def test_odd_lengths_are_padded(self) -> None:
        out = sent(
            written.part_ten(
                _identity(written.IMPLICIT) + written.element(0x00100010, "", b"ABC", written.IMPLICIT), ImplicitVRLittleEndian
            )
        )
        assert _data_set(out).endswith(written.element(0x00100010, "PN", b"ABC "))

    def test_group_lengths_are_left_out(self) -> None:
        data = _identity(written.IMPLICIT) + written.integers(0x00100000, "UL", 99, encoding=written.IMPLICIT)
        assert _data_set(sent(written.part_ten(data, ImplicitVRLittleEndian))) == _identity(written.EXPLICIT)

    def test_delimiters_where_lengths_are_stated_are_left_out(self) -> None:
        inner = written.element(0x00280010, "", b"\5\0", written.IMPLICIT) + written.element(0xFFFEE00D, "", b"", written.IMPLICIT)
        data = _identity(written.IMPLICIT) + written.sequence(0x00081140, written.item(inner, written.IMPLICIT), encoding=written.IMPLICIT)
        out = _data_set(sent(written.part_ten(data, ImplicitVRLittleEndian)))
        assert out.endswith(
            written.sequence(0x00081140, written.item(written.integers(0x00280010, "US", 5), undefined=True), undefined=True)
        )

    def test_sign_dependent_elements_follow_pixel_representation(self) -> None:
        for representation, vr in ((0, "US"), (1, "SS")):
            ds = image(np.zeros((2, 2), np.int16), pixel_representation=representation, padding=5, transfer_syntax=ImplicitVRLittleEndian)
            found = parsed(sent(file_bytes(ds)))["PixelPaddingValue"]
            assert (found.VR, found.value) == (vr, 5)


def encapsulated(
    streams: list[bytes], syntax: str, shape: tuple[int, ...] = (128, 128), photometric: str = "MONOCHROME2", **attributes: object
) -> bytes:
    traits = {"window": (128, 256)} if photometric == "MONOCHROME2" else {}
    cells = np.zeros(shape, np.uint8)
    made = image(cells, transfer_syntax=syntax, code_streams=streams, photometric=photometric, attributes=attributes, **traits)  # type: ignore[arg-type]
    return file_bytes(made)


class TestDecodedFrames:
    """A4.104: the attributes say what the decoded frames are."""

    def test_color_becomes_rgb_by_pixel(self) -> None:
        data = encapsulated([jpeg(soft_colors(), subsampling="422")], JPEGBaseline8Bit, (48, 64, 3), "YBR_FULL_422")
        ds = parsed(sent(data))
        assert (ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.SamplesPerPixel, ds.BitsAllocated) == ("RGB", 0, 3, 8)
        assert ds["PixelData"].VR == "OB"
        assert ds.LossyImageCompression == "01"

    def test_lossless_syntaxes_leave_the_lossy_mark_alone(self) -> None:
        assert parsed(sent(encapsulated([rle(thorax_8bit())], RLELossless))).LossyImageCompression == "00"

    def test_the_stream_wins_over_the_header(self) -> None:
        """H1.6."""
        stream = jpeg_2000(thorax_8bit().astype(np.uint16) * 16, bits_stored=12)
        data = encapsulated([stream], "1.2.840.10008.1.2.4.90", (100, 90))
        ds = parsed(sent(data))
        assert (ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit) == (128, 128, 16, 12, 11)
        np.testing.assert_array_equal(frame_samples(ds, 1)[0], thorax_8bit().astype(int) * 16)

    def test_an_odd_number_of_bytes_is_padded(self) -> None:
        odd = np.arange(63, dtype=np.uint8).reshape(7, 9)
        ds = parsed(sent(encapsulated([rle(odd)], RLELossless, (7, 9))))
        assert ds.PixelData == odd.tobytes() + b"\0"

    def test_missing_attributes_are_added_in_their_place(self) -> None:
        ds = parsed(sent(encapsulated([jpeg(thorax_8bit())], JPEGBaseline8Bit, LossyImageCompression=None, HighBit=None)))
        assert (ds.LossyImageCompression, ds.HighBit) == ("01", 7)
        assert list(ds.keys()) == sorted(ds.keys())

    def test_offset_tables_go_with_the_frames(self) -> None:
        ds = parsed(sent(build("jpg_eot")))
        assert "ExtendedOffsetTable" not in ds
        assert "ExtendedOffsetTableLengths" not in ds

    def test_an_icon_of_an_encapsulated_object_is_left_out(self) -> None:
        icon = Dataset()
        icon.Rows = icon.Columns = 2
        ds = parsed(sent(encapsulated([rle(thorax_8bit())], RLELossless, IconImageSequence=Sequence([icon]))))
        assert "IconImageSequence" not in ds

    @pytest.mark.parametrize("second", [rle(np.zeros((7, 8), np.uint8)), b"\1" + bytes(100), b"\0\0"])
    def test_damage_in_a_later_frame_ends_the_file(self, second: bytes) -> None:
        data = encapsulated([rle(np.zeros((8, 8), np.uint8)), second], RLELossless, (2, 8, 8))
        instance = describe(BytesSource(data), "", Limits()).instance
        file = part_ten(BytesSource(data), instance, Limits())
        with pytest.raises(DamagedObject):
            list(file.chunks)

    def test_frames_of_another_form_than_the_first_are_damage(self) -> None:
        data = encapsulated([rle(np.zeros((8, 8), np.uint8))] * 2, RLELossless, (2, 8, 8))
        answers = iter([(8, 8), (9, 8)])  # each frame is decoded once

        def decode(*_: object) -> Decoded:
            rows, columns = next(answers)
            return Decoded(np.zeros((rows, columns), np.uint8), ImagePixel(rows, columns, 1, "MONOCHROME2", 8, 8, 7))

        file = part_ten(BytesSource(data), describe(BytesSource(data), "", Limits()).instance, Limits(), decode)
        with pytest.raises(DamagedObject, match="another form"):
            list(file.chunks)

    def test_what_cannot_be_decoded_is_refused_before_the_first_byte(self) -> None:
        with pytest.raises(NotSupported, match=r"T\.801"):
            sent(build("j2k_part2"))

    def test_frames_larger_than_the_limit_are_refused(self) -> None:
        with pytest.raises(LimitExceeded):
            sent(build("rle"), Limits(frame_pixels=100))


def test_trailing_bytes_behind_the_pixel_data_are_left_behind() -> None:
    data = build("impl")
    expected = sent(data)
    assert sent(data + b"\0") == sent(data + bytes(7)) == sent(data + bytes(600)) == expected
    trailing = written.element(0xFFFCFFFC, "", b"\0\0\0\0", written.IMPLICIT)
    assert sent(data + trailing) == expected + written.element(0xFFFCFFFC, "OB", b"\0\0\0\0")


def test_a_header_larger_than_the_limit_is_refused() -> None:
    many = b"".join(written.element(0x00091000 + number, "", b"x" * 4000, written.IMPLICIT) for number in range(20))
    data = written.part_ten(_identity(written.IMPLICIT) + many, ImplicitVRLittleEndian)
    assert len(sent(data)) > 80_000
    with pytest.raises(LimitExceeded):
        sent(data, Limits(element_bytes=50_000))


def test_a_sop_class_that_is_no_uid_does_not_break_the_file() -> None:
    """Too long, and not ASCII: File Meta Information is ours, and must be right."""
    for text in (b"1.2." * 30_000, "1.2.é ".encode("latin-1")):
        data = written.element(0x00080016, "", text, written.IMPLICIT) + written.element(0x00080018, "", b"1.2.3.4\0", written.IMPLICIT)
        out = sent(written.part_ten(data, ImplicitVRLittleEndian))
        assert _data_set(out)[:4] == b"\x08\0\x16\0"


class RangeSource:
    """A large object that is never in memory: a head, and pixels that follow from their offset."""

    def __init__(self, head: bytes, size: int) -> None:
        self._head = head
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        length = max(min(length, self.size - offset), 0)
        head = self._head[offset : offset + length]
        return head + bytes(length - len(head))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_memory_does_not_grow_with_the_object(syntax: str) -> None:
    """200 MB of native pixels, 100 frames."""
    ds = image(np.zeros((1, 1024, 1024), np.uint16), transfer_syntax=syntax)
    ds.NumberOfFrames = 100
    data = file_bytes(ds)
    pixels = 2 * 1024 * 1024
    order = "big" if syntax == ExplicitVRBigEndian else "little"
    head = data[: -pixels - 4] + (100 * pixels).to_bytes(4, order)  # type: ignore[arg-type]
    source = RangeSource(head, len(head) + 100 * pixels)
    instance = describe(source, "", Limits()).instance
    tracemalloc.start()
    try:
        file = part_ten(source, instance, Limits())
        length, longest = 0, 0
        for chunk in file.chunks:
            length += len(chunk)
            longest = max(longest, len(chunk))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == file.length > 200_000_000
    assert longest <= CHUNK_BYTES
    assert peak < 4 * 1024 * 1024


def test_the_source_that_becomes_shorter_ends_the_file() -> None:
    data = build("ct")
    instance = describe(BytesSource(data), "", Limits()).instance

    class Shrinking:
        size = len(data)

        def read(self, offset: int, length: int) -> bytes:
            return data[: -CHUNK_BYTES // 2][offset : offset + length]

    file: PartTen = part_ten(Shrinking(), instance, Limits())
    with pytest.raises(DamagedObject):
        list(file.chunks)


def test_swapping_leaves_an_incomplete_unit() -> None:
    assert swapped(b"abcdefgh", 4) == b"dcbahgfe"
    assert swapped(b"abcde", 2) == b"badce"
    assert swapped(b"abc", 1) == b"abc"
    assert module.IMPLEMENTATION_CLASS_UID.startswith("2.25.")
    assert dcmread(BytesIO(sent(build("be")))).file_meta.ImplementationClassUID == module.IMPLEMENTATION_CLASS_UID


ORACLE_HAS_NO_READING = {
    "GDCMJ2K_TextGBR.dcm",  # its decoders refuse the frame
    "badVR.dcm",  # Number of Frames is no number
    "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm",  # pixel data without an Image Pixel module
}  # fmt: skip


def test_the_pixels_of_other_makers_are_those_of_the_oracle() -> None:
    compared = 0
    for name, path in other_makers().items():
        data = path.read_bytes()
        if Path(name).name in ORACLE_HAS_NO_READING or refusal(data) or "PixelData" not in parsed(data):
            continue
        compare_pixels(data, sent(data))
        compared += 1
    assert compared > 80


@pytest.mark.parametrize(("big", "little"), [("rtdose_expb", "rtdose"), ("rtdose_expb_1frame", "rtdose_1frame")])
def test_big_endian_cells_of_32_bits_are_those_of_the_little_endian_twin(big: str, little: str) -> None:
    """pydicom has the same dose in both byte orders."""
    paths = {Path(name).stem: path for name, path in other_makers().items()}
    found, expected = (parsed(sent(paths[name].read_bytes())) for name in (big, little))
    assert found.PixelData == expected.PixelData
    assert found.BitsAllocated == 32


@pytest.mark.parametrize("name", ["rle_bit1", "bit1", "seg"])
def test_cells_of_one_bit_stay_packed(name: str) -> None:
    """Frames follow each other without gaps, whatever they were coded as (PS3.5 8.1.1); binary segmentations have no other cells."""
    out = parsed(sent(build(name)))
    assert (out.BitsAllocated, out.BitsStored, out.HighBit) == (1, 1, 0)
    needed = (out.Rows * out.Columns * int(out.NumberOfFrames) + 7) // 8
    assert len(out.PixelData) == needed + needed % 2
    compare_pixels(build(name), sent(build(name)))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_floats_are_sent_as_they_are(name: str) -> None:
    out, source = parsed(sent(build(name))), parsed(build(name))
    keyword, kind = ("FloatPixelData", "f4") if name == "float32" else ("DoubleFloatPixelData", "f8")
    order = "<" if source.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian else ">"
    assert ("OF" if kind == "f4" else "OD") == out[keyword].VR
    found, expected = np.frombuffer(out[keyword].value, f"<{kind}"), np.frombuffer(source[keyword].value, f"{order}{kind}")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(shutil.which("dcmconv") is None, reason="DCMTK's dcmconv is not installed")
@pytest.mark.parametrize("name", ["gray32", "gray64"])
def test_big_endian_words_of_wide_cells_are_put_in_order(name: str, tmp_path: Path) -> None:
    """As ``dcmconv +tb IN OUT`` writes them."""
    before, after = tmp_path / "before.dcm", tmp_path / "after.dcm"
    before.write_bytes(build(name))
    subprocess.run(["dcmconv", "-q", "+tb", before, after], check=True)
    assert parsed(sent(after.read_bytes())).PixelData == parsed(build(name)).PixelData
