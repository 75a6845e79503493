"""How three components of a JPEG frame are read: header × Adobe segment × component ids × JFIF × halved chroma (H3.4); and by DCMTK.

The stream is always the same YCbCr data; what is said of it differs.  Where it is read as YCbCr the picture is the one that was coded,
where it is read as RGB the components are shown as they are: green and pink.
"""

import shutil
import subprocess
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

import wado_core
from tests.fixtures import file_bytes, image
from tests.fixtures.code_streams import jpeg
from tests.fixtures.compressed_images import soft_colors
from tests.fixtures.phantom import bars_as_ybr
from tests.reference.test_against_dcmtk import read_pnm

IDS = {"RGB": b"RGB", "123": b"\1\2\3", "other": b"\x10\x20\x30"}
JFIF = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
CASES = list(product(("RGB", "YBR_FULL", "YBR_FULL_422"), (None, 0, 1), IDS, (False, True), (False, True)))
"""Photometric Interpretation, Adobe transform, component ids, JFIF, halved chroma."""


def stream(adobe: int | None, ids: str, jfif: bool, halved: bool) -> bytes:
    """Write the segments that are asked for before what libjpeg coded; its own JFIF segment goes."""
    data = jpeg(soft_colors(), quality=100, subsampling="422" if halved else "444")
    tables = data.index(b"\xff\xdb")
    rest = bytearray(data[tables:])
    for marker, first, step in ((b"\xff\xc0", 10, 3), (b"\xff\xda", 5, 2)):
        start = rest.index(marker)
        for component in range(3):
            rest[start + first + step * component] = IDS[ids][component]
    segment = b"" if adobe is None else b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0" + bytes([adobe])
    return b"\xff\xd8" + (JFIF if jfif else b"") + segment + bytes(rest)


def written(photometric: str, adobe: int | None, ids: str, jfif: bool, halved: bool) -> bytes:
    """Put the stream into an object."""
    streams = [stream(adobe, ids, jfif, halved)]
    return file_bytes(image(soft_colors(), photometric=photometric, transfer_syntax=JPEGBaseline8Bit, code_streams=streams))


def is_ycbcr(photometric: str, adobe: int | None, ids: str, jfif: bool, halved: bool) -> bool:
    """The rule: Adobe, else letters, else JFIF, numbers and halved chroma, which RGB never has; else the header."""
    if adobe is not None:
        return adobe == 1
    if ids == "RGB":
        return False
    return jfif or halved or ids == "123" or photometric != "RGB"


def libjpeg_says_ycbcr(adobe: int | None, ids: str, jfif: bool) -> bool:
    """What libjpeg guesses, and with it DCMTK (``+cg``): JFIF first, then Adobe, then letters."""
    return jfif or (adobe == 1 if adobe is not None else ids != "RGB")


def picture(data: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(wado_core.render(data, media_type="image/png"))) as made:
        return np.asarray(made)


@pytest.mark.parametrize(("photometric", "adobe", "ids", "jfif", "halved"), CASES)
def test_the_stream_speaks_before_the_header(photometric: str, adobe: int | None, ids: str, jfif: bool, halved: bool) -> None:
    """H3.4: within what the coding loses."""
    said = photometric, adobe, ids, jfif, halved
    expected = soft_colors() if is_ycbcr(*said) else bars_as_ybr(soft_colors())
    assert np.abs(picture(written(*said)).astype(int) - expected).max() <= (8 if halved else 4)


@pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK's dcmj2pnm is not installed")
@pytest.mark.parametrize(("photometric", "adobe", "ids", "jfif", "halved"), CASES)
def test_dcmtk_shows_the_same_where_it_has_the_same_rule(
    tmp_path: Path, photometric: str, adobe: int | None, ids: str, jfif: bool, halved: bool
) -> None:
    """``dcmj2pnm +op +cg``, within 2 levels.  Elsewhere it must differ; the reasons are two:

    - JFIF beside Adobe's transform 0, or beside components R, G, B: to libjpeg JFIF is YCbCr.  We hold the more explicit one to be meant.
    - Components of other names, whole, without any segment: to libjpeg they are YCbCr, to us what the header says.
    """
    said = photometric, adobe, ids, jfif, halved
    source, output = tmp_path / "object.dcm", tmp_path / "picture.pnm"
    source.write_bytes(written(*said))
    subprocess.run(["dcmj2pnm", "-q", "+op", "+cg", source, output], check=True, capture_output=True)
    difference = np.abs(picture(source.read_bytes()).astype(int) - read_pnm(output.read_bytes())).max()
    same_rule = is_ycbcr(*said) == libjpeg_says_ycbcr(adobe, ids, jfif)
    assert (difference <= 2) == same_rule, difference


def test_all_that_differs_is_one_of_the_reasons() -> None:
    differing = [case for case in CASES if is_ycbcr(*case) != libjpeg_says_ycbcr(*case[1:4])]
    assert len(differing) == 25
    for photometric, adobe, ids, jfif, halved in differing:
        of_jfif = jfif and (adobe == 0 or (adobe is None and ids == "RGB"))
        of_header = not jfif and adobe is None and ids == "other" and not halved and photometric == "RGB"
        assert of_jfif != of_header
