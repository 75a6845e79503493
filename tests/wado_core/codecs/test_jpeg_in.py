"""JPEG frames: how colour is read (H3.4), reduced sizes, and what is refused."""

from contextlib import suppress
from io import BytesIO
from itertools import product
from time import perf_counter

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.fixtures.code_streams import jpeg, jpeg_12bit, jpeg_ls, jpeg_progressive
from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.reference.color import ybr_full_to_rgb
from tests.reference.jpeg import BASIS, take_apart
from tests.reference.rounding import Array
from tests.wado_core.codecs.markers import JFIF, adobe, rebuilt
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.jpeg_in import decode
from wado_core.errors import DamagedObject, LimitExceeded, NotSupported, WadoError
from wado_core.model.geometry import EVERY_PIXEL, Lattice

COLOR = np.ascontiguousarray(soft_colors())
RGB_IDS, JFIF_IDS, OTHER_IDS = (82, 71, 66), (1, 2, 3), (0, 1, 2)


def components(stream: bytes) -> Array:
    """Decode the components as they are, without any colour transform: (rows, columns, 3), rounded."""
    found = take_apart(stream)
    planes = []
    for component in found.components:
        blocks = BASIS.T @ (component.blocks * found.quantisation[component.quantisation]) @ BASIS + 128
        rows, columns = blocks.shape[0] * 8, blocks.shape[1] * 8
        planes.append(blocks.swapaxes(1, 2).reshape(rows, columns)[: found.rows, : found.columns])
    return np.asarray(np.clip(np.floor(np.stack(planes, axis=-1) + 0.5), 0, 255))


def is_ycbcr(transform: int | None, ids: tuple[int, ...], *, jfif: bool, photometric: str) -> bool:
    """The decision table of H3.4 for full chroma: the first statement that there is decides."""
    if transform is not None:
        return transform != 0
    if ids == RGB_IDS:
        return False
    if jfif or ids == JFIF_IDS:
        return True
    return photometric != "RGB"


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("jfif", [False, True])
@pytest.mark.parametrize("ids", [RGB_IDS, JFIF_IDS, OTHER_IDS])
@pytest.mark.parametrize("transform", [None, 0, 1])
def test_the_color_decision_table(transform: int | None, ids: tuple[int, ...], jfif: bool, photometric: str) -> None:
    """The same coefficients under every combination of what a stream and a header may say."""
    applications = ([(0xE0, JFIF)] if jfif else []) + ([] if transform is None else [(0xEE, adobe(transform))])
    stream = rebuilt(jpeg(COLOR, transform=False), applications=applications, ids=ids)
    as_coded = components(stream)
    expected = ybr_full_to_rgb(as_coded) if is_ycbcr(transform, ids, jfif=jfif, photometric=photometric) else as_coded
    decoded = decode(stream, pixel(48, 64, 3, photometric=photometric))
    assert np.abs(decoded.cells.astype(int) - expected).max() <= 3
    assert decoded.pixel.photometric_interpretation == "RGB"


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize("subsampling", ["422", "420"])
@pytest.mark.parametrize("ids", [JFIF_IDS, OTHER_IDS])
def test_subsampled_components_are_ycbcr_whatever_the_header_says(subsampling: str, photometric: str, ids: tuple[int, ...]) -> None:
    stream = rebuilt(jpeg(COLOR, subsampling=subsampling), applications=[], ids=ids)  # type: ignore[arg-type]
    decoded = decode(stream, pixel(48, 64, 3, photometric=photometric))
    assert np.abs(decoded.cells.astype(int) - COLOR).mean() < 3


def test_gray() -> None:
    picture = thorax_8bit()
    decoded = decode(jpeg(picture, quality=100), pixel(128, 128))
    assert decoded.cells.shape == (128, 128)
    assert np.abs(decoded.cells.astype(int) - picture).max() <= 2
    assert decoded.pixel.photometric_interpretation == "MONOCHROME2"


def test_the_header_s_form_of_samples_does_not_count() -> None:
    decoded = decode(jpeg(thorax_8bit()), pixel(128, 128, bits_stored=12, signed=True))
    assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored, decoded.pixel.high_bit, decoded.pixel.signed) == (8, 8, 7, False)
    assert decode(jpeg(COLOR), pixel(48, 64)).cells.shape == (48, 64, 3)
    assert decode(jpeg(thorax_8bit()), pixel(128, 128, 3)).cells.shape == (128, 128)


@pytest.mark.parametrize("components_of", ["gray", "color"])
@pytest.mark.parametrize(("smallest", "steps"), [((1, 1), 3), ((16, 16), 3), ((17, 16), 2), ((33, 1), 1), ((65, 1), 0), ((128, 128), 0)])
def test_reduced_frames(components_of: str, smallest: tuple[int, int], steps: int) -> None:
    """A smaller inverse transform gives the mean of a block's pixels, near enough: at an eighth exactly its first coefficient."""
    picture = thorax_8bit() if components_of == "gray" else np.stack([thorax_8bit()] * 3, axis=-1)
    decoded = decode(jpeg(picture, quality=100), pixel(128, 128, 1 if picture.ndim == 2 else 3), smallest)
    size = 1 << steps
    assert decoded.cells.shape[:2] == (128 // size, 128 // size)
    assert (decoded.pixel.rows, decoded.pixel.columns) == decoded.cells.shape[:2]
    means = picture.astype(float).reshape(128 // size, size, 128 // size, size, -1).mean(axis=(1, 3)).reshape(decoded.cells.shape)
    difference = np.abs(decoded.cells - means)
    assert difference.mean() < (1.5 if steps in (0, 3) else 6)


@pytest.mark.parametrize(("rows", "columns"), [(127, 128), (36, 40), (8, 9), (121, 1000)])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_last_cell_of_a_reduced_frame_may_stand_for_fewer_pixels(rows: int, columns: int, steps: int) -> None:
    shape = -(-rows >> steps), -(-columns >> steps)
    decoded = decode(jpeg(np.full((rows, columns), 99, np.uint8)), pixel(rows, columns), shape)
    assert decoded.cells.shape == shape
    assert decoded.lattice == Lattice(1 << steps)
    assert (np.abs(decoded.cells.astype(int) - 99) <= 1).all()


def test_short_edges_are_not_reduced() -> None:
    decoded = decode(jpeg(np.zeros((7, 100), np.uint8)), pixel(7, 100), (1, 1))
    assert decoded.cells.shape == (7, 100)
    assert decoded.lattice == EVERY_PIXEL


@pytest.mark.parametrize("sampling", [(1, 2, 1, 1, 1, 1), (2, 1, 1, 1, 2, 1), (4, 1, 1, 1, 1, 1), (2, 2, 2, 1, 1, 1)])
def test_unusual_sampling_factors_decode_or_are_damage(sampling: tuple[int, ...]) -> None:
    """Factors that TurboJPEG has no name for; the coefficients belong to others, so only that nothing else happens is said here."""
    stream = bytearray(rebuilt(jpeg(COLOR), applications=[]))
    at = stream.index(b"\xff\xc0") + 10
    for place in range(3):
        stream[at + 1 + 3 * place] = sampling[2 * place] << 4 | sampling[2 * place + 1]
    with suppress(DamagedObject):
        assert decode(bytes(stream), pixel(48, 64, 3)).cells.shape == (48, 64, 3)


@pytest.mark.parametrize("smallest", [None, (16, 16)])
@pytest.mark.parametrize("color", [False, True])
def test_progressive_frames_are_what_sequential_ones_are(color: bool, smallest: tuple[int, int] | None) -> None:
    """The same coefficients in other scans: Pillow writes both by libjpeg."""
    picture = np.tile(COLOR, (2, 2, 1)) if color else thorax_8bit()
    rows, columns = picture.shape[:2]
    described = pixel(rows, columns, 3 if color else 1)
    progressive = jpeg_progressive(picture)
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling=0)
    found, expected = decode(progressive, described, smallest), decode(buffer.getvalue(), described, smallest)
    np.testing.assert_array_equal(found.cells, expected.cells)
    assert found.pixel == expected.pixel
    assert progressive.count(b"\xff\xda") > 1


def test_more_scans_than_any_encoder_writes_are_refused_before_they_are_decoded() -> None:
    """A scan of a few bytes is gone through for every block: a short stream could keep a core busy for hours."""
    progressive = jpeg_progressive(thorax_8bit())
    last = progressive.rindex(b"\xff\xda")
    bomb = progressive[:last] + progressive[last:-2] * 1000 + progressive[-2:]
    with pytest.raises(LimitExceeded, match="scans"):
        decode(bomb, pixel(128, 128))


@pytest.mark.parametrize("picture", [COLOR, thorax_8bit()], ids=["color", "gray"])
def test_scans_behind_the_only_one_are_not_gone_through(picture: Array) -> None:
    """Decoders stop at the first scan of a sequential stream that holds all components, so that others need not be counted."""
    stream = jpeg(np.kron(picture, np.ones((8, 8) if picture.ndim == 2 else (8, 8, 1), np.uint8)))
    scan = stream[stream.index(b"\xff\xda") : -2]
    described = pixel(8 * picture.shape[0], 8 * picture.shape[1], 1 if picture.ndim == 2 else 3)
    start = perf_counter()
    decode(stream, described)
    once = perf_counter() - start
    start = perf_counter()
    with suppress(DamagedObject):
        decode(stream[:-2] + scan * 300 + stream[-2:], described)
    assert perf_counter() - start < 30 * once + 0.1


@pytest.mark.parametrize("stored", [12, 10, 16])
def test_12_bits_are_as_deep_as_the_stream_says(stored: int) -> None:
    """H1.6: a lossy value above Bits Stored stays what it is instead of wrapping to black."""
    deep = thorax_8bit().astype(np.uint16) * 16
    decoded = decode(jpeg_12bit(deep), pixel(128, 128, bits_stored=stored), (8, 8))
    assert decoded.cells.dtype == np.uint16
    assert decoded.cells.shape == (128, 128)
    assert (decoded.pixel.bits_allocated, decoded.pixel.bits_stored, decoded.pixel.high_bit) == (16, 12, 11)
    assert np.abs(decoded.cells.astype(int) - deep).max() <= 64


@pytest.mark.parametrize(("transform", "photometric"), [(1, "YBR_FULL"), (1, "RGB"), (0, "RGB"), (0, "YBR_FULL")])
def test_12_bit_color_follows_the_same_rule(transform: int, photometric: str) -> None:
    deep = COLOR.astype(np.uint16) * 16
    out = "YCBCR" if transform else "RGB"
    stream = bytes(imagecodecs.jpeg8_encode(deep, level=98, bitspersample=12, colorspace="RGB", outcolorspace=out, subsampling="444"))
    stated = rebuilt(stream, applications=[(0xEE, adobe(transform))])
    decoded = decode(stated, pixel(48, 64, 3, 12, photometric=photometric))
    assert decoded.pixel.photometric_interpretation == "RGB"
    assert np.abs(decoded.cells.astype(int) - deep).max() <= 48


ARITHMETIC = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb0043000101010101010101010101010101010101010101010101010101010101010101010101"
    "0101010101010101010101010101010101010101010101010101010101ffc9000b080010001001011100ffcc000600101005ffda0008010100003f00"
    "ff00f362fa13e4a0b49110ee3aeb5acc8a3d051338c0743d8c8b5acfce90001ae64316fe9bfdb1b6a107d9d0ffd9"
)
ARITHMETIC_PROGRESSIVE = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb0043000101010101010101010101010101010101010101010101010101010101010101010101"
    "0101010101010101010101010101010101010101010101010101010101ffca000b080010001001011100ffcc00040010ffda0008010100000001ff00"
    "e6e2a00ea528ffcc00041005ffda0008010100010502163453187fe2773b285080ffcc00041005ffda0008010100063f021da4000197176e74d8ffcc"
    "00041005ffda0008010100013f21a8b6077ef6ffda000801010000001060ffcc00041005ffda0008010100013f10a63e90c017a596000f7affd9"
)
"""16 × 16 pixels by arithmetic coding, which no encoder at hand writes: made by libjpeg-turbo's ``jpegtran -arithmetic``."""


@pytest.mark.parametrize(("stream", "sof"), [(ARITHMETIC, 0xC9), (ARITHMETIC_PROGRESSIVE, 0xCA)])
def test_arithmetic_coding(stream: bytes, sof: int) -> None:
    rows, columns = np.meshgrid(np.arange(16), np.arange(16), indexing="ij")
    assert stream[stream.index(b"\xff" + bytes([sof])) + 1] == sof
    decoded = decode(stream, pixel(16, 16))
    assert np.abs(decoded.cells.astype(int) - (20 + 9 * rows + 5 * columns)).max() <= 2


@pytest.mark.parametrize(
    ("marker", "named"),
    [(b"\xff\xc5", "hierarchical"), (b"\xff\xc7", "hierarchical"), (b"\xff\xcf", "hierarchical"), (b"\xff\xcb", "arithmetic")],
)
def test_processes_that_nothing_decodes_are_named_with_their_clause(marker: bytes, named: str) -> None:
    stream = jpeg(thorax_8bit()).replace(b"\xff\xc0", marker, 1)
    with pytest.raises(NotSupported, match=rf"{named}.*T\.81"):
        decode(stream, pixel(128, 128))


def test_a_hierarchical_stream_begins_with_dhp() -> None:
    stream = jpeg(thorax_8bit())
    at = stream.index(b"\xff\xc0")
    size = stream[at + 2 : at + 13]
    with pytest.raises(NotSupported, match="Annex J"):
        decode(stream[:at] + b"\xff\xde" + size + stream[at:], pixel(128, 128))


def test_a_number_of_lines_that_comes_later_is_named() -> None:
    stream = bytearray(jpeg(thorax_8bit()))
    at = stream.index(b"\xff\xc0")
    stream[at + 5 : at + 7] = b"\0\0"
    with pytest.raises(NotSupported, match="DNL"):
        decode(bytes(stream), pixel(128, 128))


def test_two_and_four_components_are_named_by_tag() -> None:
    four = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8, 4), np.uint8), colorspace="CMYK", outcolorspace="CMYK"))
    with pytest.raises(NotSupported, match=r"4 components.*\(0028,0002\)"):
        decode(four, pixel(8, 8, 3))


def test_a_jpeg_ls_stream_is_decoded_as_what_it_is() -> None:
    """H1.6: the stream says what it is, whatever transfer syntax the object states."""
    np.testing.assert_array_equal(decode(jpeg_ls(thorax_8bit()), pixel(128, 128)).cells, thorax_8bit())


def test_another_size_than_the_caller_expects_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(DamagedObject, match="another size"):
        decode(jpeg(thorax_8bit()), pixel(128, 127))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\0" * 100, jpeg(thorax_8bit())[:150]])
def test_what_is_no_stream_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedObject):
        decode(data, pixel(128, 128))


@settings(max_examples=150, deadline=None)
@given(color=st.booleans(), length=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4))
def test_damaged_streams_decode_or_are_refused(color: bool, length: float, flips: list[tuple[float, int]]) -> None:
    stream = bytearray(jpeg(COLOR if color else thorax_8bit()))
    for place, value in flips:
        stream[int(place * (len(stream) - 1))] = value
    described = pixel(48, 64, 3) if color else pixel(128, 128)
    for smallest in (None, (4, 4)):
        try:
            cells = decode(bytes(stream[: int(length * len(stream))]), described, smallest).cells
        except WadoError:
            continue
        assert cells.dtype == np.uint8


def test_every_statement_was_tried() -> None:
    """The table above has rows for both answers under every kind of statement."""
    rows = [
        is_ycbcr(t, i, jfif=j, photometric=p)
        for t, i, j, p in product((None, 0, 1), (RGB_IDS, JFIF_IDS, OTHER_IDS), (False, True), ("RGB", "YBR_FULL"))
    ]
    assert 0 < sum(rows) < len(rows)
