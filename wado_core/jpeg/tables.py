"""Quantisation and Huffman tables, as the standard lists them and as the kernels take them (T.81 Annexes C, F, K)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from wado_core.kernels.jpeg_scan import AC_MIDDLE, AC_ROW, AC_START, DC_MIDDLE, END_OF_BLOCK, READY_SIZE, ZRL
from wado_core.kernels.jpeg_symbols import CATEGORIES, DC_RUN, TABLE_SIZE
from wado_core.kernels.jpeg_transform import ZIGZAG, scale_places

# 64 quantisation steps by vertical, then horizontal frequency.
Steps = tuple[int, ...]

# T.81 Tables K.1 and K.2.
LUMA_STEPS: Steps = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMA_STEPS: Steps = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip

# What the outputs of the DCT kernel are scaled by, by frequency, beside sqrt(8) of each direction.
_DCT_SCALE = (
    1.0, 1.3870398453221475, 1.3065629648763766, 1.1758756024193588,
    1.0, 0.78569495838710218, 0.54119610014619698, 0.27589937928294306,
)  # fmt: skip


@lru_cache(maxsize=256)
def scaled(steps: Steps, quality: int) -> Steps:
    """Scale the steps of quality 50 to another, 1 … 100, as the Independent JPEG Group does (A4.82); each is 1 … 255."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((step * percent + 50) // 100, 1), 255) for step in steps)


@lru_cache(maxsize=256)
def scale_of(steps: Steps) -> npt.NDArray[np.float32]:
    """Return what the DCT's outputs are multiplied by, (64 * BLOCKS,) float32, in the kernel's order."""
    scale = np.array([1.0 / (8.0 * steps[8 * v + u] * _DCT_SCALE[v] * _DCT_SCALE[u]) for v, u in scale_places()], np.float32)
    scale.flags.writeable = False
    return scale


def zigzag(steps: Steps) -> bytes:
    """Return the steps as a DQT segment has them (T.81 B.2.4.1)."""
    return bytes(steps[8 * v + u] for v, u in ZIGZAG)


@dataclass(frozen=True, slots=True)
class HuffmanTable:
    """A table as a DHT segment has it: how many codes of 1 to 16 bits there are, and their symbols (T.81 B.2.4.2)."""

    counts: bytes
    symbols: bytes

    def codes(self) -> dict[int, tuple[int, int]]:
        """Return code and length of each symbol (T.81 C.2)."""
        found, code, symbols = {}, 0, iter(self.symbols)
        for length, count in enumerate(self.counts, 1):
            for _ in range(count):
                found[next(symbols)] = code, length
                code += 1
            code <<= 1
        return found


# T.81 Tables K.3 to K.6.
LUMA_DC = HuffmanTable(bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)), bytes(range(12)))
CHROMA_DC = HuffmanTable(bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)), bytes(range(12)))
LUMA_AC = HuffmanTable(
    bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125)),
    bytes.fromhex(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43444546"
        "4748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8"
        "b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
)
CHROMA_AC = HuffmanTable(
    bytes((0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119)),
    bytes.fromhex(
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445"
        "464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6"
        "b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class CodeTables:
    """The codes of one or two pairs of Huffman tables, as the kernels take them.

    codes, lengths: (2, TABLE_SIZE) uint16, by run and category.  ready: (2, READY_SIZE) uint32, by run and value.
    """

    codes: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.uint16]
    ready: npt.NDArray[np.uint32]


def code_tables(pairs: Sequence[tuple[HuffmanTable, HuffmanTable]]) -> CodeTables:
    """Prepare the tables of one or two classes of components: (DC, AC) of each."""
    codes, lengths = np.zeros((2, TABLE_SIZE), np.uint16), np.zeros((2, TABLE_SIZE), np.uint16)
    ready = np.zeros((2, READY_SIZE), np.uint32)
    for number, (dc, ac) in enumerate(pairs):
        places = [(DC_RUN * CATEGORIES + symbol, symbol, code) for symbol, code in dc.codes().items()]
        places += [((symbol >> 4) * CATEGORIES + (symbol & 15), symbol & 15, code) for symbol, code in ac.codes().items()]
        for place, size, (code, length) in places:
            codes[number, place], lengths[number, place] = code, length + size
        _fill_ready(ready[number], dc.codes(), ac.codes())
    for array in (codes, lengths, ready):
        array.flags.writeable = False
    return CodeTables(codes, lengths, ready)


def _fill_ready(ready: npt.NDArray[np.uint32], dc: dict[int, tuple[int, int]], ac: dict[int, tuple[int, int]]) -> None:
    for size in range(12):
        values = _values(size)
        if size in dc:
            ready[DC_MIDDLE + values] = _entries(dc[size], values, size)
        for run in range(16):
            if 0 < size < CATEGORIES and run << 4 | size in ac:
                ready[AC_START + run * AC_ROW + AC_MIDDLE + values] = _entries(ac[run << 4 | size], values, size)
    for place, symbol in ((END_OF_BLOCK, 0x00), (ZRL, 0xF0)):
        if symbol in ac:
            ready[place] = _entries(ac[symbol], np.zeros(1, np.int64), 0)[0]


def _values(size: int) -> npt.NDArray[np.int64]:
    """Return the values of a category (T.81 Tables F.1, F.2)."""
    if size == 0:
        return np.zeros(1, np.int64)
    positive = np.arange(1 << (size - 1), 1 << size)
    return np.concatenate((-positive[::-1], positive))


def _entries(code: tuple[int, int], values: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    bits = np.where(values < 0, values - 1, values) & ((1 << size) - 1)
    return (code[0] << size | bits) << 5 | (code[1] + size)


@cache
def standard_codes() -> CodeTables:
    """Return the codes of Tables K.3 to K.6: class 0 for luma, class 1 for chroma."""
    return code_tables(((LUMA_DC, LUMA_AC), (CHROMA_DC, CHROMA_AC)))
