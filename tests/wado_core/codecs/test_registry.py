"""Every known transfer syntax is decoded, or refused by its name."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom.uid import AllTransferSyntaxes

from tests.fixtures.code_streams import deflated, jpeg, jpeg_2000, jpeg_xl, rle
from tests.fixtures.compressed_images import thorax_8bit
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.registry import DECODERS, TABLE, codec_versions, decode, decoder
from wado_core.errors import NotSupported
from wado_core.model.transfer_syntax import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
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
    JPEG_BASELINE: jpeg(PICTURE, quality=100),
    JPEG_2000_LOSSLESS: jpeg_2000(PICTURE, bits_stored=8),
    JPEG_2000: jpeg_2000(PICTURE, bits_stored=8),
    JPEG_XL_LOSSLESS: jpeg_xl(PICTURE),
    JPEG_XL_RECOMPRESSION: jpeg_xl(PICTURE),
    JPEG_XL: jpeg_xl(PICTURE),
    DEFLATED_IMAGE_FRAME: deflated(PICTURE),
}
VIDEO = {uid for uid, syntax in TRANSFER_SYNTAXES.items() if syntax.video}
REFUSED = sorted(set(TRANSFER_SYNTAXES) - set(FRAMES) - VIDEO)


@pytest.mark.parametrize("uid", FRAMES)
@pytest.mark.parametrize("smallest", [None, (20, 20)])
def test_a_decoded_syntax(uid: str, smallest: tuple[int, int] | None) -> None:
    decoded = decode(FRAMES[uid], pixel(128, 128), uid, smallest)
    rows, columns = decoded.cells.shape
    if smallest is None:
        assert np.abs(decoded.cells.astype(int) - PICTURE).max() <= (3 if uid == JPEG_BASELINE else 0)
    assert 20 <= rows <= 128
    assert 20 <= columns <= 128
    assert decoded.cells.dtype == np.uint8


@pytest.mark.parametrize("uid", REFUSED)
def test_a_syntax_that_is_not_decoded_is_refused_by_its_name(uid: str) -> None:
    with pytest.raises(NotSupported) as caught:
        decoder(uid)
    assert TRANSFER_SYNTAXES[uid].name in str(caught.value)


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
    assert heavy == {JPEG_2000, JPEG_2000_LOSSLESS, JPEG_XL, JPEG_XL_LOSSLESS, JPEG_XL_RECOMPRESSION, *VIDEO}


def test_the_versions_of_every_library_that_decides_a_byte_are_named() -> None:
    for library in ("imagecodecs", "simplejpeg", "pillow", "openjpeg"):
        assert library in codec_versions()


def test_an_installed_program_decodes_video_and_nothing_else() -> None:
    assert {uid for uid, entry in DECODERS.items() if entry.program} == VIDEO
