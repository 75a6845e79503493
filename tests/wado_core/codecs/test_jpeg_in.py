"""JPEG frames: how colour is read (H3.4), reduced sizes, and what is refused."""

from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.code_streams import jpeg, jpeg_12bit
from tests.fixtures.compressed_images import soft_colors, thorax_8bit
from tests.reference.color import ybr_full_to_rgb
from tests.reference.jpeg import BASIS, take_apart
from tests.reference.rounding import Array
from tests.wado_core.codecs.markers import JFIF, adobe, rebuilt
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs.jpeg_in import decode
from wado_core.errors import DamagedObject, NotSupported, WadoError

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


def test_an_eighth_is_not_taken_of_frames_that_do_not_divide() -> None:
    assert decode(jpeg(np.zeros((127, 128), np.uint8)), pixel(127, 128), (1, 1)).cells.shape == (127, 128)
    assert decode(jpeg(np.zeros((36, 40), np.uint8)), pixel(36, 40), (1, 1)).cells.shape == (9, 10)


@pytest.mark.parametrize("sampling", [(1, 2, 1, 1, 1, 1), (2, 1, 1, 1, 2, 1), (4, 1, 1, 1, 1, 1), (2, 2, 2, 1, 1, 1)])
def test_unusual_sampling_factors_decode_or_are_damage(sampling: tuple[int, ...]) -> None:
    """Factors that TurboJPEG has no name for; the coefficients belong to others, so only that nothing else happens is said here."""
    stream = bytearray(rebuilt(jpeg(COLOR), applications=[]))
    at = stream.index(b"\xff\xc0") + 10
    for place in range(3):
        stream[at + 1 + 3 * place] = sampling[2 * place] << 4 | sampling[2 * place + 1]
    with suppress(DamagedObject):
        assert decode(bytes(stream), pixel(48, 64, 3)).cells.shape == (48, 64, 3)


def test_other_processes_are_named() -> None:
    deep = thorax_8bit().astype(np.uint16) * 16
    with pytest.raises(NotSupported, match="12 bits"):
        decode(jpeg_12bit(deep), pixel(128, 128, bits_stored=12))
    progressive = jpeg(thorax_8bit()).replace(b"\xff\xc0", b"\xff\xc2", 1)
    with pytest.raises(NotSupported, match="sequential"):
        decode(progressive, pixel(128, 128))


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
