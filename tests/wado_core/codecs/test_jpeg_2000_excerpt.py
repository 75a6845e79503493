"""Excerpts of JPEG 2000 are the lower resolutions of streams of every form that encoders write, and no more is read than they need."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import pairwise, product
from struct import pack
from time import perf_counter
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.fixtures.code_streams import htj2k, jpeg_2000
from tests.fixtures.compressed_images import soft_colors
from tests.fixtures.phantom import thorax
from tests.reference.rounding import Array
from tests.reference.wavelet import reduced
from wado_core.codecs.jpeg_2000_bits import BrokenPacket, PacketBits, TagTree
from wado_core.codecs.jpeg_2000_excerpt import excerpt
from wado_core.codecs.jpeg_2000_markers import read_jpeg_2000_facts
from wado_core.codecs.reduction import Incomplete

GRAY = np.clip((thorax(223)[:159] + 1024) // 8, 0, 255).astype(np.uint8)
"""159 × 223: no edge can be halved without remainder, and Pillow, which rounds to the nearest, still knows the sizes."""
COLOR = np.ascontiguousarray(np.kron(soft_colors(), np.ones((3, 3, 1), np.uint8))[:127, :191])
ORDERS = ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")


def written(picture: Array, **options: Any) -> bytes:
    """Encode with Pillow, which knows more options than others; colour is transformed."""
    buffer = BytesIO()
    settings = {"no_jp2": True, "irreversible": False, "num_resolutions": 6, "mct": int(picture.ndim == 3)} | options
    Image.fromarray(picture).save(buffer, "JPEG2000", **settings)
    return buffer.getvalue()


def by_pillow(stream: bytes, steps: int) -> Array:
    with Image.open(BytesIO(stream)) as image:
        image.reduce = steps  # type: ignore[assignment,method-assign]
        image.load()
        return np.asarray(image)


def of(stream: bytes, steps: int) -> Array:
    part = excerpt(stream, steps)
    assert part is not None
    facts = read_jpeg_2000_facts(part)
    assert facts is not None
    assert facts.left_out == steps
    assert len(part) < len(stream)
    return np.asarray(imagecodecs.jpeg2k_decode(part, numthreads=1))


@pytest.mark.parametrize("irreversible", [False, True])
@pytest.mark.parametrize("picture", [GRAY, COLOR], ids=["gray", "color"])
@pytest.mark.parametrize(("order", "layers"), list(product(ORDERS, [1, 3])))
def test_every_order_of_packets(order: str, layers: int, picture: Array, irreversible: bool) -> None:
    stream = written(picture, progression=order, quality_layers=[80, 20, 2][-layers:], irreversible=irreversible)
    for steps in range(1, 6):
        np.testing.assert_array_equal(of(stream, steps), by_pillow(stream, steps))


@pytest.mark.parametrize("order", ["LRCP", "RLCP", "RPCL"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("precinct", "block"), [((64, 64), (32, 32)), ((32, 64), (64, 64)), ((128, 32), (16, 8)), ((256, 256), (4, 4))])
def test_precincts_and_code_blocks(order: str, layers: int, precinct: tuple[int, int], block: tuple[int, int]) -> None:
    for picture in (GRAY, COLOR):
        stream = written(picture, progression=order, quality_layers=[30, 3][-layers:], precinct_size=precinct, codeblock_size=block)
        for steps in range(1, 6):
            np.testing.assert_array_equal(of(stream, steps), by_pillow(stream, steps))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("shape", [(64, 64), (97, 131), (1, 40), (40, 1), (3, 5), (130, 64)])
def test_depths_signs_and_sizes(bits: int, signed: bool, shape: tuple[int, int]) -> None:
    """Compared with the lifting steps of T.800."""
    low = -(1 << (bits - 1)) if signed else 0
    samples = np.random.default_rng(bits).integers(low, low + (1 << bits), shape).astype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
    streams = [jpeg_2000(samples, bits_stored=bits)] + ([htj2k(samples)] if bits != 12 and min(shape) > 1 else [])
    for stream in streams:
        for steps in (1, 2, 4):
            facts = read_jpeg_2000_facts(stream)
            assert facts is not None
            if steps <= facts.levels:
                expected = np.clip(reduced(samples.astype(np.int64), steps), low, low + (1 << bits) - 1)
                np.testing.assert_array_equal(of(stream, steps), expected)


@pytest.mark.parametrize("options", [{}, {"resolutions": 3}, {"level": 0.002, "reversible": False}, {"tlm": True}])
def test_high_throughput(options: dict[str, Any]) -> None:
    for picture in (GRAY, COLOR):
        stream = bytes(imagecodecs.htj2k_encode(picture, **{"reversible": True} | options))
        facts = read_jpeg_2000_facts(stream)
        assert facts is not None
        for steps in range(1, facts.levels + 1):
            np.testing.assert_array_equal(of(stream, steps), by_pillow(stream, steps))


class TestForms:
    """What no encoder at hand writes, rewritten from a stream of one packet for each resolution."""

    STREAM = written(GRAY)

    def packets(self) -> list[bytes]:
        """What the stream has for each resolution, lowest first; the excerpts of it begin alike."""
        bodies = []
        for steps in (5, 4, 3, 2, 1):
            part = excerpt(self.STREAM, steps)
            assert part is not None
            bodies.append(part[part.index(b"\xff\x93") + 2 : -2])
        bodies.append(self.STREAM[self.STREAM.index(b"\xff\x93") + 2 : -2])
        return [bodies[0], *(after[len(before) :] for before, after in pairwise(bodies))]

    def header(self, style: int = 0) -> bytes:
        head = bytearray(self.STREAM[: self.STREAM.index(b"\xff\x90\x00\x0a")])
        head[head.index(b"\xff\x52") + 4] |= style
        return bytes(head)

    def check(self, stream: bytes) -> None:
        np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(stream, numthreads=1), GRAY)
        for steps in range(1, 6):
            np.testing.assert_array_equal(of(stream, steps), by_pillow(self.STREAM, steps))

    def tile_part(self, packets: bytes, number: int = 0, parts: int = 1, more: bytes = b"", *, unknown: bool = False) -> bytes:
        length = 0 if unknown else 14 + len(more) + len(packets)
        return pack(">HHHLBB", 0xFF90, 10, 0, length, number, parts) + more + b"\xff\x93" + packets

    @pytest.mark.parametrize("style", [0, 2, 4, 6])
    def test_markers_around_packet_headers(self, style: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """SOP before each packet, EPH behind its header (T.800 A.8)."""
        packets = self.packets()
        ends: list[int] = []
        before = PacketBits.end

        def noted(bits: PacketBits) -> int:
            ends.append(before(bits))
            return ends[-1]

        monkeypatch.setattr(PacketBits, "end", noted)
        part = excerpt(self.STREAM, 1)
        assert part is not None
        start = self.STREAM.index(b"\xff\x93") + 2
        marked = []
        for number, packet in enumerate(packets[:5]):
            head = ends[number] - start - sum(map(len, packets[:number]))
            sop = b"\xff\x91\0\4" + pack(">H", number) if style & 2 else b""
            marked.append(sop + packet[:head] + (b"\xff\x92" if style & 4 else b"") + packet[head:])
        empty = (b"\xff\x91\0\4\0\5" if style & 2 else b"") + b"\0" + (b"\xff\x92" if style & 4 else b"")
        stream = self.header(style) + self.tile_part(b"".join([*marked, empty])) + b"\xff\xd9"
        monkeypatch.undo()
        for steps in range(1, 6):
            np.testing.assert_array_equal(of(stream, steps), by_pillow(self.STREAM, steps))
        np.testing.assert_array_equal(by_pillow(stream, 1), by_pillow(self.STREAM, 1))

    def test_a_tile_part_for_each_resolution(self) -> None:
        packets = self.packets()
        self.check(self.header() + b"".join(self.tile_part(one, number, 6) for number, one in enumerate(packets)) + b"\xff\xd9")

    def test_a_tile_part_of_unknown_length_and_other_segments(self) -> None:
        segments = b"\xff\x64\x00\x05\0\1x" + b"\xff\x58\x00\x04\x00\x05"  # a comment; packet lengths, which are not looked at
        self.check(self.header() + self.tile_part(b"".join(self.packets()), more=segments, unknown=True) + b"\xff\xd9")

    def test_a_file_format_around_the_stream(self) -> None:
        boxed = written(GRAY, no_jp2=False)
        assert boxed[4:6] == b"jP"
        np.testing.assert_array_equal(of(boxed, 2), by_pillow(boxed, 2))

    @pytest.mark.parametrize("options", [{"tile_size": (64, 64)}, {"progression": "PCRL", "precinct_size": (64, 64)}])
    def test_other_forms_are_left_to_decoders_that_reduce(self, options: dict[str, Any]) -> None:
        assert excerpt(written(GRAY, **options), 1) is None

    @pytest.mark.parametrize("marker", [0xFF5F, 0xFF53, 0xFF5E, 0xFF60, 0xFF61])
    def test_segments_that_say_something_of_packets(self, marker: int) -> None:
        """POC, COC, RGN, PPM, PPT."""
        head = self.header()
        tile = self.STREAM[len(head) :]
        assert excerpt(head + pack(">HHH", marker, 4, 0) + tile, 1) is None
        assert excerpt(head + tile[:12] + pack(">HHH", marker, 4, 0) + tile[12:], 1) is None

    @pytest.mark.parametrize("style", [0x01, 0x04, 0x80, 0xC0])
    def test_code_blocks_of_several_segments(self, style: int) -> None:
        stream = bytearray(self.STREAM)
        stream[stream.index(b"\xff\x52") + 12] = style
        assert excerpt(bytes(stream), 1) is None

    def test_more_resolutions_than_there_are(self) -> None:
        assert excerpt(self.STREAM, 6) is None


class TestBeginnings:
    @pytest.mark.parametrize(
        "stream", [written(GRAY), htj2k(COLOR), written(COLOR, quality_layers=[30, 3])], ids=["gray", "high-throughput", "layers"]
    )
    @pytest.mark.parametrize("steps", [1, 3, 5])
    def test_a_beginning_gives_the_same_or_is_incomplete(self, stream: bytes, steps: int) -> None:
        whole = excerpt(stream, steps)
        complete = 0
        for length in range(0, len(stream), len(stream) // 97):
            try:
                assert excerpt(stream[:length], steps) == whole
                complete += 1
            except Incomplete:
                assert not complete, "what was enough is still enough of a longer beginning"

    def test_how_little_is_enough(self) -> None:
        """The packets and the header, and nothing behind them."""
        stream = jpeg_2000(thorax(512).astype(np.int16), bits_stored=12)
        for steps in (1, 2, 3, 4, 5):
            part = excerpt(stream, steps)
            assert part is not None
            assert excerpt(stream[: len(part) + 100], steps) == part
            assert len(part) < len(stream) // 2**steps


class TestDamage:
    @settings(max_examples=200, deadline=None)
    @given(
        flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4), head=st.booleans(), steps=st.integers(1, 5)
    )
    def test_nothing_but_incomplete_comes_of_it(self, flips: list[tuple[float, int]], head: bool, steps: int) -> None:
        for original in (jpeg_2000(GRAY, bits_stored=8), htj2k(GRAY)):
            stream = bytearray(original)
            for place, value in flips:
                stream[int(place * ((200 if head else len(stream)) - 1))] = value
            try:
                part = excerpt(bytes(stream), steps)
            except Incomplete:
                continue
            assert part is None or part.endswith(b"\xff\xd9")

    @pytest.mark.parametrize("seed", range(20))
    def test_noise(self, seed: int) -> None:
        stream = jpeg_2000(GRAY, bits_stored=8)
        noise = np.random.default_rng(seed).integers(0, 256, 5000).astype(np.uint8).tobytes()
        with suppress(Incomplete):
            part = excerpt(stream[: 20 * seed] + noise, 2)
            assert part is None or part.endswith(b"\xff\xd9")

    def test_sizes_that_cannot_be_are_given_up_in_time(self) -> None:
        """2**32 pixels each way, in blocks of 4 × 4, and as many precincts, layers or components as a header can state."""
        original = jpeg_2000(GRAY, bits_stored=8)
        siz, cod = original.index(b"\xff\x51"), original.index(b"\xff\x52")
        huge = pack(">L", 0xFFFFFFFF)
        for precincts, layers, components in ((b"", 1, 1), (b"\x11" * 6, 1, 1), (b"", 65535, 1), (b"", 1, 16384)):
            stream = bytearray(original)
            for place in (6, 10, 22, 26):
                stream[siz + place : siz + place + 4] = huge
            stream[cod + 6 : cod + 8] = pack(">H", layers)
            stream[cod + 10 : cod + 12] = b"\0\0"
            if precincts:
                stream[cod + 2 : cod + 14] = pack(">H", 12 + 6) + b"\x01" + stream[cod + 5 : cod + 14] + precincts
            if components > 1:
                stream[siz + 38 : siz + 43] = pack(">H", components) + b"\x07\x01\x01" * components
                stream[siz + 2 : siz + 4] = pack(">H", 38 + 3 * components)
            start = perf_counter()
            with suppress(Incomplete):
                excerpt(bytes(stream) + bytes(1 << 20), 1)
            assert perf_counter() - start < 5


class TestTagTree:
    """Against an encoder written from T.800 B.10.2."""

    @settings(max_examples=100, deadline=None)
    @given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
    def test_numbers_come_back(self, rows: int, columns: int, seed: int) -> None:
        numbers = np.random.default_rng(seed).integers(0, 6, (rows, columns))
        tree, bits = TagTree(rows, columns), PacketBits(packed(list(encoded_tree(numbers))), 0)
        for row, column in np.ndindex(rows, columns):
            threshold = 1
            while not tree.below(bits, row, column, threshold):
                threshold += 1
            assert threshold - 1 == numbers[row, column]
        tree, bits = TagTree(rows, columns), PacketBits(packed(list(encoded_tree(numbers))), 0)
        for row, column in np.ndindex(rows, columns):
            assert tree.number(bits, row, column, 5) == numbers[row, column]
        if numbers.max() == 5:
            bits = PacketBits(packed(list(encoded_tree(numbers))), 0)
            tree = TagTree(rows, columns)
            with pytest.raises(BrokenPacket):
                _ = [tree.number(bits, row, column, 4) for row, column in np.ndindex(rows, columns)]

    def test_the_example_of_the_standard(self) -> None:
        """T.800 figure B.13 and B.10.2: the numbers of the first row are coded as 01111, 001, 101."""
        numbers = np.array([[1, 3, 2, 3, 2, 3], [2, 2, 1, 4, 3, 2], [2, 2, 2, 2, 1, 2]])
        bits = "".join(map(str, encoded_tree(numbers)))
        assert bits.startswith("01111" + "001" + "101")


def encoded_tree(numbers: Array) -> Iterator[int]:
    """Code each number whole, row by row: for each node from the root down, a 0 for each step up from its parent's, and a 1."""
    levels = [numbers]
    while levels[-1].size > 1:
        rows, columns = ((edge + 1) // 2 for edge in levels[-1].shape)
        above = levels[-1]
        levels.append(np.array([[above[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].min() for c in range(columns)] for r in range(rows)]))
    done: set[tuple[int, int, int]] = set()
    for row, column in np.ndindex(numbers.shape):
        least = 0
        for level in range(len(levels) - 1, -1, -1):
            place = level, row >> level, column >> level
            value = int(levels[level][place[1:]])
            if place not in done:
                yield from [0] * (value - least) + [1]
                done.add(place)
            least = value


def packed(bits: list[int]) -> bytes:
    """Pack bits with a 0 bit behind each byte of 0xFF (B.10.1)."""
    out, left = bytearray(), list(bits)
    while left:
        width = 7 if out and out[-1] == 0xFF else 8
        part, left = left[:width], left[width:]
        out.append(int("".join(map(str, part + [0] * (width - len(part)))), 2))
    return bytes(out)


def test_bits_behind_a_byte_of_ones() -> None:
    bits = PacketBits(b"\xff\x7f\x80", 0)
    assert bits.number(16) == 0xFFFF
    assert bits.end() == 3
    assert PacketBits(b"\xff\x00", 0).number(8) == 0xFF
    aligned = PacketBits(b"\xff\x00\x55", 0)
    aligned.number(8)
    assert aligned.end() == 2, "the stuffed bit has a byte of its own"
    with pytest.raises(IndexError):
        PacketBits(b"", 0).take()


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("0", 1), ("10", 2), ("1100", 3), ("1110", 5), ("111100000", 6), ("111111110", 36), ("1111111110000000", 37),
        ("1111111111111111", 164),
    ],
)  # fmt: skip
def test_numbers_of_passes(code: str, passes: int) -> None:
    """T.800 table B.4."""
    assert PacketBits(packed([int(bit) for bit in code]), 0).passes() == passes


def with_packets(packets: bytes, *, components: int = 1, levels: int = 5, layers: int = 1, before: bytes = b"") -> bytes:
    """A stream of 8 × 8 pixels with any packets.  before: tile-parts before the one that has them."""
    size = pack(">H8LH", 0, 8, 8, 0, 0, 8, 8, 0, 0, components) + b"\7\1\1" * components
    coding = pack(">BBHBBBBBB", 0, 1, layers, 0, levels, 4, 4, 0, 1)
    quantisation = b"\x40" * (3 * levels + 2)
    segments = ((0xFF51, size), (0xFF52, coding), (0xFF5C, quantisation))
    header = b"".join(pack(">HH", marker, len(content) + 2) + content for marker, content in segments)
    part = pack(">HHHLBBH", 0xFF90, 10, 0, 14 + len(packets), 0, 1, 0xFF93) + packets
    return b"\xff\x4f" + header + before + part


MIB = 1 << 20
HOSTILE = {
    "a length of many bits": with_packets(b"\xc0" + b"\xff" * (8 * MIB)),
    "a leaf in no layer": with_packets(b"\x80" + b"\0" * (8 * MIB), layers=65_535),
    "many empty packets": with_packets(b"\0" * (8 * MIB), components=16_000, levels=32),
    "many empty layers": with_packets(b"\0" * (8 * MIB), components=16_000, layers=65_535, levels=1),
    "many empty parts": with_packets(b"\0", before=(pack(">HHHLBBH", 0xFF90, 10, 0, 14, 0, 0, 0xFF93)) * (8 * MIB // 14)),
    "many comments": with_packets(b"\0", before=pack(">HHHLBB", 0xFF90, 10, 0, 0, 0, 0) + pack(">HH", 0xFF64, 2) * (2 * MIB)),
}


@pytest.mark.parametrize("stream", HOSTILE.values(), ids=HOSTILE)
def test_streams_that_would_keep_a_reader_busy_are_left_to_the_decoder(stream: bytes) -> None:
    begun = perf_counter()
    assert excerpt(stream, 1) is None
    assert perf_counter() - begun < 1


@pytest.mark.parametrize("marker", [b"\xff\x5c", b"\xff\x5d"], ids=["QCD", "QCC"])
@pytest.mark.parametrize("length", range(2, 5))
def test_quantisation_without_steps(marker: bytes, length: int) -> None:
    stream = written(GRAY)
    at = stream.index(b"\xff\x5c")
    end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    short = marker + pack(">H", length) + bytes(length - 2)
    assert excerpt(stream[:at] + short + stream[end if marker == b"\xff\x5c" else at :], 1) is None
