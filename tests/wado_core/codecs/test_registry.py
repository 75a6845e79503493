"""Every known transfer syntax is decoded, or refused by its name."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import AllTransferSyntaxes

from tests.fixtures.code_streams import deflated, htj2k, jpeg, jpeg_2000, jpeg_ls, jpeg_xl, rle
from tests.fixtures.compressed_images import thorax_8bit
from tests.reference.jpeg_lossless import encode as jpeg_lossless
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.registry import DECODERS, TABLE, codec_versions, decode, decoder
from wado_core.errors import NotSupported
from wado_core.model.transfer_syntax import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HIGH_THROUGHPUT_JPEG_2000,
    HIGH_THROUGHPUT_JPEG_2000_LOSSLESS,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_2000_PART_2,
    JPEG_BASELINE,
    JPEG_LOSSLESS_PROCESSES,
    JPEG_LOSSY_PROCESSES,
    JPEG_LS,
    JPEG_LS_LOSSLESS,
    JPEG_XL,
    JPEG_XL_LOSSLESS,
    JPEG_XL_RECOMPRESSION,
    RLE_LOSSLESS,
    TRANSFER_SYNTAXES,
)

PICTURE = thorax_8bit()
FRAMES = {
    IMPLICIT_VR_LITTLE_ENDIAN: PICTURE.tobytes(),
    EXPLICIT_VR_LITTLE_ENDIAN: PICTURE.tobytes(),
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: PICTURE.tobytes(),
    EXPLICIT_VR_BIG_ENDIAN: PICTURE.tobytes(),
    RLE_LOSSLESS: rle(PICTURE),
    **dict.fromkeys((JPEG_BASELINE, *JPEG_LOSSY_PROCESSES), jpeg(PICTURE, quality=100)),
    **dict.fromkeys(JPEG_LOSSLESS_PROCESSES, jpeg_lossless(PICTURE, 8)),
    **dict.fromkeys((JPEG_LS_LOSSLESS, JPEG_LS), jpeg_ls(PICTURE)),
    **dict.fromkeys((*HIGH_THROUGHPUT_JPEG_2000_LOSSLESS, HIGH_THROUGHPUT_JPEG_2000), htj2k(PICTURE)),
    **dict.fromkeys(JPEG_2000_PART_2, jpeg_2000(PICTURE, bits_stored=8)),
    JPEG_2000_LOSSLESS: jpeg_2000(PICTURE, bits_stored=8),
    JPEG_2000: jpeg_2000(PICTURE, bits_stored=8),
    JPEG_XL_LOSSLESS: jpeg_xl(PICTURE),
    JPEG_XL_RECOMPRESSION: jpeg_xl(PICTURE),
    JPEG_XL: jpeg_xl(PICTURE),
    DEFLATED_IMAGE_FRAME: deflated(PICTURE),
}
VIDEO = {uid for uid, syntax in TRANSFER_SYNTAXES.items() if syntax.video}


@pytest.mark.parametrize("uid", FRAMES)
@pytest.mark.parametrize("smallest", [None, (20, 20)])
def test_a_decoded_syntax(uid: str, smallest: tuple[int, int] | None) -> None:
    decoded = decode(FRAMES[uid], pixel(128, 128), uid, smallest)
    rows, columns = decoded.cells.shape
    if smallest is None:
        assert np.abs(decoded.cells.astype(int) - PICTURE).max() <= (3 if uid in (JPEG_BASELINE, *JPEG_LOSSY_PROCESSES) else 0)
    assert 20 <= rows <= 128
    assert 20 <= columns <= 128
    assert decoded.cells.dtype == np.uint8


def test_every_syntax_of_the_model_is_decoded_and_tried_here_but_video() -> None:
    """Video stands in its own test."""
    assert set(FRAMES) | VIDEO == set(TRANSFER_SYNTAXES) == set(DECODERS)


def test_an_unknown_syntax_is_refused() -> None:
    with pytest.raises(NotSupported, match=r"1\.2\.3\.4"):
        decode(b"", pixel(1, 1), "1.2.3.4")


def test_what_is_no_uid_is_not_shown() -> None:
    """The text comes out of the object: whatever stands there must not reach the person who asked."""
    with pytest.raises(NotSupported) as caught:
        decoder("DOE^JOHN")
    assert "DOE" not in str(caught.value)


def test_the_table_knows_every_syntax_of_the_model_and_the_model_those_of_the_standard() -> None:
    assert set(DECODERS) <= set(TRANSFER_SYNTAXES)
    assert len(DECODERS) == sum(len(row.syntaxes) for row in TABLE)  # none stands in two rows
    both = [(TRANSFER_SYNTAXES[str(uid)], uid) for uid in AllTransferSyntaxes if str(uid) in TRANSFER_SYNTAXES]
    assert len(both) >= 27
    for found, uid in both:
        assert found.encapsulated == uid.is_encapsulated
        assert found.implicit_vr == uid.is_implicit_VR
        assert found.big_endian == (not uid.is_little_endian)
        assert found.deflated == uid.is_deflated


@pytest.mark.parametrize("uid", [EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, RLE_LOSSLESS])
@pytest.mark.parametrize("bits", [2, 4, 12, 24, 48])
def test_other_cells_are_refused(uid: str, bits: int) -> None:
    with pytest.raises(NotSupported, match=rf"\(0028,0100\) Bits Allocated is {bits}.*PS3\.5"):
        decode(bytes(64), replace(pixel(2, 2), bits_allocated=bits, bits_stored=1, high_bit=0), uid)


def test_what_is_heavy() -> None:
    heavy = {uid for uid, entry in DECODERS.items() if entry.heavy}
    jpeg_2000_family = {
        JPEG_2000, JPEG_2000_LOSSLESS, *JPEG_2000_PART_2, HIGH_THROUGHPUT_JPEG_2000, *HIGH_THROUGHPUT_JPEG_2000_LOSSLESS,
    }  # fmt: skip
    assert heavy == jpeg_2000_family | {JPEG_XL, JPEG_XL_LOSSLESS, JPEG_XL_RECOMPRESSION, *VIDEO}


def test_every_jpeg_process_that_ps3_6_names_stands_in_the_table() -> None:
    """PS3.6 A-1: current and retired, by the names that it gives them."""
    for number in range(50, 71):
        uid = f"1.2.840.10008.1.2.4.{number}"
        if uid in UID_dictionary:
            assert uid in DECODERS
            name = UID_dictionary[uid][0]
            process = TRANSFER_SYNTAXES[uid].name.rpartition("(")[2].partition(",")[0].rstrip(")")
            assert process in name.replace(" [", ")")
            assert ("Hierarchical" in TRANSFER_SYNTAXES[uid].name) >= (", Hierarchical" in name)
            assert TRANSFER_SYNTAXES[uid].lossy == ("Lossless" not in name)


def test_the_versions_of_every_library_that_decides_a_byte_are_named() -> None:
    for library in ("imagecodecs", "simplejpeg", "pillow", "openjpeg"):
        assert library in codec_versions()


def test_an_installed_program_decodes_video_and_nothing_else() -> None:
    assert {uid for uid, entry in DECODERS.items() if entry.program} == VIDEO
