"""JPEG 2000: every depth and sign, whole and at lower resolutions, and streams that contradict their headers (H1.6, H1.7)."""

from struct import pack
from typing import Any

import imagecodecs
import numpy as np
import pytest

from tests.fixtures.compressed_images import soft_colors, thorax_cells
from tests.reference.rounding import Array
from tests.reference.samples import sample_values
from tests.reference.wavelet import low_pass, reduced
from tests.wado_core.codecs.pixels import pixel
from wado_core.codecs import registry
from wado_core.codecs.jpeg_2000 import decode
from wado_core.codecs.jpeg_2000_markers import EXCERPT
from wado_core.errors import DamagedObject, NotSupported
from wado_core.model.geometry import EVERY_PIXEL, Lattice

DEPTHS = [(bits, signed) for bits in range(1, 17) for signed in (False, True)]


def cell_type(bits: int, *, signed: bool) -> Any:
    return (np.int8 if bits <= 8 else np.int16) if signed else (np.uint8 if bits <= 8 else np.uint16)


def encoded(samples: Array, bits: int, *, signed: bool = False, **options: Any) -> bytes:
    """Encode reversibly; the stream is signed when the samples are."""
    settings: dict[str, Any] = {"level": 0, "codecformat": "J2K", "reversible": True, "numthreads": 1, "bitspersample": bits, **options}
    return bytes(imagecodecs.jpeg2k_encode(samples.astype(cell_type(bits, signed=signed)), **settings))


def bounds(bits: int, *, signed: bool) -> tuple[int, int]:
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def values(cells: Array, described: Any) -> Array:
    return sample_values(cells.astype(np.int64), described.bits_stored, described.high_bit, int(described.signed))


@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_every_depth_comes_back_as_it_was(bits: int, signed: bool) -> None:
    low, top = bounds(bits, signed=signed)
    samples = np.random.default_rng(bits).integers(low, top + 1, (13, 17))
    decoded = decode(encoded(samples, bits, signed=signed), pixel(13, 17, bits_stored=bits, signed=signed))
    np.testing.assert_array_equal(values(decoded.cells, decoded.pixel), samples)
    assert decoded.cells.dtype == (np.uint8 if bits <= 8 else np.uint16)
    assert decoded.cells.flags.c_contiguous
    assert (decoded.pixel.bits_stored, decoded.pixel.high_bit, decoded.pixel.signed) == (bits, bits - 1, signed)


@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
@pytest.mark.parametrize("components", [1, 3])
def test_a_uniform_frame_is_the_same_at_every_resolution(bits: int, signed: bool, components: int) -> None:
    """No filter changes it, so that nothing is left but what the decoder does to samples, which must be undone exactly."""
    low, top = bounds(bits, signed=signed)
    for value in sorted({low, top, (low + top) // 2, low + (top - low) // 3}):
        samples = np.full((64, 48) if components == 1 else (64, 48, 3), value)
        stream = encoded(samples, bits, signed=signed)
        for smallest in (None, (64, 48), (20, 20), (8, 8), (1, 1)):
            decoded = decode(stream, pixel(64, 48, components, bits, signed=signed), smallest)
            assert (values(decoded.cells, decoded.pixel) == value).all(), (value, smallest)


@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (12, False), (12, True), (16, False), (16, True), (9, False)])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_lower_resolution_is_that_of_the_reversible_wavelet(bits: int, signed: bool, steps: int) -> None:
    """Compared with the lifting steps of T.800, on smooth samples that keep away from the ends of their range."""
    low, top = bounds(bits, signed=signed)
    r, c = np.meshgrid(np.arange(64), np.arange(96), indexing="ij")
    samples = (low + (top - low) * (0.5 + 0.2 * np.sin(r / 5) + 0.15 * np.cos(c / 7))).astype(np.int64)
    expected = reduced(samples, steps)
    smallest = (expected.shape[0] // 2, expected.shape[1] // 2)  # the decoder keeps twice as many, see ADR-0006
    stream = encoded(samples, bits, signed=signed, resolutions=6)
    decoded = decode(stream, pixel(64, 96, bits_stored=bits, signed=signed), smallest)
    assert decoded.cells.shape == expected.shape
    np.testing.assert_array_equal(values(decoded.cells, decoded.pixel), expected)


def test_the_wavelet_of_the_oracle_on_lines_done_by_hand() -> None:
    assert low_pass([5]) == [5]
    assert low_pass([7, 7, 7, 7]) == [7, 7]
    assert low_pass([0, 4, 8]) == [0, 8]  # a ramp has no detail but none is lost at its ends
    assert low_pass([0, 8, 0, 0]) == [0 + (8 + 8 + 2) // 4, 0 + (8 + 0 + 2) // 4]


@pytest.mark.parametrize("smallest", [(1, 1), (9, 9), (16, 24), (31, 47), (32, 48), (33, 49), (64, 96)])
def test_a_reduced_frame_has_at_least_the_asked_size(smallest: tuple[int, int]) -> None:
    samples = np.zeros((64, 96), np.uint8)
    decoded = decode(encoded(samples, 8), pixel(64, 96), smallest)
    rows, columns = decoded.cells.shape
    assert smallest[0] <= rows <= 64
    assert smallest[1] <= columns <= 96
    assert (decoded.pixel.rows, decoded.pixel.columns) == (rows, columns)
    if smallest == (1, 1):
        assert (rows, columns) != (64, 96), "it is reduced at all"


@pytest.mark.parametrize(("rows", "columns", "steps"), [(63, 96, 1), (61, 97, 2), (100, 75, 3), (33, 129, 2)])
def test_edges_that_cannot_be_halved_without_remainder(rows: int, columns: int, steps: int) -> None:
    r, c = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    samples = (2048 + 800 * np.sin(r / 5) + 600 * np.cos(c / 7)).astype(np.int64)
    expected = reduced(samples, steps)
    decoded = decode(encoded(samples, 12), pixel(rows, columns, bits_stored=12), (expected.shape[0] // 2, expected.shape[1] // 2))
    np.testing.assert_array_equal(decoded.cells, expected)
    assert decoded.lattice == Lattice(1 << steps, on_pixels=True)


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_samples_of_a_few_bits_are_not_reduced(bits: int) -> None:
    """Their means would be rounded to such samples again: of a mask nothing between black and white would be left."""
    samples = (np.random.default_rng(bits).integers(0, 1 << bits, (64, 64))).astype(np.uint8)
    decoded = decode(encoded(samples, bits), pixel(64, 64, bits_stored=bits), (8, 8))
    np.testing.assert_array_equal(decoded.cells, samples)
    assert decoded.lattice == EVERY_PIXEL


@pytest.mark.parametrize("resolutions", [1, 2, 3, 6])
def test_streams_of_few_resolutions_are_not_asked_for_more(resolutions: int) -> None:
    samples = np.full((64, 64), 77, np.uint8)
    decoded = decode(encoded(samples, 8, resolutions=resolutions), pixel(64, 64), (1, 1))
    assert decoded.cells.shape[0] >= 64 >> (resolutions - 1)
    assert (decoded.cells == 77).all()


@pytest.mark.parametrize("bits", [8, 12])
def test_color_is_rgb_after_the_component_transform(bits: int) -> None:
    samples = soft_colors().astype(np.int64) << (bits - 8)
    for photometric in ("YBR_RCT", "YBR_ICT", "RGB"):
        decoded = decode(encoded(samples, bits), pixel(48, 64, 3, bits, photometric=photometric))
        np.testing.assert_array_equal(decoded.cells, samples)
        assert decoded.pixel.photometric_interpretation == "RGB"


@pytest.mark.parametrize(
    ("photometric", "expected"), [("YBR_FULL", "YBR_FULL"), ("YBR_FULL_422", "YBR_FULL"), ("RGB", "RGB"), ("YBR_RCT", "RGB")]
)
def test_color_without_a_component_transform_is_what_the_header_says(photometric: str, expected: str) -> None:
    stream = encoded(soft_colors(), 8, mct=False)
    decoded = decode(stream, pixel(48, 64, 3, photometric=photometric))
    np.testing.assert_array_equal(decoded.cells, soft_colors())
    assert decoded.pixel.photometric_interpretation == expected


def test_a_file_format_around_the_stream_is_tolerated() -> None:
    samples = thorax_cells() & 0xFFF
    decoded = decode(encoded(samples, 12, codecformat="JP2"), pixel(128, 128, bits_stored=12))
    np.testing.assert_array_equal(decoded.cells, samples)


class TestStreamsThatContradictTheirHeader:
    """H1.6: the stream's size and depth; H1.7: signed when either says so."""

    def test_a_signed_stream_under_an_unsigned_header(self) -> None:
        samples = thorax_cells()
        decoded = decode(encoded(samples, 12, signed=True), pixel(128, 128, bits_stored=12, signed=False))
        assert decoded.pixel.signed
        np.testing.assert_array_equal(values(decoded.cells, decoded.pixel), samples)

    @pytest.mark.parametrize("smallest", [None, (16, 16)])
    def test_twos_complement_in_an_unsigned_stream(self, smallest: tuple[int, int] | None) -> None:
        samples = thorax_cells()
        decoded = decode(encoded(samples & 0xFFF, 12), pixel(128, 128, bits_stored=12, signed=True), smallest)
        assert decoded.pixel.signed
        np.testing.assert_array_equal(values(decoded.cells, decoded.pixel), samples)

    def test_twos_complement_in_a_wider_unsigned_stream(self) -> None:
        samples = thorax_cells()
        decoded = decode(encoded(samples.astype(np.uint16), 16), pixel(128, 128, bits_stored=12, signed=True))
        np.testing.assert_array_equal(values(decoded.cells, decoded.pixel), samples)

    def test_another_depth(self) -> None:
        samples = thorax_cells() & 0xFFF
        decoded = decode(encoded(samples, 12), pixel(128, 128, bits_stored=16))
        assert (decoded.pixel.bits_stored, decoded.pixel.high_bit) == (12, 11)
        np.testing.assert_array_equal(decoded.cells, samples)
        eight = decode(encoded(np.full((8, 8), 200), 8), pixel(8, 8, bits_stored=16))
        assert eight.cells.dtype == np.uint8
        assert eight.pixel.bits_allocated == 8

    def test_another_size_than_the_caller_expects_is_refused_before_it_is_decoded(self) -> None:
        """The plan takes the size of the first frame's stream; any other frame must have the same."""
        with pytest.raises(DamagedObject, match="another size"):
            decode(encoded(np.zeros((9, 7)), 8), pixel(100, 100))

    def test_another_number_of_components(self) -> None:
        assert decode(encoded(soft_colors(), 8), pixel(48, 64)).cells.shape == (48, 64, 3)
        assert decode(encoded(np.zeros((8, 8)), 8), pixel(8, 8, 3)).cells.shape == (8, 8)


@pytest.mark.parametrize("smallest", [None, (4, 4)])
def test_truncated_streams_decode_or_are_damage(smallest: tuple[int, int] | None) -> None:
    """OpenJPEG makes what it can of a stream that is cut short; nothing but DamagedObject may come out of it."""
    stream = encoded(thorax_cells() & 0xFFF, 12)
    refused = 0
    for length in range(0, len(stream), len(stream) // 60):
        try:
            assert decode(stream[:length], pixel(128, 128, bits_stored=12), smallest).cells.ndim == 2
        except DamagedObject:
            refused += 1
    assert refused


def test_other_bytes_are_damage() -> None:
    for data in (b"", b"\0" * 100, b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51" + b"\0" * 60):
        with pytest.raises(DamagedObject):
            decode(data, pixel(8, 8))


def test_forms_that_are_not_rendered_are_named() -> None:
    two = np.zeros((8, 8, 2), np.uint8)
    with pytest.raises(NotSupported, match="2 components"):
        decode(encoded(two, 8, colorspace="UNSPECIFIED"), pixel(8, 8))


@pytest.mark.parametrize(
    ("left_out", "smallest"),
    [(1, None), (3, None), (5, None), (30, None), (255, None), (1, (256, 256)), (3, (20, 20)), (5, (20, 20)), (255, (1, 1))],
)
def test_a_stored_stream_that_calls_itself_an_excerpt_is_no_frame(left_out: int, smallest: tuple[int, int] | None) -> None:
    """Its few cells would be taken for those of the whole frame, whose others a kernel would read out of memory that is not theirs."""
    edge = max(256 >> left_out, 1)
    stream = encoded(np.zeros((edge, edge), np.int64), 8, resolutions=1)
    comment = EXCERPT + bytes((left_out,))
    at = stream.index(b"\xff\x90\0\x0a")
    marked = stream[:at] + pack(">HH", 0xFF64, len(comment) + 2) + comment + stream[at:]
    with pytest.raises(DamagedObject):
        registry.decode(marked, pixel(256, 256), "1.2.840.10008.1.2.4.91", smallest)
